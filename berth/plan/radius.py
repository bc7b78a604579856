"""The blast radius of a plan: whom it touches, where, what it takes away, and the one line to decide on. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from berth.plan.model import Action, Plan, StackPlan

PRODUCTION = frozenset({"prod", "production"})
"""Environments whose touch is an alarm, by the names they usually have."""
ON_ONE_MACHINE = frozenset({"local"})
"""Environments that nobody but the developer at the machine is in."""
_ENDS = {Action.REMOVE, Action.REPLACE, Action.MAY_REPLACE}
Counts = Mapping[Action, int]


@dataclass(frozen=True)
class Blast:
    """What a plan touches. Names are sorted; counts hold no NONE and no zero."""

    tenants: tuple[str, ...]
    clusters: tuple[str, ...]
    clouds: tuple[str, ...]
    environments: tuple[str, ...]
    placements: Counts
    """Tenants in clusters."""
    objects: Counts
    """Kubernetes objects, of tenants and of the guard-rails."""
    workloads: Counts
    """Objects of tenants' own manifests, where the deploy repo was looked at."""
    resources: Counts
    """Resources of the program."""
    alarms: tuple[str, ...]
    """What nobody should merge without having read it, worst first."""
    line: str
    """What to decide on."""


def blast(plan: Plan) -> Blast:
    """The blast radius of a plan."""
    touched = [cluster for cluster in plan.clusters() if cluster.action is not Action.NONE]
    changed = [tenant for cluster in plan.clusters() for tenant in cluster.changed_tenants]
    objects: Counter[Action] = Counter(
        change.action
        for cluster in plan.clusters()
        for change in (*cluster.guard_rails, *(item for tenant in cluster.tenants for item in tenant.objects))
    )
    workloads: Counter[Action] = Counter(change.action for tenant in changed for change in tenant.workloads)
    placements: Counter[Action] = Counter(tenant.action for tenant in changed)
    resources: Counter[Action] = Counter(
        change.action for change in plan.resources() if change.action is not Action.NONE
    )
    found = Blast(
        tuple(sorted({tenant.name for tenant in changed})),
        tuple(sorted(cluster.name for cluster in touched)),
        tuple(sorted({cluster.cloud for cluster in touched})),
        tuple(sorted({cluster.environment for cluster in touched})),
        _ordered(placements),
        _ordered(objects),
        _ordered(workloads),
        _ordered(resources),
        tuple(_alarms(plan)),
        "",
    )
    return Blast(**{**found.__dict__, "line": _line(plan, found)})


def _ordered(counts: Counter[Action]) -> Counts:
    return {action: counts[action] for action in Action if counts[action] and action is not Action.NONE}


def _alarms(plan: Plan) -> Iterator[str]:
    compared = [stack for stack in plan.stacks if not stack.whole]
    yield from _losses(compared)
    yield from _emptied(plan.stacks)
    for stack in compared:
        yield from _ends(stack)
    touched = [cluster for stack in compared for cluster in stack.clusters if cluster.action is not Action.NONE]
    everywhere = [cluster for stack in compared for cluster in stack.clusters]
    if len(everywhere) > 1 and len(touched) == len(everywhere):
        yield f"Touches every cluster that was planned: all {len(everywhere)}."
    production = sorted(cluster.name for cluster in touched if cluster.environment in PRODUCTION)
    if production:
        yield f"Touches production: {', '.join(production)}."


