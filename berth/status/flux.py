"""Reads Flux's own account of a tenant: the status of its GitRepository and Kustomization.

A Kustomization is tried again at its interval, one that fails each minute, and both with each look at the source; a
try may take all of `sync.timeout`. Meanwhile its condition says no more than that it is in progress, and a change of it
counts as unseen until it succeeds. So what the tries before came to is read from its history, which has those that got
as far as applying.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from berth.status.model import Said, State
from berth.status.observed import Object

_SUCCEEDED = "ReconciliationSucceeded"
_NOT_WHOLE = "ReconciliationFailed"
"""Of a try in the history: refused before all was applied. Others have applied all, and failed after that."""
_AGAIN = "; trying again"
UNHEALTHY = "HealthCheckFailed" + _AGAIN
"""What is said while workloads that did not get ready are waited for once more: which, Flux says at the end."""
_NOT_FETCHED = ("Source artifact not found", "Source is not ready")
"""How the message begins while there is nothing to apply yet."""
Tries = Sequence[dict[str, Any]]
"""The history of a Kustomization: the last tries of each content with each result, the latest first."""


def fetched_commit(source: Object | None) -> str:
    """The commit that the agent has fetched last, as its GitRepository says; empty where it has none."""
    return commit_of(_artifact(source).get("revision", ""))


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
        changed=_changed(status.get("history") or ()),
    )
    if sync["spec"].get("suspend"):
        return said._replace(state=State.SUSPENDED, message="syncing is suspended")
    if fetched.get("status") == "False":
        since = _time(fetched.get("lastTransitionTime"))
        return said._replace(state=State.FAILING, message=_text(fetched), since=since)
    ended = _ended(source, sync)
    # The object's own generation is that of the last success.
    seen = ready.get("observedGeneration", status.get("observedGeneration"))
    if seen == sync["metadata"].get("generation"):
        if message := _failure(ready, ended):
            return said._replace(state=State.FAILING, message=message, since=_failing_since(said, ended, source, sync))
    elif ready.get("status") == "True":
        return said._replace(state=State.SYNCING, message="the agent has not seen the last change of it yet")
    if ready.get("status") != "True" and not _is_tried_again(ready, ended, sync):
        return said._replace(state=State.SYNCING, message=_text(ready) or "waiting for the agent's first look")
    if not expected:
        return said
    if said.applied != expected:
        return said._replace(state=State.SYNCING, message="the agent has not seen the expected commit yet", since=None)
    return said._replace(state=State.IN_SYNC, since=said.changed or said.since)


def _failure(ready: dict[str, Any], ended: str) -> str:
    """What is wrong with the sync, of which the last try ended so; empty where nothing is known to be."""
    if ready.get("status") == "False":
        return "" if _text(ready).startswith(_NOT_FETCHED) else _text(ready) or "not ready"
    return "" if ready.get("status") == "True" or ended in ("", _SUCCEEDED) else ended + _AGAIN


def _is_tried_again(ready: dict[str, Any], ended: str, sync: Object) -> bool:
    """Whether what succeeded last is only tried once more, as at each interval."""
    same = sync["status"].get("observedGeneration") == sync["metadata"].get("generation")
    return same and ready.get("status") == "Unknown" and ended == _SUCCEEDED


def _ended(source: Object, sync: Object) -> str:
    """How the last try of the commit that is fetched ended; empty where it is not known to have been tried."""
    tries: Tries = sync.get("status", {}).get("history") or ()
    return str(tries[0].get("lastReconciledStatus", "")) if tries and _is_of(tries[0], fetched_commit(source)) else ""


def _is_of(one: dict[str, Any], commit: str) -> bool:
    return commit_of((one.get("metadata") or {}).get("revision", "")) == commit != ""


def _failing_since(said: Said, ended: str, source: Object, sync: Object) -> datetime.datetime | None:
    """The condition's own time is that of the last try."""
    tries: Tries = sync["status"].get("history") or ()
    if ended == _SUCCEEDED:  # all was well then, with the same commit
        return _time(tries[0].get("lastReconciled"))
    if ended:
        digest = tries[0].get("digest")
        return _began(tries, lambda one: one.get("digest") == digest and one.get("lastReconciledStatus") != _SUCCEEDED)
    if said.applied != fetched_commit(source):  # it does not get as far as applying
        return _time(_artifact(source).get("lastUpdateTime")) or said.since
    return said.since


def _changed(tries: Tries) -> datetime.datetime | None:
    """Since when what was applied last has been running, however often it was reconciled since; None where nothing was
    applied. What came back after something else was applied counts from then."""
    whole = [one for one in tries if one.get("lastReconciledStatus", _SUCCEEDED) != _NOT_WHOLE]
    at = next((at for at, one in enumerate(whole) if one.get("lastReconciledStatus", _SUCCEEDED) == _SUCCEEDED), None)
    if at is None:
        return None
    digest = whole[at].get("digest")
    return _began(whole[at:], lambda one: one.get("digest") == digest)


def _began(tries: Tries, belongs: Callable[[dict[str, Any]], bool]) -> datetime.datetime | None:
    """When the first of those that belong together was, or the last of the others if that was later."""
    first = [_time(one.get("firstReconciled")) for one in tries if belongs(one)]
    other = [_time(one.get("lastReconciled")) for one in tries if not belongs(one)]
    known = [time for time in first if time]
    return max([min(known), *(time for time in other if time)]) if known else None


def commit_of(revision: str) -> str:
    """The commit in a Flux revision such as main@sha1:<commit>."""
    return revision.rpartition(":")[2]


def _artifact(source: Object | None) -> dict[str, Any]:
    return (source or {}).get("status", {}).get("artifact") or {}


def _condition(item: Object, kind: str = "Ready") -> dict[str, Any]:
    conditions: list[dict[str, Any]] = item.get("status", {}).get("conditions") or []
    return next((condition for condition in conditions if condition.get("type") == kind), {})


def _text(condition: dict[str, Any]) -> str:
    return " ".join(str(condition.get("message", "")).split())


def _time(text: str | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None
