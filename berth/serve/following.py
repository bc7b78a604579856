"""The fleet that is shown, and the project's files that say what it is: when they change, so does what is shown.

Files are looked at by their times and sizes. Where they are wrong, what was read last stays, and the page says what is
wrong. Clusters that stay keep what is known of them, so that no row is lost from sight.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from berth.errors import InvalidInput, OperationFailed
from berth.project import Project
from berth.serve.board import Board
from berth.serve.fleet import Fleet, in_thread
from berth.serve.latest import Latest
from berth.serve.watching import Connect
from berth.settings import Cluster
from berth.status.api import Api, open_api
from berth.status.collect import Scope
from berth.status.observed import Object

LOOK = 2.0
"""Seconds between two looks at the files."""
_PATTERNS = ("Pulumi.yaml", "Pulumi.*.yaml", "tenants/*.yaml", "tenants/profiles/*.yaml")
_SHOWN = 5
"""Problems that the page tells; `berth validate` has them all."""
Load = Callable[[], tuple[Project, Scope]]
"""Reads the project's files. Raises InvalidInput, OperationFailed."""
Stamp = frozenset[tuple[str, int, int]]


def stamp(root: Path) -> Stamp:
    """What differs when a file of the project was written, came or went."""
    return frozenset(_stats(root))


def _stats(root: Path) -> Iterator[tuple[str, int, int]]:
    for path in (path for pattern in _PATTERNS for path in root.glob(pattern)):
        try:
            found = path.stat()
        except OSError:  # gone since it was listed
            continue
        yield str(path), found.st_mtime_ns, found.st_size


class Following:
    """What is shown. `seen` are the files that `project` was read from, `load` reads them anew; without it, nothing is
    read again."""

    def __init__(
        self,
        project: Project,
        scope: Scope,
        board: Board,
        programs: Callable[[Cluster], Sequence[Object]],
        load: Load | None,
        seen: Stamp,
    ) -> None:
        self._board = board
        self._programs = programs
        self._load = load
        self._seen = seen
        self._root = project.root
        self._placed = scope.placed(project)
        self._renewed = asyncio.Event()
        self._latest = Latest(self._placed)
        self.fleet = self._made(scope, None)

    async def run(self) -> None:
        """Keeps the board up to date. Never returns."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._show())
            if self._load is not None:
                tasks.create_task(self._follow(self._load))

    def status(self) -> bytes | None:
        """What `berth status --json` would print now; None as long as not all of it is known."""
        return self._latest.body(self._board.notes)

    def _made(self, scope: Scope, former: Fleet | None) -> Fleet:
        reach = lambda cluster: _reach(self._root, scope, cluster)  # noqa: E731
        return Fleet(self._placed, self._board, self._latest, reach, scope.timeout, self._programs, former)

    async def _show(self) -> None:
        while True:
            self._renewed.clear()
            work = asyncio.create_task(self.fleet.run())
            turn = asyncio.create_task(self._renewed.wait())
            try:
                await asyncio.wait([work, turn], return_when=asyncio.FIRST_COMPLETED)
                if work.done():
                    work.result()
            finally:
                work.cancel()
                turn.cancel()
                await asyncio.gather(work, turn, return_exceptions=True)

    async def _follow(self, load: Load) -> None:
        while True:
            await asyncio.sleep(LOOK)
            now = await in_thread(lambda: stamp(self._root))
            if now == self._seen:
                continue
            self._seen = now
            try:
                project, scope = await in_thread(load)
            except (InvalidInput, OperationFailed) as error:
                self._board.publish({}, notes=list(_told(error)))
                continue
            self._board.publish({}, notes=[])
            self._take(project, scope)

    def _take(self, project: Project, scope: Scope) -> None:
        placed = scope.placed(project)
        if placed == self._placed:
            return
        self._placed = placed
        self._latest.place(placed)
        self.fleet = self._made(scope, self.fleet)
        rows = {(tenant.name, cluster.name) for cluster, tenants in placed for tenant in tenants}
        self._board.keep(rows, {cluster.name for cluster, _ in placed})
        self._renewed.set()


def _told(error: InvalidInput | OperationFailed) -> Iterator[str]:
    yield "The project's files have changed and cannot be used: this is what was read before."
    if isinstance(error, OperationFailed):
        yield error.message
        return
    yield from (str(problem) for problem in error.problems[:_SHOWN])
    if len(error.problems) > _SHOWN:
        yield f"{len(error.problems) - _SHOWN} more: berth validate"


def _reach(root: Path, scope: Scope, cluster: Cluster) -> Connect:
    @asynccontextmanager
    async def reach() -> AsyncIterator[Api]:
        entry = scope.entries.get(cluster.name)
        if isinstance(entry, OperationFailed):
            raise entry
        async with open_api(root, cluster, scope.timeout, entry) as api:
            yield api

    return reach
