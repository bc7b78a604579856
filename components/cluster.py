"""What every cluster is outside, whatever made it, and which component makes which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pulumi
import pulumi_kubernetes as kubernetes

from berth.settings import AksSettings, Cluster, EksSettings, ExistingSettings
from berth.tenants import Tenant


class TenantIdentity(pulumi.ComponentResource):
    """The identities of one tenant's service accounts in the cloud of one cluster. Base of each cloud's own."""

    client_ids: Mapping[tuple[str, str], pulumi.Output[str]]
    """What render writes on the service accounts, by namespace and name: client ids in Azure, nothing elsewhere."""


class IdentityIssuer(Protocol):
    """Gives a tenant's service accounts their rights in the cluster's cloud."""

    def create(self, name: str, tenant: Tenant, opts: pulumi.ResourceOptions) -> TenantIdentity: ...


class KubernetesCluster(Protocol):
    """The contract: EKS, GKE, AKS and existing clusters have the same outputs."""

    cluster_name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    """URL of the API server; empty where only the kubeconfig knows it."""
    kubeconfig: pulumi.Output[str]
    """Secret. A kubeconfig's text, or the path of one: what a Kubernetes provider takes."""
    provider: kubernetes.Provider
    """The only provider for this cluster: nothing reaches it by another."""
    identity: IdentityIssuer | None
    """None where Berth did not make the cluster."""

    @property
    def resource(self) -> pulumi.ComponentResource:
        """The component itself, as the parent of what lives in the cluster."""
        ...


def create_cluster(cluster: Cluster, root: Path) -> KubernetesCluster:
    """The component of the cluster's provider. Only the packages of that provider are imported."""
    settings = cluster.settings
    if isinstance(settings, ExistingSettings):
        from components.existing import ExistingCluster, ExistingClusterArgs

        path = root / Path(settings.kubeconfig).expanduser()
        return ExistingCluster(cluster.name, ExistingClusterArgs(str(path), settings.context))
    if isinstance(settings, EksSettings):
        from components.aws import EksCluster, EksClusterArgs

        return EksCluster(cluster.name, EksClusterArgs.of(cluster, settings))
    if isinstance(settings, AksSettings):
        from components.azure import AksCluster, AksClusterArgs

        return AksCluster(cluster.name, AksClusterArgs.of(cluster, settings))
    from components.gcp import GkeCluster, GkeClusterArgs

    return GkeCluster(cluster.name, GkeClusterArgs.of(cluster, settings))


def create_identity(cluster: Cluster, built: KubernetesCluster, tenant: Tenant) -> TenantIdentity | None:
    """The tenant's identities in the cluster's cloud; None where it asks for none there."""
    if built.identity is None or not tenant.grants:
        return None
    name = f"{cluster.name}/{tenant.name}"
    return built.identity.create(name, tenant, pulumi.ResourceOptions(parent=built.resource))


def kubernetes_provider(
    name: str, kubeconfig: pulumi.Input[str], parent: pulumi.Resource, depends_on: Sequence[pulumi.Resource] = ()
) -> kubernetes.Provider:
    """The provider for the cluster called `name`, from the text of a kubeconfig.

    `depends_on` is what has to be there before anything in the cluster, and until the last of it is gone.
    """
    return kubernetes.Provider(
        name,
        kubeconfig=pulumi.Output.secret(kubeconfig),
        # A renewed certificate or another way to log in is still the same cluster: nothing in it is replaced.
        cluster_identifier=name,
        # A renewed credential changes its Secret. Replaced, the agent would be without one for a while.
        enable_secret_mutable=True,
        # Each cluster says why where it calls this.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=list(depends_on)),
    )


def tags(cluster: Cluster) -> dict[str, str]:
    """What tells a cluster's resources in the console of its cloud. Keys that all three clouds take."""
    return {
        "berth-cluster": cluster.name,
        "berth-environment": cluster.environment,
        "berth-stack": cluster.stack.lower(),
        "managed-by": "berth",
    }
