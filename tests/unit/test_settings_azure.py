"""The section of an AKS cluster: what it may not say, each told at its place."""

from __future__ import annotations

import pytest

from berth.settings import AksSettings, SecurityProfile
from berth.settings.azure import Outbound, has_local_disk
from berth.tenants.identity import AZURE_ROLES
from tests.support import STACK, Sandbox

POOL = "{name: general, instanceType: Standard_D4ds_v5}"
NETWORK = "{cidr: 10.30.0.0/16}"
ADMIN = "00000000-0000-0000-0000-000000000001"
VNET = "/subscriptions/00000000-0000-0000-0000-00000000dddd/resourceGroups/hub/providers/Microsoft.Network"
SUBNET = f"{VNET}/virtualNetworks/hub/subnets"
EXISTING = f"{{existing: {{nodeSubnetId: {SUBNET}/nodes, apiServerSubnetId: {SUBNET}/api}}}}"
CLUSTER = f"""\
    - name: azure-dev
      provider: aks
      subscription: 00000000-0000-0000-0000-00000000aaaa
      entraTenant: 00000000-0000-0000-0000-00000000bbbb
      region: westeurope
      kubernetesVersion: "1.35"
      network: {NETWORK}
      admins: [{ADMIN}]
      nodePools: [{POOL}]
"""


@pytest.fixture
def azure(sandbox: Sandbox) -> Sandbox:
    """The sandbox with a third cluster, in AKS."""
    sandbox.write("Pulumi.dev.yaml", STACK + CLUSTER)
    return sandbox


def settings(sandbox: Sandbox) -> AksSettings:
    found = sandbox.cluster("azure-dev").settings
    assert isinstance(found, AksSettings)
    return found


def more(sandbox: Sandbox, line: str) -> None:
    """Adds a line to the cluster's section."""
    sandbox.stack("      subscription:", f"      {line}\n      subscription:")


def refused(sandbox: Sandbox, path: str) -> str:
    """The one problem, which is at a path inside the cluster."""
    found = [problem for problem in sandbox.problems() if problem.file == "Pulumi.dev.yaml"]
    assert [problem.path for problem in found] == [f"config.berth:clusters[2].{path}"], "\n".join(map(str, found))
    assert found[0].line > 0
    return str(found[0])


