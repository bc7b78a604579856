"""What status says: of one tenant in one cluster, and of one cluster."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple

VERSION = 1
"""Of the JSON: raised when a field goes or changes its meaning, not when one is added."""
TIMEOUT = 10.0
"""Seconds that one cluster or Git server has to answer."""


class State(StrEnum):
    IN_SYNC = "in sync"
    SYNCING = "syncing"
    FAILING = "failing"
    SUSPENDED = "suspended"
    MISSING = "missing"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"

    @property
    def good(self) -> bool:
        """Whether there is nothing to do and nothing to wait for."""
        return self in (State.IN_SYNC, State.SUSPENDED)


@dataclass(frozen=True)
class Use:
    """How much of one resource of a namespace's quota is used. `share` is 1 for all of it; more, where the quota was
    lowered below what is used."""

    namespace: str
    resource: str
    used: str
    hard: str
    share: float


@dataclass(frozen=True)
class Workloads:
    """A tenant's Deployments, StatefulSets and DaemonSets. `waiting` are those that are not ready, as kind and name."""

    ready: int
    total: int
    waiting: tuple[str, ...] = ()


class Said(NamedTuple):
    """What an agent says of one sync, and the state that it is in by that; the fields are those of `Row`."""

    state: State
    message: str = ""
    applied: str = ""
    objects: int = 0
    since: datetime.datetime | None = None
    changed: datetime.datetime | None = None


@dataclass(frozen=True)
class Row:
    """One tenant in one cluster. `expected` and `applied` are full commit ids, empty where unknown; `since` is since
    when this state has held; `objects` is how many objects the agent manages for the tenant."""

    tenant: str
    cluster: str
    cloud: str
    environment: str
    state: State
    expected: str = ""
    applied: str = ""
    objects: int = 0
    since: datetime.datetime | None = None
    message: str = ""
    changed: datetime.datetime | None = None
    """When what runs was applied first."""
    behind: int | None = None
    """Commits of the followed branch or tag that are not applied yet; None where that is unknown."""
    behind_since: datetime.datetime | None = None
    """The time of the oldest of these commits."""
    quota: tuple[Use, ...] = ()
    """The resources of the tenant's quotas, the fullest first."""
    workloads: Workloads | None = None
    """None where they could not be read."""
    unread: tuple[str, ...] = ()
    """What could not be read, each with the API server's reason. The rest of the row holds."""

    def as_dict(self) -> dict[str, Any]:
        # By hand: `asdict` copies every text, and of thousands of rows that is felt.
        return vars(self) | {
            "quota": [dict(vars(use)) for use in self.quota],
            "workloads": dict(vars(self.workloads)) if self.workloads else None,
            **{name: _text(getattr(self, name)) for name in ("since", "changed", "behind_since")},
        }


class Reach(StrEnum):
    """What is known of a cluster as a whole."""

    OK = "ok"
    """It answers, and its agent is as Berth needs it."""
    WRONG = "not in order"
    """It answers; the agent is not ready, not locked down, or lacks kinds; or the root sync fails."""
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class ClusterRow:
    """One cluster. Numbers are None, and texts empty, where they are unknown."""

    cluster: str
    stack: str
    cloud: str
    environment: str
    engine: str
    state: Reach
    message: str = ""
    version: str = ""
    """Of Kubernetes, as the API server says."""
    agent_version: str = ""
    agent_ready: bool | None = None
    """Whether all of the agent's programs are."""
    lacks: tuple[str, ...] = ()
    """What the agent lacks, each with its remedy: kinds that are not served, and what does not lock it down."""
    unread: tuple[str, ...] = ()
    """What could not be read, each with the API server's reason."""
    nodes_ready: int | None = None
    nodes_total: int | None = None
    root: State | None = None
    """What pulls tenants' objects from Git; None where that is not how they are delivered."""
    skew: float | None = None
    """Seconds that the API server's clock is ahead of this machine's."""

    @property
    def lockdown(self) -> bool | None:
        """Whether the agent is locked down; None where not all of it could be looked at."""
        return False if self.lacks else None if self.unread or self.state is Reach.UNREACHABLE else True

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"lockdown": self.lockdown}


@dataclass(frozen=True)
class Fleet:
    """The rows of some stacks: of tenants by tenant and cluster, of clusters in the order of the stack files."""

    rows: list[Row]
    clusters: list[ClusterRow]

    @property
    def good(self) -> bool:
        """Whether every tenant is in sync or suspended, and every cluster in order."""
        return all(row.state.good for row in self.rows) and all(row.state is Reach.OK for row in self.clusters)


def _text(time: datetime.datetime | None) -> str | None:
    return time.isoformat() if time else None
