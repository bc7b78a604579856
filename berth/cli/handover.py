"""`berth handover`."""

from __future__ import annotations

import click

from berth.cli.emit import emit_json
from berth.cli.options import json_option, stack_option
from berth.cli.output import say, table
from berth.cli.project import project_root
from berth.project import Project


@click.command("handover")
@stack_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@json_option
@click.pass_context
def command(ctx: click.Context, stack: str, dry_run: bool, as_json: bool) -> int:
    """End a change of engines: take off tenants' objects what the former engine left on them.

    To be run when every tenant is in sync under the new engine. Deletes no object: what the former engine applied and
    is not in Git any more is listed. Exits with 1 where something is left, or a tenant was passed over.
    """
    from berth.handover import hand_over
    from berth.local.stack import with_fleet

    project = with_fleet(Project.load(project_root(ctx)), stack)
    rows = hand_over(project, stack, dry_run=dry_run)
    if as_json:
        emit_json({"stack": stack, "dryRun": dry_run, "rows": [row.as_dict() for row in rows]})
    else:
        head = "TO HAND OVER" if dry_run else "HANDED OVER"
        told = [(row.tenant, row.cluster, str(row.objects), str(len(row.left)), row.message) for row in rows]
        table(("TENANT", "CLUSTER", head, "LEFT", "MESSAGE"), told)
        left = [f"  {row.cluster}  {item}" for row in rows for item in row.left]
        if left:
            say("\nNot in Git any more, and not deleted. Look at each, and delete it with kubectl:\n" + "\n".join(left))
    return 0 if all(row.good for row in rows) else 1
