"""The typed models of a tenant file and of a profile.

`Policy` is what profile, tenant file and placement override have in common; `berth.tenants.resolve` merges the three.
A field left out stays unset, so that the layer below shows through.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from berth.cidr import network, networks, within
from berth.errors import did_you_mean
from berth.model import (
    Choice,
    Cidr,
    Commit,
    Duration,
    GitName,
    GitUrl,
    Group,
    Host,
    LabelKey,
    LabelValue,
    Model,
    Name40,
    Namespace,
    ObjectName,
    OwnLabelKey,
    Quantity,
    Registry,
    RepoPath,
    Semver,
    Suffix,
    Text,
    unique,
    wrong,
)
from berth.settings.kinds import Cloud
from berth.settings.model import check_placeholders
from berth.tenants.identity import AwsIdentity, AzureIdentity, GcpIdentity
from berth.tenants.must_hold import HeldObject
from berth.tenants.notify import Notify, each_once


class Lifecycle(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    OFFBOARDING = "offboarding"


class DeletionPolicy(StrEnum):
    KEEP = "keep"
    DELETE = "delete"


class PodSecurity(StrEnum):
    RESTRICTED = "restricted"
    BASELINE = "baseline"


METADATA_NETWORKS = networks(
    "169.254.0.0/16",  # link-local: 169.254.169.254 in all three clouds, ECS and Pod Identity agents, GKE's server
    "168.63.129.16/32",  # Azure's wire server
    "fd00:ec2::/64",  # AWS over IPv6
    "fd20:ce::/64",  # Google over IPv6
    "fe80::/10",
)
"""Addresses where a cloud hands out its machines' credentials: no tenant's pod may talk to them."""

_QUOTA_NAMES = (
    "configmaps", "cpu", "ephemeral-storage", "limits.cpu", "limits.ephemeral-storage", "limits.memory", "memory",
    "persistentvolumeclaims", "pods", "replicationcontrollers", "requests.cpu", "requests.ephemeral-storage",
    "requests.memory", "requests.storage", "secrets", "services", "services.loadbalancers", "services.nodeports",
)  # fmt: skip
_QUOTA_PATTERNS = re.compile(
    r"count/[a-z]+(?:\.[a-z0-9.-]+)?|requests\.[a-z0-9.-]+/[a-z0-9.-]+|(?:requests|limits)\.hugepages-\w+"
    r"|[a-z0-9.-]+\.storageclass\.storage\.k8s\.io/(?:requests\.storage|persistentvolumeclaims)"
)


def _quota_name(name: str) -> str:
    if name not in _QUOTA_NAMES and not _QUOTA_PATTERNS.fullmatch(name):
        raise wrong(
            "a resource that a quota counts, such as requests.cpu or count/jobs.batch", did_you_mean(name, _QUOTA_NAMES)
        )
    return name


def _limit_name(name: str) -> str:
    known = ("cpu", "memory", "ephemeral-storage")
    if name not in known:
        raise wrong("cpu, memory or ephemeral-storage", did_you_mean(name, known))
    return name


def _away_from_metadata(cidr: str) -> str:
    for metadata in METADATA_NETWORKS:
        if within(network(cidr), metadata):
            raise wrong(
                "a network apart from the clouds' metadata addresses",
                f"{metadata} hands out machine credentials: remove it",
            )
    return cidr


QuotaName = Annotated[str, AfterValidator(_quota_name)]
ContainerResource = Annotated[str, AfterValidator(_limit_name)]
EgressCidr = Annotated[Cidr, AfterValidator(_away_from_metadata)]


class Limits(Model):
    """Limits of a container, as in a LimitRange."""

    default: dict[ContainerResource, Quantity] = {}
    """Limits of a container that names none."""
    default_request: dict[ContainerResource, Quantity] = {}
    """Requests of a container that names none."""
    max: dict[ContainerResource, Quantity] = {}
    """What one container may ask for at most."""
    min: dict[ContainerResource, Quantity] = {}
    """What one container must ask for at least."""


class IngressPeer(Model):
    """Who may open connections to the tenant's pods: a namespace of the platform, or a network."""

    namespace: Namespace | None = None
    """A namespace that is no tenant's, such as the ingress controller's."""
    cidr: Cidr | None = None
    """A network, such as that of a load balancer."""

    @model_validator(mode="after")
    def _exactly_one(self) -> IngressPeer:
        if (self.namespace is None) == (self.cidr is None):
            raise wrong("either namespace or cidr")
        return self


class Traffic(Model):
    """What the tenant's pods may talk to beyond each other."""

    ingress_from: list[IngressPeer] = []
    """Who may connect to the pods."""
    egress_cidrs: Annotated[list[EgressCidr], AfterValidator(unique)] = []
    """Networks that the pods may connect to."""
    dns: bool = True
    """Whether the pods may ask the cluster's DNS."""
    internet: bool = False
    """Whether the pods may connect to public addresses."""


class Allow(Model):
    """Allow-lists that the API server enforces. What is not listed is refused."""

    registries: Annotated[list[Registry], AfterValidator(unique)] = []
    """Registries or repositories that images may come from."""
    hosts: Annotated[list[Host], AfterValidator(unique)] = []
    """Host names that Ingress and HTTPRoute objects may claim."""


class Sync(Model):
    """How the agent applies the tenant's manifests."""

    interval: Duration = "5m"
    """How often drift is corrected when no commit arrives."""
    timeout: Duration = "5m"
    """How long a sync may take until workloads are ready."""
    prune: bool = True
    """Whether what leaves Git leaves the cluster."""
    wait: bool = True
    """Whether a sync is done only when its workloads are ready."""
    must_hold: Annotated[list[HeldObject], AfterValidator(unique)] = []
    """Objects that the manifests must hold, such as `Deployment/web`: where one is missing, nothing is applied and
    nothing is deleted."""


