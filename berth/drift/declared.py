"""What should be in a cluster: all that `berth.render` returns for it, however it gets there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from berth.project import Project
from berth.render import Object, render, render_alerts, render_cluster, render_root
from berth.render.identity import UNKNOWN_CLIENT_ID
from berth.render.objects import identity_of
from berth.render.roots import published
from berth.settings import Cluster, Delivery
from berth.tenants import Tenant

Key = tuple[str, str, str, str]
"""API group, kind, namespace and name."""


def declared_in(project: Project, cluster: Cluster, only: Collection[str] = ()) -> dict[Key, tuple[str, Object]]:
    """By key, the object and the tenant that it belongs to: empty for what the cluster needs once.

    With `only`, the objects of these tenants and no others.
    """
    tenants = list(project.tenants_in(cluster))
    found: dict[Key, tuple[str, Object]] = {}
    if not only:
        found = {identity_of(item): ("", item) for item in _once(cluster, tenants)}
    for tenant in tenants:
        if not only or tenant.name in only:
            found |= {identity_of(item): (tenant.name, item) for item in render(cluster, tenant)}
    return found


def with_known_ids(declared: Object, live: Mapping[str, Any]) -> Object:
    """The same with the client ids that Azure gave out: only the cluster and the stack's outputs know them."""
    stated = declared["metadata"].get("annotations") or {}
    unknown = [name for name, value in stated.items() if value == UNKNOWN_CLIENT_ID]
    known = live["metadata"].get("annotations") or {}
    if not unknown:
        return declared
    annotations = {**stated, **{name: known.get(name, UNKNOWN_CLIENT_ID) for name in unknown}}
    return {**declared, "metadata": {**declared["metadata"], "annotations": annotations}}


def _once(cluster: Cluster, tenants: list[Tenant]) -> Iterator[Object]:
    yield from render_cluster(cluster)
    yield from render_alerts(cluster, tenants)
    if cluster.delivery is Delivery.GIT:
        yield from render_root(cluster)
        yield published(cluster, [tenant.name for tenant in tenants])
