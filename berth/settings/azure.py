"""A cluster in Azure AKS: its section of the stack file, and what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from berth.cidr import network
from berth.document import KeyPath
from berth.model import Choice, Cidr, Model, TextLike, unique, wrong
from berth.settings.addresses import AZURE_RESERVED, cut_azure, overlay_nodes
from berth.settings.common import (
    CloudCluster,
    Finding,
    Maintenance,
    Network,
    NodePool,
    check_apart,
    check_cidr,
)
from berth.settings.kinds import Provider, SecurityProfile

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
Uuid = Annotated[str, TextLike(_UUID, "an id of the form 00000000-0000-0000-0000-000000000000", longest=36)]
VmSize = Annotated[
    str,
    TextLike(
        r"Standard_[A-Z]+[0-9]+(?:-[0-9]+)?[a-z]*(?:_[A-Za-z0-9]+)*", "a VM size such as Standard_D4ds_v5", longest=40
    ),
]
PoolName = Annotated[
    str,
    TextLike(r"[a-z][a-z0-9]*", "at most 12 of a-z and 0-9, beginning with a letter: AKS takes no more", longest=12),
]
DiskSize = Annotated[int, Field(ge=30, le=2048)]
SubnetPath = Annotated[
    str,
    TextLike(
        rf"/subscriptions/{_UUID}/resourceGroups/[\w.()-]+/providers/Microsoft\.Network/virtualNetworks/[\w.-]+"
        r"/subnets/[\w.-]+",
        "the resource id of a subnet: /subscriptions/.../virtualNetworks/.../subnets/...",
        longest=500,
    ),
]
_KEPT_BY_AKS = ("169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24")
"""Ranges that AKS refuses for nodes, pods and Services."""
_BURSTABLE = re.compile(r"Standard_(?:A|B)")
SURGE_PERCENT = 33
"""How much of a pool is there twice while it is upgraded."""


class Os(StrEnum):
    UBUNTU = "ubuntu"
    AZURE_LINUX = "azureLinux"


class Disk(StrEnum):
    EPHEMERAL = "ephemeral"
    MANAGED = "managed"


class UpgradeChannel(StrEnum):
    PATCH = "patch"
    STABLE = "stable"
    RAPID = "rapid"
    NODE_IMAGE = "node-image"


class Outbound(StrEnum):
    """How nodes reach out."""

    NAT_GATEWAY = "natGateway"
    ROUTE_TABLE = "routeTable"


class ExistingSubnets(Model):
    """Subnets that are there already. Berth changes nothing in them; they bring their own way out."""

    node_subnet_id: SubnetPath
    api_server_subnet_id: SubnetPath
    """A subnet of /28 or wider, delegated to Microsoft.ContainerService/managedClusters, for the API server's
    addresses."""
    outbound: Annotated[Outbound, Choice(Outbound)] = Outbound.NAT_GATEWAY
    """`natGateway` or `routeTable`: what the node subnet has to reach out by."""

    @model_validator(mode="after")
    def _of_one_network(self) -> ExistingSubnets:
        if _network_of(self.node_subnet_id) != _network_of(self.api_server_subnet_id):
            raise wrong("two subnets of one network", "nodes and API server find each other in one network only")
        return self


def _network_of(subnet_id: str) -> str:
    return subnet_id.rpartition("/subnets/")[0]


class AksNetwork(Network):
    zones: Annotated[int, Field(ge=1, le=3)] = 3
    """Over how many zones nodes are spread. Azure regions have three."""
    pod_cidr: Cidr = "10.244.0.0/16"
    """Range of the overlay that pods have addresses of. Not part of the network; clusters may share it."""
    service_cidr: Cidr = "10.245.0.0/16"
    """Range of the cluster's Services. Not part of the network."""
    existing: ExistingSubnets | None = None
    """Subnets that are there already, instead of a new network with `cidr`."""

    @model_validator(mode="after")
    def _new_or_existing(self) -> AksNetwork:
        if (self.cidr is None) == (self.existing is None):
            raise wrong("either cidr or existing", "cidr makes a new network, existing takes one that is there")
        return self


