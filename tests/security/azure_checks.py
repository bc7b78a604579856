"""What shows that each row of Azure's table holds: functions of a recording, which raise AssertionError."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.components.recording import Recorder

Inputs = dict[str, Any]
CLUSTER = "azure-native:containerservice:ManagedCluster"
POOL = "azure-native:containerservice:AgentPool"
WINDOW = "azure-native:containerservice:MaintenanceConfiguration"
SUBNET = "azure-native:network:Subnet"
SECURITY_GROUP = "azure-native:network:NetworkSecurityGroup"
LOGS = "azure-native:monitor:DiagnosticSetting"
ANYWHERE = ("*", "Internet", "Any")


def all_of(recorder: Recorder, kind: str) -> list[Inputs]:
    """The inputs of every resource of a kind; there has to be one."""
    found = [item.inputs for item in recorder.of_type(kind)]
    assert found, f"no {kind}"
    return found


def clusters(recorder: Recorder) -> list[Inputs]:
    return all_of(recorder, CLUSTER)


def system_pools(recorder: Recorder) -> list[Inputs]:
    return [pool for cluster in clusters(recorder) for pool in cluster["agentPoolProfiles"]]


def pools(recorder: Recorder) -> list[Inputs]:
    """Every pool: the one in the cluster and those beside it."""
    return system_pools(recorder) + all_of(recorder, POOL)


def add_on(recorder: Recorder, name: str) -> Iterator[Inputs]:
    for cluster in clusters(recorder):
        yield cluster["addonProfiles"][name]


def private_api(recorder: Recorder) -> None:
    for cluster in clusters(recorder):
        access = cluster["apiServerAccessProfile"]
        assert access["enablePrivateCluster"] is True
        assert access["enablePrivateClusterPublicFQDN"] is False


def listed_networks(recorder: Recorder) -> None:
    for cluster in clusters(recorder):
        access = cluster["apiServerAccessProfile"]
        ranges = access.get("authorizedIPRanges", [])
        assert ranges or access["enablePrivateCluster"] is True
        assert not any(one.endswith("/0") for one in ranges)


def no_local_accounts(recorder: Recorder) -> None:
    assert all(cluster["disableLocalAccounts"] is True for cluster in clusters(recorder))


def rbac(recorder: Recorder) -> None:
    assert all(cluster["enableRBAC"] is True for cluster in clusters(recorder))


def entra(recorder: Recorder) -> None:
    for cluster in clusters(recorder):
        profile = cluster["aadProfile"]
        assert profile["managed"] is True
        assert profile["enableAzureRBAC"] is True
        assert profile["adminGroupObjectIDs"]


def network_policy(recorder: Recorder) -> None:
    assert all(cluster["networkProfile"]["networkPolicy"] == "cilium" for cluster in clusters(recorder))


def network_plugin(recorder: Recorder) -> None:
    for cluster in clusters(recorder):
        profile = cluster["networkProfile"]
        found = profile["networkPlugin"], profile["networkPluginMode"], profile["networkDataplane"]
        assert found == ("azure", "overlay", "cilium")


def logs(recorder: Recorder) -> None:
    assert all(profile["enabled"] is True for profile in add_on(recorder, "omsagent"))
    targets = [setting["resourceUri"] for setting in all_of(recorder, LOGS)]
    assert len(targets) == len(clusters(recorder))
    for setting in all_of(recorder, LOGS):
        on = {log["category"] for log in setting["logs"] if log["enabled"]}
        assert on & {"kube-audit", "kube-audit-admin"}
        assert {"kube-apiserver", "guard"} <= on


def policy_add_on(recorder: Recorder) -> None:
    assert all(profile["enabled"] is True for profile in add_on(recorder, "azurepolicy"))


def secret_rotation(recorder: Recorder) -> None:
    for profile in add_on(recorder, "azureKeyvaultSecretsProvider"):
        assert profile["enabled"] is True
        assert profile["config"]["enableSecretRotation"] == "true"


def no_dashboard(recorder: Recorder) -> None:
    assert all(profile["enabled"] is False for profile in add_on(recorder, "kubeDashboard"))


def no_http_routing(recorder: Recorder) -> None:
    for cluster in clusters(recorder):
        assert "httpApplicationRouting" not in cluster["addonProfiles"]


def disk_key(recorder: Recorder) -> None:
    sets = {item.name for item in recorder.of_type("azure-native:compute:DiskEncryptionSet")}
    assert sets
    assert all("/diskEncryptionSets/" in cluster["diskEncryptionSetID"] for cluster in clusters(recorder))


def host_encryption(recorder: Recorder) -> None:
    assert all(pool["enableEncryptionAtHost"] is True for pool in pools(recorder))


def ephemeral_disks(recorder: Recorder) -> None:
    assert all(pool["osDiskType"] == "Ephemeral" for pool in pools(recorder))


def enough_pods(recorder: Recorder) -> None:
    assert all(pool["maxPods"] >= 50 for pool in pools(recorder))


def scale_sets(recorder: Recorder) -> None:
    assert all(pool["type"] == "VirtualMachineScaleSets" for pool in pools(recorder))


def no_public_nodes(recorder: Recorder) -> None:
    assert all(pool["enableNodePublicIP"] is False for pool in pools(recorder))


def critical_add_ons_only(recorder: Recorder) -> None:
    for pool in system_pools(recorder):
        assert pool["mode"] == "System"
        assert pool["nodeTaints"] == ["CriticalAddonsOnly=true:NoSchedule"]
    assert all(pool["mode"] == "User" for pool in all_of(recorder, POOL))


def standard_tier(recorder: Recorder) -> None:
    assert all(cluster["sku"] == {"name": "Base", "tier": "Standard"} for cluster in clusters(recorder))


def upgrade_channel(recorder: Recorder) -> None:
    channels = {cluster["autoUpgradeProfile"]["upgradeChannel"] for cluster in clusters(recorder)}
    assert channels <= {"patch", "stable", "rapid", "node-image"}


def node_upgrade_channel(recorder: Recorder) -> None:
    for cluster in clusters(recorder):
        assert cluster["autoUpgradeProfile"]["nodeOSUpgradeChannel"] in ("NodeImage", "SecurityPatch")


def etcd_key(recorder: Recorder) -> None:
    keys = {item.inputs["keyName"] for item in recorder.of_type("azure-native:keyvault:Key")}
    assert "etcd" in keys
    for cluster in clusters(recorder):
        kms = cluster["securityProfile"]["azureKeyVaultKms"]
        assert kms["enabled"] is True
        assert "/keys/etcd/" in kms["keyId"]
        assert kms["keyVaultNetworkAccess"] == "Private"


def defender(recorder: Recorder) -> None:
    for cluster in clusters(recorder):
        profile = cluster["securityProfile"]["defender"]
        assert profile["securityMonitoring"] == {"enabled": True}
        assert profile["logAnalyticsWorkspaceResourceId"]


def workload_identity(recorder: Recorder) -> None:
    for cluster in clusters(recorder):
        assert cluster["oidcIssuerProfile"] == {"enabled": True}
        assert cluster["securityProfile"]["workloadIdentity"] == {"enabled": True}


def no_run_command(recorder: Recorder) -> None:
    assert all(cluster["apiServerAccessProfile"]["disableRunCommand"] is True for cluster in clusters(recorder))


def zones_and_windows(recorder: Recorder) -> None:
    assert all(pool["availabilityZones"] == ["1", "2", "3"] for pool in pools(recorder))
    assert all(pool["minCount"] >= 3 for pool in system_pools(recorder))
    assert {window["configName"] for window in all_of(recorder, WINDOW)} == {
        "default",
        "aksManagedAutoUpgradeSchedule",
        "aksManagedNodeOSUpgradeSchedule",
    }


def guarded_subnets(recorder: Recorder) -> None:
    assert all(subnet["networkSecurityGroup"]["id"] for subnet in all_of(recorder, SUBNET))


def closed_security_groups(recorder: Recorder) -> None:
    for group in all_of(recorder, SECURITY_GROUP):
        rules = group["securityRules"]
        assert any(rule["access"] == "Deny" and rule["sourceAddressPrefix"] == "Internet" for rule in rules)
        for rule in (rule for rule in rules if rule["access"] == "Allow"):
            sides = ("sourceAddressPrefix", "destinationAddressPrefix")
            named = [rule[side] for side in sides if side in rule]
            named += [one for side in sides for one in rule.get(f"{side}es", [])]
            assert named
            assert not any(one in ANYWHERE or one.endswith("/0") for one in named), rule["name"]
            assert rule["direction"] == "Inbound", "nothing is said of what goes out: see docs/clouds/azure.md"


def no_registry(recorder: Recorder) -> None:
    made = {item.type for item in recorder.recorded}
    assert not any(kind.startswith("azure-native:containerregistry:") for kind in made)
