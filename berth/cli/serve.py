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
    from berth.serve.following import stamp
    from berth.serve.serving import Listen, serve

    token = token_of(token_file, "make one: openssl rand -hex 24")
    seen = stamp(project_root(ctx))  # before they are read: what changes meanwhile is read again
    files = _Files(ctx, timeout, options)
    project, scope = files.project, files.scope
    offer, why_none = _offer(project.root, whole=not any(options.values()))

    def told(address: str, made: str) -> None:
        say(f"the fleet: [bold]{address}[/]" + ("" if made else "  (Ctrl-C ends)"))
        if made:
            console().print(f"with its token: {address}?token={made}  (Ctrl-C ends)", markup=False)
        if why_none:
            console().print(f"berth status does not ask this one: {why_none}", markup=False)

    try:
        serve(project, scope, Listen(host, port, token, names), told, files.programs, files.load, seen, offer)
    finally:
        if offer is not None:
            offer.close()


class _Files:
    """The project's files as they were read last, and the scope of what is meant as it was first."""

    def __init__(self, ctx: click.Context, timeout: float, options: dict[str, Any]) -> None:
        self._ctx, self._timeout, self._options = ctx, timeout, options
        self.project, self.scope = self._read(options)

    def load(self) -> tuple[Project, Scope]:
        """Reads them anew. The outputs are not, as they may have been stdin: clusters that are new are reached without
        them."""
        self.project, scope = self._read({**self._options, "outputs": None})
        scope.entries = {**self.scope.entries, **scope.entries}
        return self.project, scope

    def programs(self, cluster: Cluster) -> Sequence[Object]:
        """The agent's programs that run beside a cluster of a local fleet."""
        from berth.local.beside import programs_beside

        if cluster.stack not in self.project.stacks:  # on its way out
            return ()
        return programs_beside(self.project, cluster.stack).get(cluster.name, ())

    def _read(self, options: dict[str, Any]) -> tuple[Project, Scope]:
        project, scope = fleet_of(self._ctx, **options)
        scope.timeout = self._timeout
        return project, scope


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
