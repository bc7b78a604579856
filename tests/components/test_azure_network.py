"""The network of an AKS cluster: what is made, what is found there, and what moves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.components.azure_clusters import CLUSTER, EXISTING, POOL, ROLE, inputs_of, made, one, recorded, with_pools
from tests.components.recording import Recorder
from tests.components.stacks import run, sample

NETWORK = "azure-native:network:"


def existing(**more: str) -> Recorder:
    cluster = sample("aks")
    cluster["network"] = {"existing": {**EXISTING, **more}}
    return run(cluster)


def subnet(part: str) -> dict[str, Any]:
    return one(recorded(), f"{NETWORK}Subnet", f"azure-test-network-{part}").inputs


def test_nodes_have_half_of_the_network_and_the_api_server_a_subnet_of_its_own() -> None:
    assert subnet("nodes")["addressPrefix"] == "10.30.0.0/17"
    assert subnet("api-server")["addressPrefix"] == "10.30.128.0/28"


def test_nodes_reach_out_by_the_nat_gateway_and_no_other_way() -> None:
    assert "/natGateways/" in str(subnet("nodes")["natGateway"])
    assert subnet("nodes")["defaultOutboundAccess"] is False
    assert one(recorded(), CLUSTER).inputs["networkProfile"]["outboundType"] == "userAssignedNATGateway"
    assert len(recorded().of_type(f"{NETWORK}PublicIPAddress")) == 1


def test_the_api_server_s_subnet_is_delegated_to_aks_and_is_the_cluster_s() -> None:
    (delegation,) = subnet("api-server")["delegations"]
    assert delegation["serviceName"] == "Microsoft.ContainerService/managedClusters"
    access = one(recorded(), CLUSTER).inputs["apiServerAccessProfile"]
    assert access["enableVnetIntegration"] is True
    assert "/subnets/azure-test-network-api-server" in access["subnetId"]


def test_azure_is_asked_for_one_subnet_at_a_time() -> None:
    api_server = one(recorded(), f"{NETWORK}Subnet", "azure-test-network-api-server")
    nodes = one(recorded(), f"{NETWORK}Subnet", "azure-test-network-nodes")
    assert nodes.urn in api_server.depends_on


def test_pods_keep_their_addresses_between_nodes_so_the_rules_name_their_range() -> None:
    rules = one(recorded(), f"{NETWORK}NetworkSecurityGroup", "azure-test-network-nodes").inputs["securityRules"]
    (allowed,) = [rule for rule in rules if rule["access"] == "Allow"]
    assert allowed["sourceAddressPrefixes"] == ["10.30.0.0/17", "10.244.0.0/16"]
    assert allowed["destinationAddressPrefixes"] == ["10.30.0.0/17", "10.244.0.0/16"]


@pytest.mark.parametrize(("profile", "listed"), [("dev", ["203.0.113.0/24"]), ("strict", [])])
def test_listed_networks_reach_a_public_api_server_on_its_port_and_no_other(profile: str, listed: list[str]) -> None:
    group = one(recorded(profile), f"{NETWORK}NetworkSecurityGroup", "azure-test-network-api-server")
    rules = [rule for rule in group.inputs["securityRules"] if rule["name"] == "allow-listed"]
    assert [rule["sourceAddressPrefix"] for rule in rules] == listed
    assert all(rule["destinationPortRange"] == "443" for rule in rules)


@pytest.mark.parametrize("profile", ["dev", "strict"])
def test_a_rule_has_one_address_or_several_of_each_side_and_a_priority_of_its_own(profile: str) -> None:
    for group in recorded(profile).of_type(f"{NETWORK}NetworkSecurityGroup"):
        rules = group.inputs["securityRules"]
        assert len({rule["priority"] for rule in rules}) == len(rules)
        for rule in rules:
            for one_of in ("sourceAddressPrefix", "destinationAddressPrefix", "destinationPortRange"):
                several = f"{one_of}es" if one_of.endswith("Prefix") else f"{one_of}s"
                assert (one_of in rule) != (several in rule), (rule["name"], one_of)


@pytest.mark.parametrize("zones", [1, 2])
def test_another_number_of_zones_moves_nothing_of_the_network(zones: int) -> None:
    fewer = run(sample("aks", network={"zones": zones}), profile="dev")
    three = run(sample("aks"), profile="dev")
    assert {key: item.inputs for key, item in made(fewer, NETWORK).items()} == {
        key: item.inputs for key, item in made(three, NETWORK).items()
    }


def test_another_pool_changes_nothing_but_itself() -> None:
    before = inputs_of(with_pools(), "azure-test")
    after = inputs_of(with_pools({"name": "more", "instanceType": "Standard_E8ds_v5"}), "azure-test")
    assert after.keys() - before.keys() == {(POOL, "azure-test-pool-more")}
    assert {key: after[key] for key in before} == before


def test_subnets_that_are_there_are_used_and_no_network_is_made() -> None:
    recorder = existing()
    assert not made(recorder, NETWORK, "berth:azure:Network")
    cluster = one(recorder, CLUSTER).inputs
    assert cluster["agentPoolProfiles"][0]["vnetSubnetID"] == EXISTING["nodeSubnetId"]
    assert cluster["apiServerAccessProfile"]["subnetId"] == EXISTING["apiServerSubnetId"]
    assert one(recorder, POOL).inputs["vnetSubnetID"] == EXISTING["nodeSubnetId"]


def test_rights_in_subnets_that_are_there_are_of_the_subscription_that_they_are_in() -> None:
    item = one(existing(), ROLE, "azure-test-network-nodes")
    assert item.inputs["scope"] == EXISTING["nodeSubnetId"]
    assert item.inputs["roleDefinitionId"].startswith("/subscriptions/00000000-0000-0000-0000-00000000dddd/")


def test_subnets_that_are_there_reach_out_as_the_settings_say() -> None:
    assert one(existing(), CLUSTER).inputs["networkProfile"]["outboundType"] == "userAssignedNATGateway"
    routed = one(existing(outbound="routeTable"), CLUSTER).inputs["networkProfile"]
    assert routed["outboundType"] == "userDefinedRouting"


def test_the_dns_of_the_cluster_is_in_the_services_range() -> None:
    recorder = run(sample("aks", network={"serviceCidr": "10.99.4.0/22"}))
    assert one(recorder, CLUSTER).inputs["networkProfile"]["dnsServiceIP"] == "10.99.4.10"
