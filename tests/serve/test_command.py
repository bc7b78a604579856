"""The `berth serve` command: where it listens, whom it lets in, how it ends, what it is asked for."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from berth.serve.details import KEPT
from tests.serve.clusters import Simulated, event
from tests.serve.conftest import GitServer, Served, serving, until
from tests.support import running

TOKEN = "0123456789abcdefXYZ"  # noqa: S105 - of no server
_EARLY = """
import asyncio
from berth.cli.main import main

def run(*_, **__):
    raise KeyboardInterrupt

asyncio.Runner.run = run
main()
"""


@pytest.fixture
def root(simulated: Simulated) -> Path:
    return simulated.sandbox.root


def test_it_says_where_the_page_is_and_listens_on_this_machine_alone(served: Served) -> None:
    assert served.told == [f"the fleet: {served.address}/  (Ctrl-C ends)\n"]
    assert served.address.startswith("http://127.0.0.1:")
    assert served.get("/healthz").text == "ok\n"


def test_it_serves_the_page_the_state_and_metrics(served: Served) -> None:
    assert "<h1" in served.get("/").text
    assert len(served.rows()) == 6
    metrics = served.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    assert 'berth_tenants{state="in sync"} 6.0' in metrics.text


def test_ctrl_c_ends_it_with_streams_open(root: Path) -> None:
    with serving(root) as found, socket.create_connection(("127.0.0.1", int(found.address.rpartition(":")[2]))) as raw:
        raw.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"200" in raw.recv(100)
        assert found.interrupt() == 130


def test_ctrl_c_ends_it_and_git_while_a_git_server_does_not_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/deploy.git"
        # A project of its own: whoever asks this server is the one that is interrupted.
        alone = Simulated.create(tmp_path / "project", url)
        try:
            with serving(alone.sandbox.root, "--timeout", "300") as found:
                silent.settimeout(60)
                connection, _ = silent.accept()
                with connection:
                    assert found.interrupt() == 130
                    until("git has ended too", lambda: not running(url))
        finally:
            alone.stop()


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("status", "--no-server")])
def test_ctrl_c_before_the_loop_has_begun_says_just_that(root: Path, command: tuple[str, ...]) -> None:
    arguments = [sys.executable, "-c", _EARLY, "--project", str(root), *command]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.strip()) == (130, "error: interrupted")


def test_a_port_that_is_taken_is_one_line(simulated: Simulated, served: Served) -> None:
    port = served.address.rpartition(":")[2]
    ended = simulated.sandbox.berth("serve", "--port", port)
    assert (ended.code, ended.out) == (1, "")
    first, second = ended.err.splitlines()
    assert first == f"error: cannot listen on 127.0.0.1 port {port}: Address already in use"
    assert second == "  try: name another port with --port"


def test_an_address_of_another_machine_is_one_line(simulated: Simulated) -> None:
    ended = simulated.sandbox.berth("serve", "--port", "0", "--bind", "192.0.2.1")
    assert (ended.code, ended.out) == (1, "")
    assert "cannot listen on 192.0.2.1 port 0" in ended.err


def test_elsewhere_than_on_this_machine_a_token_is_made_and_needed(root: Path) -> None:
    with serving(root, "--bind", "0.0.0.0", lines=2) as found:  # noqa: S104 - that is what is tried
        token = re.search(r"\?token=(\S+)", found.told[1])
        assert token is not None
        assert len(token[1]) >= 32
        here = f"http://127.0.0.1:{found.address.rpartition(':')[2]}"
        found.address = here
        assert found.get("/api/state").status_code == 401
        assert found.get("/healthz").status_code == 200
        assert found.get("/api/state", headers={"Authorization": f"Bearer {token[1]}"}).status_code == 200


@pytest.mark.parametrize("way", ["file", "environment"])
def test_a_token_that_was_given_is_needed_and_not_printed(root: Path, tmp_path: Path, way: str) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    arguments = ["--token-file", str(tmp_path / "token")] if way == "file" else []
    with serving(root, *arguments, environment={} if way == "file" else {"BERTH_SERVE_TOKEN": TOKEN}) as found:
        assert TOKEN not in "".join(found.told)
        assert found.get("/metrics").status_code == 401
        assert found.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("token", ["", "short", "with a space in the middle of it"])
def test_a_token_that_is_none_is_refused(simulated: Simulated, token: str) -> None:
    ended = simulated.sandbox.berth("serve", "--port", "0", BERTH_SERVE_TOKEN=token)
    assert (ended.code, ended.out) == (2, "")
    assert "expected 16 or more letters, digits" in ended.err
    assert "make one: openssl rand -hex 24" in ended.err
    assert not token or token not in ended.err


def test_a_token_file_that_is_not_there_is_one_line(simulated: Simulated, tmp_path: Path) -> None:
    ended = simulated.sandbox.berth("serve", "--port", "0", "--token-file", str(tmp_path / "none"))
    assert (ended.code, ended.err) == (1, f"error: {tmp_path / 'none'}: No such file or directory\n")


def test_only_what_was_named_is_watched(tmp_path: Path, git_server: GitServer) -> None:
    # A project of its own: nobody else watches its clusters.
    alone = Simulated.create(tmp_path / "project", git_server.url)
    try:
        with serving(alone.sandbox.root, "--stack", "dev", "--tenant", "acme") as found:
            until("it is read", lambda: found.states() == {"in sync"})
            assert list(found.rows()) == [("acme", "one")]
        assert not alone.clusters["two"].asked
    finally:
        alone.stop()


def test_the_details_of_a_tenant_are_names_events_and_history(simulated: Simulated, served: Served) -> None:
    secret = "https://me:secret@registry.example.com/web"  # noqa: S105
    simulated.clusters["one"].fill("/api/v1/namespaces/globex/events", [event("globex", f"cannot pull {secret}")])
    found = served.get("/api/tenants/globex/clusters/one").json()
    assert found["objects"] == [{"kind": "Deployment", "namespace": "globex", "name": "web", "state": "ready"}]
    assert found["history"][0]["revision"] == "a" * 40
    (told,) = found["events"]
    assert (told["object"], told["count"], told["type"]) == ("Pod web-1", 3, "Warning")
    assert told["message"] == "cannot pull https://[credential]@registry.example.com/web"


def many_events(tenant: str, count: int) -> list[dict[str, Any]]:
    """As an API server lists them: by name, here with the newest last."""
    found = [event(tenant, f"the event {number}") for number in range(count)]
    for number, each in enumerate(found):
        each["metadata"]["name"] = f"event-{number:06}"
        each["lastTimestamp"] = f"2026-11-24T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return found


@pytest.mark.parametrize(
    ("tenant", "count", "notes"),
    [
        ("globex", 6_000, []),
        ("initech", 12_000, ["initech has more than 10,000 events: newer ones may be missing here."]),
    ],
)
def test_the_newest_events_are_told_of_as_many_as_can_be_looked_through(
    simulated: Simulated, served: Served, tenant: str, count: int, notes: list[str]
) -> None:
    path = f"/api/v1/namespaces/{tenant}/events"
    simulated.clusters["two"].fill(path, many_events(tenant, count))
    found = served.get(f"/api/tenants/{tenant}/clusters/two").json()
    simulated.clusters["two"].fill(path, [])
    newest = min(count, 10_000) - 1
    assert [each["message"] for each in found["events"][:2]] == [f"the event {newest}", f"the event {newest - 1}"]
    assert (len(found["events"]), found["notes"]) == (50, notes)


def test_however_many_ask_for_details_the_cluster_is_asked_once(simulated: Simulated, served: Served) -> None:
    two, path = simulated.clusters["two"], "/api/v1/namespaces/acme/events"
    two.fill(path, [])
    began = time.monotonic()
    for _ in range(20):
        assert served.get("/api/tenants/acme/clusters/two").status_code == 200
    assert 1 <= two.asked[f"list {path}"] <= 1 + (time.monotonic() - began) / KEPT


def test_events_that_may_not_be_read_are_said_so(simulated: Simulated, served: Served) -> None:
    one = simulated.clusters["one"]
    one.refused["/api/v1/namespaces/acme/events"] = 403
    found = served.get("/api/tenants/acme/clusters/one").json()
    one.refused.clear()
    assert found["notes"][0].startswith("Events of acme cannot be read")
    assert found["objects"]


@pytest.mark.parametrize("place", ["acme/clusters/nowhere", "nobody/clusters/one"])
def test_there_are_no_details_of_what_is_not_placed(served: Served, place: str) -> None:
    assert served.get(f"/api/tenants/{place}").status_code == 404