# (what stands in the file, what stands there instead, path, part of the message)
WRONG = {
    "subscription that is a name": ("0000aaaa", "dev", "subscription", "an id of the form"),
    "tenant in capitals": ("0000bbbb", "0000BBBB", "entraTenant", "an id of the form"),
    "admin that is a mail address": (f"[{ADMIN}]", "[platform@example.com]", "admins[0]", "an id of the form"),
    "no admin": (f"[{ADMIN}]", "[]", "admins", "at least 1"),
    "an admin twice": (f"[{ADMIN}]", f"[{ADMIN}, {ADMIN}]", "admins", "each value once"),
    "unknown region": ("westeurope", "westeurpe", "region", 'did you mean "westeurope"?'),
    "region of a cloud apart": ("westeurope", "usgovvirginia", "region", "a region of aks"),
    "region without zones": ("westeurope", "westus", "network.zones", "take a region with zones"),
    "too many zones": (NETWORK, "{cidr: 10.30.0.0/16, zones: 4}", "network.zones", "equal to 3"),
    "version that is gone": ('\n      kubernetesVersion: "1.35"\n      network: {cidr: 10.30',
                             '\n      kubernetesVersion: "1.30"\n      network: {cidr: 10.30',
                             "kubernetesVersion", "which aks offers"),
    "VM size of another cloud": ("Standard_D4ds_v5", "m7i.large", "nodePools[0].instanceType", "Standard_D4ds_v5"),
    "size without a local disk": ("Standard_D4ds_v5", "Standard_D4s_v5", "nodePools[0].instanceType",
                                  "osDisk: managed"),
    "name of 13": (POOL, POOL.replace("general", "general-pools"), "nodePools[0].name", "at most 12"),
    "name with a dash": (POOL, POOL.replace("general", "a-b"), "nodePools[0].name", "a-z and 0-9"),
    "name of the system pool": (POOL, POOL.replace("general", "system"), "nodePools[0].name", "systemPool"),
    "too large a disk": (POOL, POOL.replace("}", ", diskGb: 4096}"), "nodePools[0].diskGb", "2048"),
    "too few pods": (POOL, POOL.replace("}", ", maxPods: 9}"), "nodePools[0].maxPods", "10"),
    "unknown system": (POOL, POOL.replace("}", ", os: windows}"), "nodePools[0].os", "azureLinux"),
    "only spot": (POOL, POOL.replace("}", ", spot: true}"), "nodePools", "AKS taints spot nodes"),
    "only pools with taints": (POOL, POOL.replace("}", ", taints: [{key: a, effect: NoSchedule}]}"), "nodePools",
                               "a pool without taints"),
    "network and existing": (NETWORK, EXISTING.replace("{existing", "{cidr: 10.30.0.0/16, existing"), "network",
                             "either cidr or existing"),
    "neither": (NETWORK, "{zones: 3}", "network", "either cidr or existing"),
    "subnet that is a name": (NETWORK, EXISTING.replace(f"{SUBNET}/nodes", "nodes"), "network.existing.nodeSubnetId",
                              "the resource id of a subnet"),
    "subnets of two networks": (NETWORK, EXISTING.replace("/hub/subnets/api", "/spoke/subnets/api"), "network.existing",
                                "two subnets of one network"),
    "no subnet for the API server": (NETWORK, EXISTING.replace(f", apiServerSubnetId: {SUBNET}/api", ""),
                                     "network.existing.apiServerSubnetId", "apiServerSubnetId"),
    "unknown way out": (NETWORK, EXISTING.replace("}}", ", outbound: loadBalancer}}"), "network.existing.outbound",
                        "routeTable"),
    "network of IPv6": (NETWORK, '{cidr: "fd00::/48"}', "network.cidr", "IPv4"),
    "pods of IPv6": (NETWORK, '{cidr: 10.30.0.0/16, podCidr: "fd00::/48"}', "network.podCidr", "IPv4"),
    "Services of IPv6": (NETWORK, '{cidr: 10.30.0.0/16, serviceCidr: "fd00::/108"}', "network.serviceCidr", "IPv4"),
    "too small a network": (NETWORK, "{cidr: 10.30.0.0/25}", "network.cidr", "/12 to /24"),
    "too many Services": (NETWORK, "{cidr: 10.30.0.0/16, serviceCidr: 10.0.0.0/12}", "network.serviceCidr", "/13"),
    "pods in the network": (NETWORK, "{cidr: 10.30.0.0/16, podCidr: 10.30.128.0/17}", "network.podCidr",
                            "10.30.0.0/16"),
    "Services among pods": (NETWORK, "{cidr: 10.30.0.0/16, serviceCidr: 10.244.8.0/22}", "network.serviceCidr",
                            "10.244.0.0/16"),
    "a range that AKS keeps": (NETWORK, "{cidr: 172.30.0.0/16}", "network.cidr", "172.30.0.0/16"),
    "unknown channel": ("      subscription:", "      upgradeChannel: none\n      subscription:", "upgradeChannel",
                        "node-image"),
    "burstable system pool": ("      subscription:",
                              "      systemPool: {instanceType: Standard_B4ms, osDisk: managed}\n      subscription:",
                              "systemPool.instanceType", "not burstable"),
    "system pool without a local disk": ("      subscription:",
                                         "      systemPool: {instanceType: Standard_D4s_v5}\n      subscription:",
                                         "systemPool.instanceType", "osDisk: managed"),
    "system pool that ends before it begins": ("      subscription:",
                                               "      systemPool: {min: 6}\n      subscription:", "systemPool",
                                               "min of at most max (5)"),
    "logs for a week": ("      subscription:", "      logRetentionDays: 7\n      subscription:", "logRetentionDays",
                        "30"),
    "window of an hour": ("      subscription:", "      maintenance: {hours: 1}\n      subscription:",
                          "maintenance.hours", "4"),
    "IPv6 in the list": ("      subscription:",
                         '      api: {public: true, allowedCidrs: ["fd00::/64"]}\n      subscription:',
                         "api.allowedCidrs[0]", "IPv4"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "says"), list(WRONG.values()), ids=list(WRONG))
def test_a_wrong_setting_is_told_at_its_path(azure: Sandbox, old: str, new: str, path: str, says: str) -> None:
    azure.stack(old, new)
    assert says in refused(azure, path)


def test_a_network_that_is_too_small_says_what_is_needed_and_what_fits(azure: Sandbox) -> None:
    azure.stack(NETWORK, "{cidr: 10.30.0.0/24}")
    azure.stack(POOL, POOL.replace("}", ", max: 120}"))
    message = refused(azure, "network.cidr")
    assert "room for 167 nodes in 10.30.0.0/25, which has 123 addresses" in message
    assert "take a /23" in message
    azure.stack("10.30.0.0/24", "10.30.0.0/23")
    assert settings(azure).network.cidr == "10.30.0.0/23"


def test_pods_get_a_24_a_node_and_a_range_that_is_too_small_says_which_one_fits(azure: Sandbox) -> None:
    azure.stack(NETWORK, "{cidr: 10.30.0.0/16, podCidr: 10.244.0.0/20}")
    azure.stack(POOL, POOL.replace("}", ", max: 12}"))
    message = refused(azure, "network.podCidr")
    assert "a /24 for each of 23 nodes" in message
    assert "take a /19" in message
    azure.stack("10.244.0.0/20", "10.244.0.0/19")
    assert settings(azure).network.pod_cidr == "10.244.0.0/19"


