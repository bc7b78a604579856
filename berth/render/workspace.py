"""Namespaces: the tenant's own, with Pod Security and the allow-lists that admission policies read, and its sync
namespace."""

from __future__ import annotations

from collections.abc import Iterator

from berth import names
from berth.render.objects import Object, tenant_object
from berth.tenants import PodSecurity, Tenant


def _pod_security(level: PodSecurity) -> dict[str, str]:
    """Enforced at `level`; what falls short of `restricted` is warned of and audited even where it is allowed."""
    prefix = "pod-security.kubernetes.io"
    labels = {f"{prefix}/enforce": level.value, f"{prefix}/warn": "restricted", f"{prefix}/audit": "restricted"}
    return labels | {f"{prefix}/{mode}-version": names.POD_SECURITY_VERSION for mode in ("enforce", "warn", "audit")}


def workload_namespaces(tenant: Tenant) -> Iterator[Object]:
    policy = tenant.policy
    annotations = {
        names.OWNER_TEAM_ANNOTATION: tenant.owners.team,
        names.OWNER_CONTACT_ANNOTATION: tenant.owners.contact,
        # Read by the admission policies. A namespace is nothing its tenant can change.
        names.REGISTRIES_ANNOTATION: ",".join(policy.allow.registries),
        names.HOSTS_ANNOTATION: ",".join(policy.allow.hosts),
        names.PRIORITIES_ANNOTATION: ",".join(policy.allow.priority_classes),
        names.DELETION_ANNOTATION: tenant.deletion_policy.value,
        # Read by a deploy that finds no file of the tenant.
        names.LIFECYCLE_ANNOTATION: tenant.lifecycle.value,
    }
    if policy.exception:
        annotations[names.EXCEPTION_ANNOTATION] = policy.exception
    for namespace in tenant.namespaces:
        yield tenant_object(
            tenant,
            "v1",
            "Namespace",
            namespace,
            labels={**policy.labels, names.ROLE_LABEL: "workloads", **_pod_security(policy.pod_security)},
            annotations=annotations,
        )


def sync_namespace(tenant: Tenant) -> Object:
    source = {names.SOURCE_LABEL: "shared"} if tenant.source.is_shared else {}
    return tenant_object(
        tenant,
        "v1",
        "Namespace",
        names.sync_namespace(tenant.name),
        labels={names.ROLE_LABEL: "sync", **source, **_pod_security(PodSecurity.RESTRICTED)},
        annotations={
            names.SOURCES_ANNOTATION: tenant.source.url,
            names.NAMESPACES_ANNOTATION: ",".join(tenant.namespaces),
        },
    )
