"""`berth status`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from berth.cli.emit import emit_json
from berth.cli.fleet_options import fleet_options, timeout_option, unknown_names
from berth.cli.options import json_option
from berth.cli.token import TOKEN, token_of
from berth.errors import InvalidInput, Problem, printable
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
    timeout: float,
    watch: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Show every tenant in every cluster, and every cluster: what should run, and what runs.

    Expected is the commit that the tenant's branch or tag stands at in Git, applied is what the cluster's agent says it
    has applied. All clusters are asked at once; one that does not answer costs its own rows.

    Exits with 1 if a tenant is not in sync or suspended, or a cluster is unreachable or not in order.
    """
    if watch and as_json:
        raise click.UsageError("--watch and --json do not go together: a script asks again by itself")
    if server is None:
        if token_file is not None:
            raise click.UsageError("--token-file is for --server")
        look = _of_clusters(ctx, timeout, **options)
    else:
        given = [option for name, option in _OF_CLUSTERS.items() if options[name]]
        if given:
            raise click.UsageError(f"{given[0]} does not go with --server, which knows its clusters")
        token = token_of(token_file, "give the one that the server was started with")
        look = _of_server(server, token, timeout, **options)
    if watch:
        from berth.cli.status_views import watch as watch_until_well

        return watch_until_well(lambda: look()[1])
    stacks, fleet = look()
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
    return 0 if fleet.good else 1


Look = Callable[[], tuple[Sequence[str], Fleet]]
"""Gives the stacks that were meant, and their rows as they are now."""


def _of_clusters(ctx: click.Context, timeout: float, **options: Any) -> Look:
    from berth.cli.fleet import fleet_of
    from berth.status.collect import collect_all

    project, scope = fleet_of(ctx, **options)
    scope.timeout = timeout
    return lambda: (scope.stacks, collect_all(project, scope))


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

    def look() -> tuple[Sequence[str], Fleet]:
        found = ask_server(url, token, timeout)
        if found.notes and found.notes != noted:
            click.echo("\n".join(map(printable, found.notes)), err=True)
        noted[:] = found.notes
        return _meant(found.stacks, found.fleet, stacks, tenants, clusters)

    return look


def _meant(
    known: Sequence[str], fleet: Fleet, stacks: Sequence[str], tenants: Sequence[str], clusters: Sequence[str]
) -> tuple[Sequence[str], Fleet]:
    """Of all that the server knows, what was asked for. Raises InvalidInput."""
    problems = [
        *unknown_names("stack", stacks, list(known)),
        *unknown_names("tenant", tenants, list(dict.fromkeys(row.tenant for row in fleet.rows))),
        *unknown_names("cluster", clusters, [row.cluster for row in fleet.clusters]),
    ]
    if problems:
        raise InvalidInput(problems)
    shown = [
        row
        for row in fleet.clusters
        if (not stacks or row.stack in stacks) and (not clusters or row.cluster in clusters)
    ]
    names = {row.cluster for row in shown}
    rows = [row for row in fleet.rows if row.cluster in names and (not tenants or row.tenant in tenants)]
    return [name for name in known if not stacks or name in stacks], Fleet(rows, shown)
