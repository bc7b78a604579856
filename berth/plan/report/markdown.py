"""A plan for a pull request's comment: the summary first, the rest folded, never longer than a forge takes.

What is told comes from files that anybody may have written in a pull request: a name or a value is never Markdown,
HTML or a mention here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from berth.errors import printable
from berth.plan.model import Action, ClusterPlan, ObjectChange, Plan, ResourceChange, StackPlan, TenantChange
from berth.plan.radius import Blast, blast
from berth.plan.report.words import PAST, counted, endings, guard_line, property_line, title, yaml_diff

MARKER = "<!-- berth-plan -->"
"""Hidden in every comment, so that the next one is written over it."""
LIMIT = 65_536
"""Characters that GitHub takes in a comment. GitLab takes more."""
_SPECIAL = re.compile(r"[\\`*_{}\[\]#|~$]")
_LINKED = re.compile(r"@|#|:(?=//)|www(?=\.)", re.IGNORECASE)
"""What forges make a link of, with what follows. An entity in its place is one too; a comment after it ends it."""


def markdown(plan: Plan, limit: int = LIMIT) -> str:
    """The comment: at most `limit` characters, cut between two sections, with a word on where the rest is."""
    found = blast(plan)
    told = "\n".join(_head(plan, found))
    left_out = (
        "\n**The rest is cut: a comment takes no more.** The whole report is in the other formats of this run, or run "
        "`berth plan` with the same base.\n"
    )
    for section in _sections(plan):
        if len(told) + len(section) + len(left_out) > limit:
            return told[: limit - len(left_out)] + left_out
        told += section
    return told


def _head(plan: Plan, found: Blast) -> Iterator[str]:
    yield MARKER
    yield f"### Berth plan: {_plain(found.line)}"
    yield ""
    yield f"Compared with {_code(f'{plan.base.ref}')} ({plan.base.commit[:12]})." if plan.base else "The whole plan."
    yield ""
    for hit in plan.guards[:_MOST]:
        yield f"- {':white_check_mark:' if hit.approved else ':no_entry:'} **{_plain(guard_line(hit))}**"
    if len(plan.guards) > _MOST:
        yield f"- **and {len(plan.guards) - _MOST} more such guards**"
    for alarm in found.alarms[:_MOST]:
        yield f"- :warning: **{_plain(alarm)}**"
    if len(found.alarms) > _MOST:
        yield f"- :warning: **and {len(found.alarms) - _MOST} more such alarms**"
    for note in plan.notes[:_MOST]:
        yield f"- {_plain(note)}"
    if not plan.changes:
        return
    yield ""
    yield "| touched | |"
    yield "| --- | --- |"
    for name, told in (
        ("tenants", _some(found.tenants)),
        ("clusters", _some(found.clusters)),
        ("clouds", _some(found.clouds)),
        ("environments", _some(found.environments)),
        ("placements", counted(found.placements)),
        ("objects", counted(found.objects)),
        *([("workloads", counted(found.workloads))] if found.workloads else []),
        ("resources", counted(found.resources)),
    ):
        yield f"| {name} | {_plain(told) or 'none'} |"
    yield ""


_MOST = 20
"""Alarms or notes in a comment: the summary stays one."""


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:12])} and {len(names) - 12} more"


def _plain(text: str) -> str:
    """Text in which nothing is Markdown, HTML, a link, a mention or a reference to an issue."""
    return _SPECIAL.sub(r"\\\g<0>", _html(text.strip()))


def _code(text: str) -> str:
    """Text as code, whatever backticks it holds."""
    told = printable(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", told)), default=0) + 1)
    pad = " " if "`" in told else ""
    return f"{fence}{pad}{told}{pad}{fence}"


def _block(lines: list[str]) -> str:
    """A block of code in which no line ends the block."""
    fence = "`" * max(3, max((len(run) for line in lines for run in re.findall("`+", line)), default=0) + 1)
    return "\n".join([f"{fence}diff", *lines, fence])


def _sections(plan: Plan) -> Iterator[str]:
    """Stacks, clusters and tenants, each whole."""
    for stack in plan.stacks:
        if stack.action is Action.NONE:
            continue
        yield f"\n#### Stack {_plain(stack.name)}\n"
        yield from _stack(stack)


def _stack(stack: StackPlan) -> Iterator[str]:
    if any(change.action is not Action.NONE for change in stack.resources):
        yield _folded("Resources of no cluster", [_block(_resource_lines(stack.resources, brief=stack.whole))])
    for cluster in stack.clusters:
        if cluster.action is Action.NONE:
            continue
        verb = "" if stack.whole else f": {PAST[cluster.action]}"
        where = f"{cluster.cloud} {cluster.region}, {cluster.environment}"
        yield f"\n**{_plain(cluster.name)}**{verb} ({_plain(where)})\n"
        yield from _cluster(cluster, brief=stack.whole)


def _cluster(cluster: ClusterPlan, *, brief: bool) -> Iterator[str]:
    changed = cluster.changed_resources
    if changed:
        names = f"{len(changed)} resource{'' if len(changed) == 1 else 's'}"
        yield _folded(names, [_block(_resource_lines(changed, brief=brief))])
    if cluster.guard_rails:
        yield _folded(f"{len(cluster.guard_rails)} guard-rails", [_objects(cluster.guard_rails, whole=not brief)])
    if cluster.let_go:
        yield f"\n**DATA LOSS: Pulumi deletes {_plain(', '.join(cluster.let_go))}, which Git is to deliver**\n"
    for tenant in cluster.changed_tenants:
        yield _tenant(tenant, brief=brief)


def _resource_lines(changes: tuple[ResourceChange, ...], *, brief: bool) -> list[str]:
    """A line for each resource in diff's own marks, which a forge colours."""
    lines = []
    for change in changes:
        if change.action is Action.NONE:
            continue
        mark = {Action.ADD: "+", Action.REMOVE: "-", Action.REPLACE: "-", Action.MAY_REPLACE: "!"}
        flag = " (protected)" if change.protected else ""
        told = f"{mark.get(change.action, '!')} {PAST[change.action]}: {change.name}  {change.type}{flag}"
        lines.append(printable(told))
        lines += [f"    {printable(sentence)}" for sentence in endings(change)]
        lines += [f"    {property_line(each)}" for each in change.changes if not brief]
    return lines


