"""Tenants and clusters as tables: what `berth status` prints."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence

from rich.markup import escape
from rich.text import Text

from berth.cli.output import say, table
from berth.status.model import ClusterRow, Reach, Row, State

STYLES = {
    State.IN_SYNC: "green",
    State.SYNCING: "yellow",
    State.FAILING: "bold red",
    State.SUSPENDED: "dim",
    State.MISSING: "bold red",
    State.UNREACHABLE: "bold red",
    State.UNKNOWN: "yellow",
}
_REACH = {Reach.OK: "green", Reach.WRONG: "bold red", Reach.UNREACHABLE: "bold red"}
TENANT_COLUMNS = (
    "TENANT", "CLUSTER", "CLOUD", "STATE", "EXPECTED", "APPLIED", "BEHIND", "CHANGED", "WORKLOADS", "QUOTA",
    "OBJECTS", "AGE", "MESSAGE",
)  # fmt: skip
CLUSTER_COLUMNS = (
    "CLUSTER", "CLOUD", "ENVIRONMENT", "STATE", "KUBERNETES", "AGENT", "READY", "LOCKDOWN", "NODES", "ROOT SYNC",
    "MESSAGE",
)  # fmt: skip
_NEARLY_FULL = 0.9


def show_rows(rows: Sequence[Row]) -> None:
    """The table of tenants, and one line that sums them up."""
    table(TENANT_COLUMNS, tenant_lines(rows))
    say(f"\n{summary(rows)}")


def summary(rows: Sequence[Row]) -> str:
    """How many rows are in which state, as markup."""
    counts = Counter(row.state for row in rows)
    return ", ".join(f"[{STYLES[state]}]{count} {state.value}[/]" for state, count in counts.items()) or "empty"


def tenant_lines(rows: Sequence[Row]) -> list[tuple[str | Text, ...]]:
    """The cells of each row, in the order of the columns."""
    now = datetime.datetime.now(datetime.UTC)
    return [
        (
            row.tenant,
            row.cluster,
            row.cloud,
            Text(row.state.value, style=STYLES[row.state]),
            row.expected[:8] or "-",
            row.applied[:8] or "-",
            _behind(row, now),
            age(now - row.changed) if row.changed else "-",
            _workloads(row),
            _quota(row),
            str(row.objects),
            age(now - row.since) if row.since else "-",
            "; ".join((*filter(None, [row.message]), *(f"not read: {each}" for each in row.unread))),
        )
        for row in rows
    ]


def cluster_lines(clusters: Sequence[ClusterRow]) -> list[tuple[str | Text, ...]]:
    """The cells of each cluster, in the order of the columns."""
    return [
        (
            row.cluster,
            row.cloud,
            row.environment,
            Text(row.state.value, style=_REACH[row.state]),
            row.version or "-",
            f"{row.engine} {row.agent_version}".rstrip(),
            _yes(row.agent_ready, "yes", "no"),
            _yes(row.lockdown, "intact", "broken"),
            "-" if row.nodes_total is None else f"{row.nodes_ready}/{row.nodes_total}",
            Text(row.root.value, style=STYLES[row.root]) if row.root else "-",
            "; ".join((*filter(None, [row.message]), *(f"not read: {each}" for each in row.unread))),
        )
        for row in clusters
    ]


def age(span: datetime.timedelta) -> str:
    """A span in its two largest units at most: 4s, 3m20s, 5h10m, 2d3h."""
    seconds = max(int(span.total_seconds()), 0)
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds % 60, "s")]
    first = next((index for index, (count, _) in enumerate(parts) if count), 3)
    return "".join(f"{count}{unit}" for count, unit in parts[first : first + 2] if count) or "0s"


def told(rows: Sequence[Row], clusters: Sequence[ClusterRow]) -> str:
    """One line, as markup, on what is waited for."""
    good = sum(row.state.good for row in rows)
    waiting = [f"{row.tenant}@{row.cluster} {row.state}" for row in rows if not row.state.good]
    waiting += [f"{row.cluster} {row.state}" for row in clusters if row.state is not Reach.OK]
    line = f"{good} of {len(rows)} in sync"
    if not waiting:
        return line
    more = f" and {len(waiting) - _NAMED} more" if len(waiting) > _NAMED else ""
    return escape(f"{line}; waiting for {', '.join(waiting[:_NAMED])}{more}")


_NAMED = 10
"""Rows that a line names."""


def _behind(row: Row, now: datetime.datetime) -> str | Text:
    if row.behind is None:
        return "-"
    if not row.behind:
        return "0"
    since = f", {age(now - row.behind_since)}" if row.behind_since else ""
    return Text(f"{row.behind}{since}", style="yellow")


def _workloads(row: Row) -> str | Text:
    if row.workloads is None:
        return "-"
    text = f"{row.workloads.ready}/{row.workloads.total}"
    return Text(text, style="yellow") if row.workloads.waiting else text


def _quota(row: Row) -> str | Text:
    if not row.quota or not row.quota[0].share:
        return "0%" if row.quota else "-"
    text = f"{row.quota[0].resource} {row.quota[0].share:.0%}"
    return Text(text, style="yellow") if row.quota[0].share >= _NEARLY_FULL else text


def _yes(value: bool | None, yes: str, no: str) -> str | Text:
    if value is None:
        return "unknown"
    return yes if value else Text(no, style="bold red")
