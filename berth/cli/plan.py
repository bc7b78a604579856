"""`berth plan`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import click
from rich.console import Console

from berth.cli.output import console
from berth.cli.project import project_root
from berth.errors import InvalidInput, Problem
from berth.files import write_text
from berth.plan.make import DeployRepoAt, make_plan
from berth.plan.model import Plan
from berth.plan.page import page
from berth.plan.report import as_data, markdown, text

_ENDINGS = {".md": "markdown", ".json": "json", ".html": "html", ".txt": "text"}


@click.command("plan")
@click.option("--stack", "-s", "stacks", multiple=True, metavar="STACK", help="Only this stack; may be repeated.")
@click.option("--base", metavar="REF", help="The branch, tag or commit to compare with. Without: all there is to be.")
@click.option(
    "--deploy-repo",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="PATH",
    help="A clone of the deploy repo: tenants' workloads are built from it, and compared.",
)
@click.option("--deploy-base", metavar="REF", help="The ref of the deploy repo to compare its working tree with.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_ENDINGS.values())),
    default="text",
    show_default=True,
    help="What is printed.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--out",
    "outs",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the report there too, in the format of the ending: .md, .json, .html, .txt. May be repeated.",
)
@click.pass_context
def command(
    ctx: click.Context,
    stacks: tuple[str, ...],
    base: str | None,
    deploy_repo: Path | None,
    deploy_base: str | None,
    form: str,
    as_json: bool,
    outs: tuple[Path, ...],
) -> int:
    """Show what the working tree changes: where, and for whom.

    Reads files and Git only: no cloud, no cluster, no credential, no network. Exits with 0 whether there are changes
    or not, and with 20 or more where a guard stops the change: docs/plan.md says which, and how to mean it.
    """
    problems = [_no_format(path) for path in outs if path.suffix not in _ENDINGS]
    if problems:
        raise InvalidInput(problems)
    if deploy_base is not None and deploy_repo is None:
        raise click.UsageError("--deploy-base needs --deploy-repo")
    repo = DeployRepoAt(deploy_repo, deploy_base) if deploy_repo else None
    plan = make_plan(project_root(ctx), stacks, base, repo)
    for path in outs:
        write_text(path, FORMATS[_ENDINGS[path.suffix]](plan))
    form = "json" if as_json else form
    if form == "text":
        out = console()
        for line in text(plan):
            out.print(line)
    else:
        sys.stdout.write(FORMATS[form](plan))
    return plan.exit_code


def _no_format(path: Path) -> Problem:
    endings = f"a file that ends in one of {', '.join(_ENDINGS)}"
    return Problem("--out", 0, 0, "", f'"{path}"', endings, "the ending says the format")


def _text(plan: Plan) -> str:
    out = Console(file=StringIO(), highlight=False, soft_wrap=True, no_color=True)
    with out.capture() as captured:
        for line in text(plan):
            out.print(line)
    return captured.get()


def _json(plan: Plan) -> str:
    return json.dumps(as_data(plan), indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Plan], str]] = {"text": _text, "markdown": markdown, "json": _json, "html": page}
