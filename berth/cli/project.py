"""The project that a command works on. To know where it is, nothing of it is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from berth.errors import InvalidInput, OperationFailed, Problem

if TYPE_CHECKING:
    from berth.project import Project


def project_root(ctx: click.Context) -> Path:
    """The folder that --project names, or the nearest one above the current with a Pulumi.yaml. Raises InvalidInput
    where there is none, OperationFailed where there is no current folder."""
    chosen: Path | None = ctx.obj
    try:
        start = (chosen or Path.cwd()).resolve()
    except FileNotFoundError:
        raise OperationFailed("the current folder is not there any more", "name the project with --project") from None
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    expected = f"a project at or above {start}"
    raise InvalidInput([Problem("Pulumi.yaml", 0, 0, "", "nothing", expected, "name one with --project")])


def load_project(ctx: click.Context) -> Project:
    from berth.project import Project

    return Project.load(project_root(ctx))
