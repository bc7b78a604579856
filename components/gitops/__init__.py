"""The GitOps agents: one component an engine, the same outside."""

from __future__ import annotations

import pulumi

from berth.settings import Cluster, Engine
from components.cluster import KubernetesCluster


def create_agent(cluster: Cluster, into: KubernetesCluster) -> pulumi.ComponentResource:
    """The agent of the stack's engine in a cluster. Raises RunError for one that there is no component for."""
    if cluster.gitops.engine is Engine.FLUX:
        from components.gitops.flux import FluxAgent, FluxAgentArgs

        return FluxAgent(
            f"{cluster.name}-flux",
            FluxAgentArgs(cluster.gitops.version, cluster.gitops.install),
            pulumi.ResourceOptions(parent=into.resource),
        )
    raise pulumi.RunError(f"{cluster.name}: this version of Berth has no component for {cluster.gitops.engine}")
