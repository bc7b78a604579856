"""Two descriptions of what is to be become a plan. Pure: no file, no process, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from berth.names import DELETION_ANNOTATION, ROLE_LABEL, VOLUMES_POLICY
from berth.plan.cascade import with_what_follows
from berth.plan.desired import DesiredCluster, DesiredStack, Resource
from berth.plan.difference import differences, judged, masked, object_changes, worst
from berth.plan.model import (
    Action,
    ClusterPlan,
    ObjectChange,
    PropertyChange,
    ResourceChange,
    StackPlan,
    TenantChange,
)
from berth.plan.replacement import consequence, order
from berth.render.objects import Object
from berth.settings import Delivery
from berth.tenants import DeletionPolicy


def compare(
    before: Mapping[str, DesiredStack],
    after: Mapping[str, DesiredStack],
    *,
    whole: Iterable[str] = (),
) -> tuple[StackPlan, ...]:
    """What becomes of every stack that is on one side, by name.

    `whole` names stacks that had nothing to be compared with: all of them counts as added.
    """
    alone = set(whole)
    plans = [_stack(before.get(name), after.get(name), name in alone) for name in sorted({*before, *after})]
    return _with_moves(plans)


def _stack(
    before: DesiredStack | None,
    after: DesiredStack | None,
    whole: bool,
) -> StackPlan:
    present = after or before
    assert present is not None  # noqa: S101 - a name comes from one of the two
    was, to_be = before.clusters if before else {}, after.clusters if after else {}
    names = [*to_be, *(name for name in was if name not in to_be)]
    resources = _resources(before, after)
    owner = _owners(resources, names)
    by_cluster: dict[str, list[ResourceChange]] = {}
    for change in resources:
        by_cluster.setdefault(owner[change.urn], []).append(change)
    clusters = [
        _cluster(present.name, was.get(name), to_be.get(name), tuple(by_cluster.get(name, ()))) for name in names
    ]
    shared = tuple(by_cluster.get("", ()))
    changed = any(c.action is not Action.NONE for c in clusters) or any(r.action is not Action.NONE for r in shared)
    action = _coming_or_going(before, after) or (Action.CHANGE if changed else Action.NONE)
    return StackPlan(present.name, present.environment, action, tuple(clusters), shared, whole)


def _coming_or_going(before: object, after: object) -> Action | None:
    if before is None:
        return Action.ADD
    return Action.REMOVE if after is None else None


def _cluster(
    stack: str,
    before: DesiredCluster | None,
    after: DesiredCluster | None,
    resources: tuple[ResourceChange, ...],
) -> ClusterPlan:
    present = after or before
    assert present is not None  # noqa: S101 - a name comes from one of the two
    was, to_be = before.tenants if before else {}, after.tenants if after else {}
    rails = object_changes(before.guard_rails if before else (), after.guard_rails if after else ())
    shielded = before is not None and _keeps_volumes(before.guard_rails)
    tenants = tuple(_tenant(name, was.get(name, ()), to_be.get(name, ()), shielded) for name in sorted({*was, *to_be}))
    actions = [*(change.action for change in resources), *(change.action for change in tenants)]
    let_go = _let_go(before, after) if before and after else ()
    changed = bool(rails or let_go) or any(action is not Action.NONE for action in actions)
    action = _coming_or_going(before, after) or (Action.CHANGE if changed else Action.NONE)
    return ClusterPlan(
        present.name,
        stack,
        present.environment,
        present.cloud,
        present.region,
        action,
        resources,
        rails,
        tenants,
        let_go,
    )


def _let_go(before: DesiredCluster, after: DesiredCluster) -> tuple[str, ...]:
    if (before.delivery, after.delivery) != (Delivery.PULUMI, Delivery.GIT):
        return ()
    return tuple(sorted({*before.tenants} & {*after.tenants}))


def _keeps_volumes(guard_rails: Iterable[Object]) -> bool:
    """Whether the API server refuses to delete namespaces with volume claims in them."""
    binding = ("ValidatingAdmissionPolicyBinding", VOLUMES_POLICY)
    return any((item["kind"], item["metadata"]["name"]) == binding for item in guard_rails)


def _tenant(name: str, before: Iterable[Object] | None, after: Iterable[Object] | None, shielded: bool) -> TenantChange:
    if before is None or after is None:
        return TenantChange(name, Action.NONE)
    was, to_be = list(before), list(after)
    objects = object_changes(was, to_be)
    if not was or not to_be:
        action = Action.REMOVE if was else Action.ADD
    else:
        action = Action.CHANGE if objects else Action.NONE
    going = list(_going(objects))
    lost = tuple(each.name for each in going if not (shielded and _kept(each)))
    kept = tuple(each.name for each in going if each.name not in lost)
    return TenantChange(name, action, objects, lost_namespaces=lost, kept_namespaces=kept, former_objects=len(was))


def _going(objects: Iterable[ObjectChange]) -> Iterator[ObjectChange]:
    """Namespaces that are deleted, but for those that hold Berth's own objects only."""
    for change in objects:
        role = change.object["metadata"].get("labels", {}).get(ROLE_LABEL)
        if change.kind == "Namespace" and change.action in (Action.REMOVE, Action.REPLACE) and role == "workloads":
            yield change


