"""The typed models of a tenant file and of a profile."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from berth.model import (
    Choice,
    Commit,
    GitName,
    GitUrl,
    Group,
    LabelKey,
    LabelValue,
    Model,
    Name40,
    ObjectName,
    Quantity,
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
from berth.tenants.notify import Notify, each_once
from berth.tenants.policy import ContainerResource, Policy, Quota


class Lifecycle(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    OFFBOARDING = "offboarding"


class DeletionPolicy(StrEnum):
    KEEP = "keep"
    DELETE = "delete"


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

    quota: Quota = {}
    limits: dict[ContainerResource, Quantity] = {}
    """Highest default limit of a container."""


class Profile(Policy):
    """A preset for tenants: tenants/profiles/<name>.yaml."""

    description: Text
    ceiling: Ceiling = Field(default_factory=Ceiling)
