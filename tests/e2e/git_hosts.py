"""Hosts on this machine that an agent may ask: one that asks for a login and remembers who gave which, and one that
gives a GitHub App its token."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

MOVED = "/moved/"
"""Below it, a host sends to the same path without it."""


@dataclass(frozen=True)
class Asked:
    """One request: its path, and the password that came with it; empty where none did."""

    path: str
    password: str


class Host:
    """A server over HTTP on the loopback interface."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Stranger(Host):
    """Asks everybody for a login, and lets nobody in."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        asked = self.asked

        class Handler(_Quiet):
            def do_GET(self) -> None:
                asked.append(Asked(self.path, _password(self.headers.get("Authorization", ""))))
                if self.path.startswith(MOVED):
                    self.answer(302, {"Location": self.path.removeprefix(MOVED.rstrip("/"))})
                else:
                    self.answer(401, {"WWW-Authenticate": 'Basic realm="stranger"'})

            do_POST = do_GET

        super().__init__(Handler)


class GithubApi(Host):
    """Of GitHub's API what an app needs: a token for an installation."""

    def __init__(self, token: str) -> None:
        class Handler(_Quiet):
            def do_POST(self) -> None:
                body = {"token": token, "expires_at": "2099-01-01T00:00:00Z"}
                self.answer(201, {"Content-Type": "application/json"}, json.dumps(body).encode())

        super().__init__(Handler)


class _Quiet(BaseHTTPRequestHandler):
    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _password(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    return base64.b64decode(value).decode().partition(":")[2] if scheme == "Basic" else authorization
