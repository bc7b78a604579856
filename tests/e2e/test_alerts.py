"""Whom a tenant names is told of a bad commit, by each cluster with its own name. The receiver is a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.e2e.harness import FLUX, PLACED, TestFleet

pytestmark = [pytest.mark.e2e, pytest.mark.engine(FLUX)]

TENANT = "telemetry"
NOTIFY = """\
notify:
  - {type: webhook, secretName: on-call}
  - {type: commitStatus, secretName: states, host: gitlab}
"""
HELD = """\
apiVersion: v1
kind: Secret
metadata: {{name: {name}, namespace: berth-telemetry}}
stringData: {data}
"""


class Receiver:
    """What was posted: to the webhook, and to what stands for GitLab, with the path that each came to."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(b"[]")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posted.append((self.path, json.loads(body)))
                self._answer(b"{}")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
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

    def messages(self) -> list[dict[str, Any]]:
        return [body for path, body in self.posted if path == "/hook"]

    def states(self, commit: str) -> dict[str, str]:
        """The last state of a commit by its name."""
        return {body["name"]: body["state"] for path, body in self.posted if path.endswith(f"/statuses/{commit}")}


@pytest.fixture
def receiver(fleet: TestFleet) -> Iterator[Receiver]:
    """Told by the agents of both clusters that have the tenant."""
    receiver = Receiver()
    file = fleet.root / "tenants" / f"{TENANT}.yaml"
    text = file.read_text()
    secrets = {
        "on-call": {"address": f"{receiver.url}/hook"},
        "states": {"token": "a-token", "address": f"{receiver.url}/group/deploy"},
    }
    try:
        file.write_text(text + NOTIFY)
        fleet.berth("local", "deploy")
        for cluster in PLACED[TENANT]:
            for name, data in secrets.items():
                fleet.kubectl(cluster, "apply", "-f", "-", stdin=HELD.format(name=name, data=json.dumps(data)))
        yield receiver
    finally:
        file.write_text(text)
        fleet.berth("local", "deploy")
        for cluster in PLACED[TENANT]:
            fleet.kubectl(cluster, "delete", "secret", *secrets, "-n", f"berth-{TENANT}", "--ignore-not-found")
        receiver.close()


def test_a_bad_commit_is_told_by_each_cluster_under_its_name_and_its_end_in_the_commits_states(
    fleet: TestFleet, receiver: Receiver
) -> None:
    fleet.wait_in_sync()
    base = fleet.worktree / "apps" / TENANT / "base" / "kustomization.yaml"
    base.write_text(base.read_text() + "patches: [{path: no-such-file.yaml}]\n")
    bad = fleet.push("Break telemetry")
    names = {f"berth/{cluster}/{TENANT}" for cluster in PLACED[TENANT]}
    try:
        fleet.wait(
            "each cluster has told", lambda: {_cluster(each) for each in receiver.messages()} >= {*PLACED[TENANT]}
        )
        fleet.wait("the commit has a state of each", lambda: receiver.states(bad).keys() >= names)
    finally:
        good = fleet.revert()
    fleet.wait_in_sync()
    assert receiver.states(bad) == dict.fromkeys(names, "failed")
    for message in receiver.messages():
        assert message["severity"] == "error"
        assert message["metadata"]["environment"] == "local"
        assert message["involvedObject"]["name"] == TENANT
        assert message["involvedObject"]["namespace"] == f"berth-{TENANT}"
    fleet.wait("the next commit is good", lambda: receiver.states(good) == dict.fromkeys(names, "success"))


def _cluster(message: dict[str, Any]) -> str:
    return str(message["metadata"]["cluster"])
