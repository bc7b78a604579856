"""Reads Flux's own account of a tenant: the status of its GitRepository and Kustomization."""

from __future__ import annotations

import datetime
from typing import Any

from berth.status.model import Said, State
from berth.status.observed import Object


def fetched_commit(source: Object | None) -> str:
    """The commit that the agent has fetched last, as its GitRepository says; empty where it has none."""
    artifact = (source or {}).get("status", {}).get("artifact") or {}
    return commit_of(artifact.get("revision", ""))


def judge(expected: str, source: Object | None, sync: Object | None) -> Said:
    """What the two objects say, as the API server has them; None where one is not there. `expected` is the commit that
    should run, empty where it is unknown."""
    if sync is None or source is None:
        what = "Kustomization" if sync is None else "GitRepository"
        return Said(State.MISSING, f"not deployed: there is no {what}")
    status = sync.get("status", {})
    ready, fetched = _condition(sync), _condition(source)
    said = Said(
        State.UNKNOWN,
        applied=commit_of(status.get("lastAppliedRevision", "")),
        objects=len(status.get("inventory", {}).get("entries") or ()),
        since=_time(ready.get("lastTransitionTime")),
        changed=_first_applied(status),
    )
    if sync["spec"].get("suspend"):
        return said._replace(state=State.SUSPENDED, message="syncing is suspended")
    if fetched.get("status") == "False":
        since = _time(fetched.get("lastTransitionTime"))
        return said._replace(state=State.FAILING, message=_text(fetched), since=since)
    current = status.get("observedGeneration") == sync["metadata"].get("generation")
    if ready.get("status") == "False" and current:
        return said._replace(state=State.FAILING, message=_text(ready))
    if ready.get("status") != "True" or not current:
        return said._replace(state=State.SYNCING, message=_text(ready) or "waiting for the agent's first look")
    if not expected:
        return said
    if said.applied != expected:
        return said._replace(state=State.SYNCING, message="the agent has not seen the expected commit yet")
    return said._replace(state=State.IN_SYNC, since=said.changed or said.since)


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
