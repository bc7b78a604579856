"""`berth render`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
from rich.markup import escape

from berth.cli.options import stack_option
from berth.cli.output import say
from berth.cli.project import load_project
from berth.errors import InvalidInput, Problem, did_you_mean, one_of
from berth.files import write_text
from berth.project import Project
from berth.render import render, render_cluster
from berth.render.emit import to_yaml
from berth.settings import Cluster

_HEADER = "# Rendered by berth. Do not edit: change the tenant file and render again.\n"


@click.command("render")
@stack_option
@click.option("--cluster", "cluster_name", metavar="NAME", help="Only this cluster.")
@click.option("--tenant", "tenant_name", metavar="NAME", help="Only this tenant, without the cluster's own objects.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write files there.")
@click.pass_context
def command(
    ctx: click.Context, stack: str, cluster_name: str | None, tenant_name: str | None, out: Path | None
) -> None:
    """Print the Kubernetes objects of a stack's tenants, or write them to files.

    With --out, each cluster gets DIR/<cluster>/cluster.yaml and DIR/<cluster>/tenants/<tenant>.yaml; files of tenants
    that are no longer there are removed.
    """
    project = load_project(ctx)
    clusters = project.stack(stack).clusters
    if cluster_name:
        _known("cluster", cluster_name, [cluster.name for cluster in clusters])
        clusters = [cluster for cluster in clusters if cluster.name == cluster_name]
    if tenant_name:
        _known("tenant", tenant_name, list(project.tenants))
    files = _files(project, clusters, tenant_name)
    if out is None:
        for _, text in files:
            sys.stdout.write(text)
        return
    written = set()
    for name, text in files:
        write_text(out / name, _HEADER + text)
        written.add(out / name)
    removed = 0 if tenant_name else _remove_others(out, clusters, written)
    say(f"[green]rendered[/]  {len(written)} files in {escape(str(out))}" + (f", {removed} removed" if removed else ""))


def _known(kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise InvalidInput([Problem(f"--{kind}", 0, 0, "", f'"{name}"', one_of(known), did_you_mean(name, known))])


def _files(project: Project, clusters: list[Cluster], only: str | None) -> Iterator[tuple[str, str]]:
    if not only:
        for cluster in clusters:
            yield f"{cluster.name}/cluster.yaml", to_yaml(render_cluster(cluster))
    # Tenant by tenant, not cluster by cluster: what is the same in all its clusters is then written as YAML once.
    for loaded in project.tenants.values():
        if only and loaded.file.name != only:
            continue
        for cluster in clusters:
            tenant = project.place(loaded, cluster)
            if tenant is not None:
                yield f"{cluster.name}/tenants/{tenant.name}.yaml", to_yaml(render(cluster, tenant))


def _remove_others(out: Path, clusters: list[Cluster], written: set[Path]) -> int:
    """Removes what an earlier render wrote and this one did not; files of anybody else stay."""
    removed = 0
    for cluster in clusters:
        for path in sorted((out / cluster.name / "tenants").glob("*.yaml")):
            with suppress(OSError, UnicodeDecodeError):
                if path not in written and path.is_file() and path.read_text("utf-8").startswith(_HEADER):
                    path.unlink()
                    removed += 1
    return removed
