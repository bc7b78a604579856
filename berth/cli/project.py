"""The project that a command works on."""

from __future__ import annotations

from pathlib import Path

import click

from berth.project import Project, find_root


def project_root(ctx: click.Context) -> Path:
    """The folder that --project names, or the nearest one above the current with a Pulumi.yaml."""
    chosen: Path | None = ctx.obj
    return find_root((chosen or Path.cwd()).resolve())


def load_project(ctx: click.Context) -> Project:
    return Project.load(project_root(ctx))
