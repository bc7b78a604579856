"""Tenants' objects through Git, with what pulls them registered by the real engine."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator

import pytest

from berth.local.paths import FleetPaths
from tests.e2e.harness import ARGOCD, CLUSTERS, FLUX, PLACED, TestFleet, copy_project, edit
from tests.e2e.test_change_engines import AGENT_NAMESPACES
from tests.e2e.test_pulumi import pulumi
from tests.e2e.test_pulumi_destroy import destroy, left

pytestmark = [pytest.mark.e2e, pytest.mark.pulumi_cli]

TENANTS = {
    (cluster, "Namespace", name)
    for tenant, clusters in PLACED.items()
    for cluster in clusters
    for name in (tenant, f"berth-{tenant}", *(["ledger-jobs"] if tenant == "ledger" else []))
}
PUBLISHED = {(cluster, "ConfigMap", "berth-published") for cluster in CLUSTERS}
"""What `berth publish` says it published, which the root sync puts beside the agent."""


def beside(fleet: TestFleet) -> set[tuple[str, str, str]]:
    """What a tenant has in the agent's own namespace: with Argo CD, its sync objects and who may look at them."""
    if fleet.engine is FLUX:
        return set()
    return {
        (cluster, kind, name)
        for tenant, clusters in PLACED.items()
        for cluster in clusters
        for kind, name in (
            ("Application", tenant),
            ("AppProject", tenant),
            ("Role", f"berth-{tenant}-sync-viewer"),
            ("RoleBinding", f"berth-{tenant}-sync-viewer"),
        )
    }


def none_left(fleet: TestFleet, objects: set[tuple[str, str, str]]) -> bool:
    """Whether every cluster was asked, and none has any of the objects."""
    found = left(fleet)
    return "unreachable" not in found.values() and not objects & found.keys()


@pytest.fixture(scope="module", params=[FLUX, ARGOCD], ids=lambda engine: engine.name)
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestFleet]:
    """A fleet with nothing of Berth in it: with Flux the one that others use too, emptied, with Argo CD its own."""
    if request.param is FLUX:
        fleet: TestFleet = request.getfixturevalue("pulumi_fleet")
        assert destroy(fleet).returncode == 0
        yield fleet
        return
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH: what the engine itself does is not tried")
    fleet = TestFleet(copy_project(tmp_path_factory.mktemp("delivery") / "project"), engine=ARGOCD)
    try:
        fleet.build()
        fleet.berth("local", "up", "--engine", ARGOCD.name)
        yield fleet
    finally:
        fleet.berth("local", "down", "--delete", ok=False)


@pytest.fixture(scope="module")
def fleet(started: TestFleet) -> Iterator[TestFleet]:
    """The fleet with a stack that delivers by Git; empty and as it was before at the end."""
    fleet, stack = started, started.root / "Pulumi.local.yaml"
    text, delivery = stack.read_text(), FleetPaths.of(fleet.root).delivery
    delivery.unlink(missing_ok=True)
    edit(stack, r"  berth:deployRepo:", "  berth:delivery: git\n  berth:deployRepo:")
    try:
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()
        yield fleet
    finally:
        destroy(fleet)
        for cluster in CLUSTERS:
            fleet.kubectl(cluster, "delete", "namespaces", "--selector=berth.dev/tenant")
            beside = ("-n", AGENT_NAMESPACES[fleet.engine])
            fleet.kubectl(cluster, *beside, "delete", "configmap", "berth-published", "--ignore-not-found")
        stack.write_text(text)
        delivery.unlink(missing_ok=True)
        shutil.rmtree(fleet.worktree / "clusters", ignore_errors=True)
        if fleet.git("status", "--porcelain"):
            fleet.push("Publish nothing")


def test_the_engine_registers_a_root_for_each_cluster_and_no_tenant(fleet: TestFleet) -> None:
    exported = json.loads(pulumi(fleet, "stack", "export").stdout)
    kinds = Counter(each["type"] for each in exported["deployment"]["resources"])
    assert kinds["berth:tenancy:RootSync"] == len(CLUSTERS)
    assert "berth:tenancy:Tenant" not in kinds
    assert "kubernetes:core/v1:Namespace" not in kinds


def test_deploying_again_publishes_nothing_and_changes_nothing(fleet: TestFleet) -> None:
    printed = fleet.berth("local", "deploy").stdout
    assert "nothing to publish" in printed
    assert re.search(r"Resources:\n\s+\d+ unchanged\n", printed), printed[-1500:]


def test_a_tenant_comes_and_goes_without_the_engine(fleet: TestFleet) -> None:
    file = fleet.root / "tenants" / "telemetry.yaml"
    text = file.read_text()
    gone = {key for key in TENANTS if "telemetry" in key[2]}
    file.unlink()
    try:
        with fleet.removal_approved("telemetry"):
            fleet.berth("publish", "--stack", "local", "--push")
        fleet.wait("telemetry is gone", lambda: none_left(fleet, gone))
        assert TENANTS - gone <= left(fleet).keys()
        done = pulumi(fleet, "preview", "--expect-no-changes")
        assert done.returncode == 0, done.stdout[-1500:]
    finally:
        file.write_text(text)
        fleet.berth("publish", "--stack", "local", "--push")
        fleet.wait_in_sync()


def test_destroy_takes_the_roots_away_and_no_tenant_and_what_stays_is_listed(fleet: TestFleet) -> None:
    done = destroy(fleet)
    assert done.returncode == 0, done.stdout[-1500:]
    assert left(fleet).keys() == TENANTS | PUBLISHED | beside(fleet)
    for cluster in PLACED["storefront"]:
        assert fleet.get(cluster, "deployments", "-n", "storefront")["items"], "workloads go on running"


def test_a_new_root_takes_the_tenants_up_again_and_publishing_none_removes_them(fleet: TestFleet) -> None:
    fleet.berth("local", "deploy")
    fleet.wait_in_sync()
    kept = {path: path.read_text() for path in (fleet.root / "tenants").glob("*.yaml")}
    try:
        for path in kept:
            path.unlink()
        with fleet.removal_approved(*PLACED):
            fleet.berth("publish", "--stack", "local", "--push", "--remove-all")
        fleet.wait("no tenant is there", lambda: none_left(fleet, TENANTS))
        done = destroy(fleet)
        assert done.returncode == 0, done.stdout[-1500:]
        assert left(fleet).keys() == PUBLISHED
    finally:
        for path, content in kept.items():
            path.write_text(content)
