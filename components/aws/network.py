"""The network of a new cluster: a private and a public subnet in each zone, and the ways out.

Nodes and the API server's addresses are in the private subnets. The public ones hold NAT gateways and the load
balancers that face the internet; nothing there gets a public address by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from berth.settings.addresses import MOST_ZONES, cut_aws
from berth.settings.kinds import Nat

API_SERVER_SUBNETS = 2
"""Subnets that hold the API server's addresses. EKS fixes their zones when the cluster is made, so they are the first
two: a zone can be added later."""
_INTERNET = "0.0.0.0/0"


@dataclass(frozen=True)
class Attachment:
    """Where the cluster's parts go, in a new network or in one that is there."""

    vpc_id: pulumi.Input[str]
    node_subnets: Sequence[pulumi.Input[str]]

    @property
    def api_server_subnets(self) -> Sequence[pulumi.Input[str]]:
        return self.node_subnets[:API_SERVER_SUBNETS]


@dataclass(frozen=True)
class NetworkArgs:
    cidr: str
    zones: Sequence[str]
    nat: Nat


class Network(pulumi.ComponentResource):
    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:aws:Network", name, None, opts)
        self._prefix, self._child = name, pulumi.ResourceOptions(parent=self)
        self._cut = cut_aws(args.cidr, MOST_ZONES)
        vpc = aws.ec2.Vpc(
            name,
            cidr_block=args.cidr,
            # Both: nodes find the API server and the endpoints by their private names.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": name},
            opts=self._child,
        )
        self.vpc_id = vpc.id
        # Every VPC has this group, and whatever names no group is in it: with no rules, that reaches nothing.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default", vpc_id=vpc.id, ingress=[], egress=[], tags={"Name": f"{name}-unused"}, opts=self._child
        )
        public = self._public_subnets(args.zones)
        gateways = self._nat_gateways(public, args.zones[:1] if args.nat is Nat.SINGLE else args.zones)
        self.private_route_tables: list[pulumi.Output[str]] = []
        nodes = [self._private_subnet(zone, gateways.get(zone, gateways[args.zones[0]])) for zone in args.zones]
        self.attachment = Attachment(vpc.id, nodes)
        self.register_outputs({"vpcId": self.vpc_id})

    def _public_subnets(self, zones: Sequence[str]) -> dict[str, pulumi.Output[str]]:
        """One for each zone, with a route to the internet."""
        gateway = aws.ec2.InternetGateway(
            f"{self._prefix}-internet", vpc_id=self.vpc_id, tags={"Name": self._prefix}, opts=self._child
        )
        table = aws.ec2.RouteTable(
            f"{self._prefix}-public", vpc_id=self.vpc_id, tags={"Name": f"{self._prefix}-public"}, opts=self._child
        )
        self._to_internet = aws.ec2.Route(
            f"{self._prefix}-public-out",
            route_table_id=table.id,
            destination_cidr_block=_INTERNET,
            gateway_id=gateway.id,
            opts=self._child,
        )
        # The tag tells controllers of load balancers which subnets are for those that face the internet.
        return {zone: self._subnet("public", zone, table, "kubernetes.io/role/elb") for zone in zones}

    def _nat_gateways(
        self, public: dict[str, pulumi.Output[str]], zones: Sequence[str]
    ) -> dict[str, pulumi.Output[str]]:
        gateways = {}
        for zone in zones:
            name = f"{self._prefix}-nat-{zone}"
            # An address or a NAT gateway is of no use, and AWS may refuse it, before the VPC has a way out.
            child = pulumi.ResourceOptions(parent=self, depends_on=[self._to_internet])
            address = aws.ec2.Eip(name, domain="vpc", tags={"Name": name}, opts=child)
            gateway = aws.ec2.NatGateway(
                name, allocation_id=address.id, subnet_id=public[zone], tags={"Name": name}, opts=child
            )
            gateways[zone] = gateway.id
        return gateways

    def _private_subnet(self, zone: str, gateway: pulumi.Output[str]) -> pulumi.Output[str]:
        """A subnet for nodes, with a route table of its own: other NAT gateways are then other routes, no more."""
        table = aws.ec2.RouteTable(
            f"{self._prefix}-private-{zone}",
            vpc_id=self.vpc_id,
            tags={"Name": f"{self._prefix}-private-{zone}"},
            opts=self._child,
        )
        aws.ec2.Route(
            f"{self._prefix}-private-{zone}-out",
            route_table_id=table.id,
            destination_cidr_block=_INTERNET,
            nat_gateway_id=gateway,
            opts=self._child,
        )
        self.private_route_tables.append(table.id)
        return self._subnet("private", zone, table, "kubernetes.io/role/internal-elb")

    def _subnet(self, kind: str, zone: str, table: aws.ec2.RouteTable, role: str) -> pulumi.Output[str]:
        name = f"{self._prefix}-{kind}-{zone}"
        cidrs = self._cut.public if kind == "public" else self._cut.private
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=self.vpc_id,
            availability_zone=zone,
            cidr_block=str(cidrs[place_in_cut(zone)]),
            map_public_ip_on_launch=False,
            tags={"Name": name, role: "1"},
            opts=self._child,
        )
        aws.ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=table.id, opts=self._child)
        return subnet.id


def place_in_cut(zone: str) -> int:
    """A zone's place follows from its letter: whichever zones there are beside it, its range stays."""
    return ord(zone[-1]) - ord("a")
