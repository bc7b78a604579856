"""What a tenant looks like in a cluster. The only place that knows.

Pure functions from a cluster and a tenant to Kubernetes objects (plain dicts, in the order in which they can be
applied). The Pulumi program registers them, `berth render` prints them, the local fleet applies them.

Per tenant there are two kinds of namespace: the tenant's own, which hold its workloads and guard-rails, and one sync
namespace (`berth-<tenant>`) with the sync objects, the reconciler's service account and the Git credential. The tenant
may look at its sync objects but has no other right there: a credential in a namespace where the tenant runs pods would
be the tenant's to read, and the shared deploy repo's credential reads every tenant's manifests.
"""

from __future__ import annotations

from berth.render.admission import admission_policies
from berth.render.flux import sync_objects
from berth.render.network import network_policy
from berth.render.objects import Object
from berth.render.quota import limit_range, resource_quota
from berth.render.rbac import cluster_roles, owner_bindings, reconciler_bindings, service_accounts, sync_access
from berth.render.workspace import sync_namespace, workload_namespaces
from berth.settings import Cluster
from berth.tenants import Tenant

__all__ = ["Object", "render", "render_cluster"]


def render(cluster: Cluster, tenant: Tenant) -> list[Object]:
    """The objects of one tenant in one cluster, each before what needs it."""
    return [
        *workload_namespaces(tenant),
        sync_namespace(tenant),
        *service_accounts(tenant),
        *reconciler_bindings(tenant),
        *owner_bindings(tenant),
        *sync_access(tenant),
        *resource_quota(tenant),
        *limit_range(tenant),
        *network_policy(tenant),
        *sync_objects(cluster, tenant),
    ]


def render_cluster(cluster: Cluster) -> list[Object]:
    """The objects that a cluster needs once, before its first tenant: roles and admission policies."""
    del cluster  # the same everywhere, on purpose: a guarantee does not depend on the cloud
    return [*cluster_roles(), *admission_policies()]
