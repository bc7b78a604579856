"""What the sections of all clusters have in common, and the form in which a section's own checks say what is wrong.

A setting stands here if it means the same in every cloud. What only one cloud has stands in that cloud's module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from berth.cidr import network
from berth.document import KeyPath
from berth.errors import did_you_mean, one_of
from berth.model import Cidr, LabelKey, LabelValue, Model, Name40, OwnLabelKey, Text, TextLike, unique, wrong
from berth.settings.gitops import ClusterGitOps
from berth.settings.kinds import Provider, SecurityProfile
from berth.settings.regions import ZONES, zone_name
from berth.settings.versions import NEWEST, OLDEST, ON_TRUST

KubernetesVersion = Annotated[str, TextLike(r"1\.[0-9]{2}", 'a Kubernetes minor version such as "1.35"', longest=4)]
Region = Annotated[
    str, TextLike(r"[a-z][a-z0-9-]*", "a region such as eu-west-1, europe-west1 or westeurope", longest=40)
]


@dataclass(frozen=True)
class Finding:
    """Something wrong with a cluster's settings that no single field shows. `path` begins inside the cluster."""

    path: KeyPath
    expected: str
    fix: str = ""
    found: str | None = None
    """What is told instead of the text in the file; None where the file's text says it."""


class Taint(Model):
    """A taint on the nodes of a pool."""

    key: LabelKey
    value: LabelValue = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


class NodePool(Model):
    """A group of equal nodes."""

    name: Name40
    instance_type: Text
    """The cloud's name of the machine type."""
    min: Annotated[int, Field(ge=0, le=1000)] = 2
    """Fewest nodes."""
    max: Annotated[int, Field(ge=1, le=1000)] = 6
    """Most nodes."""
    spot: bool = False
    """Cheaper machines that the cloud may take back."""
    labels: dict[LabelKey, LabelValue] = {}
    """Labels on the nodes."""
    taints: list[Taint] = []
    """Taints on the nodes."""
    disk_gb: Annotated[int, Field(ge=30, le=4096)] = 100
    """Size of a node's disk in GiB."""
    max_pods: Annotated[int, Field(ge=8, le=110)] = 110
    """Most pods on a node. Addresses are reserved for as many."""

    @model_validator(mode="after")
    def _range_is_a_range(self) -> NodePool:
        if self.min > self.max:
            raise wrong(f"min of at most max ({self.max})", "raise max or lower min")
        return self


class ApiAccess(Model):
    """Who reaches the API server over the network."""

    public: bool = False
    """Whether the API server answers on a public address."""
    allowed_cidrs: Annotated[list[Cidr], AfterValidator(unique)] = []
    """The networks that reach a public API server."""

    @model_validator(mode="after")
    def _public_is_restricted(self) -> ApiAccess:
        if self.public and not self.allowed_cidrs:
            raise wrong("allowedCidrs with a public API", "list the networks that may reach it, or set public: false")
        for cidr in self.allowed_cidrs:
            if cidr.endswith("/0"):
                raise wrong("networks, not the whole internet", f"replace {cidr} by the networks that need access")
        return self


class Network(Model):
    """The network that the cluster gets: a range for a new one, or the names of one that is there."""

    cidr: Cidr | None = None
    """Address range of a new network. Ranges of clusters in a stack must not overlap."""
    zones: Annotated[int, Field(ge=1, le=6)] = 3
    """Over how many zones nodes are spread."""

    @property
    def new_cidr(self) -> str:
        """The range of a network that Berth makes. Only for networks without `existing`."""
        if self.cidr is None:
            raise ValueError("the network exists already")
        return self.cidr


