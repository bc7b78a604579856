"""A stand-in for an API server that lists and watches as a real one does, over TLS, and fails in all the ways that one
can. It counts what it is asked."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from berth.local import pki

Object = dict[str, Any]
QUIET = 30.0
"""Seconds after which a watch without news is told how far all is. Real servers do so once a minute."""


class StandIn:
    """One API server on a port of its own. Its objects are by path of their list, such as /api/v1/nodes."""

    def __init__(self, folder: Path) -> None:
        pki.ensure(folder, {})
        self.folder = folder
        self.token = "token-of-the-reader"  # noqa: S105 - of no server but this one
        self.asked: Counter[str] = Counter()
        """Requests by `list`, `watch` or `get`, and path."""
        self.refused: dict[str, int] = {}
        """The code that a path answers with."""
        self.delay = 0.0
        """Seconds before each answer."""
        self.says = ""
        """What it answers instead of anything it is asked for, as a proxy in front of it does that wants a login."""
        self.gone_once = False
        """Whether the next page that is asked for is no more: pages are kept for some minutes only."""
        self.expired = False
        """Whether a watch that goes on from an old version is told that it is too old."""
        self._listed: dict[str, dict[tuple[str, str], Object]] = {}
        self._events: dict[str, list[tuple[int, str]]] = {}
        self._version = 100
        self._first = 0  # watches from before begin anew
        self._watches: set[asyncio.Task[Any]] = set()
        # Bound and not listening: who connects while the stand-in is away is refused, and nobody else gets the port.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self.port: int = self._reserved.getsockname()[1]
        self.start()

    @property
    def user(self) -> dict[str, Any]:
        return {"token": self.token}

    @property
    def about(self) -> dict[str, Any]:
        """Where it is, as a kubeconfig has it."""
        return {"server": f"https://127.0.0.1:{self.port}", "certificate-authority": str(self.folder / "ca.crt")}

    def start(self) -> None:
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET"])])
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=self.port,
            log_config=None,
            log_level="critical",
            lifespan="off",
            ssl_certfile=self.folder / "apiserver.crt",
            ssl_keyfile=self.folder / "apiserver.key",
            timeout_graceful_shutdown=0,
        )
        self._server = uvicorn.Server(config)
        self._told = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the stand-in does not start"
            time.sleep(0.01)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())

    def stop(self) -> None:
        """Goes away as a server that is killed: every connection is cut."""
        self.at_once(self.cut_now)
        self._server.force_exit = self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive()
        self._watches.clear()  # those that began too late to be cut end with the loop, and not in their own way

    def close(self) -> None:
        """Goes away for good."""
        self.stop()
        self._reserved.close()

    def put(self, path: str, item: Object) -> None:
        """Makes or changes an object."""
        metadata = item["metadata"]
        key = metadata.get("namespace", ""), metadata["name"]

        def change() -> None:
            self._version += 1
            kept = {**item, "metadata": {**metadata, "resourceVersion": str(self._version)}}
            known = self._listed.setdefault(path, {})
            self._tell(path, "MODIFIED" if key in known else "ADDED", kept)
            known[key] = kept

        self.at_once(change)

    def fill(self, path: str, items: list[Object]) -> None:
        """All objects of a list, before anybody asks."""
        self._listed[path] = {(item["metadata"].get("namespace", ""), item["metadata"]["name"]): item for item in items}

    def remove(self, path: str, namespace: str, name: str) -> None:
        def change() -> None:
            self._version += 1
            item = self._listed[path].pop((namespace, name))
            self._tell(path, "DELETED", item)

        self.at_once(change)

    def bookmark(self, path: str) -> None:
        """Says how far all is, as API servers do once a minute."""

        def change() -> None:
            self._version += 5
            self._tell(path, "BOOKMARK", {"metadata": {"resourceVersion": str(self._version)}})

        self.at_once(change)

    def cut(self) -> None:
        """Cuts all watches in the middle, as a load balancer does. When it returns, none of them is left."""
        before, end = set(self._watches), time.monotonic() + 60
        self.at_once(self.cut_now)
        while before & self._watches:
            assert time.monotonic() < end, "a watch is not cut"
            time.sleep(0.01)

    def cut_now(self) -> None:
        for task in self._watches:
            task.cancel()

    def forget(self) -> None:
        """Compacts: what went before cannot be watched any more."""

        def change() -> None:
            self._version += 1
            self._first = self._version
            self._events.clear()

        self.at_once(change)

    def watching(self) -> int:
        return len(self._watches)

    def at_once(self, change: Callable[[], None]) -> None:
        """Changes something between two answers."""

        async def run() -> None:
            change()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    def _tell(self, path: str, kind: str, item: Object) -> None:
        self._events.setdefault(path, []).append((self._version, _event(kind, item)))
        self._told.set()
        self._told = asyncio.Event()

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        watch = request.query_params.get("watch") == "true"
        kind = "watch" if watch else "list" if path in self._listed else "get"
        self.asked[f"{kind} {path}"] += 1
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.says:
            return PlainTextResponse(self.says)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized")
        if path in self.refused:
            return _status(self.refused[path], f"{path} is refused here")
        if path == "/version":
            return JSONResponse({"gitVersion": "v1.36.3"})
        if watch:
            version = int(request.query_params["resourceVersion"])
            if version < self._first or self.expired:
                return _status(410, "too old resource version")
            return StreamingResponse(self._watch(path, version), media_type="application/json")
        if self.gone_once and "continue" in request.query_params:
            self.gone_once = False
            return _status(410, "the provided continue parameter is too old")
        items = list(self._listed.get(path, {}).values())
        wanted = request.query_params.get("fieldSelector", "")
        if wanted.startswith("metadata.name="):
            items = [item for item in items if f"metadata.name={item['metadata']['name']}" == wanted]
        limit, begin = int(request.query_params.get("limit", "500")), int(request.query_params.get("continue", "0"))
        metadata = {"resourceVersion": str(self._version)}
        if begin + limit < len(items):
            metadata["continue"] = str(begin + limit)
        return JSONResponse({"kind": "List", "metadata": metadata, "items": items[begin : begin + limit]})

    async def _watch(self, path: str, version: int) -> AsyncIterator[str]:
        task = asyncio.current_task()
        assert task is not None
        self._watches.add(task)
        quiet = False
        try:
            yield ""  # the headers at once, as a real one sends them
            while True:
                told = self._told
                news = [each for each in self._events.get(path, ()) if each[0] > version]
                if quiet and not news:
                    version = self._version
                    yield _event("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})
                for at, line in news:
                    version = at
                    yield line
                quiet = not await _comes(told, QUIET)
        finally:
            self._watches.discard(task)


async def _comes(told: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await told.wait()
    except TimeoutError:
        return False


def _event(kind: str, item: Object) -> str:
    return json.dumps({"type": kind, "object": item}) + "\n"


def _status(code: int, message: str) -> JSONResponse:
    return JSONResponse({"kind": "Status", "code": code, "message": message}, code)
