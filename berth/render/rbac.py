"""Who may do what: the roles of reconcilers and owners, and their bindings.

The roles are written out instead of aggregated: the built-in `edit` role lets its holder impersonate every service
account of the namespace, and agents add their own sync objects to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any

from berth import names
from berth.render.objects import Object, make, tenant_object
from berth.tenants import Tenant

_WRITE = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_READ = ["get", "list", "watch"]


def _rule(group: str, resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


_WORKLOADS = [
    _rule("", ["configmaps", "persistentvolumeclaims", "pods", "secrets", "serviceaccounts", "services"], _WRITE),
    _rule("apps", ["daemonsets", "deployments", "deployments/scale", "replicasets", "replicasets/scale"], _WRITE),
    _rule("apps", ["statefulsets", "statefulsets/scale"], _WRITE),
    _rule("autoscaling", ["horizontalpodautoscalers"], _WRITE),
    _rule("batch", ["cronjobs", "jobs"], _WRITE),
    _rule("gateway.networking.k8s.io", ["grpcroutes", "httproutes"], _WRITE),
    _rule("networking.k8s.io", ["ingresses"], _WRITE),
    _rule("policy", ["poddisruptionbudgets"], _WRITE),
]
_GUARD_RAILS_TO_SEE = [
    _rule("", ["events", "limitranges", "resourcequotas"], _READ),
    _rule("events.k8s.io", ["events"], _READ),
    _rule("networking.k8s.io", ["networkpolicies"], _READ),
    _rule("rbac.authorization.k8s.io", ["rolebindings", "roles"], _READ),
]
_DEBUGGING = [
    _rule("", ["pods/log"], ["get"]),
    _rule("", ["pods/attach", "pods/exec", "pods/portforward"], ["create", "get"]),
    _rule("metrics.k8s.io", ["pods"], _READ),
]
_SYNC_OBJECTS = [
    _rule("", ["events"], _READ),
    _rule("kustomize.toolkit.fluxcd.io", ["kustomizations"], _READ),
    _rule("notification.toolkit.fluxcd.io", ["alerts", "providers"], _READ),
    _rule("source.toolkit.fluxcd.io", ["gitrepositories"], _READ),
]


def cluster_roles() -> Iterator[Object]:
    """The three roles that tenants' bindings refer to. None can change RBAC, quotas, limits, network policies or sync
    objects, nor impersonate, bind, escalate or mint tokens."""
    for name, rules in (
        (names.RECONCILER_ROLE, [*_WORKLOADS, *_GUARD_RAILS_TO_SEE]),
        (names.OWNER_ROLE, [*_WORKLOADS, *_GUARD_RAILS_TO_SEE, *_DEBUGGING]),
        (names.SYNC_VIEWER_ROLE, _SYNC_OBJECTS),
    ):
        # Copied: what a caller does to an object must not widen the roles of the next cluster.
        yield make("rbac.authorization.k8s.io/v1", "ClusterRole", name, rules=deepcopy(rules))


def service_accounts(
    tenant: Tenant, annotations: Mapping[tuple[str, str], Mapping[str, str]] = MappingProxyType({})
) -> Iterator[Object]:
    """The reconciler's account, and the accounts that pods run as: none mounts a token by default. `annotations` are
    what the cloud needs of an account, by namespace and name."""
    yield _account(tenant, names.RECONCILER, names.sync_namespace(tenant.name))
    for namespace in tenant.namespaces:
        yield _account(tenant, "default", namespace)
    for identity in tenant.identity:
        namespace = tenant.namespace(identity.namespace)
        yield _account(
            tenant, identity.service_account, namespace, annotations.get((namespace, identity.service_account))
        )


def _account(tenant: Tenant, name: str, namespace: str, annotations: Mapping[str, str] | None = None) -> Object:
    return tenant_object(
        tenant,
        "v1",
        "ServiceAccount",
        name,
        namespace,
        labels={names.GUARD_RAIL_LABEL: "true"},
        annotations=annotations,
        automountServiceAccountToken=False,
    )


def reconciler_bindings(tenant: Tenant) -> Iterator[Object]:
    subject = {
        "kind": "ServiceAccount",
        "name": names.RECONCILER,
        "namespace": names.sync_namespace(tenant.name),
    }
    for namespace in tenant.namespaces:
        yield _binding(tenant, names.RECONCILER_BINDING, namespace, names.RECONCILER_ROLE, [subject])


def owner_bindings(tenant: Tenant) -> Iterator[Object]:
    if tenant.owners.groups:
        for namespace in tenant.namespaces:
            yield _binding(tenant, names.OWNERS_BINDING, namespace, names.OWNER_ROLE, _groups(tenant))


def sync_access(tenant: Tenant) -> Iterator[Object]:
    """Owners see how their sync is doing."""
    if tenant.owners.groups:
        namespace = names.sync_namespace(tenant.name)
        yield _binding(tenant, names.OWNERS_BINDING, namespace, names.SYNC_VIEWER_ROLE, _groups(tenant))


def _groups(tenant: Tenant) -> list[dict[str, str]]:
    return [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group} for group in tenant.owners.groups]


def _binding(tenant: Tenant, name: str, namespace: str, role: str, subjects: list[dict[str, str]]) -> Object:
    return tenant_object(
        tenant,
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        name,
        namespace,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        subjects=subjects,
    )
