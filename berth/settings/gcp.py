"""A cluster in Google GKE: its section of the stack file, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from berth.model import Choice, Model, TextLike, unique, wrong
from berth.settings.addresses import Demand, cut_gcp, gcp_pod_addresses
from berth.settings.common import ApiAccess, CloudCluster, Finding, Maintenance, Network, NodePool, check_cidr
from berth.settings.kinds import Provider, SecurityProfile

MachineType = Annotated[
    str,
    TextLike(
        r"[a-z][0-9]+[a-z]*(?:-[a-z0-9]+)+",
        "a Compute Engine machine type such as n2-standard-4",
        longest=40,
    ),
]
Project = Annotated[
    str, TextLike(r"[a-z][a-z0-9-]*[a-z0-9]", "the id of a Google Cloud project", longest=30, shortest=6)
]
_EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
ServiceAccountEmail = Annotated[
    str,
    TextLike(r"[a-z0-9-]+@[a-z0-9-]+\.iam\.gserviceaccount\.com", "the address of a Google service account"),
]
Principal = Annotated[
    str,
    TextLike(
        rf"(?:group|user|serviceAccount):{_EMAIL}", "group:, user: or serviceAccount: and an address", longest=300
    ),
]
SecurityGroup = Annotated[
    str,
    TextLike(r"gke-security-groups@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", "gke-security-groups@ and your domain"),
]
ZoneName = Annotated[str, TextLike(r"[a-z]+-[a-z]+[0-9]+-[a-z]", "a zone such as europe-west1-b", longest=30)]
ResourceName = Annotated[str, TextLike(r"[a-z](?:[-a-z0-9]*[a-z0-9])?", "the name of a resource", longest=63)]
NetworkPath = Annotated[
    str,
    TextLike(
        r"projects/[a-z0-9:.-]+/(?:global/networks|regions/[a-z0-9-]+/subnetworks)/[a-z][-a-z0-9]*",
        "a resource such as projects/P/global/networks/N or projects/P/regions/R/subnetworks/S",
    ),
]

WIDEST, NARROWEST = 12, 22
"""Prefixes of a network for a new cluster."""


class Channel(StrEnum):
    RAPID = "rapid"
    REGULAR = "regular"
    STABLE = "stable"
    EXTENDED = "extended"


class GkeApi(ApiAccess):
    """Who reaches the API server over the network."""

    dns_endpoint: bool = True
    """Whether the API server answers at its DNS name, where Google checks a caller's IAM rights before the API server
    sees the request."""


class ExistingSubnetwork(Model):
    """A VPC network and subnetwork that are there already. Berth changes nothing in them."""

    network: NetworkPath
    subnetwork: NetworkPath
    pods_range: ResourceName
    """The subnetwork's secondary range for pods."""
    services_range: ResourceName
    """The subnetwork's secondary range for Services."""


class GkeNetwork(Network):
    zone_names: Annotated[list[ZoneName], AfterValidator(unique), Field(min_length=1, max_length=6)] | None = None
    """The zones by name, where the project should use others than the first of the region."""
    existing: ExistingSubnetwork | None = None
    """A network that is there already, instead of a new one with `cidr`."""

    @model_validator(mode="after")
    def _new_or_existing(self) -> GkeNetwork:
        if (self.cidr is None) == (self.existing is None):
            raise wrong("either cidr or existing", "cidr makes a new network, existing takes one that is there")
        if self.zone_names is not None and "zones" in self.model_fields_set and len(self.zone_names) != self.zones:
            raise wrong(f"as many zoneNames as zones ({self.zones})", "leave zones out")
        return self


class GkeNodePool(NodePool):
    instance_type: MachineType


