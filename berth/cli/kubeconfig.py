"""`berth kubeconfig`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import click
from rich.text import Text

from berth.cli.emit import emit_json
from berth.cli.options import json_option, stack_option
from berth.cli.output import console
from berth.cli.project import load_project
from berth.errors import InvalidInput, Problem, did_you_mean, one_of
from berth.kubeconfig import Change, Entry, Merged, default_paths, entries_of, merge_into

_STYLES = {Change.ADDED: "green", Change.REPLACED: "green", Change.UNCHANGED: "dim"}


@click.command("kubeconfig")
@stack_option
@click.option("--cluster", "-c", "names", multiple=True, metavar="NAME", help="Only this cluster; may be repeated.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PATH",
    help="The kubeconfig. Default: the first path of $KUBECONFIG, else ~/.kube/config.",
)
@click.option(
    "--outputs",
    type=click.File("rb"),
    metavar="FILE",
    help="The stack's outputs as JSON, instead of asking pulumi; - is stdin.",
)
@click.option("--use", default="", metavar="NAME", help="Make this cluster the current context.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    stack: str,
    names: Sequence[str],
    file: Path | None,
    outputs: BinaryIO | None,
    use: str,
    as_json: bool,
) -> None:
    """Put a context for each cluster of a stack into your kubeconfig, named like the cluster.

    All else in the file stays. The contexts of EKS, GKE and AKS clusters hold no credential: they name the program that
    logs in as you (aws, gke-gcloud-auth-plugin, kubelogin). Those of existing clusters are copied from the kubeconfig
    that the stack file names, with the credentials in it.
    """
    project = load_project(ctx)
    clusters = project.stack(stack).clusters
    _known("cluster", names, [cluster.name for cluster in clusters])
    chosen = [cluster for cluster in clusters if not names or cluster.name in names]
    _known("use", [use] if use else [], [cluster.name for cluster in chosen])
    entries = entries_of(project.root, stack, chosen, outputs)
    path, *beside = [file] if file else default_paths()
    merged = merge_into(path, entries, use, beside)
    _tell(path, merged, as_json=as_json)
    _warn(entries)


def _known(option: str, names: Sequence[str], known: list[str]) -> None:
    wrong = [
        Problem(f"--{option}", 0, 0, "", f'"{name}"', one_of(known), did_you_mean(name, known))
        for name in names
        if name not in known
    ]
    if wrong:
        raise InvalidInput(wrong)


def _tell(path: Path, merged: Merged, *, as_json: bool) -> None:
    if as_json:
        clusters = [{"name": name, "change": change.value} for name, change in merged.changes.items()]
        emit_json({"file": str(path), "currentContext": merged.current, "clusters": clusters})
        return
    out = console()
    for name, change in merged.changes.items():
        out.print(Text.assemble((f"{change.value:<9}", _STYLES[change]), f"  {name}"))
    out.print(Text(f"\nkubeconfig       {path}\ncurrent context  {merged.current or '-'}"))


def _warn(entries: Sequence[Entry]) -> None:
    """One line for each login program that is not there. The contexts are right all the same."""
    err = console(stderr=True)
    hints = {str(entry.login.get("command")): entry.login.get("installHint") or "" for entry in entries if entry.login}
    for program, hint in hints.items():
        if not shutil.which(program):
            told = f"{program} is not on PATH" + (f"; {' '.join(hint.split())}" if hint else "")
            err.print(Text.assemble(("warning: ", "bold yellow"), told))
