"""What every cluster is outside, whatever made it, and which component makes which."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pulumi
import pulumi_kubernetes as kubernetes

from berth.settings import Cluster, ExistingSettings


class KubernetesCluster(Protocol):
    """The contract: EKS, GKE, AKS and existing clusters have the same outputs."""

    cluster_name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    """URL of the API server; empty where only the kubeconfig knows it."""
    kubeconfig: pulumi.Output[str]
    """Secret. A kubeconfig's text, or the path of one: what a Kubernetes provider takes."""
    provider: kubernetes.Provider
    """The only provider for this cluster: nothing reaches it by another."""

    @property
    def resource(self) -> pulumi.ComponentResource:
        """The component itself, as the parent of what lives in the cluster."""
        ...


def create_cluster(cluster: Cluster, root: Path) -> KubernetesCluster:
    """The component of the cluster's provider. Raises RunError for a provider that there is no component for."""
    if isinstance(cluster.settings, ExistingSettings):
        from components.existing import ExistingCluster, ExistingClusterArgs

        path = root / Path(cluster.settings.kubeconfig).expanduser()
        return ExistingCluster(cluster.name, ExistingClusterArgs(str(path), cluster.settings.context))
    raise pulumi.RunError(
        f"{cluster.name}: this version of Berth provisions no {cluster.settings.provider} clusters yet; "
        "a cluster that is there already is `provider: existing` with its kubeconfig and context"
    )
