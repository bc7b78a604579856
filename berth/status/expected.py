"""What Git says that should run: the commit that a branch or tag stands at, and those before it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from berth.errors import OperationFailed
from berth.settings import Cluster, Delivery
from berth.tenants import Tenant

Point = tuple[str, tuple[tuple[str, str], ...]]
"""The URL of a repo, and what of it is followed: one of branch, tag, semver, commit, with its value."""


@dataclass(frozen=True)
class Commits:
    """The commit that a point stands at, empty for a semver range, which only the agent resolves. `log` are this commit
    and those before it with their times, the newest first; empty where it is unknown, and it may end early."""

    head: str
    log: tuple[tuple[str, datetime.datetime], ...] = ()

    def behind(self, applied: str) -> tuple[int, datetime.datetime | None] | None:
        """How many commits come after the one that is applied, and the time of the first of them. None where that is
        not known."""
        if applied == self.head:
            return 0, None
        at = next((index for index, (commit, _) in enumerate(self.log) if commit == applied), 0)
        return (at, self.log[at - 1][1]) if at else None


Expected = Mapping[Point, Commits | OperationFailed]
"""By point, what Git says; or why it does not."""


def point_of(tenant: Tenant) -> Point:
    """What a tenant follows in one cluster."""
    return tenant.source.url, tuple(sorted(tenant.source.ref.items()))


def root_point(cluster: Cluster) -> Point | None:
    """What the cluster's root sync follows; None where it has none."""
    if cluster.delivery is not Delivery.GIT:
        return None
    return cluster.deploy_repo.url, (("branch", cluster.deploy_repo.branch),)
