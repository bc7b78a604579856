"""What status says of one tenant in one cluster."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


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

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"since": self.since.isoformat() if self.since else None}
