"""The nodes of a GKE cluster, whom they act as, and the keys of their disks."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from berth.plan.stand_ins.gcp import PROJECT_NUMBER
from components.gcp.node_pools import disk_type
from tests.components.gcp_clusters import CLUSTER, POOL
from tests.components.recording import Recorder
from tests.components.stacks import run, sample

GENERAL = {"name": "general", "instanceType": "n2-standard-4"}


@cache
def recorded() -> Recorder:
    return run(sample("gke"))


def pools(*more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The inputs of a cluster's pools, by their names."""
    recorder = run(sample("gke", nodePools=[GENERAL, *more]), profile="dev")
    return {item.name: item.inputs for item in recorder.of_type(POOL)}


def pool(**more: Any) -> dict[str, Any]:
    return pools({"name": "more", "instanceType": "n2-standard-8", **more})["gcp-test-more"]


def test_the_first_pool_is_deleted_at_once_and_no_pool_is_part_of_the_cluster() -> None:
    inputs = recorded().of_type(CLUSTER)[0].inputs
    assert (inputs["removeDefaultNodePool"], inputs["initialNodeCount"]) == (True, 1)
    assert "nodePools" not in inputs


def test_a_pool_grows_and_shrinks_over_all_zones_between_its_bounds() -> None:
    scaling = pool(min=1, max=9)["autoscaling"]
    assert scaling == {"totalMinNodeCount": 1, "totalMaxNodeCount": 9, "locationPolicy": "BALANCED"}


@pytest.mark.parametrize(("least", "of_each_zone"), [(0, 0), (1, 1), (3, 1), (4, 2)])
def test_a_pool_starts_with_its_least_nodes_spread_over_three_zones(least: int, of_each_zone: int) -> None:
    assert pool(min=least, max=9)["initialNodeCount"] == of_each_zone


def test_how_a_pool_started_is_no_reason_to_replace_it() -> None:
    assert recorded().of_type(POOL)[0].ignore_changes == ("initialNodeCount",)


def test_gke_names_no_pool_so_that_a_new_one_can_be_there_before_the_old_one_goes() -> None:
    inputs = pool()
    assert "name" not in inputs
    assert "namePrefix" not in inputs


def test_spot_nodes_come_from_wherever_there_are_any() -> None:
    spot = pool(spot=True)
    assert spot["nodeConfig"]["spot"] is True
    assert spot["autoscaling"]["locationPolicy"] == "ANY"


def test_labels_and_taints_are_those_of_the_stack_file_with_effects_as_gke_writes_them() -> None:
    taints = [{"key": "dedicated", "value": "gpu", "effect": effect} for effect in ("NoSchedule", "NoExecute")] + [
        {"key": "slow", "effect": "PreferNoSchedule"}
    ]
    config = pool(labels={"disk": "ssd"}, taints=taints)["nodeConfig"]
    assert config["labels"] == {"disk": "ssd"}
    assert config["taints"] == [
        {"key": "dedicated", "value": "gpu", "effect": "NO_SCHEDULE"},
        {"key": "dedicated", "value": "gpu", "effect": "NO_EXECUTE"},
        {"key": "slow", "value": "", "effect": "PREFER_NO_SCHEDULE"},
    ]


def test_size_pods_and_machine_are_those_of_the_stack_file() -> None:
    inputs = pool(diskGb=200, maxPods=32)
    assert inputs["maxPodsPerNode"] == 32
    assert (inputs["nodeConfig"]["machineType"], inputs["nodeConfig"]["diskSizeGb"]) == ("n2-standard-8", 200)


@pytest.mark.parametrize(
    ("machine", "disk"),
    [
        ("e2-medium", "pd-balanced"),
        ("n2d-standard-4", "pd-balanced"),
        ("c3-standard-22-lssd", "pd-balanced"),
        ("n4-standard-4", "hyperdisk-balanced"),
        ("c4a-standard-8", "hyperdisk-balanced"),
    ],
)
def test_newer_machines_boot_from_the_only_disks_that_they_take(machine: str, disk: str) -> None:
    assert disk_type(machine) == disk


def test_adding_a_pool_changes_no_input_of_another() -> None:
    assert pools({"name": "more", "instanceType": "n2-standard-8"})["gcp-test-general"] == pools()["gcp-test-general"]


def test_removing_the_first_pool_of_the_list_changes_no_input_of_the_next() -> None:
    after = {"name": "after", "instanceType": "n2-standard-8"}
    alone = run(sample("gke", nodePools=[after])).of_type(POOL)[0]
    assert pools(after)["gcp-test-after"] == alone.inputs


# Whom they act as ----------------------------------------------------------------------------------------------------


def test_nodes_act_as_an_account_of_their_own_that_may_log_and_pull_images() -> None:
    roles = {
        item.inputs["role"]
        for item in recorded().of_type("gcp:projects/iAMMember:IAMMember")
        if item.inputs["member"] == "serviceAccount:gcp-test-nodes@berth-test.iam.gserviceaccount.com"
    }
    assert roles == {"roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader"}
    account = "gcp-test-nodes@berth-test.iam.gserviceaccount.com"
    configs = [item.inputs["nodeConfig"] for kind in (CLUSTER, POOL) for item in recorded().of_type(kind)]
    assert {config["serviceAccount"] for config in configs} == {account}


def test_nodes_may_do_so_before_there_is_one() -> None:
    members = {item.urn for item in recorded().of_type("gcp:projects/iAMMember:IAMMember") if "-nodes-" in item.name}
    assert len(members) == 2
    assert members <= set(recorded().of_type(CLUSTER)[0].depends_on)


# Keys ----------------------------------------------------------------------------------------------------------------


def test_each_key_is_used_by_the_one_service_of_google_that_it_is_for() -> None:
    users = {
        item.inputs["cryptoKeyId"]: item.inputs["member"]
        for item in recorded().of_type("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")
    }
    agent = f"serviceAccount:service-{PROJECT_NUMBER}@"
    assert users == {
        "gcp-test-keys-secrets-id": f"{agent}container-engine-robot.iam.gserviceaccount.com",
        "gcp-test-keys-disks-id": f"{agent}compute-system.iam.gserviceaccount.com",
    }


def test_secrets_and_disks_have_a_key_each_that_may_be_used_before_the_cluster_is_there() -> None:
    cluster, first = recorded().of_type(CLUSTER)[0], recorded().of_type(POOL)[0]
    assert cluster.inputs["databaseEncryption"] == {"state": "ENCRYPTED", "keyName": "gcp-test-keys-secrets-id"}
    assert first.inputs["nodeConfig"]["bootDiskKmsKey"] == "gcp-test-keys-disks-id"
    grants = {item.urn for item in recorded().of_type("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")}
    assert grants <= set(cluster.depends_on)


def test_the_key_ring_is_where_the_cluster_is_and_has_a_name_that_pulumi_makes_up() -> None:
    ring = recorded().of_type("gcp:kms/keyRing:KeyRing")[0].inputs
    assert ring == {"location": "europe-west1"}
