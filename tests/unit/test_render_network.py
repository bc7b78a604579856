"""The network policy: nothing but what is listed, and a metadata address never."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from berth.cidr import Network, within
from berth.render.network import network_policy
from berth.tenants import GitSource, Lifecycle, Policy, Tenant
from berth.tenants.model import Owners
from berth.tenants.policy import METADATA_NETWORKS
from tests.support import Sandbox, one


def _v4(bits: int, prefix: int) -> str:
    return str(IPv4Network((bits >> (32 - prefix) << (32 - prefix) if prefix else 0, prefix)))


def _v6(bits: int, prefix: int) -> str:
    return str(IPv6Network((bits >> (128 - prefix) << (128 - prefix) if prefix else 0, prefix)))


def _around(network: Network, prefix: int) -> str:
    return str(network.supernet(new_prefix=min(prefix, network.prefixlen)))


CIDRS = st.one_of(
    st.builds(_v4, st.integers(0, 2**32 - 1), st.integers(0, 32)),
    st.builds(_v6, st.integers(0, 2**128 - 1), st.integers(0, 128)),
    # Most networks are nowhere near a metadata address: try those around them as well.
    st.builds(_around, st.sampled_from(METADATA_NETWORKS), st.integers(0, 128)),
)


def spec(traffic: dict[str, Any]) -> dict[str, Any]:
    tenant = Tenant(
        name="acme",
        owners=Owners(team="a", contact="b"),
        lifecycle=Lifecycle.ACTIVE,
        namespaces=("acme",),
        policy=Policy.model_validate({"network": traffic}),
        source=GitSource("https://x.example/y", {"branch": "main"}, ".", None, None),
        identity=(),
    )
    (policy,) = network_policy(tenant)
    found: dict[str, Any] = policy["spec"]
    return found


def blocks(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [peer["ipBlock"] for rule in spec["egress"] for peer in rule["to"] if "ipBlock" in peer]


def reaches(block: dict[str, Any], network: Network) -> bool:
    """Whether any address of the network is allowed by the block."""
    outer, apart = ip_network(block["cidr"]), [ip_network(text) for text in block.get("except", [])]
    if not within(network, outer) and not within(outer, network):
        return False
    inner = network if within(network, outer) else outer
    return not any(within(inner, other) for other in apart)


@given(st.lists(CIDRS, max_size=4, unique=True), st.booleans())
def test_no_egress_rule_reaches_a_metadata_address(cidrs: list[str], internet: bool) -> None:
    try:
        found = spec({"egressCidrs": cidrs, "internet": internet})
    except ValidationError:
        assume(False)  # inside a metadata network: the model refuses it
    for block in blocks(found):
        assert not [network for network in METADATA_NETWORKS if reaches(block, network)]


@given(CIDRS)
def test_a_network_is_refused_exactly_when_it_is_within_a_metadata_network(cidr: str) -> None:
    inside = any(within(ip_network(cidr), network) for network in METADATA_NETWORKS)
    try:
        spec({"egressCidrs": [cidr]})
    except ValidationError:
        assert inside
    else:
        assert not inside


@given(CIDRS)
def test_an_exception_lies_within_its_block(cidr: str) -> None:
    # The API server refuses a policy whose exception does not.
    assume(not any(within(ip_network(cidr), network) for network in METADATA_NETWORKS))
    for block in blocks(spec({"egressCidrs": [cidr], "internet": True})):
        outer = ip_network(block["cidr"])
        exceptions = [ip_network(text) for text in block.get("except", [])]
        assert all(within(inner, outer) and inner != outer for inner in exceptions)


def test_nothing_is_allowed_by_default_but_the_tenant_itself_and_dns() -> None:
    own = {"namespaceSelector": {"matchLabels": {"berth.dev/tenant": "acme"}}}
    found = spec({})
    assert found["podSelector"] == {}
    assert found["policyTypes"] == ["Ingress", "Egress"]
    assert found["ingress"] == [{"from": [own]}]
    assert found["egress"][0] == {"to": [own]}
    assert [rule.get("ports", [{}])[0].get("port") for rule in found["egress"]] == [None, 53]


def test_without_dns_only_the_tenant_itself_is_reached() -> None:
    assert len(spec({"dns": False})["egress"]) == 1


def test_no_rule_is_empty() -> None:
    # A rule without peers, or with an empty selector, allows everything.
    found = spec({"egressCidrs": ["10.0.0.0/8"], "internet": True, "ingressFrom": [{"cidr": "10.0.0.0/8"}]})
    for rules, key in ((found["ingress"], "from"), (found["egress"], "to")):
        for rule in rules:
            assert rule[key]
            assert all(peer and all(peer.values()) for peer in rule[key])


def test_the_internet_is_no_private_network() -> None:
    found = blocks(spec({"internet": True}))
    assert [block["cidr"] for block in found] == ["0.0.0.0/0", "::/0"]
    for private in ("10.1.0.0/16", "172.20.0.0/16", "192.168.1.0/24", "100.64.0.0/16", "fd12::/32"):
        assert not [block for block in found if reaches(block, ip_network(private))]
    assert [block for block in found if reaches(block, ip_network("93.184.216.0/24"))]


def test_a_private_network_that_is_listed_is_reached() -> None:
    found = blocks(spec({"internet": True, "egressCidrs": ["10.200.0.0/24"]}))
    assert [block for block in found if reaches(block, ip_network("10.200.0.0/24"))]
    assert not [block for block in found if reaches(block, ip_network("10.201.0.0/24"))]


@pytest.mark.parametrize(
    ("peer", "rendered"),
    [({"namespace": "ingress-nginx"},
      {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}),
     ({"cidr": "10.0.0.0/8"}, {"ipBlock": {"cidr": "10.0.0.0/8"}})],
    ids=["namespace", "network"],
)  # fmt: skip
def test_a_peer_may_connect(peer: dict[str, str], rendered: dict[str, Any]) -> None:
    assert spec({"ingressFrom": [peer]})["ingress"][1:] == [{"from": [rendered]}]


def test_the_policy_is_in_every_namespace_of_the_tenant(sandbox: Sandbox) -> None:
    sandbox.tenant('namespaces: ["", jobs]\n')
    objects = sandbox.objects()
    specs = [one(objects, "NetworkPolicy", namespace=name)["spec"] for name in ("acme", "acme-jobs")]
    assert specs[0] == specs[1]
