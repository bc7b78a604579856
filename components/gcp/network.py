"""The network of a cluster: a new VPC with one subnetwork and a way out, or the place in one that is there.

Firewall rules for the cluster itself are GKE's: it makes them with the cluster, at priority 1000. Peerings, VPNs and
load balancers are not in scope.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_gcp import compute

from berth.settings import GkeSettings
from berth.settings.addresses import cut_gcp

PODS = "pods"
SERVICES = "services"


@dataclass(frozen=True)
class Place:
    """Where a cluster is: a subnetwork, and which of its secondary ranges are for what."""

    network: pulumi.Input[str]
    subnetwork: pulumi.Input[str]
    pods_range: str
    services_range: str
    needs: tuple[pulumi.Resource, ...] = ()
    """What has to be there before a node is."""


def place(name: str, settings: GkeSettings, opts: pulumi.ResourceOptions) -> Place:
    """The place that the settings name, or a new one."""
    there = settings.network.existing
    if there is not None:
        return Place(there.network, there.subnetwork, there.pods_range, there.services_range)
    network = Network(f"{name}-network", NetworkArgs(settings.network.new_cidr, settings.region), opts)
    return Place(network.network, network.subnetwork, PODS, SERVICES, (network,))


@dataclass(frozen=True)
class NetworkArgs:
    """`cidr` is cut as `berth.settings.addresses.cut_gcp` says, whatever the zones."""

    cidr: str
    region: str


class Network(pulumi.ComponentResource):
    """A VPC network for one cluster: nodes without public addresses, which reach out by NAT and are not reached."""

    network: pulumi.Output[str]
    """Id of the VPC network."""
    subnetwork: pulumi.Output[str]
    """Id of the subnetwork."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("berth:gcp:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        network = compute.Network(name, auto_create_subnetworks=False, routing_mode="REGIONAL", opts=child)
        subnetwork = _subnetwork(name, args, network, child)
        _deny_ingress(name, network, child)
        _way_out(name, args.region, network, subnetwork, child)
        self.network, self.subnetwork = network.id, subnetwork.id
        self.register_outputs({"network": self.network, "subnetwork": self.subnetwork})


def _subnetwork(
    name: str, args: NetworkArgs, network: compute.Network, opts: pulumi.ResourceOptions
) -> compute.Subnetwork:
    cut = cut_gcp(args.cidr)
    return compute.Subnetwork(
        f"{name}-nodes",
        network=network.id,
        region=args.region,
        ip_cidr_range=str(cut.nodes),
        secondary_ip_ranges=[
            compute.SubnetworkSecondaryIpRangeArgs(range_name=PODS, ip_cidr_range=str(cut.pods)),
            compute.SubnetworkSecondaryIpRangeArgs(range_name=SERVICES, ip_cidr_range=str(cut.services)),
        ],
        # Google's own services, such as Artifact Registry, without a detour over NAT.
        private_ip_google_access=True,
        log_config=compute.SubnetworkLogConfigArgs(
            aggregation_interval="INTERVAL_10_MIN", flow_sampling=0.5, metadata="INCLUDE_ALL_METADATA"
        ),
        opts=opts,
    )


def _deny_ingress(name: str, network: compute.Network, opts: pulumi.ResourceOptions) -> None:
    """What every network denies anyway, at a priority just above, because only a rule of one's own is logged. The rules
    that GKE and its load balancers add have priority 1000 and go before it."""
    compute.Firewall(
        f"{name}-deny",
        network=network.id,
        direction="INGRESS",
        priority=65534,
        source_ranges=["0.0.0.0/0"],
        denies=[compute.FirewallDenyArgs(protocol="all")],
        log_config=compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA"),
        opts=opts,
    )


def _way_out(
    name: str, region: str, network: compute.Network, subnetwork: compute.Subnetwork, opts: pulumi.ResourceOptions
) -> None:
    router = compute.Router(f"{name}-router", network=network.id, region=region, opts=opts)
    compute.RouterNat(
        f"{name}-nat",
        router=router.name,
        region=region,
        nat_ip_allocate_option="AUTO_ONLY",
        source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
        subnetworks=[compute.RouterNatSubnetworkArgs(name=subnetwork.id, source_ip_ranges_to_nats=["ALL_IP_RANGES"])],
        # A node's pods share its ports: it gets more of them while many connections are open. Not possible together
        # with endpoint-independent mapping.
        enable_dynamic_port_allocation=True,
        enable_endpoint_independent_mapping=False,
        min_ports_per_vm=64,
        max_ports_per_vm=8192,
        log_config=compute.RouterNatLogConfigArgs(enable=True, filter="ERRORS_ONLY"),
        opts=opts,
    )
