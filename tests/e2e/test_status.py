"""What `berth status` says of clusters and tenants on the real fleet, besides what other tests make happen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.harness import CLUSTERS, PLACED, TestFleet, edit

pytestmark = pytest.mark.e2e


def look(fleet: TestFleet, *options: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(fleet.berth("status", "--stack", "local", "--json", *options, ok=False).stdout)
    return data


def test_every_cluster_says_what_it_is_and_that_its_agent_is_locked_down(fleet: TestFleet) -> None:
    clusters = look(fleet)["clusters"]
    assert [row["cluster"] for row in clusters] == list(CLUSTERS)
    for row in clusters:
        assert (row["state"], row["message"], row["unread"]) == ("ok", "", [])
        assert (row["agent_ready"], row["lockdown"], row["nodes_ready"], row["nodes_total"]) == (True, True, 1, 1)
        assert row["version"].startswith("v1.")
        assert row["agent_version"]
        assert abs(row["skew"]) <= 5


def test_every_tenant_has_its_workloads_its_quota_and_the_time_of_its_last_change(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    for row in look(fleet)["rows"]:
        assert row["workloads"]["total"] > 0
        assert row["workloads"]["ready"] == row["workloads"]["total"]
        assert row["changed"]
        shares = [use["share"] for use in row["quota"]]
        assert shares == sorted(shares, reverse=True)
        assert "pods" in {use["resource"] for use in row["quota"]}
        assert (row["behind"], row["unread"]) == (0, [])


def test_a_cluster_whose_agent_has_stopped_says_so_and_how_far_its_tenants_are_behind(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    start = fleet.git("rev-parse", "HEAD")
    tags = fleet.worktree / "apps/storefront/environments/local/kustomization.yaml"
    programs = [name for name in fleet.pids() if name.startswith("gcp-local/") and name.endswith("-controller")]
    try:
        for program in programs:
            if "manager" not in program:
                fleet.kill(program)
        for tag in ("3.3.1", "3.3.2"):
            edit(tags, r"newTag: .*", f'newTag: "{tag}"')
            fleet.push(f"Release storefront {tag}")
        fleet.wait_in_sync(but=["gcp-local"])
        data: dict[str, Any] = {}
        rows: dict[tuple[str, str], dict[str, Any]] = {}

        def behind() -> int | None:
            data.update(look(fleet))
            rows.update({(row["tenant"], row["cluster"]): row for row in data["rows"]})
            found: int | None = rows["storefront", "gcp-local"]["behind"]
            return found

        # A Git server has few seconds for its log: without it, the lag is unknown.
        fleet.wait("the lag is known", lambda: behind() is not None)
        assert rows["storefront", "gcp-local"]["behind"] == 2
        assert rows["storefront", "gcp-local"]["behind_since"]
        assert {rows["storefront", cluster]["behind"] for cluster in ("aws-local", "azure-local")} == {0}
        states = {row["cluster"]: (row["state"], row["agent_ready"]) for row in data["clusters"]}
        assert states["gcp-local"] == ("not in order", False)
        assert states["aws-local"] == ("ok", True)
    finally:
        fleet.git("reset", "--quiet", "--hard", start)
        fleet.git("push", "--quiet", "--force", "origin", "main")
        fleet.berth("local", "up")
        fleet.wait_in_sync()


def test_watching_ends_when_all_is_well(fleet: TestFleet) -> None:
    # The agents look again every few seconds here; what is looked at right now is waited for.
    done = fleet.berth("status", "--stack", "local", "--watch")
    assert done.stdout.splitlines()[-1] == "7 of 7 in sync"


def test_only_what_is_asked_for_is_shown(fleet: TestFleet) -> None:
    data = look(fleet, "--tenant", "storefront", "--cluster", "gcp-local")
    assert [(row["tenant"], row["cluster"]) for row in data["rows"]] == [("storefront", "gcp-local")]
    assert [row["cluster"] for row in data["clusters"]] == ["gcp-local"]


def test_who_may_read_one_namespace_alone_sees_that_tenant_and_is_told_of_the_rest(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    namespaces = ["storefront", "argocd" if fleet.engine.name == "argocd" else "berth-storefront"]
    rule = ("--verb=get,list", "--resource=*.*")
    fleet.kubectl("aws-local", "create", "serviceaccount", "reader", "--namespace", "default")
    try:
        for namespace in namespaces:
            inside = ("--namespace", namespace)
            fleet.kubectl("aws-local", "create", "role", "reader", *rule, *inside)
            binding = ("--role=reader", "--serviceaccount=default:reader")
            fleet.kubectl("aws-local", "create", "rolebinding", "reader", *binding, *inside)
        token = fleet.kubectl("aws-local", "create", "token", "reader", "--namespace", "default").stdout.strip()
        view = fleet.kubectl("aws-local", "config", "view", "--minify", "--raw", "--output=json").stdout
        config = json.loads(view)
        config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
        file = fleet.root / ".local" / "reader.json"
        file.write_text(json.dumps(config))
        data: dict[str, Any] = {}
        rows: dict[str, dict[str, Any]] = {}

        def in_sync() -> bool:
            data.update(look(fleet, "--cluster", "aws-local", "--kubeconfig", str(file)))
            rows.update({row["tenant"]: row for row in data["rows"]})
            return bool(rows["storefront"]["state"] == "in sync")

        fleet.wait("the tenant that may be read is in sync", in_sync)
        assert set(rows) == {tenant for tenant, clusters in PLACED.items() if "aws-local" in clusters}
        mine, other = rows["storefront"], rows["ledger"]
        assert (mine["state"], mine["unread"]) == ("in sync", [])
        assert mine["workloads"]["total"] > 0
        assert other["workloads"] is None
        assert "forbidden" in " ".join((*other["unread"], other["message"]))
        assert "nodes is forbidden" in " ".join(data["clusters"][0]["unread"])
        assert data["clusters"][0]["nodes_total"] is None
    finally:
        fleet.kubectl("aws-local", "delete", "serviceaccount", "reader", "--namespace", "default")
        for namespace in namespaces:
            fleet.kubectl("aws-local", "delete", "role,rolebinding", "reader", "--namespace", namespace, ok=False)
