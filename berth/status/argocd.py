"""Reads Argo CD's own account of a tenant: the status of its Application."""

from __future__ import annotations

import datetime
from typing import Any

from berth.status.model import Said, State
from berth.status.observed import Object

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
        return said._replace(state=State.FAILING, message=problem)
    if not sync.get("status"):
        return said._replace(state=State.SYNCING, message="waiting for the agent's first look")
    if sync["status"] != "Synced":
        return said._replace(state=State.SYNCING, message="the cluster differs from the commit")
    if health.get("status") == "Degraded":
        return said._replace(state=State.FAILING, message=_degraded(status))
    if health.get("status") not in ("Healthy", "Suspended"):
        return said._replace(state=State.SYNCING, message="workloads are not ready yet")
    if not expected:
        return said
    if said.applied != expected:
        return said._replace(state=State.SYNCING, message="the agent has not seen the expected commit yet")
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


def _problem(status: dict[str, Any]) -> str:
    """What keeps the agent from applying, in its own words; empty where nothing does."""
    for condition in status.get("conditions") or ():
        if str(condition.get("type", "")).endswith("Error"):
            return _text(condition)
    operation = status.get("operationState") or {}
    result = operation.get("syncResult") or {}
    retried = operation.get("phase") == "Running" and operation.get("retryCount")
    compared = status.get("sync", {})
    current = result.get("revision") in (None, "", compared.get("revision"))
    # A revert to what runs needs no operation: the last one stays the one that failed, and means nothing any more.
    if compared.get("status") == "Synced" or not current or not (operation.get("phase") in _FAILED or retried):
        return ""
    refused = next((each for each in result.get("resources") or () if each.get("status") == "SyncFailed"), None)
    # The operation's own message may say no more than that something failed.
    return f"{refused.get('kind')} {refused.get('name')}: {_text(refused)}" if refused else _text(operation)


def _degraded(status: dict[str, Any]) -> str:
    """Which workload is not well, and what is said of it."""
    for resource in status.get("resources") or ():
        health = resource.get("health") or {}
        if health.get("status") == "Degraded":
            return f"{resource.get('kind')} {resource.get('name')}: {_text(health)}"
    return "a workload is degraded"


def _deployed(status: dict[str, Any]) -> datetime.datetime | None:
    """Since when the commit that runs has been running."""
    history: list[dict[str, Any]] = status.get("history") or []
    return _time(history[-1].get("deployedAt")) if history else None


def _text(item: dict[str, Any]) -> str:
    return " ".join(str(item.get("message", "")).split())


def _time(text: str | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None
