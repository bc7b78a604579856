"""What a NetworkPolicy opens that another one did not: addresses, peers and ports, each direction by itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Any

from berth.cidr import Network, common, network, networks, outside
from berth.render.objects import Object

_NAMED = 5
"""Parts of a block that are told one by one."""
_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_EVERYTHING: list[dict[str, Any]] = [
    {"ipBlock": {"cidr": "0.0.0.0/0"}},
    {"ipBlock": {"cidr": "::/0"}},
    {"namespaceSelector": {}},
]
"""What a rule without peers stands for."""


def opened(before: Object, after: Object) -> Iterator[str]:
    """What pods may talk to under `after` and not under `before`, a sentence's end for each direction."""
    old, new = before["spec"], after["spec"]
    if not _selects(new.get("podSelector", {}), old.get("podSelector", {})):
        yield "are no longer all under the policy"
    for direction, verb in (("Egress", "reach"), ("Ingress", "are reached from")):
        former = list(_openings(old, direction))
        found = (told for each in _openings(new, direction) for told in each.beyond(former))
        if more := list(dict.fromkeys(found)):
            yield f"{verb} {', '.join(more)}"


@dataclass(frozen=True)
class _Ports:
    """Ports of a protocol; of any protocol where that is empty. A named port can be any, and is that one only."""

    protocol: str = ""
    first: int = 0
    last: int = 65535
    name: str = ""

    @classmethod
    def of(cls, stated: dict[str, Any]) -> _Ports:
        protocol, port = stated.get("protocol", "TCP"), stated.get("port")
        if isinstance(port, int):
            return cls(protocol, port, stated.get("endPort", port))
        return cls(protocol, name=port or "")

    def hold(self, other: _Ports) -> bool:
        same = self.protocol in ("", other.protocol) and self.name in ("", other.name)
        return same and self.first <= other.first and other.last <= self.last

    def __str__(self) -> str:
        if self == _Ports():
            return ""
        span = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        return f" at {self.protocol} {self.name or span}"


@dataclass(frozen=True)
class _Opening:
    """One peer of a rule, at one of its ports."""

    peer: dict[str, Any]
    ports: _Ports

    def beyond(self, former: list[_Opening]) -> list[str]:
        """What of it none of the former openings holds, in words."""
        if self in former:
            return []
        peers = [each.peer for each in former if each.ports.hold(self.ports)]
        if "ipBlock" not in self.peer:
            found = [] if any(_holds(peer, self.peer) for peer in peers) else [_name(self.peer)]
        else:
            found = _beyond(self.peer["ipBlock"], [peer["ipBlock"] for peer in peers if "ipBlock" in peer])
        return [f"{each}{self.ports}" for each in found]


def _openings(spec: dict[str, Any], direction: str) -> Iterator[_Opening]:
    """All that a policy lets pass. One that does not speak of a direction lets all pass there."""
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    for rule in spec.get(direction.lower()) or [] if direction in types else [{}]:
        for peer in rule.get("to" if direction == "Egress" else "from") or _EVERYTHING:
            for ports in [_Ports.of(port) for port in rule.get("ports") or ()] or [_Ports()]:
                yield _Opening(peer, ports)


def _beyond(block: dict[str, Any], former: Iterable[dict[str, Any]]) -> list[str]:
    """The addresses of a block that are in none of the former ones."""
    whole = _addresses(block)
    left = whole
    for old in former:
        cidr, closed = network(old["cidr"]), networks(*old.get("except", ()))
        left = [each for part in left for each in _not_in(part, cidr, closed)]
    if left == whole:
        return [block["cidr"]] if whole else []
    fourth = collapse_addresses(each for each in left if isinstance(each, IPv4Network))
    sixth = collapse_addresses(each for each in left if isinstance(each, IPv6Network))
    parts = [str(each) for each in (*fourth, *sixth)]
    more = len(parts) - _NAMED
    return [*parts[:_NAMED], *([f"{more} more parts of {block['cidr']}"] if more > 0 else [])]


def _addresses(block: dict[str, Any]) -> list[Network]:
    left = [network(block["cidr"])]
    for closed in networks(*block.get("except", ())):
        left = [each for part in left for each in outside(part, closed)]
    return left


def _not_in(part: Network, cidr: Network, closed: Iterable[Network]) -> Iterator[Network]:
    """What of a network is outside of a block: beyond its bounds, or in what it excepts."""
    yield from outside(part, cidr)
    inside = common(part, cidr)
    for each in closed if inside is not None else ():
        if (shared := common(part, each)) is not None:
            yield shared


def _holds(former: dict[str, Any], peer: dict[str, Any]) -> bool:
    """Whether every pod of a peer is one of the former's. Without a selector of namespaces, it is the policy's own."""
    if "ipBlock" in former:
        return False
    spaces, old = peer.get("namespaceSelector"), former.get("namespaceSelector")
    if old not in ({}, spaces) and (spaces is None or old is None or not _selects(old, spaces)):
        return False
    return _selects(former.get("podSelector") or {}, peer.get("podSelector") or {})


def _selects(wide: dict[str, Any], narrow: dict[str, Any]) -> bool:
    """Whether a selector asks for nothing that the other does not ask for."""
    labels = (wide.get("matchLabels") or {}).items() <= (narrow.get("matchLabels") or {}).items()
    asked = narrow.get("matchExpressions") or []
    return labels and all(each in asked for each in wide.get("matchExpressions") or ())


def _name(peer: dict[str, Any]) -> str:
    spaces = peer.get("namespaceSelector")
    if spaces is None:
        where = "its own namespace"
    elif not spaces:
        where = "every namespace"
    elif list(labels := spaces.get("matchLabels", {})) == [_NAMESPACE_NAME]:
        where = f"namespace {labels[_NAMESPACE_NAME]}"
    else:
        where = f"namespaces with {_asked(spaces)}"
    return f"{where} (pods with {_asked(peer['podSelector'])})" if peer.get("podSelector") else where


def _asked(selector: dict[str, Any]) -> str:
    labels = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    expressions = [
        f"{each['key']} {each['operator']} {'|'.join(each.get('values', ()))}".strip()
        for each in selector.get("matchExpressions") or ()
    ]
    return " and ".join([*labels, *expressions])
