"""What stands for the other side of alerts: channels and webhooks that take what is posted, and a forge on one address,
whose repo is the fleet's deploy repo and whose interfaces for states of commits are GitHub's, GitLab's and Gitea's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote

import httpx

REPO = "/group/deploy"
"""The repo's page on the forge."""
STATES = {
    "github": f"/api/v3/repos{REPO}/statuses/",
    "gitlab": "/api/v4/projects/group%2Fdeploy/statuses/",
    "gitea": f"/api/v1/repos{REPO}/statuses/",
}
"""Where each forge takes the state of a commit, up to the commit."""
_GIT_HEADERS = ("Accept", "Content-Type", "Content-Encoding", "Git-Protocol")


@dataclass(frozen=True)
class Posted:
    path: str
    body: dict[str, Any]
    login: str
    """The header that says who posts; empty where there is none."""


class Receiver:
    """A server on the loopback interface that keeps what is posted to it. `git` is the deploy repo's own address."""

    def __init__(self, git: str) -> None:
        self.posted: list[Posted] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith(f"{REPO}.git/"):
                    self._pass_on(None)
                elif self.path.endswith("/version"):
                    self._answer(200, b'{"version": "1.22.0"}')
                else:
                    self._answer(200, b"[]")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.startswith(f"{REPO}.git/"):
                    self._pass_on(body)
                    return
                login = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or ""
                receiver.posted.append(Posted(self.path, json.loads(body), login))
                self._answer(201 if "/statuses/" in self.path else 200, b"{}")

            def _pass_on(self, body: bytes | None) -> None:
                """Git's own protocol, to the fleet's Git server."""
                headers = {name: value for name in _GIT_HEADERS if (value := self.headers.get(name))}
                url = git + self.path.removeprefix(f"{REPO}.git")
                answer = httpx.request(self.command, url, content=body, headers=headers, timeout=30)
                self._answer(answer.status_code, answer.content, answer.headers.get("Content-Type", ""))

            def _answer(self, code: int, body: bytes, content: str = "application/json") -> None:
                self.send_response(code)
                self.send_header("Content-Type", content)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def sent_to(self, path: str) -> list[dict[str, Any]]:
        """The messages of a channel or webhook, in the order in which they came."""
        return [each.body for each in self.posted if each.path == path]

    def states(self, host: str, commit: str) -> dict[str, str]:
        """The last state of a commit on a forge, by the state's name."""
        name = "name" if host == "gitlab" else "context"
        return {each.body[name]: each.body["state"] for each in self._of(host) if unquote(each.path).endswith(commit)}

    def logins(self, host: str) -> set[str]:
        return {each.login for each in self._of(host)}

    def _of(self, host: str) -> list[Posted]:
        # A client may send the repo's slash as it is or escaped.
        return [each for each in self.posted if unquote(each.path).startswith(unquote(STATES[host]))]
