"""Networks in CIDR notation, of either IP version."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network


@lru_cache(maxsize=4096)
def network(text: str) -> Network:
    """The network that a text such as 10.0.0.0/8 means. Raises ValueError where it means none."""
    return ip_network(text)


def within(inner: Network, outer: Network) -> bool:
    """Whether every address of `inner` is one of `outer`; networks of two IP versions have none in common."""
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def common(one: Network, other: Network) -> Network | None:
    """The addresses that two networks share: one of the two is within the other, or there are none."""
    return one if within(one, other) else other if within(other, one) else None


def outside(part: Network, taken: Network) -> list[Network]:
    """What is left of a network without the addresses of another one."""
    if within(part, taken):
        return []
    if not within(taken, part):
        return [part]
    return list(part.address_exclude(taken))  # type: ignore[arg-type]  # of one version


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(network, texts))
