"""How networks are cut: every part inside, no two overlapping, and nothing moved by one more zone."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.settings.addresses import (
    Demand,
    aws_addresses,
    cut_aws,
    cut_azure,
    cut_gcp,
    gcp_pod_addresses,
    overlay_nodes,
)

prefixes = st.integers(16, 22)


def inside_and_apart(whole: str, parts: list[IPv4Network]) -> bool:
    network = IPv4Network(whole)
    return all(part.subnet_of(network) for part in parts) and not any(a.overlaps(b) for a, b in combinations(parts, 2))


@given(prefixes, st.integers(1, 6))
def test_the_subnets_of_a_vpc_are_inside_it_and_apart(prefix: int, zones: int) -> None:
    cut = cut_aws(f"10.0.0.0/{prefix}", zones)
    assert len(cut.private) == len(cut.public) == zones
    assert inside_and_apart(f"10.0.0.0/{prefix}", [*cut.private, *cut.public])
    assert max(subnet.prefixlen for subnet in cut.public) <= 28  # the smallest that AWS takes


@given(prefixes, st.integers(1, 5))
def test_one_more_zone_moves_no_subnet(prefix: int, zones: int) -> None:
    fewer, more = cut_aws(f"10.0.0.0/{prefix}", zones), cut_aws(f"10.0.0.0/{prefix}", zones + 1)
    assert more.private[:zones] == fewer.private
    assert more.public[:zones] == fewer.public


@given(st.integers(12, 22).filter(lambda p: p >= 12))
def test_the_ranges_of_a_gke_network_are_inside_it_and_apart(prefix: int) -> None:
    whole = str(IPv4Network(f"10.0.0.0/{prefix}"))
    cut = cut_gcp(whole)
    assert inside_and_apart(whole, [cut.nodes, cut.pods, cut.services])
    assert cut.pods.num_addresses == IPv4Network(whole).num_addresses // 2


@given(st.integers(12, 24))
def test_the_subnets_of_an_azure_network_are_inside_it_and_apart(prefix: int) -> None:
    cut = cut_azure(f"10.0.0.0/{prefix}")
    assert inside_and_apart(f"10.0.0.0/{prefix}", [cut.nodes, cut.api_server])


@pytest.mark.parametrize(("pods", "block"), [(8, 16), (16, 32), (17, 64), (32, 64), (64, 128), (110, 256)])
def test_gke_gives_a_node_at_least_twice_the_addresses_of_its_pods(pods: int, block: int) -> None:
    assert gcp_pod_addresses([Demand(1, pods)]) == block


def test_eks_pods_take_addresses_in_blocks_of_sixteen_and_a_node_holds_one_block_more() -> None:
    assert aws_addresses([Demand(1, 16)]) == 1 + 2 * 16
    assert aws_addresses([Demand(1, 17)]) == 1 + 3 * 16
    assert aws_addresses([Demand(6, 110), Demand(1, 110)]) == 7 * (1 + 8 * 16)


@pytest.mark.parametrize(("cidr", "nodes"), [("10.244.0.0/16", 256), ("10.0.0.0/24", 1), ("10.0.0.0/25", 0)])
def test_an_overlay_has_a_24_for_each_node(cidr: str, nodes: int) -> None:
    assert overlay_nodes(cidr) == nodes
