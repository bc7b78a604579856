"""Deploying to the fleet: again, with a tenant less, with a tenant more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from berth.local.deploy import PARENT, objects_of
from berth.local.stack import with_fleet
from berth.project import Project
from berth.render.emit import to_yaml
from tests.e2e.harness import CLUSTERS, PLACED, TestFleet

pytestmark = pytest.mark.e2e


def everything(fleet: TestFleet, cluster: str) -> dict[tuple[str, str, str], str]:
    """What Berth put into a cluster: each object without what the API server and controllers write into it."""
    kinds = f"{fleet.engine.source},namespaces,serviceaccounts,rolebindings,resourcequotas,limitranges,networkpolicies"
    mine = "--selector=app.kubernetes.io/managed-by=berth"
    listed = fleet.get(cluster, kinds, "--all-namespaces", mine)["items"]
    shared = fleet.get(cluster, "clusterroles,validatingadmissionpolicies,validatingadmissionpolicybindings", mine)
    found = {}
    for item in [*listed, *shared["items"]]:
        item.pop("status", None)
        metadata = item["metadata"]
        written = {key: metadata.get(key) for key in ("uid", "generation", "labels", "annotations")}
        key = (item["kind"], metadata.get("namespace", ""), metadata["name"])
        found[key] = json.dumps([written, {k: v for k, v in item.items() if k != "metadata"}], sort_keys=True)
    assert len(found) > 20
    return found


def test_it_says_that_kubectl_deploys_and_why(fleet: TestFleet) -> None:
    assert "deploying with kubectl: as this fleet was deployed before" in fleet.berth("local", "deploy").stdout


def test_deploying_again_changes_nothing(fleet: TestFleet) -> None:
    before = {cluster: everything(fleet, cluster) for cluster in CLUSTERS}
    printed = fleet.berth("local", "deploy").stdout
    assert printed.count("0 created, 0 changed") == 3
    assert printed.count("0 pruned") == 3
    assert {cluster: everything(fleet, cluster) for cluster in CLUSTERS} == before


@pytest.mark.parametrize(("program", "waits"), [("kubectl", True), ("unlimited-kubectl", False)])
def test_the_fleet_s_own_kubectl_waits_for_no_limit_of_its_own(fleet: TestFleet, program: str, waits: bool) -> None:
    (cluster, *_) = (project := with_fleet(Project.load(fleet.root), "local")).stack("local").clusters
    command = ("apply", "--server-side", "--force-conflicts", "--field-manager=berth", "--filename=-", "--v=6")

    def waited() -> bool:
        done = subprocess.run(
            [fleet.program(program), *fleet.context(cluster.name), *command, "--prune", f"--applyset={PARENT}"],
            input=to_yaml(objects_of(project, cluster)),
            env={"PATH": os.environ["PATH"], "HOME": str(fleet.root), "KUBECTL_APPLYSET": "true"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return "client-side throttling" in done.stderr

    # An API server that is slower than the limit has nobody wait.
    assert any(waited() for _ in range(3)) is waits


def test_what_berth_has_in_the_clusters_is_what_a_destroy_could_leave(fleet: TestFleet) -> None:
    listed = json.loads(fleet.berth("leftovers", "--stack", "local", "--json", ok=False).stdout)
    assert listed["unreachable"] == {}  # although no cluster knows the kinds of the other engine
    namespaces = {(each["cluster"], each["name"]) for each in listed["left"] if each["kind"] == "Namespace"}
    assert {(cluster, tenant) for tenant, clusters in PLACED.items() for cluster in clusters} <= namespaces


def test_a_tenant_whose_file_is_gone_is_pruned_and_only_that_one_and_returns_with_its_file(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    file = fleet.root / "tenants" / "ledger.yaml"
    text = file.read_text()
    others = {cluster: without(everything(fleet, cluster), "ledger") for cluster in CLUSTERS}
    gone = ("ledger", "ledger-jobs", "berth-ledger")
    try:
        file.unlink()
        with fleet.removal_approved("ledger"):
            fleet.berth("local", "deploy")
        for cluster in PLACED["ledger"]:
            fleet.wait(f"ledger is gone from {cluster}", lambda c=cluster: not any(fleet.get(c, "ns", n) for n in gone))  # type: ignore[misc]
        assert {cluster: without(everything(fleet, cluster), "ledger") for cluster in CLUSTERS} == others
        assert set(fleet.status()) == {(t, c) for t, cs in PLACED.items() for c in cs if t != "ledger"}
    finally:
        file.write_text(text)
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()


@pytest.mark.parametrize("lifecycle", ["active", "suspended"])
def test_a_tenant_file_that_is_deleted_too_early_stops_the_deploy_before_anything_is_changed(
    fleet: TestFleet, lifecycle: str
) -> None:
    file = fleet.root / "tenants" / "ledger.yaml"
    text = file.read_text()
    try:
        file.write_text(f"{text}lifecycle: {lifecycle}\n")
        fleet.berth("local", "deploy")
        before = {cluster: everything(fleet, cluster) for cluster in CLUSTERS}
        file.unlink()
        done = fleet.berth("local", "deploy", ok=False)
        assert done.returncode == 2
        holds = [f"{name} in {c} ({lifecycle})" for name in ("ledger", "ledger-jobs") for c in PLACED["ledger"]]
        assert [item for item in holds if item not in done.stderr] == []
        assert "{guard: tenant-removed, subject: ledger, reason: ...}" in done.stderr
        assert {cluster: everything(fleet, cluster) for cluster in CLUSTERS} == before
    finally:
        file.write_text(text)
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()


def without(objects: dict[tuple[str, str, str], str], tenant: str) -> dict[tuple[str, str, str], str]:
    names = (tenant, f"{tenant}-jobs", f"berth-{tenant}", f"berth-{tenant}-sync-viewer")
    return {key: version for key, version in objects.items() if key[1] not in names and key[2] not in names}


def test_a_new_tenant_fails_until_its_manifests_build_and_is_in_sync_then(fleet: TestFleet) -> None:
    fleet.berth("tenant", "new", "orders", "--environment", "local")
    created = fleet.root / "deploy" / "apps" / "orders"
    target = fleet.worktree / "apps" / "orders"
    created.rename(target)
    (target / "base" / "kustomization.yaml").write_text("resources: [settings.yaml]\n")
    fleet.push("Onboard orders, without what it lists")

    def failing() -> bool:
        rows = [row for (tenant, _), row in fleet.status().items() if tenant == "orders"]
        return [row["state"] for row in rows if "settings.yaml" in row["message"]] == ["failing"] * len(CLUSTERS)

    try:
        fleet.berth("local", "deploy")
        fleet.wait("what has never been in sync is failing", failing)
        settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
        (target / "base" / "settings.yaml").write_text(settings)
        fleet.push("Add what orders lists")
        fleet.wait_in_sync()
        assert all(fleet.get(cluster, "configmap", "settings", "-n", "orders") for cluster in CLUSTERS)
    finally:
        (fleet.root / "tenants" / "orders.yaml").unlink()
        with fleet.removal_approved("orders"):
            fleet.berth("local", "deploy")
        fleet.berth("local", "deploy")  # while its namespaces are still on their way out
        shutil.rmtree(target)
        fleet.push("Remove orders")
        for cluster in CLUSTERS:
            fleet.wait("orders is gone", lambda c=cluster: not fleet.get(c, "ns", "orders"))  # type: ignore[misc]
            fleet.wait("its sync is gone", lambda c=cluster: not fleet.get(c, "ns", "berth-orders"))  # type: ignore[misc]


def test_a_mistake_in_a_tenant_file_stops_the_deploy_before_anything_is_changed(fleet: TestFleet) -> None:
    before = {cluster: everything(fleet, cluster) for cluster in CLUSTERS}
    bad = fleet.root / "tenants" / "bad.yaml"
    bad.write_text("name: bad\nprofil: standard\n")
    try:
        done = fleet.berth("local", "deploy", ok=False)
    finally:
        bad.unlink()
    assert done.returncode == 2
    assert 'tenants/bad.yaml:2:1: profil: found the unknown key "profil"' in done.stderr
    assert {cluster: everything(fleet, cluster) for cluster in CLUSTERS} == before
