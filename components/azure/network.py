"""The network of one cluster: a subnet for nodes with its way out, and one for the API server's own addresses.

Not in scope: peering, VPN and DNS of an organisation. A cluster that needs them takes subnets that are there already.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_azure_native.network as network

from berth.settings.addresses import cut_azure
from berth.settings.azure import AksSettings, Outbound
from berth.settings.kinds import Provider
from berth.settings.regions import ZONES
from components.azure.place import Place
from components.azure.roles import subscription_of

_DELEGATE = "Microsoft.ContainerService/managedClusters"


@dataclass(frozen=True)
class Subnets:
    """Where a cluster lives, whoever made it."""

    subscription: str
    node_subnet_id: pulumi.Input[str]
    api_server_subnet_id: pulumi.Input[str]
    outbound: Outbound


class NetworkArgs:
    """`cidr` of the whole, the cluster's `pod_cidr`, which is not part of it but seen on its wires, and the networks
    outside that reach the API server."""

    def __init__(self, place: Place, cidr: str, pod_cidr: str, allowed_cidrs: list[str]) -> None:
        self.place = place
        self.cut = cut_azure(cidr)
        self.cidr = cidr
        self.pod_cidr = pod_cidr
        self.allowed_cidrs = allowed_cidrs


class Network(pulumi.ComponentResource):
    """A virtual network with a NAT gateway. Nothing in it has a public address."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:azure:Network", name, None, opts)
        self._name, self._args, self._child = name, args, pulumi.ResourceOptions(parent=self)
        place = args.place
        self.network = network.VirtualNetwork(
            name,
            resource_group_name=place.group,
            location=place.region,
            address_space=network.AddressSpaceArgs(address_prefixes=[args.cidr]),
            tags=place.tags,
            opts=self._child,
        )
        self.nodes = self._subnet(
            "nodes",
            str(args.cut.nodes),
            self._security_group("nodes", _node_rules(str(args.cut.nodes), args.pod_cidr)),
            nat_gateway=network.SubResourceArgs(id=self._nat_gateway().id),
        )
        self.api_server = self._subnet(
            "api-server",
            str(args.cut.api_server),
            self._security_group("api-server", _api_server_rules(str(args.cut.api_server), args.allowed_cidrs)),
            delegations=[network.DelegationArgs(name="aks", service_name=_DELEGATE)],
            # Azure refuses two changes of one network at a time.
            after=self.nodes,
        )
        self.register_outputs({"nodeSubnetId": self.nodes.id, "apiServerSubnetId": self.api_server.id})

    @property
    def subnets(self) -> Subnets:
        return Subnets(self._args.place.subscription, self.nodes.id, self.api_server.id, Outbound.NAT_GATEWAY)

    def _nat_gateway(self) -> network.NatGateway:
        """Of the SKU Standard: the API version that the provider speaks knows no StandardV2, which spans zones. It has
        no zone of its own, and its address is in all of them."""
        place = self._args.place
        address = network.PublicIPAddress(
            f"{self._name}-nat",
            resource_group_name=place.group,
            location=place.region,
            sku=network.PublicIPAddressSkuArgs(name=network.PublicIPAddressSkuName.STANDARD),
            public_ip_allocation_method=network.IPAllocationMethod.STATIC,
            public_ip_address_version=network.IPVersion.I_PV4,
            # In every zone, however many the nodes are in: an address cannot move.
            zones=list(ZONES[Provider.AKS][place.region]),
            tags=place.tags,
            opts=self._child,
        )
        return network.NatGateway(
            f"{self._name}-nat",
            resource_group_name=place.group,
            location=place.region,
            sku=network.NatGatewaySkuArgs(name=network.NatGatewaySkuName.STANDARD),
            public_ip_addresses=[network.SubResourceArgs(id=address.id)],
            idle_timeout_in_minutes=4,
            tags=place.tags,
            opts=self._child,
        )

    def _security_group(self, part: str, rules: list[network.SecurityRuleArgs]) -> network.NetworkSecurityGroup:
        place = self._args.place
        return network.NetworkSecurityGroup(
            f"{self._name}-{part}",
            resource_group_name=place.group,
            location=place.region,
            security_rules=rules,
            tags=place.tags,
            opts=self._child,
        )

    def _subnet(
        self,
        part: str,
        cidr: str,
        security_group: network.NetworkSecurityGroup,
        *,
        nat_gateway: network.SubResourceArgs | None = None,
        delegations: list[network.DelegationArgs] | None = None,
        after: pulumi.Resource | None = None,
    ) -> network.Subnet:
        return network.Subnet(
            f"{self._name}-{part}",
            resource_group_name=self._args.place.group,
            virtual_network_name=self.network.name,
            address_prefix=cidr,
            network_security_group=network.NetworkSecurityGroupArgs(id=security_group.id),
            nat_gateway=nat_gateway,
            delegations=delegations,
            # Azure's own way out, with an address that nobody knows, is closed.
            default_outbound_access=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after] if after else None),
        )


