"""What `berth status` shows to people: tables, once or again and again."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Group
from rich.live import Live
from rich.text import Text

from berth.cli.fleet_tables import CLUSTER_COLUMNS, TENANT_COLUMNS, cluster_lines, summary, tenant_lines, told
from berth.cli.output import console, framed, say, table
from berth.status.model import Fleet

_EVERY = 2.0
"""Seconds between two looks."""


def show(fleet: Fleet) -> None:
    """Tenants, clusters, and one line that sums them up."""
    table(TENANT_COLUMNS, tenant_lines(fleet.rows))
    say("")
    table(CLUSTER_COLUMNS, cluster_lines(fleet.clusters))
    say(f"\n{summary(fleet.rows)}")


def watch(look: Callable[[], Fleet]) -> int:
    """Draws the tables anew until all is well; where nobody watches, prints a line when something changes."""
    out = console()
    if not out.is_terminal:
        line = ""
        while True:
            fleet = look()
            if (now := told(fleet.rows, fleet.clusters)) != line:
                say(now)
            line = now
            if fleet.good:
                return 0
            time.sleep(_EVERY)
    with Live(console=out, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            fleet = look()
            live.update(_view(fleet, out.height), refresh=True)
            if fleet.good:
                return 0
            time.sleep(_EVERY)


def _view(fleet: Fleet, height: int) -> Group:
    """What fits: all tenants, or where there are too many those that are not well."""
    room = max(height - len(fleet.clusters) - 6, 1)
    rows = fleet.rows if len(fleet.rows) <= room else [row for row in fleet.rows if not row.state.good]
    left = f", {len(rows) - room} more not shown" if len(rows) > room else ""
    return Group(
        framed(TENANT_COLUMNS, tenant_lines(rows[:room])),
        Text(),
        framed(CLUSTER_COLUMNS, cluster_lines(fleet.clusters)),
        Text(),
        Text.from_markup(summary(fleet.rows) + left),
    )
