"""Objects that carry a tenant's label and that nobody declared: not Berth, and no manifest that an agent applied.

What is made by others from what is declared is not looked at: pods of a Deployment, and all that has an owner. Where an
agent cannot tell at the moment what is declared in Git, nothing that may be its work counts as undeclared.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from berth.agents import KINDS
from berth.drift.declared import Key
from berth.drift.kinds import Served
from berth.drift.model import Drift, What
from berth.names import ARGOCD_NAMESPACE, MANAGED_BY, TENANT_LABEL
from berth.render import Object
from berth.settings import Cluster, Engine
from berth.status.api import Api, NotAllowed

_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Names, labels and owners alone: no Secret's content leaves the API server."""
_MADE = frozenset({"Endpoints", "EndpointSlice", "Event", "Lease", "Pod", "ReplicaSet", "ControllerRevision"})
"""Kinds that controllers make, with the labels of what they make them from."""
_OF_NAMESPACE, _OF_NAME = (f"kustomize.toolkit.fluxcd.io/{part}" for part in ("namespace", "name"))
"""Labels that Flux puts on all that it applies: which Kustomization that was."""
_NOT_COMPARED = frozenset({"ComparisonError", "InvalidSpecError", "UnknownError"})
"""Conditions of an Application of which what is in Git is not known."""


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
    declared: Mapping[Key, tuple[str, Object]],
    unread: dict[str, None],
) -> AsyncIterator[Undeclared]:
    """What is undeclared in a cluster; `declared` is by key, each with its tenant. What could not be listed, and what
    cannot be known, is added to `unread`."""
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
    applied = await _applied(api, cluster, declared, unread)
    if applied is None:
        return
    for resource, item in found:
        metadata = item["metadata"]
        key = _key(resource, metadata)
        if key in applied.keys:
            continue
        if sync := applied.may_be_of(key, metadata):
            unread[f"{sync}: what is undeclared of what it applied is not known"] = None
            continue
        labels = metadata.get("labels") or {}
        place = cluster.name, labels.get(TENANT_LABEL, ""), resource.kind, key[2], key[3]
        yield Undeclared(Drift(*place, What.UNDECLARED), resource.group, metadata["uid"])


@dataclass
class _Applied:
    """What the agent says of what it has applied from Git."""

    keys: set[Key] = field(default_factory=set)
    unsettled: dict[Key | tuple[str, str], str] = field(default_factory=dict)
    """What does not know, for now, all that it has applied: Flux's Kustomizations by namespace and name, and what
    Argo CD's Applications hold by key; each with what to say of it."""
    silent: dict[str, str] = field(default_factory=dict)
    """Tenants whose sync knows nothing of what was applied before: it is new, or gone, or never got that far. Of the
    root, which has no tenant, all that is a tenant's may be."""

    def may_be_of(self, key: Key, metadata: Mapping[str, Any]) -> str:
        """The sync that may have applied an object and cannot say so; empty where there is none."""
        labels = metadata.get("labels") or {}
        kustomization = labels.get(_OF_NAMESPACE, ""), labels.get(_OF_NAME, "")
        told = self.unsettled.get(key) or self.unsettled.get(kustomization)
        return told or self.silent.get(labels.get(TENANT_LABEL, "")) or self.silent.get("", "")


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


async def _applied(
    api: Api, cluster: Cluster, declared: Mapping[Key, tuple[str, Object]], unread: dict[str, None]
) -> _Applied | None:
    """All that the agent says it has applied; None where that cannot be read whole."""
    kind = next(each for each in KINDS[cluster.gitops.engine] if each.name in ("Kustomization", "Application"))
    argocd = cluster.gitops.engine is Engine.ARGOCD
    inside = f"/namespaces/{ARGOCD_NAMESPACE}" if argocd else ""
    query = {} if argocd else {"labelSelector": ",".join(f"{name}={value}" for name, value in MANAGED_BY.items())}
    syncs = {key[2:]: tenant for key, (tenant, _) in declared.items() if key[:2] == (kind.group, kind.name)}
    found, seen = _Applied(), set()
    try:
        async for items, _ in api.pages(f"/apis/{kind.group}/{kind.version}{inside}/{kind.plural}", query):
            for item in items:
                place = item["metadata"].get("namespace", ""), item["metadata"]["name"]
                seen.add(place)
                called = f"{kind.name} {'/'.join(place)} is not settled"
                if not (_add_application if argocd else _add_kustomization)(found, item, called) and place in syncs:
                    found.silent[syncs[place]] = called
    except NotAllowed as refused:
        unread[f"{kind.name}: what the agent applied is not known, so what is undeclared is not: {refused}"] = None
        return None
    for place in syncs.keys() - seen:
        found.silent[syncs[place]] = f"{kind.name} {'/'.join(place)} is not there"
    return found


def _add_kustomization(found: _Applied, sync: Mapping[str, Any], called: str) -> bool:
    """False where nothing is known. The inventory is that of the last success: what a try since has applied is not in
    it."""
    found.keys |= _inventory(sync)
    metadata, status = sync["metadata"], sync.get("status") or {}
    conditions: list[Mapping[str, Any]] = status.get("conditions") or []
    ready: Mapping[str, Any] = next((each for each in conditions if each.get("type") == "Ready"), {})
    same = ready.get("observedGeneration", status.get("observedGeneration")) == metadata.get("generation")
    if ready.get("status") == "True" and same:
        return True
    found.unsettled[metadata.get("namespace", ""), metadata["name"]] = called
    return "inventory" in status


def _add_application(found: _Applied, application: Mapping[str, Any], called: str) -> bool:
    """False where nothing is known. While Argo CD cannot compare, as without Git, it holds each object for one to be
    pruned."""
    status = application.get("status") or {}
    compared = (status.get("sync") or {}).get("status") in ("Synced", "OutOfSync")
    settled = compared and not any(each.get("type") in _NOT_COMPARED for each in status.get("conditions") or ())
    for each in status.get("resources") or ():
        key = each.get("group", ""), each["kind"], each.get("namespace", ""), each["name"]
        if each.get("hook") or not each.get("requiresPruning"):
            found.keys.add(key)
        elif not settled:
            found.unsettled[key] = called
    return settled or "resources" in status


def _inventory(sync: Mapping[str, Any]) -> set[Key]:
    """Of Flux: <namespace>_<name>_<group>_<kind>, where a name's : is written as __."""
    entries = ((sync.get("status") or {}).get("inventory") or {}).get("entries") or ()
    found = set()
    for entry in entries:
        namespace, _, rest = str(entry["id"]).partition("_")
        name, group, kind = rest.rsplit("_", 2)
        found.add((group, kind, namespace, name.replace("__", ":")))
    return found


def _key(resource: Served, metadata: Mapping[str, Any]) -> Key:
    return resource.group, resource.kind, metadata.get("namespace", ""), metadata["name"]
