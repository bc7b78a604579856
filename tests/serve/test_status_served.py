"""`berth status --server`: what a running `berth serve` knows, for who has no kubeconfig and no project."""

from __future__ import annotations

import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from berth.local import pki
from tests.serve.clusters import DEPLOYMENTS, SYNCS, Simulated, deployment, sync
from tests.serve.conftest import Served, serving, until
from tests.support import BERTH

NOTHING = json.dumps({"version": 1, "stacks": [], "notes": [], "clusters": [], "rows": []}).encode()
"""What a server says that has no clusters."""
TOKEN = "a-token-of-a-test-0123456789"  # noqa: S105


@pytest.fixture
def status(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `berth status` where there is no project and no kubeconfig."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "HOME": str(tmp_path), "NO_COLOR": "1", **environment}
        env.pop("KUBECONFIG", None)
        command = [*BERTH, "status", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)

    return run


Status = Callable[..., subprocess.CompletedProcess[str]]


def data_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def without_skew(data: dict[str, Any]) -> dict[str, Any]:
    """Less what is another with each look."""
    return data | {"clusters": [row | {"skew": None} for row in data["clusters"]]}


def of_tenant(served: Served, tenant: str) -> list[dict[str, Any]]:
    return [row for (name, _), row in served.rows().items() if name == tenant]


@contextmanager
def answering(
    code: int, body: bytes, certificate: Path | None = None, **headers: str
) -> Iterator[tuple[str, list[str]]]:
    """A server that always answers the same, over TLS with the certificate in a folder: its address, and what it was
    asked with."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers.get('Authorization', '')}")
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "apiserver.crt", certificate / "apiserver.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


# What is told ---------------------------------------------------------------------------------------------------------


def test_it_tells_what_status_tells_that_asks_the_clusters(
    simulated: Simulated, served: Served, status: Status
) -> None:
    until("all is well", lambda: served.states() == {"in sync"})
    until("all is watched", lambda: all(one.watching() == 7 for one in simulated.clusters.values()))
    asked = [Counter(one.asked) for one in simulated.clusters.values()]
    known = status("--server", served.address, "--json")
    assert (known.returncode, known.stderr) == (0, "")
    more = [Counter(one.asked) - before for one, before in zip(simulated.clusters.values(), asked, strict=True)]
    assert all(set(each) <= {"get /version"} for each in more), "who watches asks now and then whether they answer"
    of_clusters = simulated.sandbox.run("status", "--json", "--no-server")
    assert without_skew(data_of(known)) == without_skew(json.loads(of_clusters.out))
    assert len(data_of(known)["rows"]) == 6


def test_a_tenant_that_fails_is_told_and_the_exit_code_says_so(
    simulated: Simulated, served: Served, status: Status
) -> None:
    simulated.clusters["one"].put(SYNCS, sync("acme", failing="no such image"))
    try:
        until("it is known", lambda: served.rows()["acme", "one"]["state"] == "failing")
        done = status("--server", f"{served.address}/")
        lines = {tuple(line.split("\t")[:2]): line.split("\t") for line in done.stdout.splitlines()}
        assert done.returncode == 1
        assert (lines["acme", "one"][3], lines["acme", "one"][-1]) == ("failing", "no such image")
        assert lines["acme", "two"][3] == "in sync"
        assert done.stdout.splitlines()[-1] == "1 failing, 5 in sync"
    finally:
        simulated.clusters["one"].put(SYNCS, sync("acme"))
    until("all is well", lambda: served.states() == {"in sync"})


def test_only_what_is_named_is_shown(simulated: Simulated, served: Served, status: Status) -> None:
    simulated.clusters["two"].put(DEPLOYMENTS, deployment("acme", ready=1))
    try:
        until("it is known", lambda: served.rows()["acme", "two"]["workloads"]["ready"] == 0)
        data = data_of(status("--server", served.address, "--json", "--tenant", "acme", "--stack", "prod"))
        assert [(row["tenant"], row["cluster"]) for row in data["rows"]] == [("acme", "two")]
        assert data["rows"][0]["workloads"]["waiting"] == ["Deployment web"]
        assert data["stacks"] == ["prod"]
        data = data_of(status("--server", served.address, "--json", "--cluster", "one"))
        assert {row["cluster"] for row in data["rows"]} == {"one"}
        assert [row["cluster"] for row in data["clusters"]] == ["one"]
    finally:
        simulated.clusters["two"].put(DEPLOYMENTS, deployment("acme"))
    until("all is well", lambda: served.rows()["acme", "two"]["workloads"]["ready"] == 1)


def test_names_that_the_server_does_not_know_are_all_told_at_once(served: Served, status: Status) -> None:
    done = status("--server", served.address, "--tenant", "acne", "--cluster", "three")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'did you mean "acme"?' in done.stderr
    assert 'found "three"; expected one of one, two' in done.stderr


def test_a_cluster_of_a_stack_that_is_not_meant_is_not_known(served: Served, status: Status) -> None:
    done = status("--server", served.address, "--stack", "prod", "--cluster", "one", "--tenant", "acne")
    assert (done.returncode, done.stdout) == (2, "")
    assert '--cluster: found "one"; expected two' in done.stderr
    assert '--tenant: found "acne"' in done.stderr
    done = status("--server", served.address, "--stack", "prd", "--cluster", "one")
    assert done.returncode == 2
    assert 'did you mean "prod"?' in done.stderr
    assert "--cluster" not in done.stderr, "which there are depends on the stack"


def test_watching_ends_when_all_is_well(served: Served, status: Status) -> None:
    until("all is well", lambda: served.states() == {"in sync"})
    done = status("--server", served.address, "--watch")
    assert (done.returncode, done.stdout) == (0, "6 of 6 in sync\n")


def test_a_server_whose_files_are_wrong_says_that_it_tells_of_those_before(
    simulated: Simulated, served: Served, status: Status
) -> None:
    simulated.sandbox.edit("tenants/acme.yaml", "name: acme", "name: [")
    try:
        until("it is known", lambda: bool(served.get("/api/state").json()["notes"]))
        done = status("--server", served.address, "--json")
        assert done.returncode == 0
        assert done.stderr.startswith("The project's files have changed and cannot be used")
        assert "tenants/acme.yaml" in done.stderr
        assert len(data_of(done)["rows"]) == 6
    finally:
        simulated.sandbox.edit("tenants/acme.yaml", "name: [", "name: acme")
    until("it is read again", lambda: not served.get("/api/state").json()["notes"])


def test_a_tenant_that_is_new_is_told_and_one_that_is_gone_is_not(
    simulated: Simulated, served: Served, status: Status
) -> None:
    text = (simulated.sandbox.root / "tenants" / "acme.yaml").read_text()
    added = simulated.sandbox.write("tenants/umbrella.yaml", text.replace("name: acme", "name: umbrella"))
    try:
        until("it is known", lambda: [row["state"] for row in of_tenant(served, "umbrella")] == ["missing"] * 2)
        data = data_of(status("--server", served.address, "--json", "--tenant", "umbrella"))
        assert [row["cluster"] for row in data["rows"]] == ["one", "two"]
        assert [row["state"] for row in data["rows"]] == ["missing", "missing"]
    finally:
        added.unlink()
    until("it is gone", lambda: ("umbrella", "one") not in served.rows())
    assert len(data_of(status("--server", served.address, "--json"))["rows"]) == 6


# Access ---------------------------------------------------------------------------------------------------------------


def test_the_token_is_in_a_file_or_in_the_environment(simulated: Simulated, status: Status, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "other").write_text(f"{TOKEN[::-1]}\n")
    with serving(simulated.sandbox.root, environment={"BERTH_SERVE_TOKEN": TOKEN}) as served:
        ask = ("--server", served.address, "--json")
        for done in (status(*ask), status(*ask, "--token-file", "other")):
            assert (done.returncode, done.stdout) == (1, "")
            assert "it needs its token" in done.stderr
        by_file = status(*ask, "--token-file", "token")
        by_environment = status(*ask, BERTH_SERVE_TOKEN=TOKEN)
        for done in (by_file, by_environment):
            assert len(data_of(done)["rows"]) == 6


def test_a_token_that_is_none_is_refused_by_who_asks_too(status: Status) -> None:
    done = status("--server", "http://127.0.0.1:7470", BERTH_SERVE_TOKEN=TOKEN[:5])
    assert (done.returncode, done.stdout) == (2, "")
    assert "give the one that the server was started with" in done.stderr


def test_the_token_follows_no_redirect(status: Status) -> None:
    with answering(200, b"{}") as (elsewhere, asked), answering(302, b"", Location=elsewhere) as (server, _):
        done = status("--server", server, BERTH_SERVE_TOKEN=TOKEN)
    assert (done.returncode, asked) == (1, [])
    assert "redirect" in done.stderr
    assert TOKEN not in done.stderr


def test_a_certificate_is_checked_against_the_authorities_that_are_named(status: Status, tmp_path: Path) -> None:
    pki.ensure(tmp_path / "pki", {})
    with answering(200, NOTHING, tmp_path / "pki") as (server, asked):
        unknown = status("--server", server, BERTH_SERVE_TOKEN=TOKEN)
        assert asked == []
        known = status("--server", server, SSL_CERT_FILE=str(tmp_path / "pki" / "ca.crt"))
    assert unknown.returncode == 1
    assert f"{server}: its certificate is not accepted: " in unknown.stderr
    assert (known.returncode, known.stderr) == (0, "")


def test_behind_a_proxy_the_server_has_a_path(status: Status) -> None:
    with answering(200, NOTHING) as (server, asked):
        assert status("--server", f"{server}/fleet/", BERTH_SERVE_TOKEN=TOKEN).returncode == 0
    assert asked == [f"/fleet/api/status Bearer {TOKEN}"]


# What is wrong --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "body", "told"),
    [
        (404, b"not found", "no `berth serve`, or an older one (HTTP 404)"),
        (421, b"unknown Host: \x1b[31mname this server", r"unknown Host: \x1b[31mname this server"),
        (500, b"", "(HTTP 500)"),
        (200, b"<html>", "no `berth serve`"),
        (200, b'{"version": 1}', "no `berth serve`"),
        (200, b'{"version": 2, "fleet": []}', "it answers in version 2 of the data, and this is 1"),
        (200, b"", "no `berth serve`"),
    ],
)
def test_what_is_no_server_is_one_line(status: Status, code: int, body: bytes, told: str) -> None:
    with answering(code, body) as (server, _):
        done = status("--server", server, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


def test_a_server_that_has_just_started_is_asked_again_until_the_time_is_up(status: Status) -> None:
    with answering(503, b"not all clusters have been looked at yet\n") as (server, asked):

        def again() -> bool:
            asked.clear()
            done = status("--server", server, "--timeout", "1")
            assert done.returncode == 1
            assert "not all clusters have been looked at yet" in done.stderr
            return len(asked) > 1

        until("a busy machine asks twice in a second", again)


def test_nobody_there_is_one_line(status: Status) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # and does not listen
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = status("--server", server)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == f"error: {server}: Connection refused"


def test_a_server_that_never_ends_its_answer_costs_the_time_limit(status: Status) -> None:
    stop = threading.Event()

    class Drip(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not stop.wait(0.1):
                self.wfile.write(b" ")

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Drip)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        done = status("--server", f"http://127.0.0.1:{server.server_address[1]}", "--timeout", "1")
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
    assert done.returncode == 1
    assert "no answer within 1 s" in done.stderr


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:7470", "ftp://h", "http://", "http://h:x", "http://h:0", "http://h/?a=b", "http://h/#a", "http://h a"],
)
def test_what_is_no_address_is_wrong_input(status: Status, address: str) -> None:
    done = status("--server", address)
    assert (done.returncode, done.stdout) == (2, "")
    assert f'--server: found "{address}"; expected an address such as http://127.0.0.1:7470' in done.stderr


def test_a_password_in_the_address_is_wrong_and_not_printed(status: Status) -> None:
    done = status("--server", "https://me:secret@fleet.example.com")
    assert done.returncode == 2
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--kubeconfig", "file"), "--kubeconfig"),
        (("--context", "one=two"), "--context"),
        (("--outputs", "-"), "--outputs"),
    ],
)
def test_how_clusters_are_reached_is_the_server_s_business(
    status: Status, options: tuple[str, ...], named: str
) -> None:
    done = status("--server", "http://127.0.0.1:7470", *options)
    assert done.returncode == 2
    assert f"{named} does not go with --server" in done.stderr


def test_a_token_without_a_server_is_a_mistake(status: Status) -> None:
    assert status("--token-file", "token").returncode == 2


def test_no_more_is_loaded_than_that_takes(served: Served, tmp_path: Path) -> None:
    code = "import sys; from berth.cli.main import main\ntry: main()\nfinally: print(*sys.modules)"
    command = [sys.executable, "-c", code, "status", "--server", served.address, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "msgspec" in loaded
    assert not {"pydantic", "pydantic_core", "rich", "httpx", "asyncio", "yaml", "starlette"} & loaded
