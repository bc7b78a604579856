"""Argo CD in a cluster: installed and upgraded from its chart (`install: chart`), or there already (`install: none`).

Each cluster has its own Argo CD, which knows that cluster and no other: there is no hub. Its API and web page are not
installed, so there is nothing to log in to; what it does is in the status of its objects. Not here: what tenants sync,
which is `berth.render`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

from berth.names import ARGOCD_NAMESPACE, MANAGED_BY, REPOSITORY_SECRET
from berth.settings import Engine, Install
from berth.settings.kinds import Size
from berth.settings.model import DeployRepo
from components.gitops.available import RELEASE, several, single
from components.gitops.chart import pinned
from components.gitops.credentials import for_argocd
from components.gitops.egress import closed_repo_server
from components.gitops.installed import Access, Expected, check_agent

CHART = "oci://ghcr.io/argoproj/argo-helm/argo-cd"
CHART_VERSION = "10.1.1"
"""The chart that `values` was checked with. It brings Argo CD 3.4.4; `version` may name another."""


@dataclass(frozen=True)
class ArgoCdAgentArgs:
    version: str
    """Of Argo CD."""
    install: Install
    chart_digest: str | None
    """Digest of the chart; None takes the registry's word for the version."""
    available: bool
    """Whether it must outlive a node."""
    size: Size
    repo: DeployRepo
    known_hosts: str
    """Host keys of the Git server; empty where none are stated."""
    credential: pulumi.Output[dict[str, Any]] | None
    """For the deploy repo, as `components.gitops.credentials` takes it; None where Berth makes no Secret of it."""
    access: Access
    provider: kubernetes.Provider
    alerts: bool = False
    """Whether it tells anybody how syncs go."""


class ArgoCdAgent(pulumi.ComponentResource):
    """Stands in the tree for the cluster's agent: tenants depend on it, so they go before it does."""

    def __init__(self, name: str, args: ArgoCdAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("berth:gitops:ArgoCdAgent", name, None, opts)
        there = self._install(name, args) if args.install is Install.CHART else self._check(name, args)
        if args.credential is not None:
            self._repository(name, args, args.credential, there)
        self.register_outputs({"version": args.version})

    def _install(self, name: str, args: ArgoCdAgentArgs) -> pulumi.Resource:
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        release = kubernetes.helm.v3.Release(
            f"{name}-chart",
            name=RELEASE,
            chart=pinned(CHART, args.chart_digest),
            version=CHART_VERSION,
            namespace=ARGOCD_NAMESPACE,
            create_namespace=True,
            atomic=True,
            timeout=900,
            values=values(
                args.version,
                args.repo.interval,
                args.known_hosts,
                available=args.available,
                size=args.size,
                alerts=args.alerts,
            ),
            opts=child,
        )
        item = default_project()
        CustomResource(
            f"{name}-default-project",
            api_version=item["apiVersion"],
            kind=item["kind"],
            metadata=item["metadata"],
            spec=item["spec"],
            # The chart brings the kind.
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[release])),
        )
        return release

    def _check(self, name: str, args: ArgoCdAgentArgs) -> pulumi.Resource:
        expected = Expected(Engine.ARGOCD, lockdown=True, alerts=args.alerts)
        return check_agent(name, args.access, expected, self, [args.provider])

    def _repository(
        self,
        name: str,
        args: ArgoCdAgentArgs,
        credential: pulumi.Output[dict[str, Any]],
        there: pulumi.Resource,
    ) -> None:
        """One for all tenants: which may use it, their projects say. It is where no tenant may read."""
        content = credential.apply(lambda known: for_argocd(args.repo.url, known))
        secret: pulumi.Output[dict[str, str]] = pulumi.Output.secret(content)
        kubernetes.core.v1.Secret(
            f"{name}-deploy-repo",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name=REPOSITORY_SECRET,
                namespace=ARGOCD_NAMESPACE,
                labels={**MANAGED_BY, "argocd.argoproj.io/secret-type": "repository"},
            ),
            string_data=secret,
            # The chart makes the namespace. An Argo CD that is there already gets nothing before it has been looked at.
            opts=pulumi.ResourceOptions(parent=self, provider=args.provider, depends_on=[there]),
        )


_PROCESSORS = {Size.SMALL: (10, 5), Size.MEDIUM: (20, 10), Size.LARGE: (50, 25)}
"""How many applications are compared and how many synced at the same time; in between is Argo CD's own default."""


def values(
    version: str,
    interval: str,
    known_hosts: str = "",
    *,
    available: bool,
    size: Size = Size.MEDIUM,
    alerts: bool = False,
) -> dict[str, Any]:
    """The chart's values: what tenants need, locked down, and nothing that anybody logs in to."""
    compared, synced = _PROCESSORS[size]
    closed, number = closed_repo_server(), several() if available else single()
    return {
        "global": {"image": {"tag": f"v{version}"}, "networkPolicy": {"create": True, "defaultDenyIngress": True}},
        # Tenants' objects are gone before the chart is, so the kinds need not stay.
        "crds": {"keep": False},
        # Or whoever may edit workloads could edit applications.
        "createAggregateRoles": False,
        "configs": {
            "cm": {
                "admin.enabled": "false",
                "application.resourceTrackingMethod": "annotation",
                # Argo CD acts as the account that the tenant's project names, or not at all.
                "application.sync.impersonation.enabled": "true",
                "exec.enabled": "false",
                # Manifests are YAML, or kustomize's. Jsonnet would read any file of the repo server.
                "helm.enable": "false",
                "jsonnet.enable": "false",
                "timeout.reconciliation": interval,
                "timeout.reconciliation.jitter": "0s",
            },
            # A sync that waits for something that never gets ready must end, or no later commit gets its turn.
            "params": {
                "controller.sync.timeout.seconds": "600",
                "controller.status.processors": str(compared),
                "controller.operation.processors": str(synced),
                # A submodule is fetched from any host that a commit names, with the deploy repo's credential at hand.
                "reposerver.enable.git.submodule": "false",
            },
            "rbac": {"policy.default": ""},
            "ssh": {"extraHosts": known_hosts},
        },
        "repoServer": {**number["repoServer"], **closed["repoServer"]},
        "extraObjects": [*closed["extraObjects"], *number["extraObjects"]],
        "redis-ha": number["redis-ha"],
        "server": {"replicas": 0},
        "dex": {"enabled": False},
        # What it works from is rendered, and its Secret is the platform's.
        "notifications": {"enabled": True, "cm": {"create": False}, "secret": {"create": False}}
        if alerts
        else {"enabled": False},
        "applicationSet": {"replicas": 0},
    }


def default_project() -> dict[str, Any]:
    """The project that an application is in that names none, locked: it allows nothing."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "default", "namespace": ARGOCD_NAMESPACE},
        "spec": {"sourceRepos": [], "destinations": [], "sourceNamespaces": []},
    }
