"""What one NetworkPolicy opens that another did not, by addresses, peers and ports."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.plan.reach import opened

Rules = list[dict[str, Any]]


def policy(egress: Rules | None = None, ingress: Rules | None = None, **more: Any) -> dict[str, Any]:
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": egress or [], "ingress": ingress or []}
    return {"kind": "NetworkPolicy", "spec": spec | more}


def block(cidr: str, *excepted: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr, "except": list(excepted)} if excepted else {"cidr": cidr}}


def to(*peers: dict[str, Any], ports: list[dict[str, Any]] | None = None) -> Rules:
    return [{"to": list(peers)} | ({"ports": ports} if ports else {})]


def space(**labels: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": labels} if labels else {}}


def tcp(port: int | str, **more: Any) -> dict[str, Any]:
    return {"port": port, "protocol": "TCP"} | more


CLUSTER = block("10.0.0.0/8")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (to(block("0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12")), to(block("0.0.0.0/0")), "10.0.0.0/8, 172.16.0.0/12"),
        (to(block("0.0.0.0/0", "10.0.0.0/8")), to(block("0.0.0.0/0", "10.0.0.0/9")), "10.128.0.0/9"),
        (to(block("0.0.0.0/0", "10.0.0.0/8")), to(block("10.1.0.0/16")), "10.1.0.0/16"),
        (to(CLUSTER), to(block("10.0.0.0/7")), "11.0.0.0/8"),
        (to(CLUSTER), to(CLUSTER, block("fd00::/8")), "fd00::/8"),
        (to(CLUSTER), [{}], "0.0.0.0/5, 8.0.0.0/7, 11.0.0.0/8, 12.0.0.0/6, 16.0.0.0/4, 3 more parts of 0.0.0.0/0, "
         "::/0, every namespace"),
        (to(CLUSTER, ports=[tcp(443)]), to(CLUSTER), "10.0.0.0/8"),
        (to(CLUSTER, ports=[tcp(443)]), to(CLUSTER, ports=[tcp(80)]), "10.0.0.0/8 at TCP 80"),
        (to(CLUSTER, ports=[tcp(443)]), to(CLUSTER, ports=[{"port": 443, "protocol": "UDP"}]), "10.0.0.0/8 at UDP 443"),
        (to(CLUSTER, ports=[tcp(80)]), to(CLUSTER, ports=[tcp(80, endPort=90)]), "10.0.0.0/8 at TCP 80 to 90"),
        (to(CLUSTER, ports=[tcp(80)]), to(CLUSTER, ports=[tcp("web")]), "10.0.0.0/8 at TCP web"),
        (to(CLUSTER, ports=[tcp("web")]), to(CLUSTER, ports=[tcp(80)]), "10.0.0.0/8 at TCP 80"),
        (to(space(team="a")), to(space()), "every namespace"),
        (to(space(team="a")), to(space(team="b")), "namespaces with team=b"),
        (to(space(team="a") | {"podSelector": {"matchLabels": {"app": "x"}}}), to(space(team="a")),
         "namespaces with team=a"),
        (to({"podSelector": {}}), to(space()), "every namespace"),
        (to(space(team="a")), to({"podSelector": {"matchLabels": {"app": "x"}}}),
         "its own namespace (pods with app=x)"),
        (to(block("0.0.0.0/0"), block("::/0")), to(space(team="a")), "namespaces with team=a"),
    ],
)  # fmt: skip
def test_what_no_former_rule_let_pass_opens(before: Rules, after: Rules, told: str) -> None:
    assert list(opened(policy(before), policy(after))) == [f"reach {told}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (to(block("10.0.0.0/9"), block("10.128.0.0/9")), to(CLUSTER)),
        (to(CLUSTER), to(block("10.0.0.0/9"), block("10.128.0.0/9"))),
        (to(block("0.0.0.0/0", "10.0.0.0/8"), block("10.0.0.0/7")), to(block("0.0.0.0/0"))),
        (to(block("0.0.0.0/0")), to(block("0.0.0.0/0", "10.0.0.0/8"))),
        (to(CLUSTER), to(block("10.0.0.0/7", "11.0.0.0/8"))),
        (to(CLUSTER), to(CLUSTER, ports=[tcp(443), tcp("web")])),
        (to(CLUSTER, ports=[{"protocol": "TCP"}]), to(CLUSTER, ports=[{"port": 443}])),
        (to(CLUSTER, ports=[tcp(80, endPort=90)]), to(CLUSTER, ports=[tcp(81)])),
        (to(space()), to(space(team="a"), {"podSelector": {}})),
        (to(space(team="a")), to(space(team="a") | {"podSelector": {"matchLabels": {"app": "x"}}})),
        (to(space(team="a")), to(space(team="a", tier="b"))),
        ([{}], to(CLUSTER, space(team="a"))),
        ([{}], [{"ports": [tcp(443)]}]),
    ],
)
def test_what_former_rules_let_pass_together_does_not(before: Rules, after: Rules) -> None:
    assert list(opened(policy(before), policy(after))) == []


def test_the_other_direction_holds_nothing() -> None:
    turned = policy(ingress=[{"from": [CLUSTER]}])
    assert list(opened(policy(to(CLUSTER)), turned)) == ["are reached from 10.0.0.0/8"]


def test_a_direction_that_a_policy_no_longer_speaks_of_is_open() -> None:
    ended = policy(policyTypes=["Ingress"])
    assert list(opened(policy(), ended)) == ["reach 0.0.0.0/0, ::/0, every namespace"]
    assert list(opened(ended, policy([{}]))) == []


def test_pods_that_a_policy_no_longer_selects_are_told() -> None:
    some = policy(podSelector={"matchLabels": {"app": "x"}})
    assert list(opened(policy(), some)) == ["are no longer all under the policy"]
    assert list(opened(some, policy())) == []


SMALL = st.builds(lambda at, size: ip_network((at << 4, size), strict=False), st.integers(0, 15), st.integers(25, 32))
BLOCKS = st.lists(st.tuples(SMALL, st.lists(SMALL, max_size=3)), max_size=3)


@given(before=BLOCKS, after=BLOCKS)
def test_no_address_opens_unseen(before: list[Any], after: list[Any]) -> None:
    """As an address counted by hand would tell it."""

    def rules(blocks: list[Any]) -> Rules:
        return to(*(block(str(whole), *map(str, excepted)) for whole, excepted in blocks)) if blocks else []

    def passes(blocks: list[Any], number: int) -> bool:
        address = ip_address(number)
        return any(address in whole and not any(address in e for e in excepted) for whole, excepted in blocks)

    more = any(passes(after, number) and not passes(before, number) for number in range(256))
    assert bool(list(opened(policy(rules(before)), policy(rules(after))))) is more
