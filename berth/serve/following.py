"""The fleet that is shown, and the project's files that say what it is: when they change, so does what is shown.

Files are looked at by their times and sizes. Where they are wrong, what was read last stays, and the page says what is
wrong. Clusters that stay keep what is known of them, so that no row is lost from sight. Kubeconfigs count as such
files: where a cluster is reached in another way than before, all are read anew.

Who asks what holds at this moment has the files, Git and the clusters looked at before the answer.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from berth.errors import InvalidInput, OperationFailed
from berth.project import Project
from berth.serve.board import Board
from berth.serve.fleet import Fleet, in_thread
from berth.serve.latest import Latest, Placed
from berth.serve.reach import Ways, kubeconfigs, reach, ways
from berth.serve.turns import Turns
from berth.settings import Cluster
from berth.status.collect import Scope
from berth.status.observed import Object

LOOK = 2.0
"""Seconds between two looks at the files."""
NOW = 2.5
"""Seconds that it may take to find out what holds at this moment: less than `berth status` waits for it."""
LATER = 10.0
"""Seconds in which that is not tried again after it took too long: it would cost whoever asks as much again."""
_PATTERNS = ("Pulumi.yaml", "Pulumi.*.yaml", "Pulumi.*.yml", "tenants/**/*.[yY]*", ".local/ports.json", ".local/engine")
_SHOWN = 5
"""Problems that the page tells; `berth validate` has them all."""
Load = Callable[[], tuple[Project, Scope]]
"""Reads the project's files. Raises InvalidInput, OperationFailed."""
Stamp = frozenset[tuple[str, int, int, int]]


def stamp(root: Path) -> Stamp:
    """What differs when a file of the project was written, came or went."""
    return stamp_of(path for pattern in _PATTERNS for path in root.glob(pattern))


def stamp_of(paths: Iterable[Path]) -> Stamp:
    return frozenset(_stats(paths))


def _stats(paths: Iterable[Path]) -> Iterator[tuple[str, int, int, int]]:
    for path in paths:
        try:
            found = path.stat()
        except OSError:  # not there, or gone since it was listed
            continue
        yield str(path), found.st_mtime_ns, found.st_ctime_ns, found.st_size


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
        self._scope = scope
        self._placed: Placed = scope.placed(project)
        self._files_of_ways = stamp_of(kubeconfigs(self._root, self._clusters()))
        self._ways = ways(self._root, scope, self._clusters())
        self._files = asyncio.Lock()
        self._turns = Turns(self._renew)
        self._later = -math.inf
        self._renewed = asyncio.Event()
        self._latest = Latest(self._placed)
        self.fleet = self._made(None)

    async def run(self) -> None:
        """Keeps the board up to date. Never returns."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._show())
            if self._load is not None:
                tasks.create_task(self._follow(self._load))

    def status(self) -> bytes | None:
        """What `berth status --json` would print now; None as long as not all of it is known."""
        return self._latest.body(self._board.notes)

    async def now(self) -> bytes | None:
        """The same as it is at this moment; None where that is not known for sure, or not soon enough."""
        loop = asyncio.get_running_loop()
        if self.status() is None or loop.time() < self._later:
            return None
        try:
            whole = await self._turns.take()
        except TimeoutError:
            self._later = loop.time() + LATER
            return None
        return self.status() if whole and not self._board.notes else None

    async def _renew(self) -> bool:
        async with asyncio.timeout(NOW), self._files:
            if self._load is None:
                return False
            await self._look(self._load)
            return not self._board.notes and await self.fleet.renew()

    def _clusters(self) -> list[Cluster]:
        return [cluster for cluster, _ in self._placed]

    def _made(self, former: Fleet | None) -> Fleet:
        scope = self._scope
        connect = lambda cluster: reach(self._root, scope, cluster)  # noqa: E731
        return Fleet(self._placed, self._board, self._latest, connect, scope.timeout, self._programs, former)

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
            async with self._files:
                await self._look(load)

    async def _look(self, load: Load) -> None:
        """Reads the files anew where one has changed."""
        try:
            await self._compare(load)
        except OSError as error:  # such as of a folder that goes while it is listed
            self._board.publish({}, notes=list(_told(error)))
            self._seen = frozenset()  # the next look reads them whatever it finds

    async def _compare(self, load: Load) -> None:
        now, of_ways = await in_thread(lambda: (stamp(self._root), stamp_of(kubeconfigs(self._root, self._clusters()))))
        changed = now != self._seen
        if not changed and of_ways == self._files_of_ways:
            return

        def read() -> tuple[Placed, Scope, Ways]:
            placed, scope = self._placed, self._scope
            if changed:
                project, scope = load()
                placed = scope.placed(project)
            return placed, scope, ways(self._root, scope, [cluster for cluster, _ in placed])

        try:
            placed, scope, found = await in_thread(read)
        except (InvalidInput, OperationFailed) as error:
            self._board.publish({}, notes=list(_told(error)))
        else:
            if changed:
                self._board.publish({}, notes=[])
            self._take(placed, scope, found)
        # Not before they were read: who waits for that may give it up.
        self._seen, self._files_of_ways = now, of_ways

    def _take(self, placed: Placed, scope: Scope, found: Ways) -> None:
        if placed == self._placed and found == self._ways:
            return
        self._placed, self._scope, self._ways = placed, scope, found
        self._latest.place(placed)
        self.fleet = self._made(self.fleet)
        rows = {(tenant.name, cluster.name) for cluster, tenants in placed for tenant in tenants}
        self._board.keep(rows, {cluster.name for cluster, _ in placed})
        self._renewed.set()


def _told(error: InvalidInput | OperationFailed | OSError) -> Iterator[str]:
    yield "The project's files have changed and cannot be used: this is what was read before."
    if isinstance(error, OperationFailed):
        yield error.message
        return
    if isinstance(error, OSError):
        yield f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return
    yield from (str(problem) for problem in error.problems[:_SHOWN])
    if len(error.problems) > _SHOWN:
        yield f"{len(error.problems) - _SHOWN} more: berth validate"
