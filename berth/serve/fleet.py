"""Makes rows of what is known of clusters and Git, as it changes, and puts them on the board.

Only what a change concerns is made anew. Git cannot be watched: it is asked now and then, and at once where an agent
has seen a commit that is not known here, or somebody wants to know what holds at this moment.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from berth.errors import OperationFailed
from berth.serve.board import Board, Key
from berth.serve.data import cluster_data, row_data, status_data
from berth.serve.latest import Latest, Placed
from berth.serve.watching import Connect, Watch
from berth.settings import Cluster
from berth.status.collect import LOG_TIMEOUT
from berth.status.expected import Commits, Point, point_of, root_point
from berth.status.history import expected_commit, with_log
from berth.status.model import Row, State
from berth.status.observed import Object
from berth.status.rows import cluster_row, rows
from berth.tenants import Tenant

GATHER = 0.1
"""Seconds that changes are gathered before rows are made of them: a new list of 1,000 tenants is one change."""
ASK_GIT = 10.0
"""Seconds between two looks at a branch or tag."""
ASK_GIT_SOON = 1.0
"""Seconds between two looks where there is reason to expect something new."""
_AT_ONCE, _AT_ONCE_NOW = 4, 16
"""Branches and tags that are looked at at the same time; the second where somebody waits."""

_NOT_YET = OperationFailed("not read yet")

T = TypeVar("T")


class Fleet:
    """Clusters with the tenants that are shown of them. `reach` is how to connect to one; `programs` are the agent's
    programs that run beside a cluster and not in it. What a `former` fleet knew is known until it is read anew."""

    def __init__(
        self,
        placed: Placed,
        board: Board,
        latest: Latest,
        reach: Callable[[Cluster], Connect],
        timeout: float,
        programs: Callable[[Cluster], Sequence[Object]] = lambda _: (),
        former: Fleet | None = None,
    ) -> None:
        self.watches: dict[str, Watch] = {}
        self._board = board
        self._latest = latest
        self._timeout = timeout
        self._tenants: dict[str, dict[str, Tenant]] = {}
        self._expected: dict[Point, Commits | OperationFailed] = {}
        self._followers: dict[Point, list[Key]] = defaultdict(list)
        """Who follows what: tenants in clusters; a cluster's root as one without a name."""
        self._dirty: dict[str, set[str] | None] = {}
        """What is to be made anew: by cluster the tenants, or None for all of them."""
        self._wake = asyncio.Event()
        self._soon = asyncio.Event()
        self._git = asyncio.Lock()
        self._logs: dict[Point, Commits] = {}
        self._lagging: set[Point] = set()
        self._untold: set[Point] = set()
        """Points whose Git server did not tell the commits before one."""
        for cluster, listed in placed:
            tenants = {tenant.name: tenant for tenant in listed}
            self._tenants[cluster.name] = tenants
            self.watches[cluster.name] = Watch(
                cluster,
                list(tenants.values()),
                reach(cluster),
                lambda tenant, name=cluster.name: self._mark(name, tenant),  # type: ignore[misc]  # a default binds it
                timeout,
                lambda of=cluster: programs(of),  # type: ignore[misc]
            )
            for tenant in tenants.values():
                self._followers[point_of(tenant)].append((tenant.name, cluster.name))
            if (point := root_point(cluster)) is not None:
                self._followers[point].append(("", cluster.name))
            self._mark(cluster.name, None)
        if former is not None:
            self._expected = {point: found for point, found in former._expected.items() if point in self._followers}
            self._logs = former._logs
            for name, watch in self.watches.items():
                known = former.watches.get(name)
                if known is not None and known.cluster == watch.cluster:
                    watch.take_over(known)

    async def run(self) -> None:
        """Keeps the board up to date. Never returns."""
        async with asyncio.TaskGroup() as tasks:
            for watch in self.watches.values():
                tasks.create_task(watch.run())
            tasks.create_task(self._ask_git())
            tasks.create_task(self._publish())

    async def renew(self) -> bool:
        """Asks every cluster and Git, and returns when what they have told is on the board: what holds at this moment.
        False where that cannot be known so."""

        async def settled() -> bool:
            known = await asyncio.gather(*(watch.ask() for watch in self.watches.values()))
            await asyncio.sleep(GATHER)  # what was written before is on its way, on other connections
            return all(known)

        whole, _ = await asyncio.gather(settled(), self._heads())
        for point in self._untold:  # those who are behind have it asked again
            self._logs.pop(point, None)
            for tenant, cluster in self._followers[point]:
                self._mark(cluster, tenant)
        self._make()
        await self._heads(lagging=True)
        self._make()
        return whole

    # rows -------------------------------------------------------------------------------------------------------------

    def _mark(self, cluster: str, tenant: str | None) -> None:
        """A tenant's row is to be made anew, or with None all of a cluster. The cluster's own is in any case."""
        known = self._dirty.setdefault(cluster, set())
        if tenant is None:
            self._dirty[cluster] = None
        elif known is not None and tenant:
            known.add(tenant)
        self._wake.set()

    async def _publish(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER)
            self._make()

    def _make(self) -> None:
        """Makes anew what is to be made anew."""
        self._wake.clear()
        dirty, self._dirty = self._dirty, {}
        made: dict[Key, dict[str, Any]] = {}
        clusters: dict[str, dict[str, Any]] = {}
        pages: dict[Key, dict[str, Any] | None] = {}
        told: dict[str, dict[str, Any]] = {}
        for name, concerned in dirty.items():
            watch, tenants = self.watches[name], self._tenants[name]
            chosen = tenants.values() if concerned is None else [tenants[each] for each in concerned]
            for row in self._rows(watch, list(chosen)):
                made[row.tenant, name] = whole = status_data(row)
                pages[row.tenant, name] = row_data(whole, tenants[row.tenant].owners.team)
            clusters[name] = status_data(cluster_row(watch.cluster, watch.answer or _NOT_YET, self._expected))
            told[name] = cluster_data(clusters[name], watch.since, read=watch.answer is not None)
        self._latest.take(made, clusters)
        self._board.publish(pages, told)

    def _rows(self, watch: Watch, tenants: list[Tenant]) -> Iterable[Row]:
        answer = watch.answer
        found = rows(watch.cluster, tenants, answer or _NOT_YET, self._expected)
        for tenant, row in zip(tenants, found, strict=True):
            point = point_of(tenant)
            if answer is None:
                yield replace(row, state=State.UNKNOWN)
            elif isinstance(answer, OperationFailed):
                yield replace(row, since=watch.since)
            elif point not in self._expected:
                yield replace(row, state=State.UNKNOWN, message="Git has not been asked yet")
            else:
                if row.expected and row.applied and row.behind is None:
                    self._lagging.add(point)
                    self._soon.set()
                yield row

    # Git --------------------------------------------------------------------------------------------------------------

    async def _ask_git(self) -> None:
        turns = asyncio.Semaphore(_AT_ONCE)
        loop = asyncio.get_running_loop()
        all_at = loop.time()
        while True:
            self._soon.clear()
            async with self._git:
                lagging, self._lagging = self._lagging, set()
                points = sorted(lagging)
                if loop.time() >= all_at:
                    points, all_at = sorted(self._followers), loop.time() + ASK_GIT
                await asyncio.gather(*(self._look(point, turns, lagging) for point in points))
            await asyncio.sleep(ASK_GIT_SOON)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._soon.wait(), max(all_at - loop.time(), 0))

    async def _heads(self, *, lagging: bool = False) -> None:
        """Looks at all points, or at those of which somebody is behind by an unknown number of commits."""
        turns = asyncio.Semaphore(_AT_ONCE_NOW)
        async with self._git:
            behind: set[Point] = set()
            if lagging:
                behind, self._lagging = self._lagging, set()
            points = behind if lagging else self._followers
            await asyncio.gather(*(self._look(point, turns, behind) for point in sorted(points)))

    async def _look(self, point: Point, turns: asyncio.Semaphore, lagging: set[Point]) -> None:
        async with turns:
            found = await in_thread(lambda: expected_commit(point, self._timeout))
            if isinstance(found, Commits) and found.head:
                known = self._logs.get(point)
                if known and known.head == found.head:
                    found = known
                elif point in lagging:
                    told = found
                    found = await in_thread(lambda: with_log(point, told, min(LOG_TIMEOUT, self._timeout)))
                    self._logs[point] = found
                    (self._untold.discard if found.log else self._untold.add)(point)
        before = self._expected.get(point)
        if found == before or (isinstance(found, OperationFailed) and _told(found) == _told(before)):
            return
        self._expected[point] = found
        for tenant, cluster in self._followers[point]:
            self._mark(cluster, tenant)


def _told(answer: Commits | OperationFailed | None) -> str | None:
    return answer.message if isinstance(answer, OperationFailed) else None


async def in_thread(work: Callable[[], T]) -> T:
    """What a function returns that takes its time. Unlike asyncio's own threads, this one does not keep the program
    from ending: a Git server that does not answer would keep Ctrl-C waiting."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def done(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # None where that is the result

    def run() -> None:
        try:
            result, error = work(), None
        except BaseException as raised:
            result, error = None, raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(done, result, error)

    threading.Thread(target=run, daemon=True).start()
    return await future
