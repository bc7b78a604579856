"""What one tree of files wants: stacks, clusters, resources and tenants' objects, before it is compared with another.

The half of a plan that can be made by the tree's own code and sent from one process to another as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from berth.render.objects import Object
from berth.settings import Delivery


@dataclass(frozen=True)
class Resource:
    """A resource of the program, as the engine is sent it. `aliases` are URNs that it was known by, `ignore_changes`
    properties whose changes the engine passes over."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    protect: bool = False
    aliases: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    id: str = ""
    """What stands in inputs of others for its id in the cloud; empty for a component."""
    uses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By input: the URNs of what its value comes from."""


@dataclass(frozen=True)
class DesiredCluster:
    """One cluster and who is placed in it."""

    name: str
    environment: str
    cloud: str
    region: str
    guard_rails: list[Object] = field(default_factory=list)
    tenants: Mapping[str, list[Object] | None] = field(default_factory=dict)
    """Objects by tenant; None for a tenant that is known to be the same on both sides, and was not rendered."""
    delivery: str = Delivery.PULUMI.value


@dataclass(frozen=True)
class DesiredStack:
    """One stack."""

    name: str
    environment: str
    clusters: Mapping[str, DesiredCluster] = field(default_factory=dict)
    resources: list[Resource] | None = None
    """None where they are known to be the same on both sides, and the program was not run."""


def as_data(stack: DesiredStack) -> dict[str, Any]:
    """The stack as JSON takes it."""
    return asdict(stack)


def from_data(data: Mapping[str, Any]) -> DesiredStack:
    """What `as_data` made, as it was. Raises KeyError and TypeError for anything else."""
    resources = data["resources"]
    return DesiredStack(
        data["name"],
        data["environment"],
        {name: DesiredCluster(**cluster) for name, cluster in data["clusters"].items()},
        None if resources is None else [resource_of(item) for item in resources],
    )


def resource_of(data: Mapping[str, Any]) -> Resource:
    """A resource from what `asdict` made of it."""
    return Resource(**{**data, "aliases": tuple(data["aliases"]), "ignore_changes": tuple(data["ignore_changes"])})
