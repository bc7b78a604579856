"""The sync objects of Flux: where a tenant's manifests come from, and how they are applied."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from berth import names
from berth.render.objects import Object, tenant_object
from berth.settings import Cluster
from berth.tenants import Tenant
from berth.tenants.must_hold import patch_of

RETRY = "1m"
"""How long Flux waits before it tries a sync again that failed."""


def sync_objects(cluster: Cluster, tenant: Tenant) -> Iterator[Object]:
    """A GitRepository that holds nothing but the tenant's directory, and a Kustomization that applies the cluster's
    path in it as the tenant's reconciler. Both in the sync namespace, named after the tenant."""
    namespace = names.sync_namespace(tenant.name)
    sharding = cluster.gitops.sharding
    labels = {names.SHARD_LABEL: shard_of(tenant.name, sharding.shards)} if sharding else {}
    yield tenant_object(
        tenant,
        "source.toolkit.fluxcd.io/v1",
        "GitRepository",
        tenant.name,
        namespace,
        labels=labels,
        spec=_source(cluster, tenant),
    )
    yield tenant_object(
        tenant,
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        tenant.name,
        namespace,
        labels=labels,
        spec=_kustomization(tenant),
    )


def shard_of(tenant: str, shards: Sequence[str]) -> str:
    """The shard whose digest with the tenant's name is the highest: a new shard takes its share of the tenants from all
    others, one that goes gives its own away, and no other tenant moves."""
    return max(shards, key=lambda shard: hashlib.sha256(f"{shard}/{tenant}".encode()).digest())


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
        spec |= login(source.secret_name, github_app=source.github_app)
    if tenant.rests:
        spec["suspend"] = True
    return spec


def login(secret: str, *, github_app: bool) -> dict[str, Any]:
    """What of a GitRepository's spec tells how to log in. With a GitHub App the agent first gets a token, and has to be
    told so."""
    provider = {"provider": "github"} if github_app else {}
    return {**provider, "secretRef": {"name": secret}}


def _kustomization(tenant: Tenant) -> dict[str, Any]:
    sync = tenant.policy.sync
    spec: dict[str, Any] = {
        # Taking the sync object away (another engine, a mistake) takes no workload away: tenants end with their
        # namespaces.
        "deletionPolicy": "Orphan",
        "interval": sync.interval,
        "path": f"./{tenant.source.path}" if tenant.source.path != "." else "./",
        "prune": sync.prune,
        "retryInterval": RETRY,
        "serviceAccountName": names.RECONCILER,
        "sourceRef": {"kind": "GitRepository", "name": tenant.name},
        "timeout": sync.timeout,
        "wait": sync.wait,
    }
    if sync.must_hold:
        spec["patches"] = [patch_of(held) for held in sync.must_hold]
    if len(tenant.namespaces) == 1:
        # With more than one, manifests say which; RBAC keeps them inside the tenant's own in either case.
        spec["targetNamespace"] = tenant.namespaces[0]
    if tenant.rests:
        spec["suspend"] = True
    return dict(sorted(spec.items()))
