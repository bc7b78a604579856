"""What a tenant looks like in a cluster. The only place that knows.

Pure functions from a cluster and a tenant to Kubernetes objects (plain dicts, in the order in which they can be
applied). The Pulumi program registers them, `berth render` prints them, the local fleet applies them.

Per tenant there are two kinds of namespace: the tenant's own, which hold its workloads and guard-rails, and one sync
namespace (`berth-<tenant>`) with the sync objects, the reconciler's service account and the Git credential. The tenant
may look at its sync objects but has no other right there: a credential in a namespace where the tenant runs pods would
be the tenant's to read, and the shared deploy repo's credential reads every tenant's manifests.
"""

from __future__ import annotations

from types import MappingProxyType

from berth.render import argocd, flux
from berth.render.admission import admission_policies
from berth.render.alerts import alerts, render_alerts
from berth.render.identity import ClientIds, account_annotations, credential_sources
from berth.render.network import network_policy
from berth.render.objects import Object
from berth.render.order import STARTS_SYNC, syncs_last
from berth.render.quota import limit_range, resource_quota
from berth.render.rbac import cluster_roles, owner_bindings, reconciler_bindings, service_accounts, sync_access
from berth.render.roots import render_root
from berth.render.workspace import sync_namespace, workload_namespaces
from berth.settings import Cluster, Engine
from berth.tenants import Tenant

_SYNC_OBJECTS = {Engine.FLUX: flux.sync_objects, Engine.ARGOCD: argocd.sync_objects}
"""What tells each engine where a tenant's manifests come from, and how they are applied."""

__all__ = [
    "STARTS_SYNC",
    "ClientIds",
    "Object",
    "render",
    "render_alerts",
    "render_cluster",
    "render_root",
    "syncs_last",
]


def render(cluster: Cluster, tenant: Tenant, client_ids: ClientIds = MappingProxyType({})) -> list[Object]:
    """The objects of one tenant in one cluster, each before what needs it.

    `client_ids` are what only Azure knows, and only after it has made a tenant's managed identities.
    """
    return [
        *workload_namespaces(tenant),
        sync_namespace(tenant),
        *service_accounts(tenant, account_annotations(cluster, tenant, client_ids)),
        *reconciler_bindings(tenant),
        *owner_bindings(tenant),
        *sync_access(tenant),
        *resource_quota(tenant),
        *limit_range(tenant),
        *network_policy(tenant, credential_sources(cluster, tenant)),
        *alerts(cluster, tenant),
        *_SYNC_OBJECTS[cluster.gitops.engine](cluster, tenant),
    ]


def render_cluster(cluster: Cluster) -> list[Object]:
    """The objects that a cluster needs once, before its first tenant: roles and admission policies."""
    del cluster  # the same everywhere, on purpose: a guarantee does not depend on the cloud
    return [*cluster_roles(), *admission_policies()]
