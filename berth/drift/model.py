"""What differs, in one object of one cluster."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

VERSION = 1
"""Of the JSON: raised when a field goes or changes its meaning, not when one is added."""


class What(StrEnum):
    CHANGED = "changed"
    """It is there, and not as it was declared."""
    MISSING = "missing"
    """It was declared, and is not there."""
    UNDECLARED = "undeclared"
    """It carries a tenant's label, and neither Berth nor the tenant's manifests declare it."""
    REFUSED = "refused"
    """The API server would not take what was declared: `message` says why."""


@dataclass(frozen=True)
class Field:
    """One field. `wanted` and `found` are values as JSON, cut short where they are long; empty where there is none.
    `owners` are the managers that the API server says wrote what was found."""

    path: str
    wanted: str
    found: str
    owners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drift:
    """One object. `tenant` and `namespace` are empty for what is no tenant's, and in none."""

    cluster: str
    tenant: str
    kind: str
    namespace: str
    name: str
    what: What
    fields: tuple[Field, ...] = ()
    message: str = ""
    fixed: bool = False
    """Whether it is as declared by now, because that was asked for."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """What sorts objects."""
        return self.cluster, self.tenant, self.namespace, self.kind, self.name


@dataclass(frozen=True)
class Looked:
    """How a look at clusters ended. `unread` are clusters, kinds or objects that could not be looked at, by cluster
    and what it was, with the reason."""

    checked: int
    """Objects that were compared."""
    drifts: tuple[Drift, ...]
    unread: tuple[tuple[str, str], ...] = ()
