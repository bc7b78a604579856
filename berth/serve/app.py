"""What is served: the page, its data, its stream of changes, and what monitoring asks for. All of it is for reading."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from berth.look import asset, page_of
from berth.serve.access import Access
from berth.serve.board import Board
from berth.serve.metrics import registry_of

HEARTBEAT = 10.0
"""Seconds after which a stream without changes says that it lives: a page takes it for cut after three times that."""
PATIENCE = 20.0
"""Seconds that a reader has to take what was sent before its stream is ended."""
STREAMS = 1000
"""Open streams at most; who comes after is told to come later."""

Details = Callable[[str, str], Awaitable[dict[str, Any]]]
"""What is known of a tenant in a cluster. Raises KeyError where there is no such row."""

Status = Callable[[], bytes | None]
"""All that is known, as `berth status --json` has it; None as long as that is not all there is."""


def app_of(board: Board, details: Details, status: Status, *, token: str = "", names: Iterable[str] = ()) -> Starlette:
    """The application for a board. Without a token whoever reaches it may read; `names` are those of this server."""
    page = page_of("berth.serve.page", "Fleet", asks=True).encode()
    icon = asset("berth.serve.page", "icon.svg").encode()
    registry = registry_of(board)

    async def root(_: Request) -> Response:
        return HTMLResponse(page)

    async def picture(_: Request) -> Response:
        return Response(icon, media_type="image/svg+xml")

    async def state(_: Request) -> Response:
        return Response(board.state(), media_type="application/json")

    async def whole(_: Request) -> Response:
        body = status()
        if body is None:
            return PlainTextResponse("not all clusters have been looked at yet\n", 503, {"Retry-After": "1"})
        return Response(body, media_type="application/json")

    async def events(request: Request) -> Response:
        if board.readers >= STREAMS:
            return PlainTextResponse("too many open pages\n", 503, {"Retry-After": "30"})
        # What a browser sends when it comes back is newer than the address that it began with.
        place = request.headers.get("last-event-id") or request.query_params.get("since", "")
        return _Stream(board, place)

    async def drill(request: Request) -> Response:
        tenant, cluster = request.path_params["tenant"], request.path_params["cluster"]
        try:
            return JSONResponse(await details(tenant, cluster))
        except KeyError:
            return JSONResponse({"error": f"{tenant} is not placed in {cluster}"}, 404)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    return Starlette(
        routes=[
            Route("/", root),
            Route("/icon.svg", picture),
            Route("/api/state", state),
            Route("/api/status", whole),
            Route("/api/events", events),
            Route("/api/tenants/{tenant}/clusters/{cluster}", drill),
            Route("/metrics", metrics),
            Route("/healthz", health),
        ],
        middleware=[
            Middleware(Access, token=token, names=tuple(names)),
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=3),
        ],
    )


class _Stream(Response):
    """Changes as server-sent events, until the reader or the server goes. Events are made once for all readers."""

    media_type = "text/event-stream"

    def __init__(self, board: Board, place: str) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._board = board
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        self._board.readers += 1
        tasks = [asyncio.create_task(self._tell(send)), asyncio.create_task(_gone(receive))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._board.readers -= 1
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self, send: Send) -> None:
        with suppress(TimeoutError):
            # Something at once: a browser takes the stream for open when its first bytes come.
            await send({"type": "http.response.body", "body": b"retry: 2000\n\n", "more_body": True})
            async for event in self._board.events(self._place, HEARTBEAT):
                body = {"type": "http.response.body", "body": event, "more_body": True}
                await asyncio.wait_for(send(body), PATIENCE)
            await send({"type": "http.response.body"})


async def _gone(receive: Receive) -> None:
    """Returns when the reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