def _kept(namespace: ObjectChange) -> bool:
    """Whether volume claims keep a namespace. What it says before the change counts, and where it says nothing, they
    do."""
    annotations = (namespace.before or namespace.object)["metadata"].get("annotations") or {}
    return bool(annotations.get(DELETION_ANNOTATION) != DeletionPolicy.DELETE)


def _with_moves(plans: list[StackPlan]) -> tuple[StackPlan, ...]:
    """The same, with a tenant that leaves one cluster and enters another shown as moved in both.

    Within one environment: out of dev and into prod is a removal and a promotion.
    """
    places: dict[tuple[str, str], dict[Action, list[str]]] = {}
    for plan in plans:
        for cluster in () if plan.whole else plan.clusters:
            for tenant in cluster.tenants:
                if tenant.action in (Action.ADD, Action.REMOVE):
                    found = places.setdefault((cluster.environment, tenant.name), {})
                    found.setdefault(tenant.action, []).append(cluster.name)
    moved = {key: found for key, found in places.items() if len(found) == 2}

    def of(cluster: ClusterPlan, tenant: TenantChange) -> TenantChange:
        found = moved.get((cluster.environment, tenant.name), {})
        if tenant.action not in found:
            return tenant
        others = found[Action.REMOVE if tenant.action is Action.ADD else Action.ADD]
        return replace(tenant, action=Action.MOVE, other_clusters=tuple(others))

    return tuple(
        replace(
            plan,
            clusters=tuple(
                replace(cluster, tenants=tuple(of(cluster, tenant) for tenant in cluster.tenants))
                for cluster in plan.clusters
            ),
        )
        for plan in plans
    )


def _resources(
    before: DesiredStack | None,
    after: DesiredStack | None,
) -> list[ResourceChange]:
    """Every resource of both sides, by name."""
    if (before and before.resources is None) or (after and after.resources is None):
        return []
    former = {item.urn: item for item in (before.resources if before else None) or ()}
    to_be = (after.resources if after else None) or []
    urns = {item.urn for item in to_be}
    found = []
    for item in to_be:
        renamed = next((urn for urn in item.aliases if urn in former and urn not in urns), "")
        was = former.pop(item.urn, None) or former.pop(renamed, None)
        found.append(_resource(was, item))
    found = with_what_follows(found, {item.urn: item for item in to_be})
    found += [_resource(item, None) for item in former.values()]
    # Components register in no fixed order.
    return sorted(found, key=lambda change: (change.name, change.type, change.urn))


def _resource(before: Resource | None, after: Resource | None) -> ResourceChange:
    present = after or before
    assert present is not None  # noqa: S101 - one of the two is given
    action = _coming_or_going(before, after)
    changes: tuple[PropertyChange, ...] = ()
    former = before.urn if before and after and before.urn != after.urn else ""
    if before and after:
        changes = (*judged(after.type, _seen(before, after)), *_protection(before, after))
        action = worst(changes)
        if action is Action.NONE and former:
            action = Action.RENAME
    assert action is not None  # noqa: S101 - nothing is missing on both sides
    ends = action in (Action.REMOVE, Action.REPLACE, Action.MAY_REPLACE)
    return ResourceChange(
        present.urn,
        present.type,
        present.name,
        present.parent,
        action,
        masked(before.inputs) if before else None,
        masked(after.inputs) if after else None,
        changes,
        protected=bool(before and before.protect),
        former_urn=former,
        consequence=consequence(present.type) if ends else "",
        order=order(present.type, before.inputs if before else {}).value if ends and after else "",
    )


def _seen(before: Resource, after: Resource) -> Iterator[PropertyChange]:
    """What differs and is not passed over. Names in `ignore_changes` are of properties at the top."""
    for change in differences(before.inputs, after.inputs):
        if not change.path or change.path[0] not in after.ignore_changes:
            yield change


def _protection(before: Resource, after: Resource) -> Iterator[PropertyChange]:
    if before.protect != after.protect:
        yield PropertyChange(("protect",), before.protect, after.protect)


def _owners(resources: Iterable[ResourceChange], clusters: Iterable[str]) -> dict[str, str]:
    """The cluster that each resource belongs to, by URN: its topmost parent's name. Empty for none."""
    by_urn = {change.urn: change for change in resources}
    known = set(clusters)
    owners = {}
    for urn, change in by_urn.items():
        top = change
        while top.parent in by_urn:
            top = by_urn[top.parent]
        owners[urn] = top.name if top.name in known else ""
    return owners
