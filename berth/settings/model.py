"""The typed model of a stack file: everything under `berth:` in Pulumi.<stack>.yaml.

Each provider has its own cluster model, so that a key of one cloud in the section of another is an error. What the
components do with a setting is their business; what a setting may be is decided here.
"""

from __future__ import annotations

import string
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from berth.model import (
    Choice,
    Cidr,
    Duration,
    GitName,
    GitUrl,
    LabelKey,
    LabelValue,
    Model,
    Name40,
    OwnLabelKey,
    RepoPath,
    Text,
    TextLike,
    unique,
    wrong,
)


class Engine(StrEnum):
    FLUX = "flux"
    ARGOCD = "argocd"


class Install(StrEnum):
    CHART = "chart"
    NONE = "none"


class Delivery(StrEnum):
    PULUMI = "pulumi"
    GIT = "git"


class Cloud(StrEnum):
    AWS = "aws"
    GCP = "gcp"
    AZURE = "azure"


class Provider(StrEnum):
    EKS = "eks"
    GKE = "gke"
    AKS = "aks"
    EXISTING = "existing"


CLOUD_OF = {Provider.EKS: Cloud.AWS, Provider.GKE: Cloud.GCP, Provider.AKS: Cloud.AZURE}

Version = Annotated[str, TextLike(r"[0-9]+\.[0-9]+(?:\.[0-9]+)?", 'a version such as "2.7.5"', longest=20)]
KubernetesVersion = Annotated[str, TextLike(r"1\.[0-9]{2}", 'a Kubernetes minor version such as "1.34"', longest=4)]
Region = Annotated[
    str, TextLike(r"[a-z][a-z0-9-]*", "a region such as eu-west-1, europe-west1 or westeurope", longest=40)
]
PLACEHOLDERS = ("tenant", "environment", "cloud", "cluster", "region")


def check_placeholders(text: str) -> str:
    """Validator: only placeholders that a path may hold."""
    try:
        used = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        raise wrong("placeholders such as {tenant}", "close every brace") from None
    if "{{" in text or "}}" in text:
        raise wrong("placeholders such as {tenant}", "write single braces: doubled ones stand for a brace")
    unknown = sorted(used - set(PLACEHOLDERS))
    if unknown:
        raise wrong(f"placeholders among {', '.join(PLACEHOLDERS)}", f"remove {{{unknown[0]}}}")
    return text


def _one_path_a_tenant(text: str) -> str:
    if "{tenant}" not in check_placeholders(text):
        raise wrong("a path with {tenant}", "without it all tenants would share one path")
    return text


PathTemplate = Annotated[RepoPath, AfterValidator(_one_path_a_tenant)]


class GitOps(Model):
    """The agent that runs in every cluster of the stack."""

    engine: Annotated[Engine, Choice(Engine)] = Engine.FLUX
    """Which agent reconciles."""
    version: Version = "2.7.5"
    """Version of the agent's distribution."""
    install: Annotated[Install, Choice(Install)] = Install.CHART
    """`chart` installs and upgrades the agent; `none` uses the one that is there already."""


class DeployRepo(Model):
    """The Git repo that the agents pull, and where each tenant's part of it lies."""

    url: GitUrl
    """Where the agents clone from."""
    branch: GitName = "main"
    """The branch that clusters follow unless a placement says otherwise."""
    path: PathTemplate = "apps/{tenant}/{environment}/{cloud}"
    """Path of a tenant's manifests. Knows {tenant}, {environment}, {cloud}, {cluster} and {region}."""
    interval: Duration = "1m"
    """How often the agents look for new commits."""


class Network(Model):
    """The network that the cluster gets."""

    cidr: Cidr
    """Address range of the network. Ranges of clusters in a stack must not overlap."""
    zones: Annotated[int, Field(ge=1, le=6)] = 3
    """Over how many zones nodes are spread."""


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

    @model_validator(mode="after")
    def _range_is_a_range(self) -> NodePool:
        if self.min > self.max:
            raise wrong(f"min of at most max ({self.max})", "raise max or lower min")
        return self


