"""`berth status`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from berth.cli.emit import emit_json
from berth.cli.fleet_options import fleet_options, timeout_option, unknown_names
from berth.cli.options import json_option
from berth.cli.project import project_root
from berth.cli.token import TOKEN, token_of
from berth.errors import InvalidInput, OperationFailed, Problem, printable
from berth.status.model import VERSION, Fleet

_OF_CLUSTERS = {"kubeconfig": "--kubeconfig", "contexts": "--context", "outputs": "--outputs"}
"""Options that say how clusters are reached, which a server knows by itself."""


@click.command("status")
@fleet_options
@click.option(
    "--server",
    metavar="URL",
    help="Ask a running `berth serve`, which knows at once, not the clusters. No kubeconfig or project is needed.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=f"The server's token is in this file, or in {TOKEN}.",
)
@click.option(
    "--no-server", is_flag=True, help="Ask the clusters, even where a `berth serve` of the project runs here."
)
@timeout_option
@click.option("--watch", "-w", is_flag=True, help="Look again and again, until all is well or you press Ctrl-C.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    server: str | None,
    token_file: Path | None,
    no_server: bool,
    timeout: float,
    watch: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Show every tenant in every cluster, and every cluster: what should run, and what runs.

    Expected is the commit that the tenant's branch or tag stands at in Git, applied is what the cluster's agent says it
    has applied. All clusters are asked at once; one that does not answer costs its own rows. Where a `berth serve` of
    this project runs on this machine, which watches them, that one is asked.

    Exits with 1 if a tenant is not in sync or suspended, or a cluster is unreachable or not in order.
    """
    if watch and as_json:
        raise click.UsageError("--watch and --json do not go together: a script asks again by itself")
    if server is None:
        if token_file is not None:
            raise click.UsageError("--token-file is for --server")
        found = not no_server and not any(options[name] for name in _OF_CLUSTERS)
        look = (_of_found if found else _of_clusters)(ctx, timeout, **options)
    elif no_server:
        raise click.UsageError("--no-server and --server do not go together")
    else:
        given = [option for name, option in _OF_CLUSTERS.items() if options[name]]
        if given:
            raise click.UsageError(f"{given[0]} does not go with --server, which knows its clusters")
        token = token_of(token_file, "give the one that the server was started with")
        look = _of_server(server, token, timeout, **options)
    if watch:
        return _watch(look)
    stacks, fleet, note = look()
    if as_json:
        emit_json(
            {
                "version": VERSION,
                "stacks": list(stacks),
                "clusters": [row.as_dict() for row in fleet.clusters],
                "rows": [row.as_dict() for row in fleet.rows],
            }
        )
    else:
        from berth.cli.status_views import show

        show(fleet)
        _tell(note)
    return 0 if fleet.good else 1


Look = Callable[[], tuple[Sequence[str], Fleet, str]]
"""Gives the stacks that were meant, their rows as they are now, and who says so if not the clusters themselves."""


def _watch(look: Look) -> int:
    from berth.cli.status_views import watch

    note = ""

    def fleet() -> Fleet:
        nonlocal note
        _, found, note = look()
        return found

    try:
        return watch(fleet)
    finally:
        _tell(note)


def _tell(note: str) -> None:
    if note and sys.stderr.isatty():
        from rich.text import Text

        from berth.cli.output import console

        console(stderr=True).print(Text(note, style="dim"))


def _of_clusters(ctx: click.Context, timeout: float, **options: Any) -> Look:
    from berth.cli.fleet import fleet_of
    from berth.status.collect import collect_all

    project, scope = fleet_of(ctx, **options)
    scope.timeout = timeout
    return lambda: (scope.stacks, collect_all(project, scope), "")


def _of_found(ctx: click.Context, timeout: float, **options: Any) -> Look:
    """Asks the `berth serve` of the project that runs here, or where none does, or it cannot tell, the clusters."""
    from berth.status.found import LIMIT, ask_found, is_there
    from berth.status.meeting import socket_path

    path = socket_path(project_root(ctx))
    if path is None or not is_there(path):
        return _of_clusters(ctx, timeout, **options)
    meant = options["stacks"], options["tenants"], options["clusters"]
    instead: list[tuple[Look, str]] = []

    def look() -> tuple[Sequence[str], Fleet, str]:
        if not instead:
            note = ""
            try:
                found = ask_found(path, min(LIMIT, timeout / 2))
                if found is not None:
                    told = f"as the berth serve here knows it (process {found.pid}); --no-server asks the clusters"
                    return *_meant(found.served.stacks, found.served.fleet, *meant), told
            except (InvalidInput, OperationFailed):
                # Who knows the names better is the project: it says what is wrong with them.
                note = "the berth serve here could not tell; the clusters were asked"
            instead.append((_of_clusters(ctx, timeout, **options), note))
        ask, note = instead[0]
        named, fleet, _ = ask()
        return named, fleet, note

    return look


def _of_server(
    server: str,
    token: str,
    timeout: float,
    stacks: Sequence[str],
    tenants: Sequence[str],
    clusters: Sequence[str],
    **_: Any,
) -> Look:
    from berth.status.served import ask_server, server_of

    url = server_of(server)
    if url is None:
        raise InvalidInput([Problem("--server", 0, 0, "", f'"{server}"', "an address such as http://127.0.0.1:7470")])

    noted: list[str] = []

    def look() -> tuple[Sequence[str], Fleet, str]:
        found = ask_server(url, token, timeout)
        if found.notes and found.notes != noted:
            click.echo("\n".join(map(printable, found.notes)), err=True)
        noted[:] = found.notes
        return *_meant(found.stacks, found.fleet, stacks, tenants, clusters), ""

    return look


def _meant(
    known: Sequence[str], fleet: Fleet, stacks: Sequence[str], tenants: Sequence[str], clusters: Sequence[str]
) -> tuple[Sequence[str], Fleet]:
    """Of all that the server knows, what was asked for. Raises InvalidInput."""
    named = list(dict.fromkeys(stacks)) or known
    there = [row for stack in named for row in fleet.clusters if row.stack == stack]
    wrong = unknown_names("stack", stacks, list(known))
    problems = [*wrong, *unknown_names("tenant", tenants, list(dict.fromkeys(row.tenant for row in fleet.rows)))]
    if not wrong:  # which clusters there are to name depends on the stacks
        problems += unknown_names("cluster", clusters, [row.cluster for row in there])
    if problems:
        raise InvalidInput(problems)
    shown = [row for row in there if not clusters or row.cluster in clusters]
    names = {row.cluster for row in shown}
    rows = [row for row in fleet.rows if row.cluster in names and (not tenants or row.tenant in tenants)]
    return named, Fleet(rows, shown)
