"""Reads Argo CD's own account of a tenant: the status of its Application."""

from __future__ import annotations

import datetime
from typing import Any

from berth.status.model import Said, State
from berth.status.observed import Object

DEGRADED = "a workload is degraded"
NOT_READY = "workloads are not ready yet"
"""What is said where Argo CD does not tell which: since version 3 it does where it is set up to."""
_FAILED = ("Error", "Failed")


def judge(expected: str, application: Object | None) -> Said:
    """What the Application says, as the API server has it; None where it is not there. `expected` is the commit that
    should run, empty where it is unknown."""
    if application is None:
        return Said(State.MISSING, "not deployed: there is no Application")
    status: dict[str, Any] = application.get("status", {})
    sync, health = status.get("sync", {}), status.get("health", {})
    said = Said(
        State.UNKNOWN,
        applied=_applied(status),
        objects=len(status.get("resources") or ()),
        since=_time(health.get("lastTransitionTime")),
        changed=_deployed(status),
    )
    if "automated" not in application["spec"].get("syncPolicy", {}):
        return said._replace(state=State.SUSPENDED, message="syncing is suspended")
    if problem := _problem(status):
        message, since = problem
        return said._replace(state=State.FAILING, message=message, since=since)
    if not sync.get("status"):
        return said._replace(state=State.SYNCING, message="waiting for the agent's first look", since=None)
    if sync["status"] != "Synced":
        operation = status.get("operationState") or {}
        since = _time(operation.get("startedAt")) if operation.get("phase") == "Running" else None
        return said._replace(state=State.SYNCING, message="the cluster differs from the commit", since=since)
    if health.get("status") == "Degraded":
        return said._replace(state=State.FAILING, message=_degraded(status))
    if health.get("status") not in ("Healthy", "Suspended"):
        return said._replace(state=State.SYNCING, message=NOT_READY)
    if not expected:
        return said
    if said.applied != expected:
        return said._replace(state=State.SYNCING, message="the agent has not seen the expected commit yet", since=None)
    return said._replace(state=State.IN_SYNC, since=said.changed or said.since)


def compared_commit(application: Object | None) -> str:
    """The commit that the agent compared the cluster with last; empty where it has not yet."""
    return str((application or {}).get("status", {}).get("sync", {}).get("revision") or "")


def _applied(status: dict[str, Any]) -> str:
    """The commit that runs: the one that the cluster equals, else the last that was applied whole."""
    sync = status.get("sync", {})
    if sync.get("status") == "Synced":
        return str(sync.get("revision") or "")
    history: list[dict[str, Any]] = status.get("history") or []
    return str(history[-1].get("revision") or "") if history else ""


def _problem(status: dict[str, Any]) -> tuple[str, datetime.datetime | None] | None:
    """What keeps the agent from applying, in its own words, and since when; None where nothing does."""
    for condition in status.get("conditions") or ():
        if str(condition.get("type", "")).endswith("Error"):
            return _text(condition), _time(condition.get("lastTransitionTime"))
    operation = status.get("operationState") or {}
    result = operation.get("syncResult") or {}
    retried = operation.get("phase") == "Running" and operation.get("retryCount")
    compared = status.get("sync", {})
    current = result.get("revision") in (None, "", compared.get("revision"))
    # A revert to what runs needs no operation: the last one stays the one that failed, and means nothing any more.
    if compared.get("status") == "Synced" or not current or not (operation.get("phase") in _FAILED or retried):
        return None
    refused = next((each for each in result.get("resources") or () if each.get("status") == "SyncFailed"), None)
    # The operation's own message may say no more than that something failed.
    message = f"{refused.get('kind')} {refused.get('name')}: {_text(refused)}" if refused else _text(operation)
    return message, _time(operation.get("startedAt"))  # of all its tries


def _degraded(status: dict[str, Any]) -> str:
    """Which workload is not well, and what is said of it."""
    for resource in status.get("resources") or ():
        health = resource.get("health") or {}
        if health.get("status") == "Degraded":
            return f"{resource.get('kind')} {resource.get('name')}: {_text(health)}"
    return DEGRADED


def _deployed(status: dict[str, Any]) -> datetime.datetime | None:
    """Since when the commit that runs has been running."""
    history: list[dict[str, Any]] = status.get("history") or []
    return _time(history[-1].get("deployedAt")) if history else None


def _text(item: dict[str, Any]) -> str:
    return " ".join(str(item.get("message", "")).split())


def _time(text: str | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None
