"""Stand-ins for the APIs of GitHub and GitLab, on this machine: they keep what is written and give it back."""

from __future__ import annotations

import contextlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = {"login": "github-actions[bot]"}
HEAD = "a" * 40
TOKEN = "token-of-a-test"  # noqa: S105


@dataclass(frozen=True)
class Call:
    """One request as a forge got it."""

    method: str
    path: str
    body: Any
    headers: dict[str, str]


Answer = tuple[int, Any]
"""A status, and JSON; for a file its bytes; for a redirect its URL."""


@contextlib.contextmanager
def serve(answer: Callable[[Call], Answer]) -> Iterator[str]:
    """A server on a port of its own. Yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            status, content = answer(Call(self.command, self.path, body, dict(self.headers)))
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", content)
                data = b""
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = _handle

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def page(entries: list[Any], call: Call) -> list[Any]:
    """The part of a list that a call asks for, as the forges page."""
    query = parse_qs(urlsplit(call.path).query)
    size, number = int(query["per_page"][0]), int(query["page"][0])
    return entries[size * (number - 1) : size * number]


def packed(**files: str | bytes) -> bytes:
    """A zip file; `plan_md` is the file plan.md."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return data.getvalue()


@dataclass
class FakeGitHub:
    """One repository, `us/berth`, with run 7 of the plan on a pull request of it; a test changes what it needs."""

    run: dict[str, Any] = field(
        default_factory=lambda: {
            "id": 7,
            "event": "pull_request",
            "path": ".github/workflows/plan.yml",
            "head_sha": HEAD,
            "head_branch": "change",
            "head_repository": {"id": 1, "full_name": "us/berth", "owner": {"login": "us"}},
        }
    )
    pulls: list[dict[str, Any]] = field(default_factory=lambda: [pull(5)])
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    artifacts: dict[str, bytes] = field(default_factory=lambda: {"plan-comment": packed(plan_md="**m**", plan_txt="t")})
    said_size: int | None = None
    """The size that the API tells of artifacts, where that is a lie."""
    main: str = HEAD
    calls: list[Call] = field(default_factory=list)
    files: str = ""
    """URL of the host that gives the artifacts' bytes."""

    def from_fork(self) -> None:
        fork = {"id": 2, "full_name": "them/berth", "owner": {"login": "them"}}
        self.run["head_repository"] = fork
        self.pulls = [pull(5, repo=2, owner="them")]

    def written(self) -> list[Call]:
        return [call for call in self.calls if call.method != "GET"]

    def answer(self, call: Call) -> Answer:
        self.calls.append(call)
        path = urlsplit(call.path).path
        if call.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}
        if path == "/repos/us/berth/actions/runs/7":
            return 200, self.run
        if path == "/repos/us/berth/pulls":
            head = parse_qs(urlsplit(call.path).query)["head"][0]
            return 200, page([one for one in self.pulls if one["head"]["label"] == head], call)
        if path == "/repos/us/berth/actions/runs/7/artifacts":
            listed = [
                {"id": number, "name": name, "size_in_bytes": self.said_size or len(data), "expired": False}
                for number, (name, data) in enumerate(self.artifacts.items())
            ]
            return 200, {"total_count": len(listed), "artifacts": page(listed, call)}
        if found := re.fullmatch(r"/repos/us/berth/actions/artifacts/(\d+)/zip", path):
            return 302, f"{self.files}/{found[1]}"
        if path == "/repos/us/berth/commits/main":
            return 200, {"sha": self.main}
        return self._talk(call, path)

    def _talk(self, call: Call, path: str) -> Answer:
        if path == "/repos/us/berth/issues/5/comments":
            if call.method == "GET":
                return 200, page(self.comments, call)
            self.comments.append({"id": 100 + len(self.comments), "user": BOT, **call.body})
            return 201, self.comments[-1]
        if found := re.fullmatch(r"/repos/us/berth/issues/comments/(\d+)", path):
            one = next(one for one in self.comments if one["id"] == int(found[1]))
            one.update(call.body)
            return 200, one
        if path == "/repos/us/berth/issues":
            if call.method == "GET":
                return 200, page([one for one in self.issues if one["state"] == "open"], call)
            self.issues.append({"number": 40 + len(self.issues), "user": BOT, "state": "open", **call.body})
            return 201, self.issues[-1]
        if found := re.fullmatch(r"/repos/us/berth/issues/(\d+)(/comments)?", path):
            one = next(one for one in self.issues if one["number"] == int(found[1]))
            if not found[2]:
                one.update(call.body)
            return 200, one
        return 404, {"message": "Not Found"}

    @contextlib.contextmanager
    def up(self) -> Iterator[dict[str, str]]:
        """Yields the variables that GitHub sets for a job."""

        def blob(call: Call) -> Answer:
            if "Authorization" in call.headers:
                return 400, {"message": "the file's host was given the credential"}
            return 200, list(self.artifacts.values())[int(call.path.removeprefix("/"))]

        with serve(blob) as self.files, serve(self.answer) as url:
            yield {
                "GITHUB_API_URL": url,
                "GITHUB_SERVER_URL": "https://forge.example.com",
                "GITHUB_REPOSITORY": "us/berth",
                "GITHUB_TOKEN": TOKEN,
                "GITHUB_RUN_ID": "8",
                "RUN_ID": "7",
                "GITHUB_REF_NAME": "main",
                "GITHUB_SHA": HEAD,
            }


