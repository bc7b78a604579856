"""`berth rollback`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click
from rich.markup import escape

from berth.cli.output import console, say
from berth.cli.project import load_project
from berth.project import Project
from berth.rollback import Arrived, Merged, Rollback, follow, prepare, rows_of

_SHOWN = 20
"""How many files are named."""
_VERBS = {"A": "adds", "D": "removes"}


@click.command("rollback")
@click.argument("tenant")
@click.option("--to", metavar="REV", help="The commit to go back to. Default: the last that the clusters applied well.")
@click.option("--stack", "-s", "stacks", multiple=True, metavar="STACK", help="Only in this stack; may be repeated.")
@click.option("--branch", metavar="NAME", help="The branch to put the commit on. Default: rollback/TENANT-COMMIT.")
@click.option("--push", is_flag=True, help="Push the branch. Otherwise, say how to.")
@click.option("--follow", "following", is_flag=True, help="Wait until it is merged and every cluster has applied it.")
@click.option(
    "--minutes", default=30.0, show_default=True, type=click.FloatRange(min=0, min_open=True), help="How long to wait."
)
@click.pass_context
def command(
    ctx: click.Context,
    tenant: str,
    to: str | None,
    stacks: tuple[str, ...],
    branch: str | None,
    push: bool,
    following: bool,
    minutes: float,
) -> None:
    """Put a tenant back to what it was: one commit on a branch of the repo that its clusters follow.

    Reverts what changed the tenant's part of the repo since, and nothing else of it. Works in a clone of its own, and
    changes no checkout and no cluster: those apply what is merged. With --branch NAME and the name of the branch that
    the clusters follow, a push is all there is to do.
    """
    from berth.local.stack import with_fleet

    project = load_project(ctx)
    for stack in project.stacks:
        project = with_fleet(project, stack)
    folder = Path(tempfile.mkdtemp(prefix="berth-rollback-"))
    keep = False
    try:
        rollback = prepare(project, tenant, folder / "clone", stacks=stacks, to=to, branch=branch)
        tell(rollback)
        if push:
            rollback.push()
            say(f"[green]pushed[/]     {rollback.commit[:8]} to {escape(rollback.branch)}{_next(rollback)}")
        else:
            keep = True
            _tell_how(rollback)
        if following:
            tell_arrivals(project, rollback, minutes * 60)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def tell(rollback: Rollback) -> None:
    """What the commit does, a line a fact."""
    what = rollback.followed
    where = "the whole repo" if what.folder == "." else what.folder
    why = f": {rollback.reason}" if rollback.reason else ""
    say(f"[bold]{what.tenant}[/]  {escape(where)} of {escape(what.url)}, branch {escape(what.branch)}\n")
    say(f"back to    {_commit(rollback.to.short, rollback.to.subject)}, {rollback.to.day}{why}")
    for each in rollback.reverts:
        say(f"reverts    {_commit(each.short, each.subject)}, {each.day}")
    for kind, path in rollback.files[:_SHOWN]:
        say(f"{_VERBS.get(kind, 'changes'):<10} {escape(path)}")
    if len(rollback.files) > _SHOWN:
        say(f"           and {len(rollback.files) - _SHOWN} files more")
    for note in rollback.notes:
        say(f"[yellow]note[/]       {escape(note)}")


def _commit(short: str, subject: str) -> str:
    return f"[cyan]{short}[/] {escape(subject)}"


def _next(rollback: Rollback) -> str:
    if rollback.branch == rollback.followed.branch:
        return ", which the clusters follow"
    return f": merge it into {escape(rollback.followed.branch)}, and the clusters apply it"


def _tell_how(rollback: Rollback) -> None:
    at, name = f"git -C {escape(str(rollback.clone.root))}", escape(rollback.branch)
    say(f"[green]committed[/]  {rollback.commit[:8]} on {name}, in a clone of its own; nothing was pushed")
    say(f"look at it [bold]{at} show {name}[/]")
    say(f"push it    [bold]{at} push origin {name}[/]")


def tell_arrivals(project: Project, rollback: Rollback, seconds: float) -> None:
    """Says when the branch has the rollback, and when each cluster has applied it. Raises OperationFailed."""
    out = console()
    with out.status("waiting"):
        for event in follow(rollback, lambda: rows_of(project, rollback), seconds):
            match event:
                case Merged(commit):
                    out.print(f"merged     {commit[:8]} is on {escape(rollback.followed.branch)}")
                case Arrived(cluster, took):
                    out.print(f"[green]applied[/]    {cluster}, after {took:.0f} s")
