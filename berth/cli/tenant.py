"""`berth tenant new`."""

from __future__ import annotations

import click

from berth.cli.output import say
from berth.cli.project import load_project
from berth.tenants.scaffold import scaffold


@click.group("tenant")
def command() -> None:
    """Work on tenant files."""


@command.command("new")
@click.argument("name")
@click.option(
    "--profile", default=None, metavar="PROFILE", help="Preset to start from. Default: standard, or the first."
)
@click.option("--environment", "environments", multiple=True, metavar="ENV", help="Where to place it; may be repeated.")
@click.option("--team", default=None, metavar="TEAM", help="The team that owns it. Default: the tenant's name.")
@click.option("--contact", default=None, metavar="ADDRESS", help="Where to write when something is wrong.")
@click.pass_context
def new(
    ctx: click.Context,
    name: str,
    profile: str | None,
    environments: tuple[str, ...],
    team: str | None,
    contact: str | None,
) -> None:
    """Write tenants/NAME.yaml, and the path in the sample deploy repo where its manifests go.

    The file is valid as it is written. Nothing that exists is overwritten.
    """
    project = load_project(ctx)
    written = scaffold(project, name, profile=profile, environments=environments, team=team, contact=contact)
    for path in written:
        say(f"[green]written[/]  {path.relative_to(project.root)}")
    say(
        f"Next: put manifests into deploy/apps/{name}, push them to the deploy repo, then [bold]berth validate[/] "
        "and open a pull request."
    )
