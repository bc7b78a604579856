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
    applied, changed = commit_of(status.get("lastAppliedRevision", "")), _first_applied(status)
    since = _time(ready.get("lastTransitionTime"))

    def judged(state: State, message: str, since: datetime.datetime | None = since) -> Row:
        objects = len(status.get("inventory", {}).get("entries") or ())
        return replace(
            row, state=state, message=message, since=since, applied=applied, changed=changed, objects=objects
        )

    if sync["spec"].get("suspend"):
        return judged(State.SUSPENDED, "syncing is suspended")
    if fetched.get("status") == "False":
        return judged(State.FAILING, _text(fetched), _time(fetched.get("lastTransitionTime")))
    current = status.get("observedGeneration") == sync["metadata"].get("generation")
    if ready.get("status") == "False" and current:
        return judged(State.FAILING, _text(ready))
    if ready.get("status") != "True" or not current:
        return judged(State.SYNCING, _text(ready) or "waiting for the agent's first look")
    if not row.expected:
        return judged(State.UNKNOWN, row.message)
    if applied != row.expected:
        return judged(State.SYNCING, "the agent has not seen the expected commit yet")
    return judged(State.IN_SYNC, "", changed or since)


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