class GkeSettings(CloudCluster):
    """A cluster in Google GKE."""

    PROVIDER: ClassVar[Provider] = Provider.GKE

    provider: Literal["gke"]
    project: Project
    """The project that the cluster is in."""
    impersonate: ServiceAccountEmail | None = None
    """A service account to act as, instead of what the credentials are themselves."""
    network: GkeNetwork
    api: GkeApi = Field(default_factory=GkeApi)
    admins: Annotated[list[Principal], AfterValidator(unique)] = []
    """Groups, users and service accounts with admin rights in the cluster."""
    node_pools: Annotated[list[GkeNodePool], Field(min_length=1)]
    release_channel: Annotated[Channel, Choice(Channel)] = Channel.REGULAR
    """Which upgrades GKE makes by itself. `kubernetesVersion` is where the cluster starts and never falls below."""
    maintenance: Maintenance = Field(default_factory=Maintenance)
    security_group: SecurityGroup | None = None
    """The Google group whose member groups can be named in RBAC. Needed by the strict profile."""

    @property
    def pools(self) -> list[GkeNodePool]:
        return self.node_pools

    @property
    def net(self) -> GkeNetwork:
        return self.network

    @property
    def named_zones(self) -> list[str] | None:
        return self.network.zone_names

    def zones(self) -> list[str]:
        return self.network.zone_names or super().zones()

    @property
    def workload_pool(self) -> str:
        """The pool of identities that the project's clusters share."""
        return f"{self.project}.svc.id.goog"

    def check(self, profile: SecurityProfile) -> Iterator[Finding]:
        yield from super().check(profile)
        for index, zone in enumerate(self.network.zone_names or ()):
            if zone[:-2] != self.region:
                yield Finding(("network", "zoneNames", index), f"a zone of {self.region}")
        if not self.api.public and not self.api.dns_endpoint and self.api.allowed_cidrs == []:
            yield Finding(
                ("api", "dnsEndpoint"),
                "true, or networks in allowedCidrs",
                "else nobody reaches the API server",
                found="false",
            )
        existing = self.network.existing
        if existing and f"/regions/{self.region}/subnetworks/" not in existing.subnetwork:
            yield Finding(("network", "existing", "subnetwork"), f"projects/P/regions/{self.region}/subnetworks/S")
        if existing and "/networks/" not in existing.network:
            yield Finding(("network", "existing", "network"), "projects/P/global/networks/N")
        for index, principal in enumerate(self.admins):
            if principal.startswith("group:") and self.security_group is None:
                yield Finding(
                    ("admins", index),
                    "securityGroup with a group",
                    "GKE knows the groups in gke-security-groups@ and your domain, and no others",
                )
        if self.network.cidr is not None:
            wrong_size = list(check_cidr(self.network.cidr, ("network", "cidr"), WIDEST, NARROWEST, "GKE"))
            yield from wrong_size or self._check_room(self.network.cidr)

    def _check_room(self, cidr: str) -> Iterator[Finding]:
        """Room for pods. Nodes fit where they do: each takes at least 16 addresses for pods, of twice as many."""
        pods = cut_gcp(cidr).pods
        # An upgrade adds a node to a pool before it takes one away.
        needed = gcp_pod_addresses([Demand(pool.max + 1, pool.max_pods) for pool in self.node_pools])
        if needed > pods.num_addresses:
            prefix = 31 - (needed - 1).bit_length()  # pods get half of the network
            yield Finding(
                ("network", "cidr"),
                f"room for {needed} addresses for pods in {pods}, which has {pods.num_addresses}",
                f"{sum(pool.max for pool in self.node_pools)} nodes and their pods ask for them: "
                + (f"take a /{prefix}, or lower max or maxPods" if prefix >= WIDEST else "lower max or maxPods"),
            )

    def _check_strict(self) -> Iterator[Finding]:
        yield from super()._check_strict()
        if self.api.public:
            yield Finding(("api", "public"), "false in the strict profile", "the DNS endpoint reaches the API server")
        named = self.network.zone_names
        if named is not None and len(named) < 2 <= self.net.zones:
            yield Finding(("network", "zoneNames"), "at least 2 in the strict profile", found=named[0])
        if self.security_group is None:
            yield Finding(
                ("securityGroup",),
                "gke-security-groups@ and your domain, in the strict profile",
                "rights are given to groups, not to people",
                found="nothing",
            )