class _Cluster(Model):
    """What every cluster says, whatever its provider."""

    name: Name40
    """Unique over all stacks."""
    region: Region
    labels: dict[OwnLabelKey, LabelValue] = {}
    """Labels that tenants' placements select by."""


class _CloudCluster(_Cluster):
    kubernetes_version: KubernetesVersion
    """Minor version of Kubernetes."""
    network: Network
    api: ApiAccess = Field(default_factory=ApiAccess)
    admins: Annotated[list[Text], AfterValidator(unique)] = []
    """Principals of that cloud with admin rights in the cluster."""
    node_pools: Annotated[list[NodePool], Field(min_length=1)]

    @model_validator(mode="after")
    def _pools_have_names_of_their_own(self) -> _CloudCluster:
        names = [pool.name for pool in self.node_pools]
        for name in names:
            if names.count(name) > 1:
                raise wrong("node pools with names of their own", f"rename one of the pools {name}")
        return self


class EksSettings(_CloudCluster):
    """A cluster in Amazon EKS."""

    provider: Literal["eks"]


class GkeSettings(_CloudCluster):
    """A cluster in Google GKE."""

    provider: Literal["gke"]


class AksSettings(_CloudCluster):
    """A cluster in Azure AKS."""

    provider: Literal["aks"]


class ExistingSettings(_Cluster):
    """A cluster that is there already: on-premises, kind, the local fleet."""

    provider: Literal["existing"]
    cloud: Annotated[Cloud, Choice(Cloud)]
    """The cloud it runs in or stands for: tenants are placed by it."""
    kubeconfig: Text
    """Path of the kubeconfig file, from the project's folder; ~ is the home directory."""
    context: Text
    """The kubeconfig's context."""


ClusterSettings = Annotated[EksSettings | GkeSettings | AksSettings | ExistingSettings, Field(discriminator="provider")]


class SecretMark:
    """Stands for a secret of the stack file. Holds nothing of it: the model is printed, compared and logged."""

    def __repr__(self) -> str:
        return "[secret]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretMark)

    def __hash__(self) -> int:
        return 0


def _secret(value: Any) -> SecretMark:
    if isinstance(value, SecretMark) or (isinstance(value, dict) and list(value) == ["secure"]):
        return SecretMark()
    raise wrong(
        "a secret",
        "set it with: pulumi config set --secret, and revoke the value that stood here",
        found="a value that is not encrypted",
    )


Secret = Annotated[
    Any,
    BeforeValidator(_secret),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"secure": {"type": "string"}},
            "required": ["secure"],
            "additionalProperties": False,
        }
    ),
]


class Stack(Model):
    """The settings of one stack."""

    environment: Name40
    """What tenants' placements call this stack: dev, prod, local."""
    gitops: GitOps = Field(default_factory=GitOps)
    delivery: Annotated[Delivery, Choice(Delivery)] = Delivery.PULUMI
    """`pulumi` registers every tenant's objects as resources."""
    deploy_repo: DeployRepo
    deploy_repo_token: Secret = None
    """Read-only token for the deploy repo over HTTPS."""
    deploy_repo_ssh_key: Secret = None
    """Read-only private key for the deploy repo over SSH; needs knownHosts."""
    known_hosts: Annotated[str, Field(min_length=1)] | None = None
    """Host keys of the Git server, as in a known_hosts file."""
    clusters: Annotated[list[ClusterSettings], Field(min_length=1)]
    """The clusters of the stack."""

    @model_validator(mode="after")
    def _one_credential(self) -> Stack:
        if self.deploy_repo_token and self.deploy_repo_ssh_key:
            raise wrong("one credential", "remove deployRepoToken or deployRepoSshKey")
        if self.deploy_repo_ssh_key and not self.known_hosts:
            raise wrong("knownHosts with deployRepoSshKey", "add the host keys that ssh-keyscan prints")
        return self


def cloud_of(cluster: EksSettings | GkeSettings | AksSettings | ExistingSettings) -> Cloud:
    """The cloud that a cluster runs in, or stands for."""
    if isinstance(cluster, ExistingSettings):
        return Cloud(cluster.cloud)
    return CLOUD_OF[Provider(cluster.provider)]
