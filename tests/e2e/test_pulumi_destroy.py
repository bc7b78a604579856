"""`pulumi destroy` where something is in its way: it ends, says what it could not remove, and goes on when it can."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.harness import CLUSTERS, TestFleet, edit
from tests.e2e.test_pulumi import pulumi

pytestmark = [pytest.mark.e2e, pytest.mark.pulumi_cli]

CLUSTER, OTHERS = "aws-local", ("gcp-local", "azure-local")
LABELLED = (
    "namespaces,clusterroles,validatingadmissionpolicies,validatingadmissionpolicybindings",
    "--selector=app.kubernetes.io/managed-by=berth",
)
KINDS = ("kustomizations.kustomize.toolkit.fluxcd.io", "gitrepositories.source.toolkit.fluxcd.io")
UNHELD = ("--type=json", '--patch=[{"op": "remove", "path": "/metadata/finalizers"}]')


def destroy(fleet: TestFleet, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    fleet.environment.update(environment)
    try:
        return pulumi(fleet, "destroy", "--yes", "--skip-preview", *arguments)
    finally:
        for name in environment:
            del fleet.environment[name]


def left(fleet: TestFleet) -> dict[Any, str]:
    """What `berth leftovers` says: objects by cluster and name, and the clusters that could not be asked."""
    for _ in range(5):
        told = json.loads(fleet.berth("leftovers", "--stack", "local", "--json", ok=False).stdout)
        # One that is down refuses; one that has much to do is asked again.
        if not any("does not answer within" in why for why in told["unreachable"].values()):
            break
    return {
        **{(item["cluster"], item["kind"], item["name"]): item["why"] for item in told["left"]},
        **dict.fromkeys(told["unreachable"], "unreachable"),
    }


@pytest.fixture(scope="module")
def impatient(pulumi_fleet: TestFleet) -> TestFleet:
    """What is waited for is waited for shortly."""
    edit(pulumi_fleet.root / "components" / "tenancy.py", 'GONE_WITHIN = "15m"', 'GONE_WITHIN = "1m30s"')
    return pulumi_fleet


@pytest.fixture
def fleet(impatient: TestFleet) -> Iterator[TestFleet]:
    """The fleet with its tenants in sync; empty at the end, and all that belongs to it runs, whatever a test did."""
    impatient.berth("local", "deploy")
    impatient.wait_in_sync()
    try:
        yield impatient
    finally:
        impatient.berth("local", "up")
        if left(impatient):
            destroy(impatient, "--continue-on-error")
            for cluster in CLUSTERS:
                impatient.kubectl(cluster, "delete", *LABELLED, ok=False)


def test_a_finalizer_that_nobody_takes_off_ends_in_a_list_of_what_is_left_and_why(fleet: TestFleet) -> None:
    at = (CLUSTER, "-n", "storefront")
    fleet.kubectl(*at, "create", "configmap", "held")
    fleet.kubectl(*at, "patch", "configmap", "held", '--patch={"metadata": {"finalizers": ["example.com/never"]}}')
    try:
        done = destroy(fleet, "--continue-on-error")
        found = left(fleet)
    finally:
        fleet.kubectl(*at, "patch", "configmap", "held", *UNHELD)
    assert done.returncode != 0
    assert "aws-local/storefront/namespace/storefront" in done.stdout
    assert "example.com/never in 1 resource instances" in found[CLUSTER, "Namespace", "storefront"]
    assert not [key for key in found if key[0] in OTHERS]
    done = destroy(fleet)
    assert done.returncode == 0, done.stdout[-1500:]
    assert left(fleet) == {}


def test_a_cluster_that_does_not_answer_is_named_and_dropped_only_when_asked_for(fleet: TestFleet) -> None:
    fleet.kill(f"{CLUSTER}/kube-apiserver")
    try:
        done = destroy(fleet, "--continue-on-error")
        assert done.returncode != 0
        assert "configured Kubernetes cluster is unreachable" in done.stdout
        assert left(fleet) == {CLUSTER: "unreachable"}
        done = destroy(fleet, PULUMI_K8S_DELETE_UNREACHABLE="true")
        assert done.returncode == 0, done.stdout[-1500:]
        assert "Deleting the unreachable resource from Pulumi state" in done.stdout
        assert "aws-local/storefront/namespace/storefront" in done.stdout
    finally:
        fleet.berth("local", "up")
    assert (CLUSTER, "Namespace", "storefront") in left(fleet), "nothing was deleted there, and that is found"
    fleet.kubectl(CLUSTER, "delete", *LABELLED, "--wait=false")
    # The agent was as long without an API server, and looks for it at growing intervals.
    fleet.wait("nothing is left", lambda: not left(fleet))


def test_kinds_that_were_deleted_while_the_agent_runs_hold_nothing(fleet: TestFleet) -> None:
    fleet.kubectl(CLUSTER, "delete", "crd", *KINDS)
    assert fleet.get(CLUSTER, "deployments", "-n", "storefront")["items"], "no workload goes with the kinds"
    done = destroy(fleet)
    assert done.returncode == 0, done.stdout[-1500:]
    assert left(fleet) == {}


def test_an_agent_that_is_gone_holds_sync_namespaces_until_its_finalizers_are_off(fleet: TestFleet) -> None:
    fleet.kill(f"{CLUSTER}/kustomize-controller")
    fleet.kill(f"{CLUSTER}/source-controller")
    done = destroy(fleet, "--continue-on-error")
    assert done.returncode != 0
    held = {(CLUSTER, "Namespace", f"berth-{tenant}") for tenant in ("ledger", "storefront")}
    found = left(fleet)
    assert {key for key in found if key[1] == "Namespace"} == held
    assert {key[0] for key in found} == {CLUSTER}, "in the other clusters all is gone"
    assert (CLUSTER, "ValidatingAdmissionPolicy", "berth-syncs") in found, "guard-rails go after the last tenant"
    # Whoever deletes the kinds instead waits for the same objects.
    fleet.kubectl(CLUSTER, "delete", "crd", *KINDS, "--wait=false")
    found = left(fleet)
    assert all("finalizers.fluxcd.io" in found[key] for key in held), found
    for kind in ("kustomization", "gitrepository"):
        for tenant in ("ledger", "storefront"):
            fleet.kubectl(CLUSTER, "-n", f"berth-{tenant}", "patch", kind, tenant, *UNHELD)
    done = destroy(fleet)
    assert done.returncode == 0, done.stdout[-1500:]
    assert left(fleet) == {}
    fleet.wait("the kinds went with their last object", lambda: not fleet.get(CLUSTER, "crd", *KINDS))
