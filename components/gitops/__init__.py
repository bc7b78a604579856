"""The GitOps agents: one component an engine, the same outside."""

from __future__ import annotations

from typing import Any

import pulumi

from berth.settings import Cluster, Engine, ExistingSettings, SecurityProfile
from berth.tenants import Tenant
from components.cluster import KubernetesCluster
from components.gitops.credentials import for_flux
from components.gitops.installed import Access


def credential_of_tenant(
    cluster: Cluster, tenant: Tenant, credential: pulumi.Output[dict[str, Any]] | None
) -> pulumi.Output[dict[str, str]] | None:
    """The content of the Secret with the deploy repo's credential that a tenant's source needs. None where the tenant
    has a repo of its own, and with Argo CD, which keeps one Secret for all tenants."""
    if credential is None or cluster.gitops.engine is not Engine.FLUX or not tenant.source.is_shared:
        return None
    return credential.apply(lambda known: for_flux(known, cluster.known_hosts))


def create_agent(
    cluster: Cluster,
    into: KubernetesCluster,
    credential: pulumi.Output[dict[str, Any]] | None = None,
    *,
    alerts: bool = False,
) -> pulumi.ComponentResource:
    """The agent of the cluster's engine. Only that engine's module is imported. `credential` is the deploy repo's,
    `alerts` whether a tenant has somebody told how its syncs go."""
    gitops, opts = cluster.gitops, pulumi.ResourceOptions(parent=into.resource)
    context = cluster.settings.context if isinstance(cluster.settings, ExistingSettings) else ""
    access = Access(cluster.name, into.kubeconfig, context)
    if gitops.engine is Engine.FLUX:
        from components.gitops.flux import FluxAgent, FluxAgentArgs

        cloud = None if isinstance(cluster.settings, ExistingSettings) else cluster.cloud
        return FluxAgent(f"{cluster.name}-flux", FluxAgentArgs(gitops, cloud, access, into.provider, alerts), opts)
    from components.gitops.argocd import ArgoCdAgent, ArgoCdAgentArgs

    available = cluster.security_profile is SecurityProfile.STRICT
    argocd = ArgoCdAgentArgs(
        gitops.installed_version,
        gitops.install,
        gitops.chart_digest,
        available,
        gitops.installed_size,
        cluster.deploy_repo,
        cluster.known_hosts,
        credential,
        access,
        into.provider,
        alerts,
    )
    return ArgoCdAgent(f"{cluster.name}-argocd", argocd, opts)
