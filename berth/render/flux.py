"""The sync objects of Flux: where a tenant's manifests come from, and how they are applied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from berth import names
from berth.render.objects import Object, tenant_object
from berth.settings import Cluster
from berth.tenants import Lifecycle, Tenant


def sync_objects(cluster: Cluster, tenant: Tenant) -> Iterator[Object]:
    """A GitRepository that holds nothing but the tenant's directory, and a Kustomization that applies the cluster's
    path in it as the tenant's reconciler. Both in the sync namespace, named after the tenant."""
    namespace = names.sync_namespace(tenant.name)
    yield tenant_object(
        tenant,
        "source.toolkit.fluxcd.io/v1",
        "GitRepository",
        tenant.name,
        namespace,
        spec=_source(cluster, tenant),
    )
    yield tenant_object(
        tenant,
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        tenant.name,
        namespace,
        spec=_kustomization(tenant),
    )


def _source(cluster: Cluster, tenant: Tenant) -> dict[str, Any]:
    source = tenant.source
    spec: dict[str, Any] = {
        "interval": cluster.deploy_repo.interval,
        "ref": dict(source.ref),
        "timeout": "60s",
        "url": source.url,
    }
    if source.directory:
        # The artifact is what manifests can refer to: other tenants' directories are not in it.
        spec["sparseCheckout"] = [source.directory]
    if source.secret_name:
        spec["secretRef"] = {"name": source.secret_name}
    if tenant.lifecycle is not Lifecycle.ACTIVE:
        spec["suspend"] = True
    return spec


def _kustomization(tenant: Tenant) -> dict[str, Any]:
    sync = tenant.policy.sync
    spec: dict[str, Any] = {
        # Taking the sync object away (another engine, a mistake) takes no workload away: tenants end with their
        # namespaces.
        "deletionPolicy": "Orphan",
        "interval": sync.interval,
        "path": f"./{tenant.source.path}" if tenant.source.path != "." else "./",
        "prune": sync.prune,
        "retryInterval": "1m",
        "serviceAccountName": names.RECONCILER,
        "sourceRef": {"kind": "GitRepository", "name": tenant.name},
        "timeout": sync.timeout,
        "wait": sync.wait,
    }
    if len(tenant.namespaces) == 1:
        # With more than one, manifests say which; RBAC keeps them inside the tenant's own in either case.
        spec["targetNamespace"] = tenant.namespaces[0]
    if tenant.lifecycle is not Lifecycle.ACTIVE:
        spec["suspend"] = True
    return dict(sorted(spec.items()))
