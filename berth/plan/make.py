"""From a project's folder to a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from berth.plan.compare import compare
from berth.plan.deploy_repo import Looked, Pull, look_at, pulls_of, pulls_of_objects
from berth.plan.guards import Sources, guard
from berth.plan.model import Action, Base, ClusterPlan, Plan, StackPlan, TenantChange
from berth.plan.sides import Sides, both_sides


@dataclass(frozen=True)
class DeployRepoAt:
    """A clone of the deploy repo, and the ref of it that its working tree is compared with; None for no other."""

    path: Path
    base: str | None = None


def make_plan(
    root: Path, stacks: Sequence[str] = (), base: str | None = None, deploy_repo: DeployRepoAt | None = None
) -> Plan:
    """The plan of the named stacks (of all, where none is named), compared with the Git ref `base`; without one, of all
    that the working tree wants. With a deploy repo, what becomes of tenants' workloads too.

    Raises InvalidInput where the base, a stack, a file or a path in the deploy repo is wrong, OperationFailed where the
    program does not run.
    """
    sides = both_sides(root, stacks, base)
    tree = sides.base
    compared = compare(sides.before, sides.after, whole=sides.whole)
    plan = Plan(Base(tree.ref, tree.commit) if tree else None, compared, sides.notes)
    if deploy_repo:
        plan = _with_workloads(plan, sides, deploy_repo, root)
    if sides.today is None:
        return plan
    before = Sources.of(sides.files) if sides.files is not None else None
    return replace(plan, guards=guard(plan, before, Sources.of(sides.today)))


def _with_workloads(plan: Plan, sides: Sides, repo: DeployRepoAt, root: Path) -> Plan:
    after = list(pulls_of(sides.today, sides.after)) if sides.today else []
    before = list(_former_pulls(sides))
    if plan.base is None and repo.base is not None:
        before = after  # only the deploy repo is compared
    looked = look_at(repo.path, repo.base, before, after, modules=root / "local")
    stacks = tuple(_stack(stack, looked) for stack in plan.stacks)
    return replace(plan, stacks=stacks, notes=(*plan.notes, *looked.notes))


def _former_pulls(sides: Sides) -> Iterator[Pull]:
    if sides.former is not None:
        yield from pulls_of(sides.former, sides.before)
        return
    for stack in sides.before.values():
        for cluster in stack.clusters.values():
            for tenant, objects in cluster.tenants.items():
                pull = pulls_of_objects(cluster.name, tenant, objects or ())
                if pull is not None:
                    yield pull


def _stack(stack: StackPlan, looked: Looked) -> StackPlan:
    clusters = tuple(_cluster(cluster, looked) for cluster in stack.clusters)
    touched = any(cluster.action is not Action.NONE for cluster in clusters)
    action = Action.CHANGE if touched and stack.action is Action.NONE else stack.action
    return replace(stack, clusters=clusters, action=action)


def _cluster(cluster: ClusterPlan, looked: Looked) -> ClusterPlan:
    tenants = tuple(_tenant(tenant, (cluster.name, tenant.name), looked) for tenant in cluster.tenants)
    touched = any(tenant.workloads for tenant in tenants)
    action = Action.CHANGE if touched and cluster.action is Action.NONE else cluster.action
    return replace(cluster, tenants=tenants, action=action)


def _tenant(tenant: TenantChange, place: tuple[str, str], looked: Looked) -> TenantChange:
    return replace(
        tenant,
        workloads=looked.changes.get(place, ()),
        emptied=looked.emptied.get(place, ""),
        emptied_deletes=place in looked.deleted,
    )
