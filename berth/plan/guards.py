"""What stops a plan: changes that are more often a slip than a wish. Pure.

A guard is passed by an approval in the stack's file that the change itself adds: one that the base has already was for
an earlier change, and lets nothing pass. Without a base there is nothing to guard but what the deploy repo changes by
itself: there an approval counts that is in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import eq
from typing import Any

from berth import names
from berth.plan.model import Action, ClusterPlan, GuardHit, ObjectChange, Plan, StackPlan, TenantChange
from berth.plan.radius import ON_ONE_MACHINE, PRODUCTION
from berth.plan.reach import opened
from berth.project import Project
from berth.settings.guards import Approval, Guard, Guards
from berth.tenants.model import Lifecycle, TenantFile
from berth.tenants.policy import PodSecurity

_ENFORCED = "pod-security.kubernetes.io/enforce"
_LEVELS = [level.value for level in (PodSecurity.RESTRICTED, PodSecurity.BASELINE)]
_BOUNDS = frozenset({"ResourceQuota", "LimitRange", "NetworkPolicy"})
_GONE = frozenset({Action.REMOVE, Action.MOVE})


@dataclass(frozen=True)
class Sources:
    """What the files of one side say, as far as guards ask: tenants by name, and the guards' settings by stack."""

    tenants: Mapping[str, TenantFile]
    guards: Mapping[str, Guards]

    @classmethod
    def of(cls, project: Project) -> Sources:
        return cls(
            {name: loaded.file for name, loaded in project.tenants.items()},
            {name: stack.settings.guards for name, stack in project.stacks.items()},
        )


def guard(plan: Plan, before: Sources | None, after: Sources) -> tuple[GuardHit, ...]:
    """Everything that stops the plan, worst first, each with the approval that lets it pass, if there is one. `before`
    is None for a plan without a base."""
    found: list[GuardHit] = []
    if before is not None:
        compared = [stack for stack in plan.stacks if not stack.whole and stack.action is not Action.ADD]
        for stack in compared:
            found += _no_tenants(stack)
            found += _removed(stack, before, after)
            found += _clusters(stack)
            found += _mass_removal(stack, after.guards.get(stack.name, Guards()).max_removed_percent)
            found += _lowered(stack)
        found += _several_environments(compared)
    for stack in plan.stacks:
        found += _emptied(stack)
    order = list(Guard)
    return tuple(
        _approved(hit, before, after) for hit in sorted(found, key=lambda h: (order.index(h.guard), h.stack, h.subject))
    )


def _approved(hit: GuardHit, before: Sources | None, after: Sources) -> GuardHit:
    old = before.guards.get(hit.stack, Guards()).approvals if before is not None else []
    new: list[Approval] = [item for item in after.guards.get(hit.stack, Guards()).approvals if item not in old]
    reason = next((item.reason for item in new if (item.guard, item.subject) == (hit.guard, hit.subject)), "")
    return replace(hit, approved=reason)


def _no_tenants(stack: StackPlan) -> Iterator[GuardHit]:
    placed = [tenant for cluster in stack.clusters for tenant in cluster.tenants]
    if placed and all(_leaves(tenant) for tenant in placed) and stack.action is not Action.REMOVE:
        what = f"no tenant is left in the stack, which has {len({tenant.name for tenant in placed})}"
        yield GuardHit(Guard.NO_TENANTS, stack.name, stack.name, what, "look whether the folder tenants is whole")


def _removed(stack: StackPlan, before: Sources, after: Sources) -> Iterator[GuardHit]:
    there = sorted({tenant.name for cluster in stack.clusters for tenant in cluster.tenants if _leaves(tenant)})
    new = {name: file for name, file in after.tenants.items() if name not in before.tenants}
    for name in there:
        file = before.tenants.get(name)
        if file is None or name in after.tenants:
            continue
        heir = next((other for other, found in sorted(new.items()) if _same_but_for_the_name(file, found)), None)
        if heir is not None:
            what = f"tenants/{name}.yaml becomes tenants/{heir}.yaml: {name} is deleted, and {heir} begins empty"
            yield GuardHit(Guard.TENANT_RENAMED, stack.name, name, what, "a tenant's name never changes: keep it")
        elif file.lifecycle is not Lifecycle.OFFBOARDING:
            what = f"tenants/{name}.yaml is deleted while the tenant is {file.lifecycle}"
            fix = "set `lifecycle: offboarding` first, and delete the file with a later change"
            yield GuardHit(Guard.TENANT_REMOVED, stack.name, name, what, fix)


def _same_but_for_the_name(old: TenantFile, new: TenantFile) -> bool:
    return old.model_copy(update={"name": new.name}) == new


def _clusters(stack: StackPlan) -> Iterator[GuardHit]:
    for cluster in stack.clusters:
        if cluster.action is Action.REMOVE and cluster.tenants:
            count = len(cluster.tenants)
            what = f"the cluster is removed while {_count(count, 'tenant')} {'is' if count == 1 else 'are'} in it"
            yield GuardHit(Guard.CLUSTER_REMOVED, stack.name, cluster.name, what, "move its tenants away first")


