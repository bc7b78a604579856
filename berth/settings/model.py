"""The typed model of a stack file: everything under `berth:` in Pulumi.<stack>.yaml.

Each provider has its own cluster model (aws.py, gcp.py, azure.py; clusters that exist already here), so that a key of
one cloud in the section of another is an error. What the components do with a setting is their business; what a
setting may be is decided here.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from berth.model import (
    Choice,
    Duration,
    GitName,
    GitUrl,
    Model,
    Name40,
    RepoPath,
    Text,
    wrong,
)
from berth.settings.aws import EksSettings
from berth.settings.azure import AksSettings
from berth.settings.common import Cluster
from berth.settings.credentials import (
    ClusterCredential,
    CredentialKind,
    GitCredential,
    GitHubApp,
    Secret,
    SecretReference,
)
from berth.settings.gcp import GkeSettings
from berth.settings.gitops import GitOps
from berth.settings.guards import Guards
from berth.settings.kinds import CLOUD_OF, Cloud, Delivery, Provider, SecurityProfile

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


class ExistingSettings(Cluster):
    """A cluster that is there already: on-premises, kind, the local fleet."""

    provider: Literal["existing"]
    cloud: Annotated[Cloud, Choice(Cloud)]
    """The cloud it runs in or stands for: tenants are placed by it."""
    kubeconfig: Text
    """Path of the kubeconfig file, from the project's folder; ~ is the home directory."""
    context: Text
    """The kubeconfig's context."""


AnyCluster = EksSettings | GkeSettings | AksSettings | ExistingSettings
ClusterSettings = Annotated[AnyCluster, Field(discriminator="provider")]


class Stack(Model):
    """The settings of one stack."""

    environment: Name40
    """What tenants' placements call this stack: dev, prod, local."""
    security_profile: Annotated[SecurityProfile, Choice(SecurityProfile)] = SecurityProfile.STRICT
    """`strict`, or `dev`: cheaper, and an API server may be public to listed networks."""
    gitops: GitOps = Field(default_factory=GitOps)
    delivery: Annotated[Delivery, Choice(Delivery)] = Delivery.PULUMI
    """`pulumi` registers every tenant's objects as resources. With `git`, `berth publish` commits them to the deploy
    repo, and the agents pull them."""
    deploy_repo: DeployRepo
    deploy_repo_token: Secret = None
    """Read-only token for the deploy repo over HTTPS."""
    deploy_repo_ssh_key: Secret = None
    """Read-only private key for the deploy repo over SSH; needs knownHosts."""
    deploy_repo_github_app: GitHubApp | None = None
    """GitHub App that reads the deploy repo."""
    deploy_repo_secret: SecretReference | None = None
    """Secret with the credential for the deploy repo that is in each cluster already."""
    cluster_credentials: dict[Name40, ClusterCredential] = {}
    """Credentials for the deploy repo of single clusters, by the cluster's name, instead of the stack's."""
    known_hosts: Annotated[str, Field(min_length=1)] | None = None
    """Host keys of the Git server, as in a known_hosts file."""
    guards: Guards = Field(default_factory=Guards)
    """What `berth plan` stops a change for, and what it lets pass."""
    clusters: Annotated[list[ClusterSettings], Field(min_length=1)]
    """The clusters of the stack."""

    def credentials(self) -> Iterator[tuple[str, GitCredential]]:
        """The stack's credentials, each with the key that states it. More than one is a mistake."""
        if self.deploy_repo_token is not None:
            yield "deployRepoToken", GitCredential(CredentialKind.TOKEN)
        if self.deploy_repo_ssh_key is not None:
            yield "deployRepoSshKey", GitCredential(CredentialKind.SSH_KEY)
        if self.deploy_repo_github_app is not None:
            yield "deployRepoGithubApp", GitCredential(CredentialKind.GITHUB_APP)
        if (reference := self.deploy_repo_secret) is not None:
            yield "deployRepoSecret", GitCredential(CredentialKind(reference.kind), reference.name)

    def credential_secrets(self) -> set[str]:
        """Names of the Secrets in clusters of the stack that others make with a credential for the deploy repo."""
        stated = [self.deploy_repo_secret, *(own.secret for own in self.cluster_credentials.values())]
        return {reference.name for reference in stated if reference is not None}

    def credential_of(self, cluster: str) -> GitCredential | None:
        """What a cluster's agent logs in to the deploy repo's server with; None where that asks for no login."""
        if (own := self.cluster_credentials.get(cluster)) is not None:
            return GitCredential(own.kind, own.secret.name if own.secret else None, own=True)
        return next((credential for _, credential in self.credentials()), None)


def cloud_of(cluster: AnyCluster) -> Cloud:
    """The cloud that a cluster runs in, or stands for."""
    if isinstance(cluster, ExistingSettings):
        return Cloud(cluster.cloud)
    return CLOUD_OF[Provider(cluster.provider)]
