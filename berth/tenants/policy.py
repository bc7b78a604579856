"""What profile, tenant file and placement override have in common: the guard-rails, and how manifests are applied.

`berth.tenants.resolve` merges the three. A field left out stays unset, so that the layer below shows through.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from berth.cidr import network, networks, within
from berth.errors import did_you_mean
from berth.model import (
    Choice,
    Cidr,
    Duration,
    Host,
    LabelValue,
    Model,
    Namespace,
    OwnLabelKey,
    PriorityClass,
    Quantity,
    Registry,
    Text,
    unique,
    wrong,
)
from berth.quantity import is_whole
from berth.tenants.must_hold import HeldObject


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

_COUNTED_NAMES = (
    "configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "secrets", "services",
    "services.loadbalancers", "services.nodeports",
)  # fmt: skip
_QUOTA_NAMES = (
    *_COUNTED_NAMES, "cpu", "ephemeral-storage", "limits.cpu", "limits.ephemeral-storage", "limits.memory", "memory",
    "requests.cpu", "requests.ephemeral-storage", "requests.memory", "requests.storage",
)  # fmt: skip
_QUOTA_PATTERNS = re.compile(
    r"count/[a-z]+(?:\.[a-z0-9.-]+)?|requests\.[a-z0-9.-]+/[a-z0-9.-]+|(?:requests|limits)\.hugepages-\w+"
    r"|[a-z0-9.-]+\.storageclass\.storage\.k8s\.io/(?:requests\.storage|persistentvolumeclaims)"
)
_WHOLE_PATTERNS = re.compile(r"count/.*|.*\.storageclass\.storage\.k8s\.io/.*")


def _quota_name(name: str) -> str:
    if name not in _QUOTA_NAMES and not _QUOTA_PATTERNS.fullmatch(name):
        raise wrong(
            "a resource that a quota counts, such as requests.cpu or count/jobs.batch", did_you_mean(name, _QUOTA_NAMES)
        )
    return name


def _whole_numbers(quota: dict[str, str]) -> dict[str, str]:
    """The API server takes no part of an object. It says so only when half of a deploy is done."""
    problems = [
        InitErrorDetails(type=wrong("a whole number"), loc=(name,), input=value)
        for name, value in quota.items()
        if (name in _COUNTED_NAMES or _WHOLE_PATTERNS.fullmatch(name)) and not is_whole(value)
    ]
    if problems:
        raise ValidationError.from_exception_data("quota", problems)
    return quota


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
Quota = Annotated[dict[QuotaName, Quantity], AfterValidator(_whole_numbers)]
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
    """Host names that Ingress, HTTPRoute and GRPCRoute objects may claim."""
    priority_classes: Annotated[list[PriorityClass], AfterValidator(unique)] = []
    """Priority classes that pods may name. Without one a pod has the cluster's default."""


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

    quota: Quota = {}
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
