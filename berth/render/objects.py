"""Building blocks of Kubernetes objects: metadata, labels, identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from berth import names
from berth.tenants import Tenant

Object = dict[str, Any]
"""A Kubernetes object as the API server takes it: apiVersion, kind, metadata and the rest, in wire format."""


def make(
    api_version: str,
    kind: str,
    name: str,
    namespace: str | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **rest: Any,
) -> Object:
    """An object with Berth's label; labels and annotations come out sorted."""
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata["labels"] = dict(sorted({**names.MANAGED_BY, **(labels or {})}.items()))
    if annotations:
        metadata["annotations"] = dict(sorted(annotations.items()))
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def tenant_object(
    tenant: Tenant, api_version: str, kind: str, name: str, namespace: str | None = None, **rest: Any
) -> Object:
    """An object that belongs to a tenant."""
    labels = {names.TENANT_LABEL: tenant.name, **rest.pop("labels", {})}
    return make(api_version, kind, name, namespace, labels=labels, **rest)


def identity_of(item: Object) -> tuple[str, str, str, str]:
    """API group, kind, namespace and name: what tells objects of a cluster apart, whatever the version."""
    group = item["apiVersion"].rpartition("/")[0]
    return group, item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]