def has_local_disk(size: str) -> bool:
    """Whether a VM size has a local disk, which an ephemeral OS disk needs: a `d` among its features, as in
    Standard_D4ds_v5."""
    features = re.match(r"Standard_[A-Z]+[0-9]+(?:-[0-9]+)?([a-z]*)", size)
    return features is not None and "d" in features[1]


class AksNodePool(NodePool):
    name: PoolName
    instance_type: VmSize
    spot: bool = False
    """Cheaper machines that the cloud may take back. AKS taints them: only pods that tolerate
    kubernetes.azure.com/scalesetpriority=spot run there."""
    disk_gb: DiskSize = 100
    """Size of a node's disk in GiB. An ephemeral one has to fit on the size's local disk."""
    max_pods: Annotated[int, Field(ge=10, le=250)] = 110
    os: Annotated[Os, Choice(Os)] = Os.UBUNTU
    """What the nodes run."""
    os_disk: Annotated[Disk, Choice(Disk)] = Disk.EPHEMERAL
    """`ephemeral` lives on the machine, is fast and gone with it; `managed` is for sizes without a local disk."""


class SystemPool(Model):
    """The pool for the cluster's own pods. Nothing else runs there."""

    instance_type: VmSize = "Standard_D4ds_v5"
    min: Annotated[int, Field(ge=1, le=100)] = 3
    """Fewest nodes."""
    max: Annotated[int, Field(ge=1, le=100)] = 5
    """Most nodes."""
    disk_gb: DiskSize = 100
    """Size of a node's disk in GiB. An ephemeral one has to fit on the size's local disk."""
    os_disk: Annotated[Disk, Choice(Disk)] = Disk.EPHEMERAL

    @model_validator(mode="after")
    def _range_is_a_range(self) -> SystemPool:
        if self.min > self.max:
            raise wrong(f"min of at most max ({self.max})", "raise max or lower min")
        return self


SYSTEM_POOL = "system"
_OUTLIVES = "a disk that outlives its node keeps what was on it"


