"""Flux in a cluster: installed and upgraded by Flux Operator (`install: chart`), or there already (`install: none`).

Flux Operator runs beside this project under its own licence (AGPL-3.0). A Flux that came another way is `install:
none`. Not here: what tenants sync, which is `berth.render`'s.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

from berth.names import FLUX_NAMESPACE, MANAGED_BY, SHARD_LABEL
from berth.settings import Cloud, Engine, Install
from berth.settings.gitops import GitOps
from components.gitops.chart import pinned
from components.gitops.egress import kustomize_controller_patch
from components.gitops.installed import Access, Expected, check_agent

OPERATOR_CHART = "oci://ghcr.io/controlplaneio-fluxcd/charts/flux-operator"
OPERATOR_VERSION = "0.49.0"
"""The chart that `operator_values` and `flux_instance` were checked with."""
REGISTRY = "ghcr.io/fluxcd"
NO_RIGHTS = "default"
"""An account without rights: what names none of its own can do nothing."""


class FluxAgentArgs:
    """The agent's settings; the cloud that the cluster runs in, None where it is no cloud's own; how to reach it;
    whether it tells anybody how syncs go."""

    def __init__(
        self,
        gitops: GitOps,
        cloud: Cloud | None,
        access: Access,
        provider: kubernetes.Provider,
        alerts: bool = False,
    ) -> None:
        self.gitops = gitops
        self.cloud = cloud
        self.access = access
        self.provider = provider
        self.alerts = alerts


class FluxAgent(pulumi.ComponentResource):
    """Stands in the tree for the cluster's agent: tenants depend on it, so they go before it does."""

    def __init__(self, name: str, args: FluxAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("berth:gitops:FluxAgent", name, None, opts)
        if args.gitops.install is Install.CHART:
            self._install(name, args)
        else:
            expected = Expected(Engine.FLUX, lockdown=True, alerts=args.alerts, inside=args.cloud is not None)
            check_agent(name, args.access, expected, self, [args.provider])
        self.register_outputs({"version": args.gitops.installed_version})

    def _install(self, name: str, args: FluxAgentArgs) -> None:
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        operator = kubernetes.helm.v3.Release(
            f"{name}-operator",
            name="flux-operator",
            chart=pinned(OPERATOR_CHART, args.gitops.chart_digest),
            version=OPERATOR_VERSION,
            namespace=FLUX_NAMESPACE,
            create_namespace=True,
            atomic=True,
            timeout=600,
            values=operator_values(),
            opts=child,
        )
        item = flux_instance(args.gitops, args.cloud, alerts=args.alerts)
        instance = CustomResource(
            f"{name}-instance",
            api_version=item["apiVersion"],
            kind=item["kind"],
            metadata=item["metadata"],
            spec=item["spec"],
            # The operator brings the kind with it, and has to be there to take Flux away again.
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[operator])),
        )
        # Ready means that every controller runs: kinds that tenants need are there then, and not before.
        expected = Expected(Engine.FLUX, instance=item["spec"], alerts=args.alerts)
        check_agent(name, args.access, expected, self, [instance])


def operator_values() -> dict[str, Any]:
    """The chart's values: an operator that makes Flux, and serves and applies nothing for anybody else."""
    return {
        # It asks for no login, and looks with the operator's rights.
        "web": {"enabled": False},
        # Berth makes no ResourceSet. One that names no account would be applied with the operator's rights.
        "multitenancy": {
            "enabled": True,
            "enabledForWorkloadIdentity": True,
            "defaultServiceAccount": NO_RIGHTS,
            "defaultWorkloadIdentityServiceAccount": NO_RIGHTS,
        },
        # Or whoever may edit workloads could make one.
        "rbac": {"createAggregation": False},
    }


def flux_instance(gitops: GitOps, cloud: Cloud | None, *, alerts: bool = False) -> dict[str, Any]:
    """The FluxInstance that makes Flux: locked down for tenants, with the two controllers that they need, and a third
    where there is somebody to tell."""
    distribution = {"version": gitops.installed_version, "registry": gitops.registry or REGISTRY}
    if gitops.image_pull_secret:
        distribution["imagePullSecret"] = gitops.image_pull_secret
    shards = gitops.sharding.shards if gitops.sharding else []
    spec: dict[str, Any] = {
        "distribution": distribution,
        "components": [
            "source-controller",
            "kustomize-controller",
            *(["notification-controller"] if alerts else []),
        ],
        "cluster": {
            "type": cloud.value if cloud else "kubernetes",
            "size": gitops.installed_size.value,
            "multitenant": True,
            # Where a source or a sync logs in to a cloud, it is as an account of the tenant, never as the controller.
            "objectLevelWorkloadIdentity": True,
            "multitenantWorkloadIdentity": True,
            "tenantDefaultServiceAccount": NO_RIGHTS,
            "tenantDefaultDecryptionServiceAccount": NO_RIGHTS,
            "tenantDefaultKubeConfigServiceAccount": NO_RIGHTS,
            "networkPolicy": True,
        },
        "kustomize": {"patches": [kustomize_controller_patch(shards, alerts=alerts)]},
    }
    if shards:
        spec["sharding"] = {"key": SHARD_LABEL, "shards": list(shards)}
    return {
        "apiVersion": "fluxcd.controlplane.io/v1",
        "kind": "FluxInstance",
        "metadata": {
            "name": "flux",  # the only name that the operator takes
            "namespace": FLUX_NAMESPACE,
            # Or it would not be found where it is left over.
            "labels": dict(MANAGED_BY),
        },
        "spec": spec,
    }