class Policy(Model):
    """The guard-rails and sync settings that a profile, a tenant file and a placement override may state."""

    quota: dict[QuotaName, Quantity] = {}
    """Hard limits of each namespace, as in a ResourceQuota."""
    limits: Limits = Field(default_factory=Limits)
    pod_security: Annotated[PodSecurity, Choice(PodSecurity)] = PodSecurity.RESTRICTED
    """Pod Security Standard that the API server enforces. `baseline` needs an `exception`."""
    exception: Text | None = None
    """Why pod security is below `restricted`."""
    network: Traffic = Field(default_factory=Traffic)
    allow: Allow = Field(default_factory=Allow)
    sync: Sync = Field(default_factory=Sync)
    labels: dict[OwnLabelKey, LabelValue] = {}
    """Labels on the tenant's namespaces."""


class GitRef(Model):
    """One point of a Git repo."""

    branch: GitName | None = None
    tag: GitName | None = None
    semver: Semver | None = None
    """The highest tag in this range."""
    commit: Commit | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> GitRef:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise wrong("one of branch, tag, semver, commit")
        return self


class Source(Model):
    """Where the tenant's manifests come from, if not from the stack's deploy repo."""

    url: GitUrl | None = None
    """A Git repo of the tenant's own."""
    ref: GitRef | None = None
    """What to follow in it; default: the deploy repo's branch, or `main` of a repo of its own."""
    path: Annotated[RepoPath, AfterValidator(check_placeholders)] | None = None
    """Path in the tenant's own repo."""
    secret_name: ObjectName | None = None
    """Secret with the credential for it, in the tenant's sync namespace."""

    @model_validator(mode="after")
    def _own_repo(self) -> Source:
        if self.url is None and self.path is not None:
            raise wrong("a url with path", "the path in the deploy repo follows from the stack's deployRepo.path")
        if self.url is None and self.secret_name is not None:
            raise wrong("a url with secretName", "the credential of the deploy repo is a setting of the stack")
        return self


class Owners(Model):
    """Who owns the tenant."""

    team: Text
    contact: Text
    """Where to write when something is wrong."""
    groups: Annotated[list[Group], AfterValidator(unique)] = []
    """Groups of the clusters' identity provider that may work in the tenant's namespaces."""


class Placement(Model):
    """Where the tenant runs. Exactly one of clouds, clusters and labels selects clusters of the environments."""

    environments: Annotated[list[Name40], AfterValidator(unique), Field(min_length=1)]
    clouds: Annotated[list[Annotated[Cloud, Choice(Cloud)]], AfterValidator(unique), Field(min_length=1)] | None = None
    """All clusters of these clouds."""
    clusters: Annotated[list[Name40], AfterValidator(unique), Field(min_length=1)] | None = None
    """These clusters by name."""
    labels: Annotated[dict[LabelKey, LabelValue], Field(min_length=1)] | None = None
    """All clusters that carry these labels."""
    ref: GitRef | None = None
    """What these clusters follow; promotion is a change of this line."""
    overrides: Policy = Field(default_factory=Policy)
    """What differs here from the rest of the file."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Placement:
        if sum(chosen is not None for chosen in (self.clouds, self.clusters, self.labels)) != 1:
            raise wrong("exactly one of clouds, clusters, labels")
        return self


class Identity(Model):
    """Rights in a cloud for one service account of the tenant."""

    service_account: Annotated[ObjectName, AfterValidator(lambda name: _not_default(name))]
    namespace: Suffix = ""
    """Suffix of the namespace it lives in."""
    aws: AwsIdentity | None = None
    gcp: GcpIdentity | None = None
    azure: AzureIdentity | None = None


def _not_default(name: str) -> str:
    if name == "default":
        raise wrong("a service account of its own", "every pod without one runs as default: name another")
    return name


class TenantFile(Policy):
    """A tenant: tenants/<name>.yaml."""

    name: Name40
    """Equals the file's name. Never changes: namespaces and cloud identities are named after it."""
    owners: Owners
    lifecycle: Annotated[Lifecycle, Choice(Lifecycle)] = Lifecycle.ACTIVE
    """`suspended` stops syncing and leaves workloads running; `offboarding` is the step before the file goes."""
    deletion_policy: Annotated[DeletionPolicy, Choice(DeletionPolicy)] = DeletionPolicy.KEEP
    """Whether a namespace may be deleted while volume claims are in it."""
    profile: Name40
    """The preset in tenants/profiles/ that the tenant starts from."""
    namespaces: Annotated[list[Suffix], AfterValidator(unique), Field(min_length=1)] = [""]
    """Suffixes: "" is <name>, "jobs" is <name>-jobs."""
    placements: Annotated[list[Placement], Field(min_length=1)]
    source: Source = Field(default_factory=Source)
    identity: list[Identity] = []
    """Cloud identities of service accounts."""
    notify: Annotated[list[Notify], AfterValidator(each_once)] = []
    """Whom the agent tells how syncs go."""


class Ceiling(Model):
    """What a tenant of the profile may raise its values to."""

    quota: dict[QuotaName, Quantity] = {}
    limits: dict[ContainerResource, Quantity] = {}
    """Highest default limit of a container."""


class Profile(Policy):
    """A preset for tenants: tenants/profiles/<name>.yaml."""

    description: Text
    ceiling: Ceiling = Field(default_factory=Ceiling)
