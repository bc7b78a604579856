"""A GKE cluster with all that it needs: network, keys, nodes, admins."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_gcp import container
from pulumi_gcp.container.outputs import ClusterControlPlaneEndpointsConfig

from berth.settings import Cluster, GkeSettings
from components.cluster import IdentityIssuer, kubernetes_provider, tags
from components.gcp.admins import Admins, AdminsArgs
from components.gcp.control_plane import ControlPlaneArgs, control_plane
from components.gcp.encryption import Encryption, EncryptionArgs
from components.gcp.identity import WorkloadIdentity
from components.gcp.network import place
from components.gcp.node_account import NodeAccount
from components.gcp.node_pools import NodePoolArgs, node_pool
from components.gcp.provider import google_provider
from components.kubeconfig import gke_kubeconfig


@dataclass(frozen=True)
class GkeClusterArgs:
    """A cluster's section of the stack file, and what follows from the stack."""

    settings: GkeSettings
    labels: dict[str, str]
    """On everything that Google Cloud lets have labels."""
    protect: bool
    """Whether the cluster and its keys refuse to be deleted."""

    @classmethod
    def of(cls, cluster: Cluster, settings: GkeSettings) -> GkeClusterArgs:
        return cls(settings, tags(cluster), settings.protected(cluster.security_profile))


class GkeCluster(pulumi.ComponentResource):
    """Outputs as in `components.cluster.KubernetesCluster`."""

    def __init__(self, name: str, args: GkeClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("berth:cluster:GkeCluster", name, None, opts)
        settings = args.settings
        google = google_provider(name, settings, args.labels, parent=self)
        child = pulumi.ResourceOptions(parent=self, provider=google)
        where = place(name, settings, child)
        encryption = Encryption(f"{name}-keys", EncryptionArgs(settings.project, settings.region, args.protect), child)
        nodes = NodeAccount(f"{name}-nodes", name, settings.project, child)
        cluster = control_plane(
            name,
            ControlPlaneArgs(
                settings, where, args.labels, args.protect, encryption.secrets_key, encryption.disks_key, nodes.email
            ),
            # Nodes may use the keys, may log and reach out from their first minute until their last.
            pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[encryption, nodes, *where.needs])),
        )
        zones = len(settings.zones())
        pools = [
            node_pool(name, cluster, NodePoolArgs(pool, zones, args.labels, encryption.disks_key, nodes.email), child)
            for pool in settings.node_pools
        ]
        self.cluster_name = cluster.name
        self.endpoint = _endpoint(cluster, settings)
        self.kubeconfig: pulumi.Output[str] = pulumi.Output.secret(_kubeconfig(name, cluster, self.endpoint, settings))
        # What runs in the cluster needs nodes to start on, and to end on.
        self.provider = kubernetes_provider(name, self.kubeconfig, self, pools)
        if settings.admins:
            Admins(
                f"{name}-admins",
                AdminsArgs(name, settings.project, settings.region, settings.admins),
                self.provider,
                child,
            )
        self.identity: IdentityIssuer | None = WorkloadIdentity(
            name, settings.project, settings.workload_pool, google, cluster
        )
        self.register_outputs(
            {"clusterName": self.cluster_name, "endpoint": self.endpoint, "kubeconfig": self.kubeconfig}
        )

    @property
    def resource(self) -> pulumi.ComponentResource:
        return self


def _endpoint(cluster: container.Cluster, settings: GkeSettings) -> pulumi.Output[str]:
    """URL of the API server: by its DNS name where that is open, else by its address."""
    if not settings.api.dns_endpoint:
        return pulumi.Output.concat("https://", cluster.endpoint)
    return cluster.control_plane_endpoints_config.apply(_dns_url)


def _dns_url(told: ClusterControlPlaneEndpointsConfig) -> str:
    """Empty as long as GKE has not made the name."""
    name = told.dns_endpoint_config.endpoint if told.dns_endpoint_config else None
    return f"https://{name}" if name else ""


def _kubeconfig(
    name: str, cluster: container.Cluster, endpoint: pulumi.Output[str], settings: GkeSettings
) -> pulumi.Output[str]:
    if settings.api.dns_endpoint:
        # Google's certificate, which every machine trusts.
        return endpoint.apply(lambda url: gke_kubeconfig(name, url, None, settings.impersonate))
    return pulumi.Output.all(endpoint, cluster.master_auth.cluster_ca_certificate).apply(
        lambda known: gke_kubeconfig(name, known[0], known[1], settings.impersonate)
    )
