"""`berth drift`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from rich.markup import escape
from rich.text import Text

from berth.cli.emit import emit_json
from berth.cli.fleet import fleet_of
from berth.cli.fleet_options import fleet_options, timeout_option
from berth.cli.options import json_option
from berth.cli.output import say, table
from berth.drift.look import Orders, drift
from berth.drift.model import VERSION, Drift, Looked, What

DRIFTED = 7
"""The exit code for drift: the one of `pulumi refresh --preview-only --expect-no-changes`."""
_STYLES = {
    What.CHANGED: "yellow",
    What.MISSING: "bold red",
    What.UNDECLARED: "yellow",
    What.REFUSED: "bold red",
}


@click.command("drift")
@fleet_options
@timeout_option
@click.option("--fix", is_flag=True, help="Apply what was declared. Deletes no object.")
@click.option("--prune", is_flag=True, help="With --fix: delete what nobody declared, but for namespaces.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, *, timeout: float, fix: bool, prune: bool, as_json: bool, **options: Any) -> int:
    """Show where clusters differ from what Berth declares: each field, and who wrote it.

    The API servers are asked what applying every object would change, as a dry run: that needs the right to apply.
    Objects with a tenant's label that neither Berth nor the tenant's manifests declare are shown too.

    Exits with 7 if something differs (and was not fixed), with 1 if something could not be looked at.
    """
    if prune and not fix:
        raise click.UsageError("--prune goes with --fix")
    project, scope = fleet_of(ctx, **options)
    scope.timeout = timeout
    looked = drift(project, scope, Orders(fix, prune))
    if as_json:
        emit_json(
            {
                "version": VERSION,
                "stacks": list(scope.stacks),
                "checked": looked.checked,
                "drifts": [each.as_dict() for each in looked.drifts],
                "unread": [{"cluster": cluster, "why": why} for cluster, why in looked.unread],
            }
        )
    else:
        _show(looked)
    if looked.unread:
        return 1
    return DRIFTED if any(not each.fixed for each in looked.drifts) else 0


def _show(looked: Looked) -> None:
    if looked.drifts:
        columns = ("CLUSTER", "TENANT", "OBJECT", "WHAT", "FIELD", "WANTED", "FOUND", "WRITTEN BY")
        table(columns, [line for each in looked.drifts for line in _lines(each)])
        say("")
    for cluster, why in looked.unread:
        say(escape(f"{cluster} could not be looked at: {why}"))
    if looked.unread and not looked.checked and not looked.drifts:
        say("nothing was compared")
        return
    left = sum(not each.fixed for each in looked.drifts)
    fixed = len(looked.drifts) - left
    told = f"{looked.checked} objects compared, " + (
        f"[bold red]{left} differ[/]" if left else "[green]none differs[/]"
    )
    say(told + (f", {fixed} fixed" if fixed else ""))


def _lines(drift: Drift) -> Sequence[Sequence[str | Text]]:
    """A line for each field; one for the object where there is none."""
    what = Text(f"{drift.what.value}, fixed" if drift.fixed else drift.what.value, style=_STYLES[drift.what])
    place = f"{drift.namespace}/{drift.name}" if drift.namespace else drift.name
    head = (drift.cluster, drift.tenant or "-", f"{drift.kind} {place}", what)
    lines = [
        (*head, field.path, field.wanted or "-", field.found or "-", ", ".join(field.owners) or "-")
        for field in drift.fields
    ]
    if drift.message or not lines:
        lines.append((*head, drift.message or "-", "-", "-", "-"))
    return lines
