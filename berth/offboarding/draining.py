"""Empties a tenant's namespaces in one cluster: what runs first, then volumes where they may go, and waits for both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from berth import names
from berth.agents import KINDS
from berth.drift.kinds import Served, served
from berth.offboarding.model import (
    CLAIM,
    VOLUME,
    Held,
    Result,
    State,
    counts,
    gives_up_claims,
    kept_as_deployed,
    made_by_another,
    not_offboarding,
    not_suspended,
    stays,
    summed_up,
    why,
)
from berth.offboarding.warnings import warnings_of
from berth.settings import Cluster, Engine
from berth.status.api import Api, NotAllowed

METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Names, labels and finalizers alone: no Secret's content leaves the API server."""
_POLL = 2.0
"""Seconds between two looks at what is left."""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class _Found:
    """An object in a tenant's namespace, and where the API server has it."""

    path: str
    kind: str
    metadata: dict[str, Any]

    @property
    def held(self) -> Held:
        return Held(self.kind, self.metadata.get("namespace", ""), self.metadata["name"], why(self.metadata))


@dataclass(frozen=True)
class Disk:
    """A volume that was claimed in a namespace. `goes` is whether it does when its claim does."""

    namespace: str
    held: Held
    goes: bool


async def drain_cluster(
    api: Api, cluster: Cluster, tenant: str, *, volumes: bool, delete: bool, seconds: float, tell: Tell
) -> Result:
    """Deletes what a tenant has in its namespaces but for the guard-rails, and volume claims where `volumes` and what
    was deployed both say so; waits at most `seconds` until it is gone. Without `delete`, only looks. Raises NotAllowed
    and what `api` raises."""
    namespaces = await namespaces_of(api, tenant)
    if not namespaces:
        return Result(cluster.name, State.GONE)
    if reason := not_suspended(await _syncs(api, cluster, tenant)):
        return Result(cluster.name, State.NOT_SUSPENDED, message=reason)
    if reason := not_offboarding(namespaces):
        return Result(cluster.name, State.NOT_OFFBOARDING, message=reason)
    inside = [each["name"] for each in namespaces]
    emptied = {each["name"] for each in namespaces if volumes and gives_up_claims(each)}
    kinds = [each for each in _latest(await served(api)) if each.namespaced and counts(each.group, each.kind)]
    end, asked, told = asyncio.get_running_loop().time() + seconds, False, ""
    while True:
        found = [item for each in inside for item in await _contents(api, kinds, each)]
        work = [item for item in found if item.kind != CLAIM]
        going = [item for item in found if item.kind == CLAIM and item.held.namespace in emptied]
        staying = [item.held for item in found if item.kind == CLAIM and item.held.namespace not in emptied]
        disks = await volumes_of(api, inside)
        kept = [*staying, *(each.held for each in disks if not each.goes and not going and not staying)]
        left = [item.held for item in (*work, *going)]
        left += [each.held for each in disks if each.goes and each.namespace in emptied]
        message = kept_as_deployed(staying) if volumes else ""
        result = Result(cluster.name, State.DRAINED, tuple(sorted(left)), tuple(sorted(kept)), message)
        if not left:
            return result
        if not delete:
            told_of = await warnings_of(api, (held for held in result.left if held.why))
            return replace(result, state=State.TO_DRAIN, warnings=told_of)
        if asked and asyncio.get_running_loop().time() > end:
            late = f"not gone after {seconds:.0f} s" + (f"; {message}" if message else "")
            return replace(result, state=State.DRAINING, message=late, warnings=await warnings_of(api, result.left))
        # A claim goes when no pod uses it, so pods go first.
        await _delete(api, work or going)
        asked = True
        if (message := f"{len(left)} left: {summed_up(left)}") != told:
            tell(message)
            told = message
        await asyncio.sleep(_POLL)


async def namespaces_of(api: Api, tenant: str, role: str = "workloads") -> list[dict[str, Any]]:
    """The metadata of a tenant's namespaces, as the cluster has them."""
    query = {"labelSelector": f"{names.TENANT_LABEL}={tenant},{names.ROLE_LABEL}={role}"}
    return [each["metadata"] async for page, _ in api.pages("/api/v1/namespaces", query, METADATA) for each in page]


async def volumes_of(api: Api, namespaces: Iterable[str]) -> list[Disk]:
    """The volumes that were claimed in the namespaces."""
    inside = set(namespaces)
    found = []
    async for page, _ in api.pages("/api/v1/persistentvolumes", {}):
        for item in page:
            spec, metadata = item["spec"], item["metadata"]
            claim = spec.get("claimRef") or {}
            namespace = claim.get("namespace")
            if namespace in inside:
                goes = spec.get("persistentVolumeReclaimPolicy") == "Delete"
                reason = why(metadata) or ("" if goes else "its reclaim policy is not Delete")
                found.append(Disk(namespace, Held(VOLUME, "", metadata["name"], reason), goes))
    return found


async def _syncs(api: Api, cluster: Cluster, tenant: str) -> list[dict[str, Any]]:
    """The tenant's sync objects; none where they are gone."""
    argocd = cluster.gitops.engine is Engine.ARGOCD
    namespace = names.ARGOCD_NAMESPACE if argocd else names.sync_namespace(tenant)
    found = []
    for kind in KINDS[cluster.gitops.engine]:
        if kind.name == "AppProject":
            continue
        try:
            path = f"/apis/{kind.group}/{kind.version}/namespaces/{namespace}/{kind.plural}/{tenant}"
            found.append({"kind": kind.name, **await api.get(path)})
        except NotAllowed as refused:
            if refused.why.code != 404:
                raise
    return found


def _latest(kinds: Iterable[Served]) -> list[Served]:
    """Each kind once, in the version that the API server prefers. Subresources are none."""
    found: dict[tuple[str, str], Served] = {}
    for each in kinds:
        if each.listed:
            found.setdefault((each.group, each.kind), each)
    return list(found.values())


async def _contents(api: Api, kinds: list[Served], namespace: str) -> list[_Found]:
    lists = await asyncio.gather(*(_listed(api, each, namespace) for each in kinds))
    return [item for found in lists for item in found if not stays(item.kind, item.metadata)]


async def _listed(api: Api, kind: Served, namespace: str) -> list[_Found]:
    found: dict[str, _Found] = {}
    try:
        async for page, _ in api.pages(kind.path(namespace), {}, METADATA):
            for item in page:
                metadata = item["metadata"]
                found[metadata["name"]] = _Found(kind.path(namespace, metadata["name"]), kind.kind, metadata)
    except NotAllowed as refused:
        if refused.why.code not in (404, 405):  # the kind has gone meanwhile, or cannot be listed by anybody
            raise
    return list(found.values())


async def _delete(api: Api, items: Iterable[_Found]) -> None:
    """Asks for each to go that nobody has asked yet, and that does not go with its owner."""
    wanted = [item for item in items if not item.metadata.get("deletionTimestamp")]
    await asyncio.gather(*(_delete_one(api, item) for item in wanted if not made_by_another(item.metadata)))


async def _delete_one(api: Api, item: _Found) -> None:
    # This very object: one of the same name that has taken its place is looked at first.
    options = {"propagationPolicy": "Background", "preconditions": {"uid": item.metadata["uid"]}}
    try:
        await api.delete(item.path, json.dumps(options).encode())
    except NotAllowed as refused:
        if refused.why.code not in (404, 409):
            raise
