"""What goes wrong between status and an API server: the row concerned says so, the rest is right, nothing hangs.

The API servers are stand-ins that speak TLS; Git is not asked.
"""

from __future__ import annotations

import base64
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path

import pytest
import yaml

from berth.local import pki
from berth.status import Fleet, Reach, Row, State
from berth.status.collect import Scope, collect_all
from tests.serve.clusters import COMMIT, DEPLOYMENTS, NODES, QUOTAS, SOURCES, SYNCS, Simulated, quota, source, sync
from tests.support import PLACEMENTS, Sandbox, until

URL = "https://git.example.com/deploy.git"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: keys take their time."""
    folder = tmp_path_factory.mktemp("certificates")
    pki.ensure(folder, {})
    return folder


@pytest.fixture
def fleet(tmp_path: Path, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulated]:
    """Two clusters with three tenants each, all in sync."""
    monkeypatch.setattr("berth.status.history.resolve_remote", lambda *_: COMMIT)
    for name in ("one", "two"):
        shutil.copytree(certificates, tmp_path / "project" / "pki" / name)
    simulated = Simulated.create(tmp_path / "project", URL)
    yield simulated
    simulated.stop()


def look(simulated: Simulated, timeout: float = 10.0) -> Fleet:
    return collect_all(simulated.sandbox.load(), Scope(["dev", "prod"], timeout=timeout))


def states(fleet: Fleet, cluster: str) -> set[State]:
    return {row.state for row in fleet.rows if row.cluster == cluster}


def row(fleet: Fleet, tenant: str, cluster: str = "one") -> Row:
    return next(row for row in fleet.rows if (row.tenant, row.cluster) == (tenant, cluster))


def unreachable(simulated: Simulated, timeout: float = 10.0) -> str:
    """Why the cluster `one` is unreachable; the other one is as it was."""
    found = look(simulated, timeout)
    assert (states(found, "one"), states(found, "two")) == ({State.UNREACHABLE}, {State.IN_SYNC})
    first, second = found.clusters
    assert (first.state, second.state) == (Reach.UNREACHABLE, Reach.OK)
    assert {row.message for row in found.rows if row.cluster == "one"} == {first.message}
    return first.message


def test_without_a_fault_all_is_read(fleet: Simulated) -> None:
    found = look(fleet)
    assert len(found.rows) == 6
    good = row(found, "acme")
    assert (good.state, good.applied, good.behind, good.objects) == (State.IN_SYNC, COMMIT, 0, 1)
    assert good.workloads is not None
    assert (good.workloads.ready, good.workloads.total) == (1, 1)
    assert [(use.resource, use.share) for use in good.quota] == [("pods", 0.4)]
    cluster = found.clusters[0]
    assert (cluster.state, cluster.message, cluster.version) == (Reach.OK, "", "v1.36.3")
    assert (cluster.agent_version, cluster.agent_ready, cluster.lockdown) == ("v2.7.5", True, True)
    assert (cluster.nodes_ready, cluster.nodes_total) == (2, 2)


def test_an_api_server_that_is_down_costs_its_own_rows(fleet: Simulated) -> None:
    fleet.clusters["one"].stop()
    try:
        assert "connect" in unreachable(fleet).lower()
    finally:
        fleet.clusters["one"].start()


def test_an_api_server_that_answers_too_late_is_not_waited_for(fleet: Simulated) -> None:
    fleet.clusters["one"].delay = 60.0
    begin = time.monotonic()
    assert unreachable(fleet, 4.0) == "the API server does not answer within 4 s"
    assert time.monotonic() - begin < 30


def test_a_server_that_takes_the_connection_and_says_nothing_is_not_waited_for(fleet: Simulated) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = yaml.safe_load((fleet.sandbox.root / "kubeconfig").read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{silent.getsockname()[1]}"
        fleet.sandbox.write("kubeconfig", yaml.safe_dump(config))
        assert unreachable(fleet, 4.0) == "the API server does not answer within 4 s"


def test_an_api_server_that_is_away_behind_its_load_balancer_is_unreachable(fleet: Simulated) -> None:
    one = fleet.clusters["one"]
    one.refused |= dict.fromkeys(("/version", NODES, SYNCS, SOURCES, DEPLOYMENTS, QUOTAS), 503)
    assert unreachable(fleet) == "/version is refused here"


@pytest.mark.parametrize("says", ["<html>Log in</html>", '["a", "list"]', '{"items": [{"metadata": null}]}'])
def test_what_is_no_answer_of_an_api_server_is_told(fleet: Simulated, says: str) -> None:
    fleet.clusters["one"].says = says
    assert unreachable(fleet) == f"what answers is no API server: it says {says}"


def test_an_api_server_of_another_authority_is_not_believed(fleet: Simulated, tmp_path: Path) -> None:
    pki.ensure(tmp_path / "other", {})
    config = yaml.safe_load((fleet.sandbox.root / "kubeconfig").read_text())
    config["clusters"][0]["cluster"]["certificate-authority"] = str(tmp_path / "other" / "ca.crt")
    fleet.sandbox.write("kubeconfig", yaml.safe_dump(config))
    assert "certificate verify failed" in unreachable(fleet)
    assert not fleet.clusters["one"].asked, "a token is given to nobody who is not known"


def test_an_api_server_of_another_name_is_not_believed_unless_the_kubeconfig_names_it(fleet: Simulated) -> None:
    config = yaml.safe_load((fleet.sandbox.root / "kubeconfig").read_text())
    about = config["clusters"][0]["cluster"]
    about["tls-server-name"] = "elsewhere.example.com"
    fleet.sandbox.write("kubeconfig", yaml.safe_dump(config))
    assert "certificate verify failed" in unreachable(fleet)
    about["tls-server-name"] = "127.0.0.1"
    about["server"] = about["server"].replace("127.0.0.1", "localhost")
    fleet.sandbox.write("kubeconfig", yaml.safe_dump(config))
    assert states(look(fleet), "one") == {State.IN_SYNC}


def test_a_token_that_has_run_out_is_told(fleet: Simulated) -> None:
    fleet.clusters["one"].token = "a-newer-one"  # noqa: S105 - of no server but this one
    assert unreachable(fleet) == "the API server does not accept the credential: Unauthorized"


def test_a_client_certificate_logs_in(fleet: Simulated, tmp_path: Path) -> None:
    pki.ensure(tmp_path / "mine", {"me": ("me", ())})
    user = {
        f"client-{name}-data": base64.b64encode((tmp_path / "mine" / f"me.{end}").read_bytes()).decode()
        for name, end in (("certificate", "crt"), ("key", "key"))
    }
    config = yaml.safe_load((fleet.sandbox.root / "kubeconfig").read_text())
    config["users"][0]["user"] |= user
    fleet.sandbox.write("kubeconfig", yaml.safe_dump(config))
    assert states(look(fleet), "one") == {State.IN_SYNC}


def test_a_kind_that_may_not_be_read_is_told_and_the_rest_of_the_row_holds(fleet: Simulated) -> None:
    fleet.clusters["one"].refused = {QUOTAS: 403, NODES: 403}
    for tenant in ("acme", "globex", "initech"):
        fleet.clusters["one"].refused[f"/api/v1/namespaces/{tenant}/resourcequotas"] = 403
    found = look(fleet)
    mine = row(found, "acme")
    assert (mine.state, mine.quota) == (State.IN_SYNC, ())
    assert mine.workloads is not None
    assert mine.unread == (
        "ResourceQuota in acme: /api/v1/namespaces/acme/resourcequotas is refused here",
    )  # fmt: skip
    cluster = found.clusters[0]
    assert (cluster.nodes_total, cluster.unread) == (None, (f"Node: {NODES} is refused here",))
    assert row(found, "acme", "two").quota


def test_where_only_some_namespaces_may_be_read_these_are_read_one_by_one(fleet: Simulated) -> None:
    one = fleet.clusters["one"]
    one.refused = {QUOTAS: 403, DEPLOYMENTS: 403, "/apis/apps/v1/namespaces/globex/deployments": 403}
    one.fill("/api/v1/namespaces/acme/resourcequotas", [quota("acme", "9")])
    found = look(fleet)
    assert [use.used for use in row(found, "acme").quota] == ["9"]
    assert row(found, "acme").unread == ()
    assert row(found, "globex").workloads is None
    assert [each.partition(":")[0] for each in row(found, "globex").unread] == ["Deployment in globex"]
    assert states(found, "one") == {State.IN_SYNC}
    assert found.clusters[0].lockdown is None, "what the agent is started with could not be looked at"


def test_sync_objects_that_may_not_be_read_leave_the_state_unknown_and_say_why(fleet: Simulated) -> None:
    one = fleet.clusters["one"]
    one.refused = {SYNCS: 403}
    inside = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/berth-{}/kustomizations"
    one.fill(inside.format("acme"), [sync("acme")])
    one.fill(inside.format("initech"), [])
    one.refused[inside.format("globex")] = 403
    found = look(fleet)
    assert row(found, "acme").state is State.IN_SYNC
    assert row(found, "initech").state is State.MISSING
    assert (row(found, "globex").state, row(found, "globex").message) == (
        State.UNKNOWN, f"{inside.format('globex')} is refused here"
    )  # fmt: skip


def test_kinds_that_the_cluster_does_not_know_are_told_as_what_the_agent_lacks(fleet: Simulated) -> None:
    fleet.clusters["one"].refused = {SYNCS: 404}
    found = look(fleet)
    assert {row.message for row in found.rows if row.cluster == "one"} == {
        "not deployed: the cluster does not know kustomize.toolkit.fluxcd.io/v1 Kustomization"
    }
    cluster = found.clusters[0]
    assert (cluster.state, cluster.lockdown) == (Reach.WRONG, False)
    assert "install the agent" in cluster.message
    assert states(found, "two") == {State.IN_SYNC}


def test_a_kind_that_fails_in_the_server_costs_that_kind(fleet: Simulated) -> None:
    fleet.clusters["one"].refused = {DEPLOYMENTS: 500}
    found = look(fleet)
    assert states(found, "one") == {State.IN_SYNC}
    assert row(found, "acme").unread == (f"Deployment in acme: {DEPLOYMENTS} is refused here",)


def test_clocks_that_differ_are_told_and_do_no_more(fleet: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    monkeypatch.setattr("uvicorn.server.formatdate", lambda *_, **__: formatdate(real() + 3600, usegmt=True))
    found = look(fleet)

    def made_anew() -> bool:
        nonlocal found
        found = look(fleet)
        return bool(found.clusters[0].skew and found.clusters[0].skew > 1800)

    until("uvicorn, which does so once a second, makes the header", made_anew)
    assert states(found, "one") == {State.IN_SYNC}
    assert found.clusters[0].skew == pytest.approx(3600, abs=60)
    assert "s ahead of this machine's" in found.clusters[0].message
    assert found.clusters[0].state is Reach.OK


def test_five_thousand_objects_come_in_pages_and_all_of_them_count(fleet: Simulated) -> None:
    one = fleet.clusters["one"]
    # What is in the last page counts as what is in the first.
    others = [f"other-{index:04}" for index in range(4997)]
    one.fill(SYNCS, [*(sync(name) for name in others), *(sync(name) for name in ("acme", "globex", "initech"))])
    one.fill(SOURCES, [*(source(name) for name in others), *(source(name) for name in ("acme", "globex", "initech"))])
    found = look(fleet, 30)
    assert states(found, "one") == {State.IN_SYNC}
    assert one.asked[f"list {SYNCS}"] == 2


def test_a_list_whose_next_page_has_gone_is_begun_anew(fleet: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    from berth.status import api

    monkeypatch.setattr(api, "PAGE", 2)
    one = fleet.clusters["one"]
    one.gone_once = True
    found = look(fleet)
    assert states(found, "one") == {State.IN_SYNC}
    assert not any(row.unread for row in found.rows)
    assert not one.gone_once


def test_a_command_with_every_fault_at_once_has_no_traceback(fleet: Simulated) -> None:
    fleet.clusters["one"].refused = {SYNCS: 404, DEPLOYMENTS: 500, "/version": 403}
    fleet.clusters["two"].token = "a-newer-one"  # noqa: S105 - of no server but this one
    ended = Sandbox(fleet.sandbox.root).run("status", "--timeout", "5")
    assert ended.code == 1
    assert "Traceback" not in ended.everything
    assert "does not accept the credential" in ended.out


def test_what_the_options_get_wrong_is_told_at_once(fleet: Simulated) -> None:
    ended = Sandbox(fleet.sandbox.root).run("status", "--tenant", "acne", "--cluster", "three", "--context", "two")
    assert ended.code == 2
    assert [name for name in ("--tenant", "--cluster", "--context") if name not in ended.err] == []
    assert not fleet.clusters["one"].asked


NOT_AS_ONE = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno",
    b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"[" * 200_000,
)
KUBECONFIG = """\
clusters: [{name: gcp-dev, cluster: {server: "http://127.0.0.1:PORT"}}]
contexts: [{name: gcp-dev, context: {cluster: gcp-dev}}]
"""


@pytest.mark.parametrize("answer", NOT_AS_ONE)
@pytest.mark.parametrize("command", [("leftovers", "--stack", "dev"), ("drift",), ("status", "--no-server")])
def test_what_does_not_answer_as_an_api_server_does_is_told(
    sandbox: Sandbox, answer: bytes, command: tuple[str, ...]
) -> None:
    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

    sandbox.tenant(placements=PLACEMENTS.replace("[aws]", "[gcp]"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        sandbox.write(".local/kubeconfig", KUBECONFIG.replace("PORT", str(server.getsockname()[1])))
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        ended = sandbox.run(*command)
        server.shutdown(socket.SHUT_RDWR)
    assert (ended.code, ended.err) == (1, "")
    assert "gcp-dev" in ended.out
