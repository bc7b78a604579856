"""What `berth serve` knows of clusters as they change, fail and return: API servers list and watch over TLS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serve.clusters import (
    COMMIT,
    DEPLOYMENTS,
    NEXT,
    NODES,
    SOURCES,
    SYNCS,
    Simulated,
    controller,
    deployment,
    node,
    source,
    sync,
)
from tests.serve.conftest import GitServer, Served, serving, told, until

LISTS = (SYNCS, SOURCES, DEPLOYMENTS, NODES)


@pytest.fixture
def healthy(simulated: Simulated, served: Served, git_server: GitServer) -> Iterator[Simulated]:
    """Both clusters, with all as it was at the beginning, before and after a test."""
    yield simulated
    git_server.commit = COMMIT
    for stand_in in simulated.clusters.values():
        stand_in.refused.clear()
        stand_in.expired, stand_in.delay = False, 0
        for tenant in ("acme", "globex", "initech"):
            stand_in.put(SYNCS, sync(tenant))
            stand_in.put(SOURCES, source(tenant))
            stand_in.put(DEPLOYMENTS, deployment(tenant))
        stand_in.put(NODES, node("n-2"))
        stand_in.put(DEPLOYMENTS, controller())
    until("all is as it was", lambda: served.states() == {"in sync"} and states(served) == {"ok"})


def states(served: Served) -> set[str]:
    return {cluster["state"] for cluster in served.clusters().values()}


def test_a_tenant_that_breaks_and_recovers_is_told_so_without_being_asked(healthy: Simulated, served: Served) -> None:
    place = served.get("/api/state").json()["place"]
    healthy.clusters["one"].put(SYNCS, sync("acme", failing="the image cannot be pulled"))
    change = told(served, place, lambda data: any(row["state"] == "failing" for row in data.get("rows", ())))
    (row,) = (row for row in change["rows"] if row["state"] == "failing")
    assert (row["tenant"], row["cluster"]) == ("acme", "one")
    assert row["message"] == "the image cannot be pulled"
    healthy.clusters["one"].put(SYNCS, sync("acme"))
    until("it is in sync", lambda: served.rows()["acme", "one"]["state"] == "in sync")


def test_a_push_is_seen_in_git_and_then_in_the_clusters(
    healthy: Simulated, served: Served, git_server: GitServer
) -> None:
    git_server.commit = NEXT
    until("the push is seen", lambda: served.states() == {"syncing"})
    for stand_in in healthy.clusters.values():
        for tenant in ("acme", "globex", "initech"):
            stand_in.put(SYNCS, sync(tenant, NEXT))
    until("all is applied", lambda: served.states() == {"in sync"})
    assert {row["applied"] for row in served.rows().values()} == {NEXT}


def test_workloads_nodes_and_the_agent_are_watched_as_well(healthy: Simulated, served: Served) -> None:
    one = healthy.clusters["one"]
    one.put(DEPLOYMENTS, deployment("acme", ready=1))
    one.put(NODES, node("n-2", ready=False))
    unlocked = controller()
    unlocked["spec"]["template"]["spec"]["containers"][0]["args"] = []
    one.put(DEPLOYMENTS, unlocked)
    until("the agent is told", lambda: served.clusters()["one"]["state"] == "not in order")
    until("the node is told", lambda: served.clusters()["one"]["nodes_ready"] == 1)
    until("the workload is told", lambda: served.rows()["acme", "one"]["workloads"]["ready"] == 0)
    found = served.clusters()["one"]
    assert found["nodes_total"] == 2
    assert "--no-cross-namespace-refs" in found["message"]
    assert served.rows()["acme", "one"]["workloads"] == {"ready": 0, "total": 1, "waiting": ["Deployment web"]}
    assert served.rows()["acme", "two"]["workloads"]["ready"] == 1


def test_an_object_that_is_deleted_is_gone(healthy: Simulated, served: Served) -> None:
    healthy.clusters["two"].remove(SYNCS, "berth-globex", "globex")
    until("it is missing", lambda: served.rows()["globex", "two"]["state"] == "missing")
    assert served.rows()["globex", "one"]["state"] == "in sync"


def test_a_watch_that_is_cut_goes_on_where_it_was_without_a_new_list(healthy: Simulated, served: Served) -> None:
    one = healthy.clusters["one"]
    until("all is watched", lambda: one.watching() == 7)
    lists = one.asked[f"list {SYNCS}"]
    one.cut()
    one.put(SYNCS, sync("acme", failing="while it was cut"))
    until("it is told", lambda: served.rows()["acme", "one"]["message"] == "while it was cut")
    assert one.asked[f"list {SYNCS}"] == lists
    assert served.clusters()["one"]["state"] == "ok"


def test_a_watch_that_is_too_old_begins_with_a_new_list(healthy: Simulated, served: Served) -> None:
    one = healthy.clusters["one"]
    until("all is watched", lambda: one.watching() == 7)
    lists = one.asked[f"list {SYNCS}"]
    one.put(SYNCS, sync("acme", failing="before it was forgotten"))
    one.forget()
    one.cut()
    until("it was listed anew", lambda: one.asked[f"list {SYNCS}"] > lists)
    one.put(SYNCS, sync("acme", failing="afterwards"))
    until("it is told", lambda: served.rows()["acme", "one"]["message"] == "afterwards")


def test_a_bookmark_moves_a_watch_on_and_spares_the_list(healthy: Simulated, served: Served) -> None:
    one = healthy.clusters["one"]
    until("all is watched", lambda: one.watching() == 7)
    for path in list(one._listed):
        one.bookmark(path)
    until("it is read", lambda: served.get("/healthz").status_code == 200)
    lists = {path: one.asked[f"list {path}"] for path in LISTS}
    one._first = one._version - 40  # what was there before the bookmarks is forgotten
    one.cut()
    until("all is watched again", lambda: one.watching() == 7)
    assert {path: one.asked[f"list {path}"] for path in LISTS} == lists


def test_a_cluster_that_goes_away_costs_its_own_rows_and_returns(healthy: Simulated, served: Served) -> None:
    two = healthy.clusters["two"]
    before = served.clusters()["two"]["since"]
    two.stop()
    until("it is away", lambda: served.clusters()["two"]["state"] == "unreachable")
    rows = served.rows()
    assert {row["state"] for (_, cluster), row in rows.items() if cluster == "two"} == {"unreachable"}
    assert {row["state"] for (_, cluster), row in rows.items() if cluster == "one"} == {"in sync"}
    since = served.clusters()["two"]["since"]
    assert since > before
    assert {row["since"] for (_, cluster), row in rows.items() if cluster == "two"} == {since}
    details = served.get("/api/tenants/acme/clusters/two").json()
    assert details["objects"], "what was known last is still shown"
    assert "away" in details["notes"][0]
    two.start()
    until("it is back", lambda: served.clusters()["two"]["state"] == "ok")
    assert served.clusters()["two"]["since"] > since


def test_what_happened_while_a_cluster_was_away_is_known_when_it_returns(healthy: Simulated, served: Served) -> None:
    two = healthy.clusters["two"]
    two.stop()
    until("it is away", lambda: served.clusters()["two"]["state"] == "unreachable")
    two.fill(SYNCS, [sync("acme", failing="meanwhile"), sync("initech")])
    two.start()
    until("it is back", lambda: served.clusters()["two"]["state"] == "ok")
    rows = served.rows()
    assert rows["acme", "two"]["message"] == "meanwhile"
    assert rows["globex", "two"]["state"] == "missing"


def test_a_kind_that_may_not_be_read_costs_what_it_tells_and_no_more(healthy: Simulated, served: Served) -> None:
    one = healthy.clusters["one"]
    one.refused = {NODES: 403}
    one.forget()
    one.cut()
    until("it is told", lambda: served.clusters()["one"]["nodes_total"] is None)
    assert "Node" in served.clusters()["one"]["unread"][0]
    assert served.rows()["acme", "one"]["state"] == "in sync"


def test_a_credential_that_ran_out_is_renewed_by_a_new_login(healthy: Simulated, served: Served) -> None:
    one = healthy.clusters["one"]
    since = served.clusters()["one"]["since"]

    def renew() -> None:
        one.token = "the next one"  # noqa: S105 - of no server but this one
        healthy.write_kubeconfig()

    one.at_once(renew)
    one.cut()
    one.put(SYNCS, sync("acme", failing="with the new token"))
    until("it is told", lambda: served.rows()["acme", "one"]["message"] == "with the new token")
    assert served.clusters()["one"]["since"] == since, "the cluster was away"


def test_a_credential_that_is_refused_is_said_so(simulated: Simulated) -> None:
    one = simulated.clusters["one"]
    good, one.token = one.token, "another"
    simulated.write_kubeconfig()
    one.token = good
    try:
        with serving(simulated.sandbox.root) as found:
            until("it is told", lambda: found.cluster("one")["state"] == "unreachable")
            assert "does not accept the credential" in found.clusters()["one"]["message"]
            until("the other one is read", lambda: found.clusters()["two"]["state"] == "ok")
    finally:
        simulated.write_kubeconfig()


def test_a_wrong_certificate_is_said_so(simulated: Simulated) -> None:
    one, two = simulated.clusters.values()
    config = simulated.sandbox.root / "kubeconfig"
    text = config.read_text("utf-8")
    try:
        config.write_text(text.replace(str(one.folder), str(two.folder)), "utf-8")
        with serving(simulated.sandbox.root) as found:
            until("it is told", lambda: found.cluster("one")["state"] == "unreachable")
            assert "certificate verify failed" in found.clusters()["one"]["message"].lower()
            assert found.clusters()["one"]["state"] == "unreachable"
    finally:
        config.write_text(text, "utf-8")


def test_a_server_that_answers_too_late_is_away_and_the_other_one_is_not(simulated: Simulated) -> None:
    one = simulated.clusters["one"]
    one.delay = 15
    try:
        with serving(simulated.sandbox.root, "--timeout", "3") as found:
            until("it is told", lambda: found.cluster("one")["message"] == "the API server does not answer within 3 s")
            until("the other one is read", lambda: found.clusters()["two"]["state"] == "ok")
            one.delay = 0
            until("it is there", lambda: found.cluster("one")["state"] == "ok")
    finally:
        one.delay = 0


def test_a_git_server_that_is_gone_costs_what_is_expected_alone(simulated: Simulated, git_server: GitServer) -> None:
    simulated.follow(git_server.url.replace("deploy.git", "gone.git"))
    try:
        with serving(simulated.sandbox.root) as found:
            until("all is read", lambda: {row["applied"] for row in found.rows().values()} == {COMMIT})
            # As long as Git has not been asked, they are unknown too.
            until("it is told", lambda: all("expected commit" in row["message"] for row in found.rows().values()))
            assert found.states() == {"unknown"}
            assert all("expected commit unknown" in row["message"] for row in found.rows().values())
    finally:
        simulated.follow(git_server.url)
