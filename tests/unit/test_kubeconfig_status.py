"""How `berth status` reaches a cluster that Berth made: by the context in the person's own kubeconfig, as that person.

The API server is a stand-in that says who asks; the login program is a script.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest

from berth.kubeconfig import Entry, merge_into
from berth.status import Row
from berth.status.client import logged_in
from berth.status.collect import collect
from berth.status.model import State
from tests.support import Sandbox, until

LOGIN = {
    "apiVersion": "client.authentication.k8s.io/v1beta1",
    "command": "aws",
    "args": ["eks", "get-token"],
    "env": None,
    "installHint": "the AWS CLI v2\nis needed",
    "interactiveMode": "Never",
    "provideClusterInfo": False,
}
ANSWER = '{"status": {"token": "of-me"}}'


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """The address of an API server without a single object, and the Authorization headers that it saw."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization", ""))
            body = b'{"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_address[1]}", seen
    running.shutdown()
    running.server_close()


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the person's kubeconfig, which is not there yet; `bin` beside it is all of PATH that is theirs."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/absent:{tmp_path}/config")
    monkeypatch.setattr("berth.status.history.resolve_remote", lambda *_: "a" * 40)
    return tmp_path / "config"


def program(kubeconfig: Path, script: str) -> None:
    path = kubeconfig.parent / "bin" / "aws"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def context(kubeconfig: Path, server: str, **login: Any) -> None:
    merge_into(kubeconfig, [Entry("aws-dev", {"server": server}, {"exec": LOGIN | login})])


def row(sandbox: Sandbox, timeout: float = 10.0) -> Row:
    (found,) = collect(sandbox.load(), "dev", timeout)
    return found


def test_the_cluster_is_asked_with_the_token_that_the_login_program_got(
    sandbox: Sandbox, kubeconfig: Path, server: tuple[str, list[str]]
) -> None:
    program(kubeconfig, f"echo '{ANSWER}'")
    context(kubeconfig, server[0])
    found = row(sandbox)
    assert (found.state, found.message) == (State.MISSING, "not deployed: there is no Kustomization")
    assert set(server[1]) == {"Bearer of-me"}


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_the_login_program_runs_once_and_is_told_what_kubectl_tells_it(
    sandbox: Sandbox, kubeconfig: Path, server: tuple[str, list[str]], version: str
) -> None:
    told = kubeconfig.parent / "told"
    program(kubeconfig, f"echo \"$KUBERNETES_EXEC_INFO $REGION $*\" >> {told}; cat > /dev/null; echo '{ANSWER}'")
    extra = {"provideClusterInfo": True, "env": [{"name": "REGION", "value": "eu-west-1"}]}
    context(kubeconfig, server[0], apiVersion=f"client.authentication.k8s.io/{version}", **extra)
    assert row(sandbox).state is State.MISSING
    (line,) = told.read_text().splitlines()
    info, rest = json.JSONDecoder().raw_decode(line)
    assert info == {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": {"server": server[0]}},
    }
    assert line[rest:] == " eu-west-1 eks get-token"


def test_without_the_context_the_row_says_which_command_makes_it(sandbox: Sandbox, kubeconfig: Path) -> None:
    assert not kubeconfig.exists()
    found = row(sandbox)
    assert found.state is State.UNREACHABLE
    assert found.message == "your kubeconfig has no context aws-dev; run: berth kubeconfig --stack dev"


def test_a_missing_login_program_is_one_message_with_its_hint(
    sandbox: Sandbox, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context(kubeconfig, "http://127.0.0.1:1")
    monkeypatch.setenv("PATH", str(kubeconfig.parent))
    assert row(sandbox).message == "aws is not on PATH; the AWS CLI v2 is needed"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (r"printf 'expired:\n\n  $ aws sso\t\033login\n)\n' >&2; exit 255", "aws: expired: $ aws sso login )"),
        ("exit 7", "aws: exit code 7"),
        ("echo no json", "aws printed no token"),
        ("echo '{}'", "aws printed no token"),
        ("echo '[]'", "aws printed no token"),
        ("""echo '{"status": null}'""", "aws printed no token"),
        ("""echo '{"status": {"clientCertificateData": "half"}}'""", "aws printed no token"),
    ],
)
def test_a_login_that_fails_is_one_message(sandbox: Sandbox, kubeconfig: Path, script: str, message: str) -> None:
    program(kubeconfig, script)
    context(kubeconfig, "http://127.0.0.1:1")
    found = row(sandbox)
    assert (found.state, found.message) == (State.UNREACHABLE, message)


