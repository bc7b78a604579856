"""The custom role in docs/clouds allows the deployer what the program registers, and no wildcard over a service."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

from tests.components.azure_clusters import recorded
from tests.components.recording import ROOT

ROLE = json.loads((ROOT / "docs" / "clouds" / "azure-deployer-role.json").read_text("utf-8"))
IN_AZURE = {
    "authorization:RoleAssignment": "Microsoft.Authorization/roleAssignments",
    "compute:DiskEncryptionSet": "Microsoft.Compute/diskEncryptionSets",
    "containerservice:AgentPool": "Microsoft.ContainerService/managedClusters/agentPools",
    "containerservice:MaintenanceConfiguration": "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
    "containerservice:ManagedCluster": "Microsoft.ContainerService/managedClusters",
    "keyvault:Key": "Microsoft.KeyVault/vaults/keys",
    "keyvault:Vault": "Microsoft.KeyVault/vaults",
    "managedidentity:FederatedIdentityCredential": (
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
    ),
    "managedidentity:UserAssignedIdentity": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "monitor:DataCollectionRule": "Microsoft.Insights/dataCollectionRules",
    "monitor:DataCollectionRuleAssociation": "Microsoft.Insights/dataCollectionRuleAssociations",
    "monitor:DiagnosticSetting": "Microsoft.Insights/diagnosticSettings",
    "network:NatGateway": "Microsoft.Network/natGateways",
    "network:NetworkSecurityGroup": "Microsoft.Network/networkSecurityGroups",
    "network:PublicIPAddress": "Microsoft.Network/publicIPAddresses",
    "network:Subnet": "Microsoft.Network/virtualNetworks/subnets",
    "network:VirtualNetwork": "Microsoft.Network/virtualNetworks",
    "operationalinsights:Workspace": "Microsoft.OperationalInsights/workspaces",
    "resources:ResourceGroup": "Microsoft.Resources/subscriptions/resourceGroups",
}
"""What Azure calls the types that the program registers."""
_NEVER_DELETED = ("keyvault:Key",)
"""The resource manager cannot delete a key: it goes with its vault."""


def allowed(action: str) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in ROLE["Actions"])


def registered() -> set[str]:
    kinds = {item.type for item in recorded("strict").recorded if item.type.startswith("azure-native:")}
    return {kind.removeprefix("azure-native:") for kind in kinds}


def test_every_registered_type_may_be_read_written_and_deleted() -> None:
    for kind in registered():
        for verb in ("read", "write", "delete"):
            if verb != "delete" or kind not in _NEVER_DELETED:
                assert allowed(f"{IN_AZURE[kind]}/{verb}"), f"{kind}: {verb}"


def test_what_the_program_asks_for_may_be_asked() -> None:
    assert allowed("Microsoft.ContainerService/managedClusters/listClusterUserCredential/action")


def test_nothing_is_allowed_of_a_type_that_is_not_registered() -> None:
    types = tuple(f"{IN_AZURE[kind]}/" for kind in registered())
    reading = ("/locations/*/read",)
    assert [action for action in ROLE["Actions"] if not action.startswith(types) and not action.endswith(reading)] == []


def test_administrators_credentials_run_command_and_data_are_not_allowed() -> None:
    assert not allowed("Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action")
    assert not allowed("Microsoft.ContainerService/managedClusters/runcommand/action")
    assert ROLE["DataActions"] == []


def test_the_list_is_sorted_and_says_nothing_twice() -> None:
    assert ROLE["Actions"] == sorted(set(ROLE["Actions"]))
