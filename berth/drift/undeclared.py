"""Objects that carry a tenant's label and that nobody declared: not Berth, and no manifest that an agent applied.

What is made by others from what is declared is not looked at: pods of a Deployment, and all that has an owner.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from berth.agents import KINDS
from berth.drift.declared import Key
from berth.drift.kinds import Served
from berth.drift.model import Drift, What
from berth.names import ARGOCD_NAMESPACE, MANAGED_BY, TENANT_LABEL
from berth.settings import Cluster, Engine
from berth.status.api import Api, NotAllowed

_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Names, labels and owners alone: no Secret's content leaves the API server."""
_MADE = frozenset({"Endpoints", "EndpointSlice", "Event", "Lease", "Pod", "ReplicaSet", "ControllerRevision"})
"""Kinds that controllers make, with the labels of what they make them from."""


@dataclass(frozen=True)
class Undeclared:
    """An object, and what it takes to delete just this one."""

    drift: Drift
    group: str
    uid: str


async def undeclared_in(
    api: Api,
    cluster: Cluster,
    kinds: Sequence[Served],
    selector: str,
    declared: Collection[Key],
    unread: dict[str, None],
) -> AsyncIterator[Undeclared]:
    """What is undeclared in a cluster. What could not be listed is added to `unread`."""
    latest = {(each.group, each.kind): each for each in reversed(kinds) if each.listed and each.kind not in _MADE}
    lists = await asyncio.gather(*(_labelled(api, each, selector, unread) for each in latest.values()))
    found = [
        (resource, item)
        for resource, items in zip(latest.values(), lists, strict=True)
        for item in items
        if _key(resource, item["metadata"]) not in declared
    ]
    if not found:
        return
    applied = await _applied(api, cluster, unread)
    for resource, item in found:
        metadata = item["metadata"]
        key = _key(resource, metadata)
        if key in applied:
            continue
        labels = metadata.get("labels") or {}
        place = cluster.name, labels.get(TENANT_LABEL, ""), resource.kind, key[2], key[3]
        yield Undeclared(Drift(*place, What.UNDECLARED), resource.group, metadata["uid"])


async def _labelled(api: Api, resource: Served, selector: str, unread: dict[str, None]) -> list[dict[str, Any]]:
    found = []
    try:
        async for items, _ in api.pages(resource.path(), {"labelSelector": selector}, _METADATA):
            found += [item for item in items if not item["metadata"].get("ownerReferences")]
    except NotAllowed as refused:
        # Some kinds cannot be listed by anybody: reviews, and what an aggregated API server does not have.
        if refused.why.code not in (404, 405):
            unread[f"{resource.kind}: what is undeclared is not known: {refused.why.message}"] = None
    return found


async def _applied(api: Api, cluster: Cluster, unread: dict[str, None]) -> set[Key]:
    """All that the agent says it has applied from Git."""
    kind = next(each for each in KINDS[cluster.gitops.engine] if each.name in ("Kustomization", "Application"))
    argocd = cluster.gitops.engine is Engine.ARGOCD
    inside = f"/namespaces/{ARGOCD_NAMESPACE}" if argocd else ""
    query = {} if argocd else {"labelSelector": ",".join(f"{name}={value}" for name, value in MANAGED_BY.items())}
    found: set[Key] = set()
    try:
        async for items, _ in api.pages(f"/apis/{kind.group}/{kind.version}{inside}/{kind.plural}", query):
            for item in items:
                found.update(_resources(item) if argocd else _inventory(item))
    except NotAllowed as refused:
        unread[f"{kind.name}: what the agent applied is not known: {refused.why.message}"] = None
    return found


def _inventory(sync: Mapping[str, Any]) -> set[Key]:
    """Of Flux: <namespace>_<name>_<group>_<kind>, where a name's : is written as __."""
    entries = ((sync.get("status") or {}).get("inventory") or {}).get("entries") or ()
    found = set()
    for entry in entries:
        namespace, _, rest = str(entry["id"]).partition("_")
        name, group, kind = rest.rsplit("_", 2)
        found.add((group, kind, namespace, name.replace("__", ":")))
    return found


def _resources(application: Mapping[str, Any]) -> set[Key]:
    """Of Argo CD."""
    return {
        (each.get("group", ""), each["kind"], each.get("namespace", ""), each["name"])
        for each in (application.get("status") or {}).get("resources") or ()
        if not each.get("requiresPruning")
    }


def _key(resource: Served, metadata: Mapping[str, Any]) -> Key:
    return resource.group, resource.kind, metadata.get("namespace", ""), metadata["name"]
