"""From a commit to running workloads, and back, on the real fleet."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from tests.e2e.harness import ARGOCD, CLUSTERS, FLUX, PLACED, TestFleet, edit

pytestmark = pytest.mark.e2e

IMAGES = "environments/local/kustomization.yaml"


def set_tags(fleet: TestFleet, tenant: str, tag: str) -> None:
    edit(fleet.worktree / "apps" / tenant / IMAGES, r"newTag: .*", f'newTag: "{tag}"')


def is_failing(fleet: TestFleet, tenant: str, cluster: str, word: str) -> bool:
    """Whether it is, for a reason with the word in it."""
    row = fleet.status()[tenant, cluster]
    return row["state"] == "failing" and word in row["message"]


def test_each_tenant_is_in_every_cluster_it_is_placed_in_and_in_none_other(fleet: TestFleet) -> None:
    for cluster in CLUSTERS:
        namespaces = {item["metadata"]["name"] for item in fleet.get(cluster, "namespaces")["items"]}
        there = {tenant for tenant in PLACED if {tenant, f"berth-{tenant}"} <= namespaces}
        traces = {tenant for tenant in PLACED if {tenant, f"berth-{tenant}", f"{tenant}-jobs"} & namespaces}
        assert there == traces == {tenant for tenant, clusters in PLACED.items() if cluster in clusters}


def test_the_applied_commit_is_the_one_at_the_head_of_the_deploy_repo(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    head = fleet.git("rev-parse", "origin/main")
    rows = fleet.status()
    assert set(rows) == {(tenant, cluster) for tenant, clusters in PLACED.items() for cluster in clusters}
    assert {row["applied"] for row in rows.values()} == {row["expected"] for row in rows.values()} == {head}


def test_the_status_command_shows_every_placement_and_ends_well_when_all_are_in_sync(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    head = fleet.git("rev-parse", "origin/main")
    told: list[str] = []

    def all_in_sync() -> bool:
        # The agents look again every few seconds here; a tenant that is being looked at is not called in sync.
        done = fleet.berth("status", "--stack", "local", ok=False)
        told[:] = done.stdout.splitlines()
        return done.returncode == 0

    fleet.wait("status ends well", all_in_sync)
    lines = told
    assert lines[0].split("\t")[:6] == ["TENANT", "CLUSTER", "CLOUD", "STATE", "EXPECTED", "APPLIED"]
    assert lines[-1] == "7 in sync"
    assert sum(line.split("\t")[3:6] == ["in sync", head[:8], head[:8]] for line in lines[1:8]) == 7
    rows = json.loads(fleet.berth("status", "--stack", "local", "--json", ok=False).stdout)["rows"]
    assert {row["state"] for row in rows} <= {"in sync", "syncing"}
    assert len(rows) == 7


def test_the_status_command_fails_when_a_tenant_is_not_in_sync(fleet: TestFleet) -> None:
    fleet.kubectl("aws-local", "delete", *fleet.engine.sync_of("ledger"))
    try:
        done = fleet.berth("status", "--stack", "local", ok=False)
        assert done.returncode == 1
        assert f"not deployed: there is no {fleet.engine.sync.title()}" in done.stdout
        assert fleet.image_of("aws-local", "ledger", "ledger-api"), "without its sync object a tenant goes on running"
    finally:
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()


def test_workloads_become_available(fleet: TestFleet) -> None:
    for tenant, clusters in PLACED.items():
        for cluster in clusters:
            deployments = fleet.get(cluster, "deployments", "--namespace", tenant)["items"]
            assert deployments
            for item in deployments:
                assert item["status"].get("availableReplicas") == item["spec"]["replicas"], item["metadata"]["name"]


def test_a_commit_rolls_out_to_all_clusters_and_a_revert_brings_the_former_state_back(fleet: TestFleet) -> None:
    before = {cluster: fleet.image_of(cluster, "storefront", "web") for cluster in CLUSTERS}
    set_tags(fleet, "storefront", "9.9.9")
    commit = fleet.push("Release storefront 9.9.9")
    fleet.wait_in_sync()
    assert all(fleet.image_of(cluster, "storefront", "web").endswith(":9.9.9") for cluster in CLUSTERS)
    assert {row["applied"] for row in fleet.status().values()} == {commit}

    reverted = fleet.revert()
    fleet.wait_in_sync()
    assert {cluster: fleet.image_of(cluster, "storefront", "web") for cluster in CLUSTERS} == before
    assert {row["applied"] for row in fleet.status().values()} == {reverted}


def test_an_object_that_leaves_git_leaves_the_clusters(fleet: TestFleet) -> None:
    extra = fleet.worktree / "apps/storefront/base/extra.yaml"
    extra.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n")
    edit(fleet.worktree / "apps/storefront/base/kustomization.yaml", r"resources:\n", "resources:\n- extra.yaml\n")
    fleet.push("Add a ConfigMap")
    fleet.wait_in_sync()
    assert all(fleet.get(cluster, "configmap", "extra", "-n", "storefront") for cluster in CLUSTERS)
    fleet.revert()
    fleet.wait_in_sync()
    assert not any(fleet.get(cluster, "configmap", "extra", "-n", "storefront") for cluster in CLUSTERS)


def test_an_object_deleted_by_hand_returns(fleet: TestFleet) -> None:
    service = ("service", "web", "--namespace", "storefront")
    first = fleet.get("gcp-local", *service)["metadata"]["uid"]
    fleet.kubectl("gcp-local", "delete", *service)
    fleet.wait("the service is back", lambda: fleet.get("gcp-local", *service))
    assert fleet.get("gcp-local", *service)["metadata"]["uid"] != first


def test_an_object_changed_by_hand_is_restored(fleet: TestFleet) -> None:
    before = fleet.image_of("aws-local", "storefront", "web")
    container = fleet.get("aws-local", "deployment", "web", "-n", "storefront")["spec"]["template"]["spec"][
        "containers"
    ]
    other = f"{container[0]['name']}=registry.example.com/other:1"
    fleet.kubectl("aws-local", "set", "image", "deployment/web", other, "--namespace", "storefront")
    fleet.wait("the image is restored", lambda: fleet.image_of("aws-local", "storefront", "web") == before)


def test_a_broken_commit_of_one_tenant_leaves_the_others_untouched_until_a_good_one_mends_it(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    broken = fleet.worktree / "apps/storefront/base/kustomization.yaml"
    good = broken.read_text()
    broken.write_text(good + "this is not: [a kustomization\n")
    set_tags(fleet, "telemetry", "7.7.7")
    commit = fleet.push("Break storefront, release telemetry")
    try:
        fleet.wait("storefront fails everywhere", lambda: all(
            is_failing(fleet, "storefront", cluster, "kustomiz") for cluster in PLACED["storefront"]
        ))  # fmt: skip
        fleet.wait_in_sync(but=["storefront"])
        assert fleet.status()["telemetry", "gcp-local"]["applied"] == commit
        assert fleet.image_of("gcp-local", "telemetry", "collector").endswith(":7.7.7")
        assert fleet.image_of("aws-local", "storefront", "web"), "what ran goes on running"
    finally:
        broken.write_text(good)
        mended = fleet.push("Mend storefront")
    fleet.wait_in_sync()
    assert {row["applied"] for row in fleet.status().values()} == {mended}


def test_a_path_that_vanishes_deletes_nothing(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    shutil.rmtree(fleet.worktree / "apps/telemetry/local/gcp")
    fleet.push("Remove telemetry's path in one cloud")
    try:
        fleet.wait("telemetry fails there", lambda: is_failing(fleet, "telemetry", "gcp-local", "path"))
        assert fleet.image_of("gcp-local", "telemetry", "collector")
    finally:
        fleet.revert()
    fleet.wait_in_sync()


def test_a_tenant_whose_workload_does_not_get_well_fails_without_a_break_while_it_is_tried_again(
    fleet: TestFleet,
) -> None:
    fleet.wait_in_sync()
    file, collector = fleet.root / "tenants/telemetry.yaml", fleet.worktree / "apps/telemetry/base/collector.yaml"
    text, head = file.read_text(), fleet.git("rev-parse", "HEAD")

    def tries() -> Any:
        return fleet.get("gcp-local", *fleet.engine.sync_of("telemetry"))["status"]["history"][0]

    try:
        edit(file, r"sync:\n", "sync:\n  timeout: 30s\n")  # Flux waits no shorter
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()
        if fleet.engine is ARGOCD:  # which waits for what Kubernetes says, and not for a time of its own
            edit(collector, r"\nspec:\n  #", "\nspec:\n  progressDeadlineSeconds: 5\n  #")
        edit(collector, r"\n    spec:\n", "\n    spec:\n      nodeSelector: {example.com/none: here}\n")
        fleet.push("Ask for a node that is not there")
        fleet.wait("it is failing", lambda: fleet.status()["telemetry", "gcp-local"]["state"] == "failing")
        if fleet.engine is FLUX:  # which writes its conditions a moment before the rest
            fleet.wait("all is written", lambda: tries()["lastReconciledStatus"] == "HealthCheckFailed")
        first = fleet.status()["telemetry", "gcp-local"]
        assert "collector" in first["message"]
        assert first["workloads"] == {"ready": 0, "total": 1, "waiting": ("Deployment collector",)}
        if fleet.engine is FLUX:
            ended = set()

            def failed_again() -> bool:
                row = fleet.status()["telemetry", "gcp-local"]
                assert row["state"] == "failing"
                assert "Deployment" in row["message"]
                ended.add(tries()["lastReconciled"])
                return len(ended) > 1

            fleet.wait("another try has failed", failed_again)
            # A try that begins at once may have read the Kustomization as it was before the entry of the one before was
            # written, and writes its own over it: then Flux itself does not know of that one any more.
            if tries()["totalReconciliations"] > 1:
                assert fleet.status()["telemetry", "gcp-local"]["since"] == first["since"]
    finally:
        file.write_text(text)
        fleet.berth("local", "deploy")
        fleet.git("checkout", "--quiet", "--", ".")
        if fleet.git("rev-parse", "HEAD") != head:
            fleet.revert()
        fleet.wait_in_sync()
