"""A plan: stacks, their clusters, and in each cluster the resources and the tenants, each with what becomes of it.

How a plan was made does not show in it. Everything is frozen and in a fixed order, so that the same plan has the same
report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from berth.document import KeyPath
from berth.render.objects import Object
from berth.settings.guards import EXIT_CODES, Guard


class Action(StrEnum):
    """What becomes of a thing."""

    NONE = "none"
    ADD = "add"
    CHANGE = "change"
    REPLACE = "replace"
    MAY_REPLACE = "may-replace"
    """Changed in place or replaced: the knowledge at hand does not say which."""
    RENAME = "rename"
    """The same thing under another name in the state; nothing is made anew."""
    MOVE = "move"
    """A tenant: out of one cluster and into another, in one plan."""
    REMOVE = "remove"


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()
"""Stands on the side of a change where there is no value: null is a value."""
SECRET: Final = "[secret]"  # noqa: S105 - what is shown in its place
"""Stands for a secret wherever one is told of. It says nothing of it, not even its length."""


@dataclass(frozen=True)
class PropertyChange:
    """One value that is another one afterwards. `before` or `after` is ABSENT where there is none."""

    path: KeyPath
    before: Any
    after: Any
    replaces: Action = Action.CHANGE
    """REPLACE or MAY_REPLACE where this change alone has what holds it made anew, else CHANGE."""
    reason: str = ""
    """Why it replaces, or why that is not certain."""


@dataclass(frozen=True)
class ObjectChange:
    """A Kubernetes object. `before` is None where it is added, `after` where it is removed."""

    action: Action
    before: Object | None
    after: Object | None
    changes: tuple[PropertyChange, ...] = ()

    @property
    def object(self) -> Object:
        """The object as it is to be, or as it was."""
        found = self.after if self.after is not None else self.before
        assert found is not None  # noqa: S101 - an object that is on neither side is in no plan
        return found

    @property
    def kind(self) -> str:
        return str(self.object["kind"])

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Empty for what is in no namespace."""
        return str(self.object["metadata"].get("namespace", ""))


@dataclass(frozen=True)
class TenantChange:
    """A tenant in one cluster. Unchanged ones are here too, without objects: a plan shows who stays untouched."""

    name: str
    action: Action
    objects: tuple[ObjectChange, ...] = ()
    """What is added, changed or removed, in the order in which it is applied; never what stays."""
    other_clusters: tuple[str, ...] = ()
    """For a MOVE: where the tenant goes to, or comes from."""
    lost_namespaces: tuple[str, ...] = ()
    """Namespaces of its workloads that are removed, with every volume claim and Secret in them."""
    former_objects: int = 0
    """How many objects it had; 0 where none were looked at."""
    workloads: tuple[ObjectChange, ...] = ()
    """What its manifests in the deploy repo come to, where that was looked at; never what stays."""
    emptied: str = ""
    """Where its manifests come to nothing, and came to something before: what the agent makes of that."""
    emptied_deletes: bool = False
    """Whether the agent then deletes all that it has applied."""
    kept_namespaces: tuple[str, ...] = ()
    """Namespaces of its workloads that are removed, with every Secret in them; where one holds a volume claim, the API
    server refuses to delete it."""

    @property
    def leaves(self) -> bool:
        """Whether the tenant is gone from the cluster afterwards."""
        gone = self.action in (Action.REMOVE, Action.MOVE)
        return gone and all(change.action is Action.REMOVE for change in self.objects)


@dataclass(frozen=True)
class ResourceChange:
    """A resource of the program that is no tenant's object. Inputs are as the engine is sent them, secrets masked."""

    urn: str
    type: str
    name: str
    parent: str
    """URN of the parent; empty at the top."""
    action: Action
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    changes: tuple[PropertyChange, ...] = ()
    protected: bool = False
    """Whether the stack refuses to delete it, as it stands before the change."""
    former_urn: str = ""
    """For a RENAME: what the state calls it now."""
    consequence: str = ""
    """What is lost with it, where that is known."""
    order: str = ""
    """Of one that is or may be replaced: whether the new one comes first or the old one goes first, where known."""


@dataclass(frozen=True)
class ClusterPlan:
    """One cluster. Its action is ADD or REMOVE where it comes or goes, CHANGE where anything of it changes."""

    name: str
    stack: str
    environment: str
    cloud: str
    region: str
    action: Action
    resources: tuple[ResourceChange, ...] = ()
    """All resources where the program was run for this plan; none where nothing it reads has changed."""
    guard_rails: tuple[ObjectChange, ...] = ()
    tenants: tuple[TenantChange, ...] = ()
    """Every tenant placed in the cluster before or after, by name."""
    let_go: tuple[str, ...] = ()
    """Tenants that stay, and are Git's to deliver from now on: Pulumi deletes what it no longer registers."""

    @property
    def changed_resources(self) -> tuple[ResourceChange, ...]:
        return tuple(change for change in self.resources if change.action is not Action.NONE)

    @property
    def changed_tenants(self) -> tuple[TenantChange, ...]:
        return tuple(change for change in self.tenants if change.action is not Action.NONE or change.workloads)


@dataclass(frozen=True)
class StackPlan:
    """One stack."""

    name: str
    environment: str
    action: Action
    clusters: tuple[ClusterPlan, ...] = ()
    resources: tuple[ResourceChange, ...] = ()
    """Resources that belong to no cluster."""
    whole: bool = False
    """Whether there was nothing to compare with: everything counts as added."""


@dataclass(frozen=True)
class Base:
    """What the working tree was compared with."""

    ref: str
    commit: str


@dataclass(frozen=True)
class GuardHit:
    """Something that stops the plan, unless it is `approved`: the reason that the stack's file gives, else empty."""

    guard: Guard
    stack: str
    subject: str
    """The tenant, the cluster or the stack."""
    what: str
    fix: str
    approved: str = ""


@dataclass(frozen=True)
class Plan:
    """What a change does to every stack it was asked about."""

    base: Base | None
    stacks: tuple[StackPlan, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader must know to read the rest right: files not committed, a base that could not be read."""
    guards: tuple[GuardHit, ...] = ()
    """What stops it or would, worst first."""

    def clusters(self) -> Iterator[ClusterPlan]:
        for stack in self.stacks:
            yield from stack.clusters

    def tenants(self) -> Iterator[tuple[ClusterPlan, TenantChange]]:
        for cluster in self.clusters():
            for tenant in cluster.tenants:
                yield cluster, tenant

    def resources(self) -> Iterator[ResourceChange]:
        for stack in self.stacks:
            yield from stack.resources
            for cluster in stack.clusters:
                yield from cluster.resources

    @property
    def stopped_by(self) -> tuple[GuardHit, ...]:
        """The guards that nobody has approved."""
        return tuple(hit for hit in self.guards if not hit.approved)

    @property
    def exit_code(self) -> int:
        """0, or that of the worst guard that stops it."""
        return next((EXIT_CODES[hit.guard] for hit in self.stopped_by), 0)

    @property
    def changes(self) -> bool:
        """Whether anything is to be done at all."""
        return any(stack.action is not Action.NONE for stack in self.stacks)
