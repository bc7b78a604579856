"""ResourceQuota and LimitRange of each of a tenant's namespaces."""

from __future__ import annotations

from collections.abc import Iterator

from berth import names
from berth.render.objects import Object, tenant_object
from berth.tenants import Tenant


def resource_quota(tenant: Tenant) -> Iterator[Object]:
    hard = dict(sorted(tenant.policy.quota.items()))
    for namespace in tenant.namespaces:
        yield tenant_object(tenant, "v1", "ResourceQuota", names.OBJECT, namespace, spec={"hard": hard})


def limit_range(tenant: Tenant) -> Iterator[Object]:
    stated = tenant.policy.limits.model_dump(by_alias=True)
    limit = {kind: dict(sorted(values.items())) for kind, values in sorted(stated.items()) if values}
    if not limit:
        return
    for namespace in tenant.namespaces:
        yield tenant_object(
            tenant, "v1", "LimitRange", names.OBJECT, namespace, spec={"limits": [{"type": "Container", **limit}]}
        )
