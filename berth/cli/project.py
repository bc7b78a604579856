"""What commands share: the project they work on, and the option that names a stack."""

from __future__ import annotations

from pathlib import Path

import click

from berth.project import Project, find_root

stack_option = click.option("--stack", "-s", "stack", required=True, metavar="STACK", help="The stack, such as dev.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def project_root(ctx: click.Context) -> Path:
    """The folder that --project names, or the nearest one above the current with a Pulumi.yaml."""
    chosen: Path | None = ctx.obj
    return find_root((chosen or Path.cwd()).resolve())


def load_project(ctx: click.Context) -> Project:
    return Project.load(project_root(ctx))