def pull(number: int, *, sha: str = HEAD, repo: int = 1, owner: str = "us") -> dict[str, Any]:
    """A pull request, as GitHub lists it."""
    return {"number": number, "head": {"sha": sha, "label": f"{owner}:change", "repo": {"id": repo}}}


@dataclass
class FakeGitLab:
    """One project, number 3, whose merge request 5 a pipeline is of. The token is of user 9."""

    notes: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def answer(self, call: Call) -> Answer:
        self.calls.append(call)
        path = urlsplit(call.path).path
        mine = {"author": {"id": 9}}
        if call.headers.get("Private-Token") != TOKEN:
            return 401, {"message": "401 Unauthorized"}
        if path == "/user":
            return 200, {"id": 9}
        if path == "/projects/3/merge_requests/5/notes":
            if call.method == "GET":
                return 200, page(self.notes, call)
            self.notes.append({"id": len(self.notes), **mine, **call.body})
            return 201, self.notes[-1]
        if found := re.fullmatch(r"/projects/3/merge_requests/5/notes/(\d+)", path):
            self.notes[int(found[1])].update(call.body)
            return 200, self.notes[int(found[1])]
        if path == "/projects/3/issues":
            if call.method == "GET":
                return 200, page([one for one in self.issues if one.get("state_event") != "close"], call)
            self.issues.append({"iid": len(self.issues), **mine, **call.body})
            return 201, self.issues[-1]
        if found := re.fullmatch(r"/projects/3/issues/(\d+)(/notes)?", path):
            if not found[2]:
                self.issues[int(found[1])].update(call.body)
            return 200, self.issues[int(found[1])]
        return 404, {"message": "404 Not Found"}

    @contextlib.contextmanager
    def up(self) -> Iterator[dict[str, str]]:
        """Yields the variables that GitLab sets for a job, and the token."""
        with serve(self.answer) as url:
            yield {
                "GITLAB_CI": "true",
                "CI_API_V4_URL": url,
                "CI_PROJECT_ID": "3",
                "CI_MERGE_REQUEST_IID": "5",
                "CI_JOB_URL": "https://forge.example.com/-/jobs/1",
                "CI_PIPELINE_URL": "https://forge.example.com/-/pipelines/1",
                "BERTH_GITLAB_TOKEN": TOKEN,
            }