def _mass_removal(stack: StackPlan, limit: int) -> Iterator[GuardHit]:
    """More than one tenant's, or one that Pulumi lets go of. Objects are counted where they were looked at: a tenant
    that was not is taken to have as many as the others."""
    placed = [tenant for cluster in stack.clusters for tenant in cluster.tenants if tenant.action is not Action.ADD]
    leaving = [
        tenant
        for cluster in stack.clusters
        for tenant in cluster.tenants
        if _leaves(tenant) or tenant.name in cluster.let_go
    ]
    counted = len({tenant.name for tenant in leaving}) > 1 or any(cluster.let_go for cluster in stack.clusters)
    if counted and 100 * len(leaving) > limit * len(placed):
        what = f"{len(leaving)} of {len(placed)} placements of tenants go, more than {limit} %"
        yield GuardHit(Guard.MASS_REMOVAL, stack.name, stack.name, what, "make it in smaller steps")
        return
    losing = [tenant.name for tenant in placed for item in tenant.objects if item.action is Action.REMOVE]
    gone = len(losing)
    known = [tenant.former_objects for tenant in placed if tenant.former_objects]
    total = len(placed) * sum(known) // len(known) if known else 0
    if len(set(losing)) > 1 and 100 * gone > limit * total:
        what = f"{gone} of about {total} objects of tenants go, more than {limit} %"
        yield GuardHit(Guard.MASS_REMOVAL, stack.name, stack.name, what, "make it in smaller steps")


def _lowered(stack: StackPlan) -> Iterator[GuardHit]:
    for cluster in stack.clusters:
        if cluster.action in (Action.ADD, Action.REMOVE):
            continue
        for change in cluster.guard_rails:
            if change.action is not Action.ADD and change.kind != "ClusterRole":
                what = f"{change.kind} {change.name} in {cluster.name} is {_verb(change)}"
                yield GuardHit(
                    Guard.GUARD_RAIL_LOWERED, stack.name, cluster.name, what, "see in the diff that it holds as much"
                )
        for tenant in cluster.tenants:
            if not _leaves(tenant):
                yield from _lowered_for(stack, cluster, tenant)


def _lowered_for(stack: StackPlan, cluster: ClusterPlan, tenant: TenantChange) -> Iterator[GuardHit]:
    kept = {change.name for change in tenant.objects if change.kind == "Namespace" and change.action is Action.REMOVE}
    for change in tenant.objects:
        if change.action is Action.ADD or change.namespace in kept:
            continue  # new, or gone with its namespace
        for what in _weaker(change):
            told = f"{what}, in {cluster.name}"
            fix = "keep it as strict as it was"
            yield GuardHit(Guard.GUARD_RAIL_LOWERED, stack.name, tenant.name, told, fix)


def _weaker(change: ObjectChange) -> Iterator[str]:
    """What an object that stays with a tenant no longer holds."""
    if change.kind in _BOUNDS and change.after is None:
        yield f"{change.kind} of {change.namespace} is gone"
    if change.before is None or change.after is None:
        return
    if change.kind == "Namespace":
        yield from _weaker_namespace(change.before["metadata"], change.after["metadata"])
    elif change.kind == "ResourceQuota":
        lost = sorted({*change.before["spec"]["hard"]} - {*change.after["spec"]["hard"]})
        if lost:
            yield f"{change.namespace} is no longer limited in {', '.join(lost)}"
    elif change.kind == "NetworkPolicy":
        for more in opened(change.before, change.after):
            yield f"pods of {change.namespace} {more}"


def _weaker_namespace(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    was, now = (item.get("labels", {}).get(_ENFORCED, "") for item in (before, after))
    if was in _LEVELS and (now not in _LEVELS or _LEVELS.index(now) > _LEVELS.index(was)):
        yield f"Pod Security of {after['name']} is {now or 'not enforced'}, and was {was}"
    for annotation, thing, holds in _ALLOWED:
        old, new = (_listed(item.get("annotations", {}).get(annotation, "")) for item in (before, after))
        # As admission policies read it: what no entry holds is refused, and no entry holds nothing.
        if more := sorted(entry for entry in new if not any(holds(each, entry) for each in old)):
            yield f"{after['name']} may use other {thing}: also {', '.join(more)}"


def _listed(text: str) -> set[str]:
    return {part for part in text.split(",") if part}


def _holds_registry(allowed: str, entry: str) -> bool:
    return entry == allowed or entry.startswith(f"{allowed}/")


def _holds_host(allowed: str, entry: str) -> bool:
    return entry == allowed or (allowed.startswith("*.") and entry.endswith(allowed[1:]))


_ALLOWED = (
    (names.REGISTRIES_ANNOTATION, "registries", _holds_registry),
    (names.HOSTS_ANNOTATION, "hosts", _holds_host),
    (names.PRIORITIES_ANNOTATION, "priority classes", eq),
)
"""Annotations with a list, what it is of, and whether one of its entries allows all that another does."""


def _several_environments(stacks: Iterable[StackPlan]) -> Iterator[GuardHit]:
    touched = [stack for stack in stacks if stack.action is not Action.NONE]
    production = [stack for stack in touched if stack.environment in PRODUCTION]
    others = sorted({stack.environment for stack in touched} - PRODUCTION - ON_ONE_MACHINE)
    for stack in production if others else ():
        what = f"{stack.environment} changes together with {' and '.join(others)}"
        fix = f"change {' and '.join(others)} first, and {stack.environment} when that has proved itself"
        yield GuardHit(Guard.SEVERAL_ENVIRONMENTS, stack.name, stack.name, what, fix)


def _emptied(stack: StackPlan) -> Iterator[GuardHit]:
    clusters: dict[str, list[str]] = {}
    for cluster in stack.clusters:
        for tenant in cluster.tenants:
            if tenant.emptied_deletes:
                clusters.setdefault(tenant.name, []).append(cluster.name)
    for name, found in sorted(clusters.items()):
        what = f"what {name} has in the deploy repo comes to no object in {', '.join(found)}: all it runs is deleted"
        fix = "look whether its path is whole; one that is to end has `lifecycle: offboarding`"
        yield GuardHit(Guard.WORKLOADS_EMPTIED, stack.name, name, what, fix)


def _leaves(tenant: TenantChange) -> bool:
    return tenant.action in _GONE and tenant.leaves


def _verb(change: ObjectChange) -> str:
    return "removed" if change.action is Action.REMOVE else "changed"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