def subnets_of(name: str, place: Place, settings: AksSettings, opts: pulumi.ResourceOptions) -> Subnets:
    """The subnets that the settings name, or those of a new network."""
    net = settings.network
    if net.existing is not None:
        there = net.existing
        return Subnets(
            subscription_of(there.node_subnet_id), there.node_subnet_id, there.api_server_subnet_id, there.outbound
        )
    allowed = settings.api.allowed_cidrs if settings.api.public else []
    args = NetworkArgs(place, net.new_cidr, net.pod_cidr, allowed)
    return Network(f"{name}-network", args, opts).subnets


def _node_rules(nodes: str, pods: str) -> list[network.SecurityRuleArgs]:
    """An overlay's pods keep their addresses between nodes, and Azure does not count those as part of the network."""
    return [
        _rule("allow-cluster", 100, sources=[nodes, pods], destinations=[nodes, pods]),
        _rule("deny-internet", 4000, sources=["Internet"], destinations=[nodes, pods], allow=False),
    ]


def _api_server_rules(api_server: str, allowed_cidrs: list[str]) -> list[network.SecurityRuleArgs]:
    """Ports as AKS asks for in "API Server VNet Integration". From the network means: from peered ones too."""
    tcp, to = network.SecurityRuleProtocol.TCP, [api_server]
    rules = [
        _rule("allow-network", 100, sources=["VirtualNetwork"], destinations=to, ports=["443", "4443"], protocol=tcp),
        _rule("allow-probes", 110, sources=["AzureLoadBalancer"], destinations=to, ports=["9988"], protocol=tcp),
        _rule("deny-internet", 4000, sources=["Internet"], destinations=to, allow=False),
    ]
    if allowed_cidrs:
        rules.append(_rule("allow-listed", 120, sources=allowed_cidrs, destinations=to, ports=["443"], protocol=tcp))
    return rules


def _rule(
    name: str,
    priority: int,
    *,
    sources: list[str],
    destinations: list[str],
    ports: list[str] | None = None,
    protocol: network.SecurityRuleProtocol = network.SecurityRuleProtocol.ASTERISK,
    allow: bool = True,
) -> network.SecurityRuleArgs:
    """A rule for what comes in. Azure has a field for one value and a field for several, and takes only one of them."""
    return network.SecurityRuleArgs(
        name=name,
        priority=priority,
        direction=network.SecurityRuleDirection.INBOUND,
        access=network.SecurityRuleAccess.ALLOW if allow else network.SecurityRuleAccess.DENY,
        protocol=protocol,
        source_port_range="*",
        source_address_prefix=sources[0] if len(sources) == 1 else None,
        source_address_prefixes=sources if len(sources) > 1 else None,
        destination_address_prefix=destinations[0] if len(destinations) == 1 else None,
        destination_address_prefixes=destinations if len(destinations) > 1 else None,
        destination_port_range=None if ports and len(ports) > 1 else (ports[0] if ports else "*"),
        destination_port_ranges=ports if ports and len(ports) > 1 else None,
    )
