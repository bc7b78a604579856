"""`berth validate`."""

from __future__ import annotations

import click

from berth.cli.emit import emit_json
from berth.cli.options import json_option
from berth.cli.output import say
from berth.cli.project import load_project


@click.command("validate")
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Check every stack, profile and tenant file, and how they fit together.

    Reads files only. Prints every problem with its place and its remedy, and exits with 2 if there is one.
    """
    project = load_project(ctx)
    clusters = list(project.clusters())
    placed = sum(1 for cluster in clusters for _ in project.tenants_in(cluster))
    counts = {
        "stacks": len(project.stacks),
        "clusters": len(clusters),
        "profiles": len(project.profiles),
        "tenants": len(project.tenants),
        "placements": placed,
    }
    if as_json:
        emit_json({"valid": True, **counts})
        return
    listed = ", ".join(f"{count} {name if count != 1 else name.removesuffix('s')}" for name, count in counts.items())
    say(f"[green]valid[/]  {listed}")