class Maintenance(Model):
    """When the cloud may upgrade a cluster by itself. Times are UTC."""

    days: Annotated[
        list[Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]],
        AfterValidator(unique),
        Field(min_length=1),
    ] = ["saturday", "sunday"]
    start: Annotated[str, TextLike(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", 'a time of day such as "02:00"', longest=5)] = (
        "02:00"
    )
    hours: Annotated[int, Field(ge=4, le=24)] = 6
    """How long the window stays open."""

    @model_validator(mode="after")
    def _long_enough(self) -> Maintenance:
        if len(self.days) * self.hours < 12:
            raise wrong("windows of 12 hours a week in all", "GKE refuses less: add a day or hours")
        return self


class Cluster(Model):
    """What every cluster says, whatever its provider."""

    name: Name40
    """Unique over all stacks."""
    region: Region
    labels: dict[OwnLabelKey, LabelValue] = {}
    """Labels that tenants' placements select by."""
    gitops: ClusterGitOps | None = None
    """What of the agent differs from the stack's."""


class CloudCluster(Cluster):
    """What every cluster says that Berth creates. Each cloud narrows the fields to what it knows."""

    PROVIDER: ClassVar[Provider]

    kubernetes_version: KubernetesVersion
    """Minor version of Kubernetes."""
    api: ApiAccess = Field(default_factory=ApiAccess)
    deletion_protection: bool | None = None
    """Whether the cluster refuses to be deleted, in the cloud and in Pulumi. Default: on in the strict profile."""

    @property
    def pools(self) -> Sequence[NodePool]:
        raise NotImplementedError

    @property
    def net(self) -> Network:
        raise NotImplementedError

    @model_validator(mode="after")
    def _pools_have_names_of_their_own(self) -> CloudCluster:
        names = [pool.name for pool in self.pools]
        for name in names:
            if names.count(name) > 1:
                raise wrong("node pools with names of their own", f"rename one of the pools {name}")
        return self

    def protected(self, profile: SecurityProfile) -> bool:
        """Whether deletion protection holds."""
        return profile is SecurityProfile.STRICT if self.deletion_protection is None else self.deletion_protection

    def zones(self) -> list[str]:
        """The zones that Berth takes by itself, named as the cloud names them."""
        names = ZONES[self.PROVIDER].get(self.region, ())
        return [zone_name(self.PROVIDER, self.region, zone) for zone in names[: self.net.zones]]

    def check(self, profile: SecurityProfile) -> Iterator[Finding]:
        """Everything that is wrong and that no single field shows. Clouds add what only they know."""
        known = ZONES[self.PROVIDER]
        if self.region not in known:
            near = did_you_mean(self.region, list(known))
            yield Finding(("region",), f"a region of {self.PROVIDER}", near or f"they are: {', '.join(sorted(known))}")
        elif self.named_zones is None and len(known[self.region]) < self.net.zones:
            yield self._too_few_zones(len(known[self.region]))
        yield from _check_version(self.PROVIDER, self.kubernetes_version)
        if not any(not pool.taints and pool.max for pool in self.pools):
            yield Finding(("nodePools",), "a pool without taints", "the cluster's own pods need somewhere to run")
        if profile is SecurityProfile.STRICT:
            yield from self._check_strict()

    @property
    def named_zones(self) -> list[str] | None:
        """The zones that the file names, where it does and the cloud lets it."""
        return None

    def _too_few_zones(self, there_are: int) -> Finding:
        return Finding(
            ("network", "zones"),
            f"at most {there_are}, the zones of {self.region}",
            "lower it" if there_are else "take a region with zones",
            found=str(self.net.zones),
        )

    def _check_strict(self) -> Iterator[Finding]:
        """What the strict profile asks of every cloud."""
        if self.net.zones < 2:
            yield Finding(("network", "zones"), "at least 2 in the strict profile", found=str(self.net.zones))
        for index, pool in enumerate(self.pools):
            at: KeyPath = ("nodePools", index)
            if pool.spot and not pool.taints:
                yield Finding(
                    (*at, "spot"),
                    "false, or a taint with it, in the strict profile",
                    "a taint keeps what cannot bear to be interrupted away from spot nodes",
                )
            if not pool.taints and pool.min < 2:
                yield Finding((*at, "min"), "at least 2 in the strict profile", found=str(pool.min))


def check_cidr(cidr: str, path: KeyPath, widest: int, narrowest: int, cloud: str) -> Iterator[Finding]:
    """The network's range: IPv4, and of a size that can be cut."""
    whole = network(cidr)
    if whole.version != 4:
        yield Finding(path, "an IPv4 network", "networks of IPv6 alone are not supported")
    elif not widest <= whole.prefixlen <= narrowest:
        yield Finding(path, f"a network of /{widest} to /{narrowest} for {cloud}")


def check_apart(stated: list[tuple[KeyPath, str | None]]) -> Iterator[Finding]:
    """The ranges of one cluster do not overlap. `stated` is each range with its path."""
    ranges = [(path, network(cidr)) for path, cidr in stated if cidr is not None]
    for index, (path, inner) in enumerate(ranges):
        for _, other in ranges[:index]:
            if inner.overlaps(other):
                yield Finding(path, f"a range apart from {other}", found=str(inner))


def _check_version(provider: Provider, version: str) -> Iterator[Finding]:
    minor, oldest, newest = int(version.partition(".")[2]), OLDEST[provider], NEWEST[provider]
    if not oldest <= minor <= newest + ON_TRUST:
        offered = one_of(f'"1.{n}"' for n in range(oldest, newest + 1))
        yield Finding(
            ("kubernetesVersion",),
            f"{offered}, which {provider} offers",
            "" if minor < oldest else "a newer one: raise NEWEST in berth/settings/versions.py",
        )
