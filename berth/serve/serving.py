"""Runs the server and what keeps its board up to date, until somebody ends it."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import uvicorn

from berth.errors import OperationFailed
from berth.programs import ending_together
from berth.project import Project
from berth.serve.access import is_loopback, own_names
from berth.serve.app import STREAMS, app_of
from berth.serve.board import Board
from berth.serve.details import details_of
from berth.serve.following import Following, Load, Stamp
from berth.serve.offer import Offer, answering
from berth.settings import Cluster
from berth.status.collect import Scope
from berth.status.observed import Object


@dataclass(frozen=True)
class Listen:
    """Where the page is, and who may read it."""

    host: str = "127.0.0.1"
    port: int = 7470
    """0 for any that is free."""
    token: str = ""
    """Empty: on this machine none is needed, elsewhere one is made."""
    names: Sequence[str] = field(default_factory=tuple)
    """Names of this server, besides its addresses and what the machine calls itself."""


def serve(
    project: Project,
    scope: Scope,
    listen: Listen,
    told: Callable[[str, str], None],
    programs: Callable[[Cluster], Sequence[Object]] = lambda _: (),
    load: Load | None = None,
    seen: Stamp = frozenset(),
    offer: Offer | None = None,
) -> None:
    """Serves until it is interrupted. `seen` are the files that the project was read from; when they change, `load`
    reads them anew. `offer` is where `berth status` asks; it is withdrawn at the end. `told` is called with the
    address, and the token where one was made, as soon as the page can be opened. Raises OperationFailed where the
    address cannot be had, KeyboardInterrupt."""
    open_to_all = not is_loopback(listen.host)
    made = secrets.token_urlsafe(24) if open_to_all and not listen.token else ""
    names = [*listen.names, *(own_names() if open_to_all else ())]
    with _listening(listen.host, listen.port) as server:
        told(_address(listen.host, server), made)
        with ending_together():
            asyncio.run(_run(project, scope, server, listen.token or made, names, programs, load, seen, offer))


async def _run(
    project: Project,
    scope: Scope,
    listening: socket.socket,
    token: str,
    names: Sequence[str],
    programs: Callable[[Cluster], Sequence[Object]],
    load: Load | None,
    seen: Stamp,
    offer: Offer | None,
) -> None:
    board = Board()
    following = Following(project, scope, board, programs, load, seen)
    details = details_of(lambda: following.fleet, scope.timeout)
    app = app_of(board, details, following.status, token=token, names=names)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",  # a reader that goes away is no news
        access_log=False,  # addresses may hold the token
        lifespan="off",
        ws="none",
        server_header=False,
        limit_concurrency=2 * STREAMS,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config, board, offer)
    tasks = [asyncio.create_task(following.run()), asyncio.create_task(server.serve([listening]))]
    if offer is not None:
        tasks.append(asyncio.create_task(answering(offer.socket, following.now)))
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


class _Server(uvicorn.Server):
    """Ends the open streams when it is to end: they would keep it waiting. And the offer, as a signal that has been
    caught may end the process as soon as this is done."""

    def __init__(self, config: uvicorn.Config, board: Board, offer: Offer | None) -> None:
        super().__init__(config)
        self._board = board
        self._offer = offer

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._board.close()
        if self._offer is not None:
            self._offer.withdraw()
        await super().shutdown(sockets)


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises OperationFailed."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise OperationFailed(f"{host} is no address of this machine: {error.strerror}") from None
    server = socket.socket(family, kind)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(address)
        server.listen(1024)
    except OSError as error:
        server.close()
        raise OperationFailed(
            f"cannot listen on {host} port {port}: {error.strerror}", "name another port with --port"
        ) from None
    return server


def _address(host: str, server: socket.socket) -> str:
    """What to open in a browser."""
    everywhere = host in ("0.0.0.0", "::")  # noqa: S104 - asked for by the person
    name = socket.gethostname() if everywhere else f"[{host.strip('[]')}]" if ":" in host else host
    return f"http://{name}:{server.getsockname()[1]}/"
