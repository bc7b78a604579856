"""The node pools of an AKS cluster: how what the settings say becomes what AKS is told."""

from __future__ import annotations

from typing import Any

from tests.components.azure_clusters import CLUSTER, POOL, one, recorded, with_pools
from tests.components.stacks import run, sample

SPOT = {"name": "spot", "instanceType": "Standard_D4ds_v5", "spot": True}
BATCH = {"key": "dedicated", "value": "batch", "effect": "NoExecute"}


def pool(**settings: Any) -> dict[str, Any]:
    """What AKS is told of one more pool."""
    extra = {"name": "extra", "instanceType": "Standard_E8ds_v5", **settings}
    return one(with_pools(extra, profile="dev"), POOL, "azure-test-pool-extra").inputs


def test_the_system_pool_is_born_with_its_cluster_and_the_others_stand_beside_it() -> None:
    (system,) = one(recorded(), CLUSTER).inputs["agentPoolProfiles"]
    assert system["name"] == "system"
    assert [item.inputs["agentPoolName"] for item in recorded().of_type(POOL)] == ["general"]


def test_labels_and_taints_become_what_aks_writes() -> None:
    inputs = pool(labels={"disk": "ssd"}, taints=[BATCH, {"key": "gpu", "effect": "NoSchedule"}])
    assert inputs["nodeLabels"] == {"disk": "ssd"}
    assert inputs["nodeTaints"] == ["dedicated=batch:NoExecute", "gpu=:NoSchedule"]


def test_a_spot_pool_states_the_label_and_the_taint_that_aks_gives_it() -> None:
    inputs = pool(spot=True, labels={"disk": "ssd"}, taints=[BATCH])
    assert inputs["scaleSetPriority"] == "Spot"
    assert inputs["scaleSetEvictionPolicy"] == "Delete"
    assert inputs["spotMaxPrice"] == -1
    assert inputs["nodeLabels"] == {"disk": "ssd", "kubernetes.azure.com/scalesetpriority": "spot"}
    assert inputs["nodeTaints"] == [
        "dedicated=batch:NoExecute",
        "kubernetes.azure.com/scalesetpriority=spot:NoSchedule",
    ]


def test_a_spot_pool_whose_taint_is_in_the_settings_has_it_once() -> None:
    taint = {"key": "kubernetes.azure.com/scalesetpriority", "value": "spot", "effect": "NoSchedule"}
    assert len(pool(spot=True, taints=[taint])["nodeTaints"]) == 1


def test_a_spot_pool_has_no_surge_which_aks_refuses() -> None:
    assert "upgradeSettings" not in pool(spot=True)
    assert pool()["upgradeSettings"]["maxSurge"] == "33%"


def test_a_pool_that_is_not_spot_says_nothing_of_it() -> None:
    assert not any("spot" in key.lower() or key.startswith("scaleSet") for key in pool())


def test_sizes_disks_and_systems_are_the_settings() -> None:
    inputs = pool(min=0, max=9, diskGb=64, maxPods=60, os="azureLinux", osDisk="managed")
    found = {key: inputs[key] for key in ("minCount", "maxCount", "osDiskSizeGB", "maxPods", "osSKU", "osDiskType")}
    assert found == {
        "minCount": 0,
        "maxCount": 9,
        "osDiskSizeGB": 64,
        "maxPods": 60,
        "osSKU": "AzureLinux",
        "osDiskType": "Managed",
    }


def test_the_autoscaler_counts_and_not_pulumi() -> None:
    recorder = recorded()
    assert one(recorder, POOL).inputs["enableAutoScaling"] is True
    assert one(recorder, POOL).ignore_changes == ("count",)
    assert one(recorder, CLUSTER).ignore_changes == ("agentPoolProfiles[*].count",)


def test_pools_spread_over_as_many_zones_as_the_settings_say() -> None:
    recorder = run(sample("aks", network={"zones": 2}))
    (system,) = one(recorder, CLUSTER).inputs["agentPoolProfiles"]
    assert system["availabilityZones"] == one(recorder, POOL).inputs["availabilityZones"] == ["1", "2"]


def test_spot_changes_one_pool_and_no_other() -> None:
    recorder = with_pools(SPOT, profile="dev")
    assert "scaleSetPriority" not in one(recorder, POOL, "azure-test-pool-general").inputs