def test_an_interrupt_that_came_before_a_login_program_starts_starts_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(program: str, **_: Any) -> str:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return program

    monkeypatch.setattr("berth.status.client.shutil.which", interrupted)
    login = {"command": "/bin/sh", "args": ["-c", f"touch {tmp_path / 'started'}; sleep 20"]}
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(logged_in(Entry("one", {}, {"exec": login}), 10))
    assert time.monotonic() - began < 5
    assert not (tmp_path / "started").exists()


def test_a_login_that_hangs_ends_with_the_time_and_leaves_no_process(sandbox: Sandbox, kubeconfig: Path) -> None:
    pids = kubeconfig.parent / "pids"
    program(kubeconfig, f"sleep 300 & echo $$ $! > {pids}; wait")
    context(kubeconfig, "http://127.0.0.1:1")
    begin = time.monotonic()
    found = row(sandbox, 3.0)
    assert time.monotonic() - begin < 60
    assert (found.state, found.message) == (State.UNREACHABLE, "aws gave no token within 3 s")
    started = [int(pid) for pid in pids.read_text().split()]
    assert len(started) == 2
    until("no process is left", lambda: not any(map(runs, started)))


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_login_program_cannot_ask_at_the_terminal(
    sandbox: Sandbox, kubeconfig: Path, server: tuple[str, list[str]]
) -> None:
    program(kubeconfig, f"read answer && exit 1; echo '{ANSWER}'")
    context(kubeconfig, server[0])
    terminal, (reader, writer) = os.dup(0), os.pipe()
    os.write(writer, b"what somebody types\n")
    os.dup2(reader, 0)
    try:
        assert row(sandbox).state is State.MISSING
    finally:
        os.dup2(terminal, 0)
        for end in (terminal, reader, writer):
            os.close(end)


def test_a_broken_kubeconfig_is_one_message_with_its_place(sandbox: Sandbox, kubeconfig: Path) -> None:
    kubeconfig.write_text("clusters: {}\n")
    assert row(sandbox).message.startswith(f"{kubeconfig}:1:11: clusters: found something else")


def test_a_login_program_may_give_a_certificate_and_one_that_is_none_costs_the_row(
    sandbox: Sandbox, kubeconfig: Path
) -> None:
    program(kubeconfig, """echo '{"status": {"clientCertificateData": "c", "clientKeyData": "k"}}'""")
    context(kubeconfig, "https://127.0.0.1:1")
    found = row(sandbox)
    assert found.state is State.UNREACHABLE
    assert "PEM" in found.message


@pytest.mark.parametrize("cluster", [{"certificate-authority-data": "?"}, {"certificate-authority": "absent.crt"}])
def test_certificates_that_are_none_cost_the_row_and_nothing_else(
    sandbox: Sandbox, kubeconfig: Path, cluster: dict[str, str]
) -> None:
    merge_into(kubeconfig, [Entry("aws-dev", {"server": "https://127.0.0.1:1"} | cluster, {"token": "t"})])
    found = row(sandbox)
    assert found.state is State.UNREACHABLE
    assert found.message


def test_an_existing_cluster_is_asked_by_the_kubeconfig_of_its_stack(
    sandbox: Sandbox, kubeconfig: Path, server: tuple[str, list[str]]
) -> None:
    sandbox.tenant(placements="placements: [{environments: [dev], clusters: [gcp-dev]}]\n")
    assert row(sandbox).message == "there is no kubeconfig at .local/kubeconfig"
    merge_into(sandbox.root / ".local" / "kubeconfig", [Entry("gcp-dev", {"server": server[0]}, {"token": "of-file"})])
    assert row(sandbox).state is State.MISSING
    assert set(server[1]) == {"Bearer of-file"}
    assert not kubeconfig.exists()
