"""The sync objects of Argo CD: a project that bounds the tenant, and the application that applies its manifests.

Both are in Argo CD's own namespace, in which tenants can change nothing: an AppProject cannot be anywhere else. Argo CD
applies as the tenant's reconciler, so RBAC and the admission policies bound it as they bound Flux; the project bounds
it once more, and says so before anything is tried.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from berth import names
from berth.render.alerts import subscriptions
from berth.render.objects import Object, tenant_object
from berth.settings import Cluster
from berth.tenants import Tenant
from berth.tenants.must_hold import patch_of

SERVER = "https://kubernetes.default.svc"
"""Argo CD's own cluster. There is no hub: each cluster pulls for itself."""

_GUARD_RAILS = (
    ("", "LimitRange"),
    ("", "ResourceQuota"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
)
"""Kinds that Berth makes in a tenant's namespaces, and manifests of a tenant may not hold."""


def sync_objects(cluster: Cluster, tenant: Tenant) -> Iterator[Object]:
    """An AppProject and an Application, both named after the tenant, and the right of its owners to see them."""
    del cluster  # how often Argo CD looks at Git is a setting of its own, not of its objects
    yield _object(tenant, "argoproj.io/v1alpha1", "AppProject", tenant.name, spec=_project(tenant))
    told = subscriptions(tenant)
    yield _object(
        tenant, "argoproj.io/v1alpha1", "Application", tenant.name, annotations=told, spec=_application(tenant)
    )
    if tenant.owners.groups:
        yield from _viewers(tenant)


def _object(tenant: Tenant, api_version: str, kind: str, name: str, **rest: Any) -> Object:
    return tenant_object(tenant, api_version, kind, name, names.ARGOCD_NAMESPACE, **rest)


def _project(tenant: Tenant) -> dict[str, Any]:
    account = f"{names.sync_namespace(tenant.name)}:{names.RECONCILER}"
    return {
        "description": f"{tenant.name}, owned by {tenant.owners.team}",
        "sourceRepos": [tenant.source.url],
        "destinations": [{"namespace": namespace, "server": SERVER} for namespace in tenant.namespaces],
        "destinationServiceAccounts": [
            {"defaultServiceAccount": account, "namespace": namespace, "server": SERVER}
            for namespace in tenant.namespaces
        ],
        "clusterResourceWhitelist": [],
        "namespaceResourceBlacklist": [{"group": group, "kind": kind} for group, kind in _GUARD_RAILS],
        "sourceNamespaces": [],
    }


def _application(tenant: Tenant) -> dict[str, Any]:
    """Without the finalizer that would delete workloads with the Application: tenants end with their namespaces."""
    ((_, revision),) = tenant.source.ref.items()
    policy: dict[str, Any] = {
        # One that fails is tried again, on the newest commit each time: a revert need not wait for what it reverts.
        "retry": {"limit": -1, "refresh": True, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"}},
        "syncOptions": ["CreateNamespace=false", "FailOnSharedResource=true", "ServerSideApply=true"],
    }
    if not tenant.rests:
        # Never down to nothing, as long as `allowEmpty` is not stated: manifests that have vanished are a mistake, not
        # a wish. Not stated as false: Argo CD takes that out, and every deploy would put it back.
        policy["automated"] = {"prune": tenant.policy.sync.prune, "selfHeal": True}
    return {
        "project": tenant.name,
        "source": {
            "kustomize": _kustomize(tenant),
            "path": tenant.source.path,
            "repoURL": tenant.source.url,
            "targetRevision": revision,
        },
        "destination": {"namespace": tenant.namespaces[0], "server": SERVER},
        "syncPolicy": dict(sorted(policy.items())),
    }


def _kustomize(tenant: Tenant) -> dict[str, Any]:
    """Labels objects with their tenant, not their pods, and by that gives each render a checkout of its own.

    Argo CD renders the applications of a repo at the same time in one checkout, but those with parameters one by one,
    as it writes parameters into kustomization.yaml. A file in a tenant's path adds parameters too, and goes uncounted:
    through a symbolic link they would be written into the directory of another tenant while that one is rendered.
    """
    # A patch and not `commonLabels`, for which Argo CD runs one program more a render. Its own kind and name count for
    # nothing: the target says which objects are meant.
    metadata = {"labels": {names.TENANT_LABEL: tenant.name}, "name": "any"}
    patch = {"apiVersion": "v1", "kind": "Any", "metadata": metadata}
    must_hold = [patch_of(held) for held in tenant.policy.sync.must_hold]
    return {"patches": [{"patch": json.dumps(patch), "target": {"kind": ".*"}}, *must_hold]}


def _viewers(tenant: Tenant) -> Iterator[Object]:
    """Names and not the namespace bound the right: all tenants' sync objects are in it."""
    name = names.sync_viewers(tenant.name)
    kinds = ["applications", "appprojects"]
    rule = {"apiGroups": ["argoproj.io"], "resourceNames": [tenant.name], "resources": kinds, "verbs": ["get", "watch"]}
    yield _object(tenant, "rbac.authorization.k8s.io/v1", "Role", name, rules=[rule])
    yield _object(
        tenant,
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        name,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        subjects=[
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group} for group in tenant.owners.groups
        ],
    )
