"""Follows a rollback: until the branch that the agents follow has it, then until every cluster has applied it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from berth.errors import OperationFailed
from berth.project import Project
from berth.rollback.prepare import Rollback
from berth.status import Row, State
from berth.status.collect import Scope, collect_all

EVERY = 2.0
"""Seconds between two looks."""


@dataclass(frozen=True)
class Merged:
    """The followed branch holds the rollback since this commit: its own, or what a merge made of it."""

    commit: str


@dataclass(frozen=True)
class Arrived:
    """A cluster has applied it, so many seconds after the branch had it."""

    cluster: str
    seconds: float


Event = Merged | Arrived
Look = Callable[[], Iterable[Row]]
"""Returns what the tenant's clusters say now."""


def follow(rollback: Rollback, look: Look, seconds: float, *, every: float = EVERY) -> Iterator[Event]:
    """Yields what happens, as it is seen, and ends when all clusters have applied the rollback. Suspended ones are not
    waited for.

    `seconds` is how long it waits in all. Raises OperationFailed when that time is up, with what is still missing.
    """
    end = time.monotonic() + seconds
    while not (merged := _merged(rollback)):
        if time.monotonic() > end:
            name = rollback.followed.branch
            raise OperationFailed(
                f"after {seconds:.0f} s, {name} does not have the rollback", f"merge {rollback.branch} into {name}"
            )
        time.sleep(every)
    began = time.monotonic()
    yield Merged(merged)
    waiting = {placed.cluster.name for placed in rollback.followed.clusters if not placed.suspended}
    while waiting:
        rows = {row.cluster: row for row in look() if row.cluster in waiting}
        for cluster in sorted(waiting):
            if cluster in rows and _applied(rollback, merged, rows[cluster]):
                waiting.remove(cluster)
                yield Arrived(cluster, time.monotonic() - began)
        if waiting and time.monotonic() > end:
            raise OperationFailed(f"after {seconds:.0f} s, not applied in {_told(waiting, rows)}", "berth status")
        if waiting:
            time.sleep(every)


def rows_of(project: Project, rollback: Rollback) -> list[Row]:
    """What the tenant's clusters say now, of all stacks that are rolled back."""
    return collect_all(project, Scope(rollback.followed.stacks(), [rollback.followed.tenant])).rows


def _merged(rollback: Rollback) -> str:
    """The first commit of the followed branch that has the rollback; empty where there is none yet. What was merged is
    in its history, whatever else has come to the paths meanwhile. A merge that squashes makes another commit of it, so
    that is told by what the paths hold."""
    clone = rollback.clone
    clone.fetch()
    if clone.holds(clone.tip, rollback.commit):
        oldest_first = reversed(clone.changes(clone.tip, (), since=rollback.base))
        return next(each.id for each in oldest_first if clone.holds(each.id, rollback.commit))
    wanted = clone.content(rollback.commit, rollback.paths)
    since = clone.changes(clone.tip, rollback.paths, since=rollback.base)
    return next((each.id for each in reversed(since) if clone.content(each.id, rollback.paths) == wanted), "")


def _applied(rollback: Rollback, merged: str, row: Row) -> bool:
    if row.state in (State.SYNCING, State.UNREACHABLE) or not row.applied:
        return False
    if not rollback.clone.commit(row.applied):
        rollback.clone.fetch()
    return rollback.clone.holds(row.applied, merged)


def _told(waiting: Iterable[str], rows: dict[str, Row]) -> str:
    def one(cluster: str) -> str:
        row = rows.get(cluster)
        return f"{cluster} ({row.state.value}: {row.message or row.applied[:8]})" if row else cluster

    return "; ".join(one(cluster) for cluster in sorted(waiting))