def _tenant(tenant: TenantChange, *, brief: bool) -> str:
    verb = PAST.get(tenant.action, "workloads change")
    if tenant.action is Action.MOVE:
        verb += f" {'to' if tenant.leaves else 'from'} {', '.join(tenant.other_clusters)}"
    lost = f" **DATA LOSS: {_plain(', '.join(tenant.lost_namespaces))}**" if tenant.lost_namespaces else ""
    if tenant.kept_namespaces:
        names = _plain(", ".join(tenant.kept_namespaces))
        lost += f" **NAMESPACE REMOVED, where no volume claim keeps it: {names}**"
    lost += f" **NOTHING LEFT: {_plain(tenant.emptied)}**" if tenant.emptied else ""
    inside = [_objects(tenant.objects, whole=tenant.action is Action.CHANGE and not brief)] if tenant.objects else []
    if tenant.workloads:
        inside.append(f"Workloads:\n\n{_objects(tenant.workloads, whole=True)}")
    number = len(tenant.objects) + len(tenant.workloads)
    told = f"{_html(tenant.name)}: {_html(verb)}, {number} object{'' if number == 1 else 's'}"
    return f"{lost}\n{_folded(told, inside)}" if lost else _folded(told, inside)


def _html(text: str) -> str:
    """Text in which nothing is HTML, a mention, or a reference to an issue."""
    told = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LINKED.sub(r"\g<0><!-- -->", told)


def _objects(objects: tuple[ObjectChange, ...], *, whole: bool) -> str:
    """The objects' diffs; of a tenant that comes or goes with all it has, their names."""
    lines = []
    mark = {Action.ADD: "+", Action.REMOVE: "-"}
    for item in objects:
        lines.append(f"{mark.get(item.action, '!')} {printable(title(item))}: {PAST[item.action]}")
        if whole:
            lines += [f"  {line}" if line.startswith("@@") else line for line in yaml_diff(item)]
    return _block(lines)


def _folded(summary: str, inside: list[str]) -> str:
    body = "\n\n".join(inside)
    return f"\n<details><summary>{summary}</summary>\n\n{body}\n\n</details>\n"
