"""Reads Flux's own account of a tenant: the status of its GitRepository and Kustomization."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from berth.status.model import Row, State
from berth.status.observed import Object


def fetched_commit(source: Object | None) -> str:
    """The commit that the agent has fetched last, as its GitRepository says; empty where it has none."""
    artifact = (source or {}).get("status", {}).get("artifact") or {}
    return commit_of(artifact.get("revision", ""))


def judge(row: Row, source: Object | None, sync: Object | None) -> Row:
    """The row completed from the two objects as the API server has them; None where one is not there."""
    if sync is None or source is None:
        what = "Kustomization" if sync is None else "GitRepository"
        return replace(row, state=State.MISSING, message=f"not deployed: there is no {what}")
    status = sync.get("status", {})
    ready, fetched = _condition(sync), _condition(source)
    row = replace(
        row,
        applied=commit_of(status.get("lastAppliedRevision", "")),
        objects=len(status.get("inventory", {}).get("entries") or ()),
        since=_time(ready.get("lastTransitionTime")),
        changed=_first_applied(status),
    )
    if sync["spec"].get("suspend"):
        return replace(row, state=State.SUSPENDED, message="syncing is suspended")
    if fetched.get("status") == "False":
        return replace(row, state=State.FAILING, message=_text(fetched), since=_time(fetched.get("lastTransitionTime")))
    current = status.get("observedGeneration") == sync["metadata"].get("generation")
    if ready.get("status") == "False" and current:
        return replace(row, state=State.FAILING, message=_text(ready))
    if ready.get("status") != "True" or not current:
        return replace(row, state=State.SYNCING, message=_text(ready) or "waiting for the agent's first look")
    if not row.expected:
        return replace(row, state=State.UNKNOWN)
    if row.applied != row.expected:
        return replace(row, state=State.SYNCING, message="the agent has not seen the expected commit yet")
    return replace(row, state=State.IN_SYNC, message="", since=row.changed or row.since)


def _first_applied(status: dict[str, Any]) -> datetime.datetime | None:
    """Since when the content that runs has been running, however often it was reconciled since."""
    history: list[dict[str, Any]] = status.get("history") or []
    return _time(history[0].get("firstReconciled")) if history else None


def commit_of(revision: str) -> str:
    """The commit in a Flux revision such as main@sha1:<commit>."""
    return revision.rpartition(":")[2]


def _condition(item: Object, kind: str = "Ready") -> dict[str, Any]:
    conditions: list[dict[str, Any]] = item.get("status", {}).get("conditions") or []
    return next((condition for condition in conditions if condition.get("type") == kind), {})


def _text(condition: dict[str, Any]) -> str:
    return " ".join(str(condition.get("message", "")).split())


def _time(text: str | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None
