"""What the program registers for AKS is what Azure publishes that it takes; and a slip anywhere would be told."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest

from tests.components.azure_clusters import CLUSTER, POOL, one, recorded, with_pools
from tests.components.recording import Recorder
from tests.published.azure_inputs import LIMITS, PATTERNS, REST, problems

WINDOW = "azure-native:containerservice:MaintenanceConfiguration"
VAULT = "azure-native:keyvault:Vault"
GROUP = "azure-native:network:NetworkSecurityGroup"
SPOT = {
    "name": "spot",
    "instanceType": "Standard_D4ds_v5",
    "spot": True,
    "labels": {"a": "b"},
    "taints": [{"key": "a", "effect": "NoSchedule"}],
}


def spot() -> Recorder:
    return with_pools(SPOT, profile="dev")


@pytest.mark.parametrize("profile", ["dev", "strict"])
def test_every_input_of_every_resource_is_one_that_azure_takes(profile: str) -> None:
    azure = [item for item in recorded(profile).recorded if item.type.startswith("azure-native:")]
    found = {(item.type, item.name): problems(item.type, item.inputs) for item in azure}
    assert {key: wrong for key, wrong in found.items() if wrong} == {}
    assert {item.type for item in azure} >= REST.keys()


def test_a_spot_pool_is_one_that_azure_takes() -> None:
    assert problems(POOL, one(spot(), POOL, "azure-test-pool-spot").inputs) == []


# (kind, path, what stands there instead, part of what is told); a path that ends in a new key adds it
SLIPS: list[tuple[str, tuple[str | int, ...], Any, str]] = [
    (CLUSTER, ("dissableLocalAccounts",), True, "no such argument"),
    (CLUSTER, ("securityProfile", "azureKeyVaultKms", "keyld"), "x", "no such argument"),
    (CLUSTER, ("securityProfile", "defender", "securityMonitoring", "enable"), True, "no such argument"),
    (CLUSTER, ("agentPoolProfiles", 0, "upgradeSettings", "maxSurges"), "1", "no such argument"),
    (CLUSTER, ("addonProfiles", "omsagent", "enable"), True, "no such argument"),
    (CLUSTER, ("networkProfile", "networkPolicy"), "cillium", "none of"),
    (CLUSTER, ("networkProfile", "outboundType"), "natGateway", "none of"),
    (CLUSTER, ("agentPoolProfiles", 0, "osDiskType"), "ephemeral", "none of"),
    (CLUSTER, ("securityProfile", "azureKeyVaultKms", "keyVaultNetworkAccess"), "private", "none of"),
    (CLUSTER, ("autoUpgradeProfile", "nodeOSUpgradeChannel"), "node-image", "none of"),
    (CLUSTER, ("sku", "tier"), "Paid", "none of"),
    (CLUSTER, ("agentPoolProfiles", 0, "count"), 1001, "not from 0 to 1000"),
    (CLUSTER, ("agentPoolProfiles", 0, "osDiskSizeGB"), 4096, "not from 0 to 2048"),
    (CLUSTER, ("agentPoolProfiles", 0, "name"), "System-1", "does not match"),
    (CLUSTER, ("agentPoolProfiles", 0, "enableAutoScaling"), "true", "wrong type"),
    (CLUSTER, ("agentPoolProfiles", 0, "maxPods"), 60.5, "wrong type"),
    (CLUSTER, ("securityProfile", "imageCleaner", "intervalHours"), 1, "not from 24"),
    (CLUSTER, ("networkProfile", "dnsServiceIP"), "10.245.0", "does not match"),
    (CLUSTER, ("aadProfile", "adminGroupObjectIDs"), "one", "wrong type"),
    (CLUSTER, ("provisioningState",), "Succeeded", "no such argument"),
    (POOL, ("nodeTaint",), [], "no such argument"),
    (POOL, ("upgradeSettings", "maxSurge"), 1, "wrong type"),
    (POOL, ("mode",), "user", "none of"),
    (POOL, ("agentPoolName",), "a-pool-of-a-long-name", "does not match"),
    (POOL, ("nodeLabels",), ["a=b"], "a list"),
    (WINDOW, ("maintenanceWindow", "schedule", "weekly", "dayOfWeek"), "saturday", "none of"),
    (WINDOW, ("maintenanceWindow", "schedule", "weekly", "intervalWeek"), 1, "no such argument"),
    (WINDOW, ("maintenanceWindow", "durationHours"), 3, "not from 4 to 24"),
    (WINDOW, ("maintenanceWindow", "startTime"), "2 am", "does not match"),
    (VAULT, ("properties", "networkAcls", "defaultAction"), "deny", "none of"),
    (VAULT, ("properties", "softDeleteRetentionInDays"), 91, "not from 7 to 90"),
    (VAULT, ("properties", "enablePurgeProtections"), True, "no such argument"),
    (GROUP, ("securityRules", 0, "access"), "allow", "none of"),
    (GROUP, ("securityRules", 0, "priority"), 99, "not from 100 to 4096"),
    (GROUP, ("securityRules", 0, "sourceAddressPrefixs"), [], "no such argument"),
]


@pytest.mark.parametrize(
    ("kind", "path", "planted", "told"), SLIPS, ids=[f"{s[0].split(':')[2]}.{s[1][-1]}" for s in SLIPS]
)
def test_a_slip_is_told_at_its_path(kind: str, path: tuple[str | int, ...], planted: Any, told: str) -> None:
    inputs: Any = deepcopy(recorded("strict").of_type(kind)[0].inputs)
    inner = inputs
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = planted
    found = problems(kind, inputs)
    assert found
    assert all(str(path[-1]) in wrong for wrong in found)
    assert any(told in wrong for wrong in found), found


def test_a_property_that_the_api_only_tells_is_not_to_be_written() -> None:
    inputs = deepcopy(one(recorded(), CLUSTER).inputs) | {"fqdn": "x"}
    assert "fqdn: the API lets no one write it" in problems(CLUSTER, inputs)


@pytest.mark.parametrize("table", [PATTERNS, LIMITS], ids=["patterns", "limits"])
def test_every_pattern_and_limit_is_for_something_that_is_registered(table: dict[str, Any]) -> None:
    def paths(value: Any, at: str = "") -> list[str]:
        if isinstance(value, dict):
            return [path for key, item in value.items() for path in paths(item, f"{at}.{key}" if at else key)]
        if isinstance(value, list):
            return [path for index, item in enumerate(value) for path in paths(item, f"{at}[{index}]")]
        return [at]

    there = [path for item in recorded("strict").recorded for path in paths(item.inputs)]
    assert [where for where in table if not any(re.fullmatch(where, path) for path in there)] == []
