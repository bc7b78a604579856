"""The network of a GKE cluster: a new one, or one that is there."""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.components.gcp_clusters import CLUSTER, EXISTING
from tests.components.recording import Recorder, Registered
from tests.components.stacks import run, sample


@cache
def recorded() -> Recorder:
    return run(sample("gke"))


def only(kind: str, recorder: Recorder | None = None) -> dict[str, Any]:
    found = (recorder or recorded()).of_type(f"gcp:compute/{kind[0].lower()}{kind[1:]}:{kind}")
    assert len(found) == 1
    return found[0].inputs


def network(recorder: Recorder) -> list[Registered]:
    return [item for item in recorder.recorded if item.type.startswith("gcp:compute/")]


def test_a_network_has_one_subnetwork_with_ranges_for_nodes_pods_and_services() -> None:
    assert only("Network")["autoCreateSubnetworks"] is False
    subnetwork = only("Subnetwork")
    assert subnetwork["ipCidrRange"] == "10.20.0.0/18"
    assert subnetwork["secondaryIpRanges"] == [
        {"rangeName": "pods", "ipCidrRange": "10.20.128.0/17"},
        {"rangeName": "services", "ipCidrRange": "10.20.64.0/19"},
    ]


def test_the_cluster_takes_its_pods_and_services_from_these_ranges() -> None:
    inputs = recorded().of_type(CLUSTER)[0].inputs
    assert inputs["networkingMode"] == "VPC_NATIVE"
    assert inputs["ipAllocationPolicy"] == {
        "clusterSecondaryRangeName": "pods",
        "servicesSecondaryRangeName": "services",
    }
    assert inputs["subnetwork"] == "gcp-test-network-nodes-id"


def test_nodes_reach_out_by_nat_of_their_own_subnetwork_only() -> None:
    nat = only("RouterNat")
    assert nat["sourceSubnetworkIpRangesToNat"] == "LIST_OF_SUBNETWORKS"
    assert nat["subnetworks"] == [{"name": "gcp-test-network-nodes-id", "sourceIpRangesToNats": ["ALL_IP_RANGES"]}]
    assert nat["enableDynamicPortAllocation"] is True
    assert nat["enableEndpointIndependentMapping"] is False
    # Both have to be powers of two.
    assert [int(nat[key]).bit_count() for key in ("minPortsPerVm", "maxPortsPerVm")] == [1, 1]


def test_the_only_rule_of_the_firewall_denies_and_comes_after_those_that_gke_makes() -> None:
    rule = only("Firewall")
    assert (rule["direction"], rule["sourceRanges"], rule["denies"]) == (
        "INGRESS",
        ["0.0.0.0/0"],
        [{"protocol": "all"}],
    )
    assert 1000 < rule["priority"] < 65535
    assert "allows" not in rule
    assert "logConfig" in rule


def test_the_cluster_waits_for_the_way_out_and_is_gone_before_it() -> None:
    cluster = recorded().of_type(CLUSTER)[0]
    assert {item.urn for item in network(recorded())} <= set(cluster.depends_on)


def test_zones_are_the_cluster_s_and_adding_one_moves_nothing() -> None:
    two, three = (run(sample("gke", network={"zones": count})) for count in (2, 3))
    assert two.of_type(CLUSTER)[0].inputs["nodeLocations"] == ["europe-west1-b", "europe-west1-c"]
    assert three.of_type(CLUSTER)[0].inputs["nodeLocations"][:2] == ["europe-west1-b", "europe-west1-c"]
    assert [item.inputs for item in network(two)] == [item.inputs for item in network(three)]


def test_zones_can_be_named() -> None:
    names = ["europe-west1-d", "europe-west1-b"]
    recorder = run(sample("gke", network={"zoneNames": names}))
    assert recorder.of_type(CLUSTER)[0].inputs["nodeLocations"] == names


def test_in_a_network_that_is_there_nothing_is_made() -> None:
    recorder = run(sample("gke", network={"cidr": None, "existing": EXISTING}))
    assert network(recorder) == []
    assert recorder.of_type("berth:gcp:Network") == []
    inputs = recorder.of_type(CLUSTER)[0].inputs
    assert (inputs["network"], inputs["subnetwork"]) == (
        "projects/net-host/global/networks/shared",
        "projects/net-host/regions/europe-west1/subnetworks/gke",
    )
    assert inputs["ipAllocationPolicy"] == {
        "clusterSecondaryRangeName": "gke-pods",
        "servicesSecondaryRangeName": "gke-services",
    }
