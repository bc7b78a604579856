"""`berth status`."""

from __future__ import annotations

import time
from typing import Any

import click
from rich.console import Group
from rich.live import Live
from rich.text import Text

from berth.cli.fleet import fleet_of, fleet_options, timeout_option
from berth.cli.fleet_tables import (
    CLUSTER_COLUMNS,
    TENANT_COLUMNS,
    cluster_lines,
    summary,
    tenant_lines,
    told,
)
from berth.cli.output import console, emit_json, framed, say, table
from berth.cli.project import json_option
from berth.project import Project
from berth.status import Fleet, Reach, Scope, collect_all
from berth.status.model import VERSION

_EVERY = 2.0
"""Seconds between two looks of --watch."""


@click.command("status")
@fleet_options
@timeout_option
@click.option("--watch", "-w", is_flag=True, help="Look again and again, until all is well or you press Ctrl-C.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, *, timeout: float, watch: bool, as_json: bool, **options: Any) -> int:
    """Show every tenant in every cluster, and every cluster: what should run, and what runs.

    Expected is the commit that the tenant's branch or tag stands at in Git, applied is what the cluster's agent says it
    has applied. All clusters are asked at once; one that does not answer costs its own rows.

    Exits with 1 if a tenant is not in sync or suspended, or a cluster is unreachable or not in order.
    """
    if watch and as_json:
        raise click.UsageError("--watch and --json do not go together: a script asks again by itself")
    project, scope = fleet_of(ctx, **options)
    scope.timeout = timeout
    if watch:
        return _watch(project, scope)
    fleet = collect_all(project, scope)
    if as_json:
        emit_json(
            {
                "version": VERSION,
                "stacks": list(scope.stacks),
                "clusters": [row.as_dict() for row in fleet.clusters],
                "rows": [row.as_dict() for row in fleet.rows],
            }
        )
    else:
        table(TENANT_COLUMNS, tenant_lines(fleet.rows))
        say("")
        table(CLUSTER_COLUMNS, cluster_lines(fleet.clusters))
        say(f"\n{summary(fleet.rows)}")
    return 0 if _good(fleet) else 1


def _good(fleet: Fleet) -> bool:
    return all(row.state.good for row in fleet.rows) and all(row.state is Reach.OK for row in fleet.clusters)


def _watch(project: Project, scope: Scope) -> int:
    """Draws the tables anew until all is well; where nobody watches, prints a line when something changes."""
    out = console()
    if not out.is_terminal:
        line = ""
        while True:
            fleet = collect_all(project, scope)
            if (now := told(fleet.rows, fleet.clusters)) != line:
                say(now)
            line = now
            if _good(fleet):
                return 0
            time.sleep(_EVERY)
    with Live(console=out, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            fleet = collect_all(project, scope)
            live.update(_view(fleet, out.height), refresh=True)
            if _good(fleet):
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
