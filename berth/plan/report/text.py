"""A plan for a terminal: what it touches on top, then what becomes of every cluster, resource, tenant and object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from berth.errors import printable
from berth.plan.model import Action, ClusterPlan, ObjectChange, Plan, ResourceChange, StackPlan, TenantChange
from berth.plan.radius import Blast, blast
from berth.plan.report.words import (
    MARKS,
    PAST,
    counted,
    endings,
    guard_line,
    property_line,
    title,
    yaml_diff,
)

_STYLES = {
    Action.ADD: "green",
    Action.CHANGE: "yellow",
    Action.REPLACE: "bold red",
    Action.MAY_REPLACE: "magenta",
    Action.RENAME: "cyan",
    Action.MOVE: "cyan",
    Action.REMOVE: "red",
}
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def text(plan: Plan) -> Iterator[Text]:
    """The report, line by line, with colours for whoever shows them."""
    found = blast(plan)
    yield from _head(plan, found)
    told: _Told = {}
    for stack in plan.stacks:
        if stack.action is not Action.NONE:
            yield from _stack(stack, told)


_Told = dict[str, str]
"""What has been told of a tenant, and of which cluster: the same again is not told again."""


def _head(plan: Plan, found: Blast) -> Iterator[Text]:
    yield Text(found.line, "bold")
    against = f"{printable(plan.base.ref)} ({plan.base.commit[:12]})" if plan.base else "nothing: the whole plan"
    yield Text(f"  compared with  {against}", "dim")
    for hit in plan.guards:
        yield Text(f"  # {printable(guard_line(hit))}", "bold red" if not hit.approved else "yellow")
    for note in plan.notes:
        yield Text.assemble(("  note           ", "dim"), printable(note))
    if not plan.changes:
        return
    rows = (
        ("tenants", _some(found.tenants)),
        ("clusters", _some(found.clusters)),
        ("clouds", ", ".join(found.clouds)),
        ("environments", ", ".join(found.environments)),
        ("placements", counted(found.placements)),
        ("objects", counted(found.objects)),
        *([("workloads", counted(found.workloads))] if found.workloads else []),
        ("resources", counted(found.resources)),
    )
    for name, told in rows:
        yield Text.assemble((f"  {name:<13}  ", "dim"), printable(told) or "none")
    for alarm in found.alarms:
        yield Text(f"  ! {printable(alarm)}", "bold red")


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:12])} and {len(names) - 12} more"


def _stack(stack: StackPlan, told: _Told) -> Iterator[Text]:
    yield Text()
    whole = "  all of it" if stack.whole else ""
    yield Text(f"stack {stack.name}  {_verb(stack.action, stack.whole)}{whole}", "bold underline")
    for change in stack.resources:
        yield from _resource(change, "  ", brief=stack.whole)
    for cluster in stack.clusters:
        if cluster.action is not Action.NONE:
            yield from _cluster(cluster, told, brief=stack.whole)


def _verb(action: Action, whole: bool) -> str:
    return "" if whole else PAST.get(action, "")


def _cluster(cluster: ClusterPlan, told: _Told, *, brief: bool) -> Iterator[Text]:
    mark = Text(f"  {MARKS[cluster.action]} ", _STYLES.get(cluster.action, ""))
    where = f"  {cluster.cloud} {cluster.region}, {cluster.environment}"
    yield Text.assemble(mark, (f"cluster {cluster.name}", "bold"), (where, "dim"))
    if brief:
        yield from _brief(cluster)
        return
    # Of a cluster that comes or goes, all comes or goes with it: counted, not listed.
    if cluster.action in (Action.ADD, Action.REMOVE):
        yield Text(f"      resources  {counted(_counts(cluster.resources))}")
    else:
        for change in cluster.changed_resources:
            yield from _resource(change, "    ", brief=False)
    for item in cluster.guard_rails if cluster.action is Action.CHANGE else ():
        yield from _object(item, "    ", "guard-rail ")
    if cluster.let_go:
        yield Text(f"      DATA LOSS: Pulumi deletes {', '.join(cluster.let_go)}, which Git is to deliver", "bold red")
    for tenant in cluster.changed_tenants:
        head, *lines = _tenant(tenant)
        first = told.setdefault("\n".join([tenant.name, *(line.plain for line in lines)]), cluster.name)
        yield head
        yield from lines if first == cluster.name else [Text(f"        the same as in {first}", "dim")]


def _counts(changes: tuple[ResourceChange, ...]) -> dict[Action, int]:
    found: Counter[Action] = Counter(change.action for change in changes if change.action is not Action.NONE)
    return {action: found[action] for action in Action if found[action]}


def _brief(cluster: ClusterPlan) -> Iterator[Text]:
    """Of a whole plan: how much there is, tenant by tenant."""
    kinds = Counter(change.type for change in cluster.resources)
    yield Text(f"      {len(cluster.resources)} resources, {len(cluster.guard_rails)} guard-rails")
    for kind, number in sorted(kinds.items()):
        yield Text(f"        {number:>3}  {printable(kind)}", "dim")
    for tenant in cluster.tenants:
        namespaces = [item.name for item in tenant.objects if item.kind == "Namespace"]
        yield Text(f"      tenant {tenant.name}: {len(tenant.objects)} objects, namespaces {', '.join(namespaces)}")
        for item in tenant.workloads:
            yield from _object(item, "        ", "workload ")


def _resource(change: ResourceChange, indent: str, *, brief: bool) -> Iterator[Text]:
    if change.action is Action.NONE:
        return
    mark = (f"{indent}{MARKS[change.action]} ", _STYLES[change.action])
    flag = ("  protected", "bold") if change.protected else ""
    verb = f"  {PAST[change.action]}"
    yield Text.assemble(mark, printable(change.name), (f"  {change.type}", "dim"), (verb, _STYLES[change.action]), flag)
    if change.former_urn:
        yield Text(f"{indent}    was {printable(change.former_urn)}", "dim")
    for told in endings(change):
        yield Text(f"{indent}    {printable(told)}", "bold red")
    for each in () if brief else change.changes:
        yield Text(f"{indent}    {property_line(each)}")


def _tenant(tenant: TenantChange) -> Iterator[Text]:
    style = _STYLES.get(tenant.action, "")
    where = ""
    if tenant.action is Action.MOVE:
        where = f" {'to' if tenant.leaves else 'from'} {', '.join(tenant.other_clusters)}"
    verb = f"  {PAST.get(tenant.action, 'workloads change')}{where}"
    yield Text.assemble((f"    {MARKS[tenant.action]} ", style), (f"tenant {tenant.name}", "bold"), (verb, style))
    for name in tenant.lost_namespaces:
        yield Text(f"        DATA LOSS: the namespace {name} is deleted with everything in it", "bold red")
    for name in tenant.kept_namespaces:
        yield Text(f"        NAMESPACE REMOVED: {name}; with a volume claim in it, the API server refuses", "bold red")
    if tenant.emptied:
        yield Text(f"        NOTHING LEFT of its workloads: {tenant.emptied}", "bold red")
    for item in tenant.objects:
        # Of a tenant that comes or goes whole, the list of its objects says it.
        yield from _object(item, "      ", shown=tenant.action is Action.CHANGE)
    for item in tenant.workloads:
        yield from _object(item, "      ", "workload ")


def _object(item: ObjectChange, indent: str, what: str = "", *, shown: bool = True) -> Iterator[Text]:
    style = _STYLES[item.action]
    yield Text.assemble((f"{indent}{MARKS[item.action]} ", style), f"{what}{printable(title(item))}", _replaced(item))
    if not shown:
        return
    for each in item.changes:
        if each.replaces in (Action.REPLACE, Action.MAY_REPLACE):
            yield Text(f"{indent}    {property_line(each)}", _STYLES[each.replaces])
    for line in yaml_diff(item):
        yield Text(f"{indent}    {line}", _DIFF_STYLES.get(line[:1], "dim"))


def _replaced(item: ObjectChange) -> tuple[str, str]:
    verb = PAST[item.action] if item.action in (Action.REPLACE, Action.MAY_REPLACE) else ""
    return (f"  {verb}", _STYLES[item.action]) if verb else ("", "")
