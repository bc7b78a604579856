"""`berth schema`."""

from __future__ import annotations

import click

from berth.cli.output import say
from berth.cli.project import project_root
from berth.files import write_text
from berth.schema import schemas


@click.command("schema")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a schema file is not up to date.")
@click.pass_context
def command(ctx: click.Context, check: bool) -> int:
    """Write the JSON schemas of stack, tenant and profile files, made from the models that `validate` uses.

    Editors with a YAML language server complete and check with them while you type.
    """
    root = project_root(ctx)
    stale = 0
    for name, text in schemas().items():
        path = root / name
        current = path.read_text("utf-8", errors="replace") if path.is_file() else None
        if current == text:
            say(f"[dim]unchanged[/]  {name}")
        elif check:
            say(f"[red]stale[/]      {name}")
            stale = 1
        else:
            write_text(path, text)
            say(f"[green]written[/]    {name}")
    return stale