def test_a_third_more_nodes_are_counted_while_a_pool_is_upgraded_but_not_of_spot(azure: Sandbox) -> None:
    azure.stack(NETWORK, "{cidr: 10.30.0.0/16, podCidr: 10.244.0.0/20}")
    azure.stack(
        f"[{POOL}]",
        f"[{POOL.replace('}', ', max: 3}')}, {POOL.replace('general', 's').replace('}', ', spot: true, max: 5}')}]",
    )
    assert len(settings(azure).pools) == 2, "7 + 4 + 5 nodes in the 16 of a /20"


# (what the section says more, path, part of the message): all fine in dev
STRICT = {
    "public API": ("api: {public: true, allowedCidrs: [203.0.113.0/24]}", "api.public", "false"),
    "small system pool": ("systemPool: {min: 1, max: 3}", "systemPool.min", "at least 3"),
    "system pool whose disks stay": ("systemPool: {osDisk: managed}", "systemPool.osDisk", "ephemeral"),
    "logs for a month": ("logRetentionDays: 30", "logRetentionDays", "at least 365"),
}


@pytest.mark.parametrize(("line", "path", "says"), list(STRICT.values()), ids=list(STRICT))
def test_what_dev_allows_strict_refuses(azure: Sandbox, line: str, path: str, says: str) -> None:
    more(azure, line)
    assert settings(azure)
    azure.stack("securityProfile: dev", "securityProfile: strict")
    assert says in refused(azure, path)


# (what the pool says more, key of the pool, part of the message): all fine in dev
STRICT_POOLS = {
    "one node": ("min: 1", "min", "at least 2"),
    "disks that stay": ("osDisk: managed", "osDisk", "ephemeral"),
    "few pods": ("maxPods: 30", "maxPods", "at least 50"),
}


@pytest.mark.parametrize(("more_of_it", "key", "says"), list(STRICT_POOLS.values()), ids=list(STRICT_POOLS))
def test_a_pool_that_dev_allows_strict_refuses(azure: Sandbox, more_of_it: str, key: str, says: str) -> None:
    azure.stack(POOL, POOL.replace("}", f", {more_of_it}}}"))
    assert settings(azure)
    azure.stack("securityProfile: dev", "securityProfile: strict")
    assert says in refused(azure, f"nodePools[0].{key}")


def test_what_is_not_said_is_safe(azure: Sandbox) -> None:
    found = settings(azure)
    assert not found.api.public
    assert found.protected(SecurityProfile.STRICT)
    assert not found.protected(SecurityProfile.DEV)
    assert found.log_retention_days == 365
    assert found.system_pool.min == 3


def test_subnets_that_are_there_are_read(azure: Sandbox) -> None:
    azure.stack(NETWORK, EXISTING)
    existing = settings(azure).network.existing
    assert existing is not None
    assert existing.node_subnet_id == f"{SUBNET}/nodes"
    assert existing.outbound is Outbound.NAT_GATEWAY


@pytest.mark.parametrize(
    ("size", "local"),
    [
        ("Standard_D4ds_v5", True),
        ("Standard_E96-24ds_v5", True),
        ("Standard_D2pds_v5", True),
        ("Standard_NC24ads_A100_v4", True),
        ("Standard_D4s_v5", False),
        ("Standard_B4ms", False),
        ("Standard_DS3_v2", False),
    ],
)
def test_a_d_among_a_size_s_features_is_a_local_disk(size: str, local: bool) -> None:
    assert has_local_disk(size) is local


def _role(sandbox: Sandbox, role: str) -> None:
    scope = "/subscriptions/00000000-0000-0000-0000-0000000000d0"
    sandbox.tenant(f"identity: [{{serviceAccount: web, azure: {{roles: [{role}], scope: {scope}}}}}]\n")


@pytest.mark.parametrize(
    ("role", "name"),
    [("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"), ("Contributor", "Contributor"),
     ("e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", "Managed Identity Contributor"),
     ("0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8", "Azure Kubernetes Service Cluster Admin Role"),
     ("4abbcc35-e782-43d8-92c5-2d3f1bd2253f", "Azure Kubernetes Service Cluster User Role"),
     ("b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b", "Azure Kubernetes Service RBAC Cluster Admin"),
     ("Azure Kubernetes Service RBAC Reader", "Azure Kubernetes Service RBAC Reader")],
)  # fmt: skip
def test_a_tenant_gets_no_role_over_identities_or_clusters(sandbox: Sandbox, role: str, name: str) -> None:
    _role(sandbox, role)
    problem = sandbox.problem()
    assert problem.path == "identity[0].azure.roles[0]"
    assert problem.fix.startswith(f"{name} is not for tenants")


@pytest.mark.parametrize("role", [*AZURE_ROLES, AZURE_ROLES["AcrPull"]])
def test_a_tenant_gets_a_role_for_a_service(sandbox: Sandbox, role: str) -> None:
    _role(sandbox, role)
    assert sandbox.load()