def _at_most(nodes: int) -> int:
    """Nodes of a pool at its largest, while it is upgraded."""
    return nodes + -(-nodes * SURGE_PERCENT // 100)


def _no_local_disk(path: KeyPath) -> Finding:
    return Finding(
        path,
        "a size with a local disk, such as Standard_D4ds_v5",
        "an ephemeral OS disk needs it: take such a size, or set osDisk: managed",
    )


class AksSettings(CloudCluster):
    """A cluster in Azure AKS."""

    PROVIDER: ClassVar[Provider] = Provider.AKS

    provider: Literal["aks"]
    subscription: Uuid
    """The subscription that the cluster is in."""
    entra_tenant: Uuid
    """The Microsoft Entra tenant whose groups and people may be let in."""
    network: AksNetwork
    admins: Annotated[list[Uuid], AfterValidator(unique), Field(min_length=1)]
    """Object ids of Microsoft Entra groups with admin rights in the cluster. Who deploys has to be in one."""
    node_pools: Annotated[list[AksNodePool], Field(min_length=1)]
    system_pool: SystemPool = Field(default_factory=SystemPool)
    upgrade_channel: Annotated[UpgradeChannel, Choice(UpgradeChannel)] = UpgradeChannel.PATCH
    """Which upgrades AKS makes by itself."""
    maintenance: Maintenance = Field(default_factory=Maintenance)
    log_retention_days: Annotated[int, Field(ge=30, le=730)] = 365
    """How long the logs of the control plane are kept."""

    @property
    def pools(self) -> list[AksNodePool]:
        return self.node_pools

    @property
    def net(self) -> AksNetwork:
        return self.network

    def check(self, profile: SecurityProfile) -> Iterator[Finding]:
        yield from super().check(profile)
        yield from self._check_api()
        yield from self._check_pools()
        net = self.network
        wrong_size = [
            *check_cidr(net.pod_cidr, ("network", "podCidr"), 8, 24, "an overlay"),
            *check_cidr(net.service_cidr, ("network", "serviceCidr"), 13, 24, "Services"),
            *(check_cidr(net.cidr, ("network", "cidr"), 12, 24, "AKS") if net.cidr is not None else ()),
        ]
        yield from wrong_size or self._check_room()

    def _check_room(self) -> Iterator[Finding]:
        """Whether ranges of the right sizes are apart, and have room for the pools at their largest."""
        net = self.network
        stated = [
            (("network", "cidr"), net.cidr),
            (("network", "podCidr"), net.pod_cidr),
            (("network", "serviceCidr"), net.service_cidr),
        ]
        yield from check_apart([*(((), kept) for kept in _KEPT_BY_AKS), *stated])
        nodes = _at_most(self.system_pool.max) + sum(
            pool.max if pool.spot else _at_most(pool.max) for pool in self.node_pools
        )
        if nodes > overlay_nodes(net.pod_cidr):
            prefix = 24 - (nodes - 1).bit_length()
            yield Finding(
                ("network", "podCidr"),
                f"a /24 for each of {nodes} nodes, where {net.pod_cidr} has {overlay_nodes(net.pod_cidr)}",
                f"take a /{prefix}, or lower max",
                found=net.pod_cidr,
            )
        if net.cidr is None:
            return
        cut = cut_azure(net.cidr)
        room = cut.nodes.num_addresses - AZURE_RESERVED
        if nodes > room:
            prefix = 31 - (nodes + AZURE_RESERVED - 1).bit_length()
            yield Finding(
                ("network", "cidr"),
                f"room for {nodes} nodes in {cut.nodes}, which has {room} addresses",
                f"take a /{prefix}, or lower max",
            )

    def _check_api(self) -> Iterator[Finding]:
        for index, cidr in enumerate(self.api.allowed_cidrs):
            if network(cidr).version != 4:
                yield Finding(("api", "allowedCidrs", index), "an IPv4 network", "AKS takes no others")

    def _check_pools(self) -> Iterator[Finding]:
        untainted = [pool for pool in self.node_pools if not pool.taints]
        if untainted and all(pool.spot for pool in untainted):
            yield Finding(
                ("nodePools",),
                "a pool without taints that is not spot",
                "AKS taints spot nodes: the cluster's own pods need somewhere else to run",
            )
        for index, pool in enumerate(self.node_pools):
            at = ("nodePools", index)
            if pool.name == SYSTEM_POOL:
                yield Finding((*at, "name"), f'a name other than "{SYSTEM_POOL}"', "that is the pool of systemPool")
            if pool.os_disk is Disk.EPHEMERAL and not has_local_disk(pool.instance_type):
                yield _no_local_disk((*at, "instanceType"))
        if self.system_pool.os_disk is Disk.EPHEMERAL and not has_local_disk(self.system_pool.instance_type):
            yield _no_local_disk(("systemPool", "instanceType"))
        if _BURSTABLE.match(self.system_pool.instance_type):
            yield Finding(
                ("systemPool", "instanceType"),
                "a size that is not burstable",
                "AKS refuses A and B sizes for system pools",
            )

    def _check_strict(self) -> Iterator[Finding]:
        yield from super()._check_strict()
        if self.api.public:
            yield Finding(
                ("api", "public"), "false in the strict profile", "reach the API server from inside the network"
            )
        if self.system_pool.min < 3:
            yield Finding(("systemPool", "min"), "at least 3 in the strict profile", found=str(self.system_pool.min))
        if self.system_pool.os_disk is not Disk.EPHEMERAL:
            yield Finding(("systemPool", "osDisk"), "ephemeral in the strict profile", _OUTLIVES)
        if self.log_retention_days < 365:
            yield Finding(("logRetentionDays",), "at least 365 in the strict profile")
        for index, pool in enumerate(self.node_pools):
            if pool.os_disk is not Disk.EPHEMERAL:
                yield Finding(("nodePools", index, "osDisk"), "ephemeral in the strict profile", _OUTLIVES)
            if pool.max_pods < 50:
                yield Finding(("nodePools", index, "maxPods"), "at least 50 in the strict profile")
