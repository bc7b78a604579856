"""How a cluster's network is cut, and how many nodes and pods fit into it. Pure arithmetic on CIDR ranges.

A cut never depends on how many zones or pools there are today: adding one takes free space and moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

MOST_ZONES = 6
"""Zones that a cut of an AWS network has room for: us-east-1 has the most, six."""
AWS_RESERVED = 5
"""Addresses of each subnet that AWS keeps: network, router, DNS, future use, broadcast."""
AZURE_RESERVED = 5
PREFIX = 16
"""Addresses in the /28 blocks in which the VPC CNI gives addresses to a node's pods."""


@dataclass(frozen=True)
class AwsCut:
    """An eighth of the network for the nodes and pods of each zone, and a small subnet of each for gateways."""

    private: tuple[IPv4Network, ...]
    public: tuple[IPv4Network, ...]


def cut_aws(cidr: str, zones: int) -> AwsCut:
    """Cuts a network of /16 to /22 for so many zones, up to MOST_ZONES."""
    eighths = list(IPv4Network(cidr).subnets(prefixlen_diff=3))
    public = list(eighths[MOST_ZONES].subnets(prefixlen_diff=3))
    return AwsCut(tuple(eighths[:zones]), tuple(public[:zones]))


@dataclass(frozen=True)
class GcpCut:
    """Half for pods, a quarter for nodes, an eighth for Services; the rest is free."""

    nodes: IPv4Network
    pods: IPv4Network
    services: IPv4Network


def cut_gcp(cidr: str) -> GcpCut:
    """Cuts a network of /12 to /22 for a VPC-native GKE cluster."""
    lower, pods = IPv4Network(cidr).subnets()
    nodes, rest = lower.subnets()
    return GcpCut(nodes, pods, next(rest.subnets()))


@dataclass(frozen=True)
class AzureCut:
    """Half for nodes, and a /28 for the API server's own addresses in the network; the rest is free."""

    nodes: IPv4Network
    api_server: IPv4Network


def cut_azure(cidr: str) -> AzureCut:
    """Cuts a network of /12 to /24. Pods of an overlay take nothing of it."""
    nodes, upper = IPv4Network(cidr).subnets()
    return AzureCut(nodes, next(upper.subnets(new_prefix=28)))


@dataclass(frozen=True)
class Demand:
    """A pool at its largest: nodes, one more while it is upgraded included, and pods on each."""

    nodes: int
    pods: int


def aws_addresses(demands: Iterable[Demand]) -> int:
    """Addresses that pools take from the private subnets: pods have addresses of the network, in blocks of 16, and a
    node holds one block more than its pods need."""
    return sum(d.nodes * (1 + (-(-d.pods // PREFIX) + 1) * PREFIX) for d in demands)


def aws_room(cut: AwsCut) -> int:
    return sum(subnet.num_addresses - AWS_RESERVED for subnet in cut.private)


def gcp_pod_addresses(demands: Iterable[Demand]) -> int:
    """Addresses that pools take from the pods' range: GKE gives each node a block of at least twice its pods."""
    return sum(d.nodes * (1 << (2 * d.pods - 1).bit_length()) for d in demands)


def overlay_nodes(pod_cidr: str) -> int:
    """Nodes that an Azure CNI overlay has room for: a /24 of the pods' range each."""
    prefix = IPv4Network(pod_cidr).prefixlen
    return 1 << (24 - prefix) if prefix <= 24 else 0
