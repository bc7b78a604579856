"""`berth serve` as a process, with stand-ins for the clusters and the Git server that it looks at."""

from __future__ import annotations

import http.server
import json
import os
import queue
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser import browser
from tests.serve.clusters import COMMIT, Simulated
from tests.support import BERTH, until

__all__ = ["browser", "until"]


class GitServer:
    """A Git server with one repo, that tells at which commit its branch stands and no more."""

    def __init__(self) -> None:
        self.commit = COMMIT
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = self.path.startswith("/deploy.git/info/refs")
                body = f"{outer.commit}\trefs/heads/main\n".encode() if found else b""
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/deploy.git"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Served:
    """A running `berth serve`."""

    def __init__(self, process: subprocess.Popen[str], told: list[str]) -> None:
        self.process = process
        self.told = told
        """What it printed until the page could be opened."""
        address = re.search(r"http://\S+/", told[0])
        assert address is not None, told
        self.address = address[0].rstrip("/")

    def get(self, path: str, **more: Any) -> httpx.Response:
        return httpx.get(f"{self.address}{path}", timeout=60, **more)

    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {(row["tenant"], row["cluster"]): row for row in self.get("/api/state").json()["rows"]}

    def clusters(self) -> dict[str, dict[str, Any]]:
        return {row["cluster"]: row for row in self.get("/api/state").json()["clusters"]}

    def cluster(self, name: str) -> dict[str, Any]:
        """The cluster's row, of unknown state as long as there is none."""
        return self.clusters().get(name, {"state": "", "message": ""})

    def states(self) -> set[str]:
        return {row["state"] for row in self.rows().values()}

    def next_line(self) -> str:
        """The next line that it prints."""
        return read_line(self.process)

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


def read_line(process: subprocess.Popen[str], seconds: float = 60) -> str:
    """The next line of its stdout; queue.Empty is raised where none comes, as reading itself has no limit."""
    assert process.stdout is not None
    read, found = process.stdout.readline, queue.SimpleQueue[str]()
    threading.Thread(target=lambda: found.put(read()), daemon=True).start()
    return found.get(timeout=seconds)


@contextmanager
def serving(
    root: Path, *arguments: str, lines: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Runs `berth serve` in a project, on a free port."""
    command: Sequence[str] = [*BERTH, "--project", str(root), "serve", "--port", "0", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", **(environment or {})},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )  # fmt: skip
    assert process.stderr is not None
    try:
        told = [read_line(process) for _ in range(lines)]
        if not told[0]:
            pytest.fail(process.stderr.read())
        yield Served(process, told)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert errors.strip() in ("", "error: interrupted", "error: ended by SIGTERM"), errors
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def git_server() -> Iterator[GitServer]:
    found = GitServer()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def simulated(git_server: GitServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """Two clusters with three tenants, all in sync."""
    found = Simulated.create(tmp_path_factory.mktemp("serve") / "project", git_server.url)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def served(simulated: Simulated) -> Iterator[Served]:
    with serving(simulated.sandbox.root) as found:
        until("all is read", lambda: found.states() == {"in sync"})
        yield found


def told(served: Served, place: str, enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first change after a place in the stream for which `enough` is true."""
    with httpx.stream("GET", f"{served.address}/api/events?since={place}", timeout=60) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                data: dict[str, Any] = json.loads(line.removeprefix("data: "))
                if enough(data):
                    return data
    raise AssertionError("the stream ended")
