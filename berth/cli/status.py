"""`berth status`."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence

import click
from rich.text import Text

from berth.cli.output import emit_json, say, table
from berth.cli.project import json_option, project_root, stack_option
from berth.project import Project
from berth.status import Row, State, collect

_STYLES = {
    State.IN_SYNC: "green",
    State.SYNCING: "yellow",
    State.FAILING: "bold red",
    State.SUSPENDED: "dim",
    State.MISSING: "bold red",
    State.UNREACHABLE: "bold red",
    State.UNKNOWN: "yellow",
}


@click.command("status")
@stack_option
@json_option
@click.pass_context
def command(ctx: click.Context, stack: str, as_json: bool) -> int:
    """Show every tenant in every cluster of a stack: what should run, and what runs.

    Expected is the commit that the tenant's branch or tag stands at in Git, applied is what the cluster's agent says it
    has applied. Exits with 1 if a tenant is not in sync.
    """
    from berth.local.stack import with_fleet

    project = with_fleet(Project.load(project_root(ctx)), stack)
    rows = collect(project, stack)
    if as_json:
        emit_json({"stack": stack, "rows": [row.as_dict() for row in rows]})
    else:
        show(rows)
    return 0 if all(row.state.good for row in rows) else 1


def show(rows: Sequence[Row]) -> None:
    """The table of rows, and one line that sums them up."""
    now = datetime.datetime.now(datetime.UTC)
    table(
        ("TENANT", "CLUSTER", "CLOUD", "STATE", "EXPECTED", "APPLIED", "OBJECTS", "AGE", "MESSAGE"),
        [
            (
                row.tenant,
                row.cluster,
                row.cloud,
                Text(row.state.value, style=_STYLES[row.state]),
                row.expected[:8] or "-",
                row.applied[:8] or "-",
                str(row.objects),
                age(now - row.since) if row.since else "-",
                row.message,
            )
            for row in rows
        ],
    )
    counts = Counter(row.state for row in rows)
    say("\n" + (", ".join(f"[{_STYLES[state]}]{count} {state.value}[/]" for state, count in counts.items()) or "empty"))


def age(span: datetime.timedelta) -> str:
    """A span in its two largest units at most: 4s, 3m20s, 5h10m, 2d3h."""
    seconds = max(int(span.total_seconds()), 0)
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds % 60, "s")]
    first = next((index for index, (count, _) in enumerate(parts) if count), 3)
    return "".join(f"{count}{unit}" for count, unit in parts[first : first + 2] if count) or "0s"
