"""`berth serve`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from berth.cli.fleet import fleet_of
from berth.cli.fleet_options import fleet_options, timeout_option
from berth.cli.output import console, say
from berth.cli.project import project_root
from berth.cli.token import TOKEN, token_of
from berth.errors import OperationFailed
from berth.project import Project
from berth.settings import Cluster
from berth.status.collect import Scope
from berth.status.observed import Object

if TYPE_CHECKING:
    from berth.serve.offer import Offer


@click.command("serve")
@fleet_options
@timeout_option
@click.option(
    "--bind",
    "host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="The address to listen on. Elsewhere than on this machine, readers need a token.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=7470, show_default=True, help="0: any that is free.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=f"The token is in this file, or in {TOKEN}. Without one, where it is needed, one is made and printed.",
)
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="A name by which readers reach this server, such as that of a proxy; may be repeated.",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    timeout: float,
    host: str,
    port: int,
    token_file: Path | None,
    names: tuple[str, ...],
    **options: Any,
) -> None:
    """Show the fleet as a live page: what `berth status` tells, kept up to date.

    Reads only. The clusters are watched, however many have the page open. /metrics is for Prometheus, /healthz for who
    runs it. Ctrl-C ends it.
    """
    from berth.local.beside import programs_beside
    from berth.serve.following import stamp
    from berth.serve.serving import Listen, serve

    token = token_of(token_file, "make one: openssl rand -hex 24")
    seen = stamp(project_root(ctx))  # before they are read: what changes meanwhile is read again
    project, scope = fleet_of(ctx, **options)
    scope.timeout = timeout
    latest = [project]

    def load() -> tuple[Project, Scope]:
        again, renewed = fleet_of(ctx, **{**options, "outputs": None})
        renewed.timeout = timeout
        # The outputs were read once, as they may be stdin: clusters that are new are reached without them.
        renewed.entries = {**scope.entries, **renewed.entries}
        latest[0] = again
        return again, renewed

    def beside(cluster: Cluster) -> Sequence[Object]:
        if cluster.stack not in latest[0].stacks:  # on its way out
            return ()
        return programs_beside(latest[0], cluster.stack).get(cluster.name, ())

    offer, why_none = _offer(project.root, whole=not any(options.values()))

    def told(address: str, made: str) -> None:
        say(f"the fleet: [bold]{address}[/]" + ("" if made else "  (Ctrl-C ends)"))
        if made:
            console().print(f"with its token: {address}?token={made}  (Ctrl-C ends)", markup=False)
        if why_none:
            console().print(f"berth status does not ask this one: {why_none}", markup=False)

    try:
        serve(
            project,
            scope,
            Listen(host, port, token, names),
            told,
            beside,
            load,
            seen,
            offer,
        )
    finally:
        if offer is not None:
            offer.close()


def _offer(root: Path, *, whole: bool) -> tuple[Offer | None, str]:
    """Where `berth status` asks; or that it does not, and why. Only who shows the whole project is asked."""
    from berth.serve.offer import Offer
    from berth.status.meeting import socket_path

    if not whole:
        return None, ""
    path = socket_path(root)
    if path is None:
        return None, "you have no folder for a socket: set HOME"
    try:
        return Offer(path), ""
    except OperationFailed as error:
        return None, error.message
