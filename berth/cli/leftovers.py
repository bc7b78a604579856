"""`berth leftovers`."""

from __future__ import annotations

import click
from rich.markup import escape

from berth.cli.emit import emit_json
from berth.cli.options import json_option, stack_option
from berth.cli.output import say, table
from berth.cli.project import project_root
from berth.project import Project


@click.command("leftovers")
@stack_option
@json_option
@click.pass_context
def command(ctx: click.Context, stack: str, as_json: bool) -> int:
    """List what the clusters of a stack still hold of Berth, and what keeps it from going.

    For after `pulumi destroy`. Deletes nothing. Exits with 1 if something is left, or a cluster could not be asked for
    everything.
    """
    from berth.leftovers import leftovers

    found, unreachable = leftovers(Project.load(project_root(ctx)), stack)
    if as_json:
        emit_json({"stack": stack, "left": [item.as_dict() for item in found], "unreachable": unreachable})
        return 1 if found or unreachable else 0
    if found:
        rows = [(item.cluster, item.kind, item.namespace or "-", item.name, item.why) for item in found]
        table(("CLUSTER", "KIND", "NAMESPACE", "NAME", "WHAT KEEPS IT"), rows)
    for cluster, reason in unreachable.items():
        say(escape(f"{cluster} could not be asked: {reason}"))
    if not found and not unreachable:
        say("nothing is left")
    return 1 if found or unreachable else 0