def _losses(stacks: list[StackPlan]) -> Iterator[str]:
    """A line for each tenant that loses namespaces, with the clusters where it does."""
    lost: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    kept: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for cluster in (cluster for stack in stacks for cluster in stack.clusters):
        for tenant in cluster.tenants:
            if tenant.lost_namespaces:
                lost.setdefault((tenant.name, tenant.lost_namespaces), []).append(cluster.name)
            if tenant.kept_namespaces:
                kept.setdefault((tenant.name, tenant.kept_namespaces), []).append(cluster.name)
        if cluster.let_go:
            yield (
                f"DATA LOSS: {cluster.name} changes from `delivery: pulumi` to `git`, and `pulumi up` deletes what it "
                f"no longer registers: {_count(len(cluster.let_go), 'tenant')} with every Secret, and with the volume "
                "claims of those with `deletionPolicy: delete`."
            )
    for (name, namespaces), clusters in lost.items():
        several = len(namespaces) > 1
        yield (
            f"DATA LOSS: the namespace{'s' if several else ''} {' and '.join(namespaces)} of {name} "
            f"{'are' if several else 'is'} deleted in {', '.join(clusters)}, with every volume claim and Secret inside."
        )
    for (name, namespaces), clusters in kept.items():
        several = len(namespaces) > 1
        yield (
            f"NAMESPACE{'S' if several else ''} REMOVED: {' and '.join(namespaces)} of {name} in "
            f"{', '.join(clusters)}, with every Secret inside. One that holds a volume claim is kept: the API server "
            "refuses, and the deploy fails there."
        )


def _emptied(stacks: Iterable[StackPlan]) -> Iterator[str]:
    """A line for each tenant whose manifests come to nothing, with the clusters where they do."""
    found: dict[tuple[str, str], list[str]] = {}
    for stack in stacks:
        for cluster in stack.clusters:
            for tenant in cluster.tenants:
                if tenant.emptied:
                    found.setdefault((tenant.name, tenant.emptied), []).append(cluster.name)
    for (name, consequence), clusters in found.items():
        where = ", ".join(clusters)
        yield f"NOTHING LEFT: what {name} has in the deploy repo comes to no object in {where}: {consequence}."


def _ends(stack: StackPlan) -> Iterator[str]:
    for cluster in stack.clusters:
        if cluster.action is Action.REMOVE:
            yield f"CLUSTER REMOVED: {cluster.name}, with {len(cluster.tenants)} tenants in it."
        groups: dict[tuple[Action, str, str, bool], list[str]] = {}
        for change in cluster.resources:
            if change.action in _ENDS and (change.protected or change.consequence):
                key = (change.action, change.type, change.consequence, change.protected)
                groups.setdefault(key, []).append(change.name)
        for (action, kind, consequence, protected), names in groups.items():
            what = f"{kind.rpartition(':')[2]} {names[0]}" + (f" and {len(names) - 1} more" if names[1:] else "")
            verb = {Action.REMOVE: "removed", Action.REPLACE: "replaced"}.get(action, "perhaps replaced")
            lost = f" With {'them' if names[1:] else 'it'} goes {consequence}." if consequence else ""
            shield = " Protected: the engine refuses." if protected else ""
            yield f"{verb.upper()} in {cluster.name}: {what}.{lost}{shield}"


def _line(plan: Plan, found: Blast) -> str:
    if not plan.changes:
        return "No change." if plan.base else "Nothing is wanted."
    where = f"{_count(len(found.tenants), 'tenant')} in {_count(len(found.clusters), 'cluster')}"
    if plan.base is None or all(stack.whole for stack in plan.stacks):
        return f"The whole plan: {where}.{' Read the alarms first.' if found.alarms else ''}"
    if any(alarm.startswith(("DATA LOSS", "NOTHING LEFT", "CLUSTER REMOVED")) for alarm in found.alarms):
        verdict = "Deletes for good what Git cannot bring back: read the alarms first"
    elif any(tenant.kept_namespaces for cluster in plan.clusters() for tenant in cluster.tenants):
        verdict = "Removes namespaces of tenants, but for those with volume claims: read the alarms first"
    elif {Action.REPLACE, Action.REMOVE} & {*found.resources}:
        verdict = "Removes or replaces resources of a cloud: read which"
    elif Action.MAY_REPLACE in found.resources:
        verdict = "May replace resources of a cloud: look at them in a preview of the engine"
    elif {Action.REMOVE, Action.REPLACE} & {*found.objects}:
        verdict = "Removes or replaces objects in clusters, no namespace of a tenant"
    else:
        verdict = "Adds and changes in place, removes nothing"
    return f"{verdict}. {where[:1].upper()}{where[1:]}, {_listed(found.environments)}."


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(names) if names else "no environment"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
