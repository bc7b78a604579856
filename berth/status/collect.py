"""Asks every cluster at once how its tenants are. A cluster that does not answer costs its own rows, nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from berth.errors import OperationFailed
from berth.kubeconfig import Entry
from berth.loop import run
from berth.programs import ending_together
from berth.project import Project
from berth.settings import Cluster
from berth.status.asking import ask
from berth.status.expected import Commits, Expected, Point, point_of, root_point
from berth.status.history import expected_commit, with_log
from berth.status.model import TIMEOUT, Fleet, Row
from berth.status.observed import Object, Observed
from berth.status.rows import cluster_row, rows
from berth.tenants import Tenant

LOG_TIMEOUT = 5.0
"""Seconds that a Git server has to tell the commits before one. Without them, the lag is unknown and all else holds."""
_REPOS_AT_ONCE = 16


@dataclass
class Scope:
    """What is asked for, and how it is reached."""

    stacks: Sequence[str]
    tenants: Collection[str] = ()
    """Only these tenants; empty for all."""
    clusters: Collection[str] = ()
    """Only these clusters; empty for all."""
    entries: Mapping[str, Entry | OperationFailed] = field(default_factory=dict)
    """By cluster, how it is reached, or why it is not, where that is not to be found as kubectl would find it."""
    programs: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)
    """By cluster, the agent's programs that run beside it."""
    timeout: float = TIMEOUT
    """Seconds that one cluster or Git server has to answer."""
    logs: dict[tuple[Point, str], Commits] = field(default_factory=dict)
    """Commits that were asked for before: those before a commit never change."""

    def placed(self, project: Project) -> list[tuple[Cluster, list[Tenant]]]:
        """The clusters that are asked, each with the tenants that are shown of it."""
        clusters = [cluster for stack in self.stacks for cluster in project.stack(stack).clusters]
        return [
            (cluster, [each for each in project.tenants_in(cluster) if not self.tenants or each.name in self.tenants])
            for cluster in clusters
            if not self.clusters or cluster.name in self.clusters
        ]


def collect(project: Project, stack: str, timeout: float = TIMEOUT) -> list[Row]:
    """A row for each tenant in each cluster of a stack, by tenant and cluster. What does not answer raises nothing."""
    return collect_all(project, Scope([stack], timeout=timeout)).rows


def collect_all(project: Project, scope: Scope) -> Fleet:
    """All rows of some stacks, or of the tenants and clusters that are asked for. What does not answer raises
    nothing."""
    return run(_collect(project.root, scope, scope.placed(project)))


async def _collect(root: Path, scope: Scope, placed: list[tuple[Cluster, list[Tenant]]]) -> Fleet:
    points = {point_of(tenant) for _, tenants in placed for tenant in tenants}
    points |= {point for cluster, _ in placed if (point := root_point(cluster)) is not None}
    expected: Expected
    answers, expected = await asyncio.gather(
        asyncio.gather(*(_ask(root, scope, cluster, tenants) for cluster, tenants in placed)),
        _heads(sorted(points), scope.timeout),
    )
    told = [(cluster, tenants, answer) for (cluster, tenants), answer in zip(placed, answers, strict=True)]
    found = list(_judged(told, expected))
    open_lags = {point for point, row in found if row.expected and row.applied and row.behind is None}
    if open_lags:
        expected = await _logs(scope, expected, open_lags)
        found = list(_judged(told, expected))
    return Fleet(
        sorted((row for _, row in found), key=lambda row: (row.tenant, row.cluster)),
        [cluster_row(cluster, answer, expected) for cluster, _, answer in told],
    )


def _judged(
    told: Iterable[tuple[Cluster, list[Tenant], Observed | OperationFailed]], expected: Expected
) -> Iterator[tuple[Point, Row]]:
    """Each row, and what its tenant follows there."""
    for cluster, tenants, answer in told:
        for tenant, row in zip(tenants, rows(cluster, tenants, answer, expected), strict=True):
            yield point_of(tenant), row


async def _ask(root: Path, scope: Scope, cluster: Cluster, tenants: list[Tenant]) -> Observed | OperationFailed:
    entry = scope.entries.get(cluster.name)
    if isinstance(entry, OperationFailed):
        return entry
    answer = await ask(root, cluster, tenants, scope.timeout, entry)
    if isinstance(answer, Observed):
        answer.programs = tuple(scope.programs.get(cluster.name, ()))
    return answer


async def _heads(points: Sequence[Point], timeout: float) -> dict[Point, Commits | OperationFailed]:
    """What each point stands at, asked many at once, and all of them in the time that one has."""
    end = time.monotonic() + timeout

    def head(point: Point) -> Commits | OperationFailed:
        left = end - time.monotonic()
        if left <= 0:
            return OperationFailed(f"{point[0]} was not asked: there are {len(points)} repos, and the others took long")
        return expected_commit(point, left)

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(min(_REPOS_AT_ONCE, len(points) or 1)) as pool, ending_together():
        found = await asyncio.gather(*(loop.run_in_executor(pool, head, point) for point in points))
    return dict(zip(points, found, strict=True))


async def _logs(scope: Scope, expected: Expected, points: Collection[Point]) -> Expected:
    """What is expected, with the commits before it for some of the points."""

    async def log(point: Point, commits: Commits | OperationFailed) -> Commits | OperationFailed:
        if isinstance(commits, OperationFailed) or point not in points or not commits.head:
            return commits
        key = point, commits.head
        if key not in scope.logs:
            told = await asyncio.to_thread(with_log, point, commits, min(LOG_TIMEOUT, scope.timeout))
            if not told.log:
                return commits
            scope.logs[key] = told
        return scope.logs[key]

    with ending_together():
        found = await asyncio.gather(*(log(point, commits) for point, commits in expected.items()))
    return dict(zip(expected, found, strict=True))
