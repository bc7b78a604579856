"""Azure: see the package."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Inputs = dict[str, Any]

CERTIFICATE_AUTHORITY = "Q0E="


def _id(kind: str, named_by: str = "") -> Callable[[str, Inputs], Inputs]:
    """An id and a name, from the input that names the resource, or else from its name in Pulumi."""

    def computed(name: str, inputs: Inputs) -> Inputs:
        own = inputs.get(named_by, f"{name}0123abcd")
        group = inputs.get("resourceGroupName", own)
        return {"id": f"/subscriptions/s/resourceGroups/{group}/providers/{kind}/{own}", "name": own}

    return computed


def _guid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


def _identity(name: str, inputs: Inputs) -> Inputs:
    named = _id("Microsoft.ManagedIdentity/userAssignedIdentities", "resourceName")(name, inputs)
    return named | {"clientId": _guid(f"client {name}"), "principalId": _guid(f"principal {name}")}


def _subnet(name: str, inputs: Inputs) -> Inputs:
    network = inputs["virtualNetworkName"]
    return _id(f"Microsoft.Network/virtualNetworks/{network}/subnets")(name, inputs)


def _key(name: str, inputs: Inputs) -> Inputs:
    vault, key = inputs["vaultName"], inputs["keyName"]
    uri = f"https://{vault}.vault.azure.net/keys/{key}"
    named = _id(f"Microsoft.KeyVault/vaults/{vault}/keys", "keyName")(name, inputs)
    return named | {"keyUri": uri, "keyUriWithVersion": f"{uri}/0123"}


def _disks(name: str, inputs: Inputs) -> Inputs:
    named = _id("Microsoft.Compute/diskEncryptionSets")(name, inputs)
    return named | {"identity": inputs["identity"] | {"principalId": _guid(f"principal {name}"), "tenantId": "t"}}


def _cluster(name: str, inputs: Inputs) -> Inputs:
    host = f"{inputs['dnsPrefix']}-0123abcd"
    region = inputs["location"]
    return _id("Microsoft.ContainerService/managedClusters", "resourceName")(name, inputs) | {
        "fqdn": f"{host}.hcp.{region}.azmk8s.io",
        "privateFQDN": f"{host}.private.{region}.azmk8s.io",
        "oidcIssuerProfile": {"enabled": True, "issuerURL": f"https://{region}.oic.prod-aks.azure.com/t/{name}/"},
    }


COMPUTED: dict[str, Callable[[str, Inputs], Inputs]] = {
    "azure-native:resources:ResourceGroup": _id("Microsoft.Resources/resourceGroups", "resourceGroupName"),
    "azure-native:managedidentity:UserAssignedIdentity": _identity,
    "azure-native:network:VirtualNetwork": _id("Microsoft.Network/virtualNetworks"),
    "azure-native:network:Subnet": _subnet,
    "azure-native:network:NetworkSecurityGroup": _id("Microsoft.Network/networkSecurityGroups"),
    "azure-native:network:NatGateway": _id("Microsoft.Network/natGateways"),
    "azure-native:network:PublicIPAddress": _id("Microsoft.Network/publicIPAddresses"),
    "azure-native:operationalinsights:Workspace": _id("Microsoft.OperationalInsights/workspaces"),
    "azure-native:monitor:DataCollectionRule": _id("Microsoft.Insights/dataCollectionRules"),
    "azure-native:keyvault:Vault": _id("Microsoft.KeyVault/vaults"),
    "azure-native:keyvault:Key": _key,
    "azure-native:compute:DiskEncryptionSet": _disks,
    "azure-native:containerservice:ManagedCluster": _cluster,
}


def _identities_by_id(inputs: Inputs) -> Inputs:
    """Azure gives a list of identities back as a map, with what it knows of each."""
    identity = inputs["identity"]
    return inputs | {"identity": identity | {"userAssignedIdentities": {}}}


ECHOED: dict[str, Callable[[Inputs], Inputs]] = {
    "azure-native:containerservice:ManagedCluster": _identities_by_id,
}


def _user_credentials(arguments: Inputs) -> Inputs:
    """As AKS answers for a cluster with Entra: a certificate authority, and no credential."""
    cluster = {"server": "https://somewhere", "certificate-authority-data": CERTIFICATE_AUTHORITY}
    kubeconfig = {"clusters": [{"name": arguments["resourceName"], "cluster": cluster}]}
    return {
        "kubeconfigs": [{"name": "clusterUser", "value": base64.b64encode(json.dumps(kubeconfig).encode()).decode()}]
    }


ANSWERS: dict[str, Callable[[Inputs], Inputs]] = {
    "azure-native:containerservice:listManagedClusterUserCredentials": _user_credentials,
}
