"""The closed sets of the stack file."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    FLUX = "flux"
    ARGOCD = "argocd"


class Install(StrEnum):
    CHART = "chart"
    NONE = "none"


class Size(StrEnum):
    """How much the agent does at the same time."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


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


class SecurityProfile(StrEnum):
    """How much of what costs money or reach is switched on."""

    DEV = "dev"
    STRICT = "strict"


class Nat(StrEnum):
    """How nodes of private subnets reach out."""

    SINGLE = "single"
    PER_ZONE = "perZone"


CLOUD_OF = {Provider.EKS: Cloud.AWS, Provider.GKE: Cloud.GCP, Provider.AKS: Cloud.AZURE}
LOGIN_PROGRAMS = {Provider.EKS: "aws", Provider.GKE: "gke-gcloud-auth-plugin", Provider.AKS: "kubelogin"}
"""The program that gets a token for a cluster of each provider, from whoever is logged in to its cloud."""
