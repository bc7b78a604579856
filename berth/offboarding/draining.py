"""Empties a tenant's namespaces in one cluster: what runs first, then volumes where they may go, and waits for both."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from berth import names
from berth.agents import KINDS
from berth.drift.kinds import Served, served
from berth.errors import OperationFailed
from berth.loop import together
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


@dataclass
class Draining:
    """A tenant on its way out of one cluster. What was seen outlives a connection: over the next one it goes on.

    All but the guard-rails is deleted, and volume claims where `volumes` and what was deployed both say so. `seconds`
    is how long that may take in all. Without `delete`, it is only looked at.
    """

    cluster: Cluster
    tenant: str
    volumes: bool
    delete: bool
    seconds: float
    tell: Tell
    answered: bool = False
    """Whether the API server ever did."""
    last: Result | None = None
    """As it was when all of it was seen last."""
    _told: str = ""

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    async def over(self, api: Api) -> Result:
        """Returns when it is gone, or the time is up. Raises NotAllowed and what `api` raises."""
        namespaces = await namespaces_of(api, self.tenant)
        self.answered = True
        if not namespaces:
            return Result(self.cluster.name, State.GONE)
        if reason := not_suspended(await _syncs(api, self.cluster, self.tenant)):
            return Result(self.cluster.name, State.NOT_SUSPENDED, message=reason)
        if reason := not_offboarding(namespaces):
            return Result(self.cluster.name, State.NOT_OFFBOARDING, message=reason)
        kinds = [each for each in _latest(await served(api)) if each.namespaced and counts(each.group, each.kind)]
        asked = False
        while True:
            self.last, next_to_go = await self._seen(api, kinds, namespaces)
            if not self.last.left:
                return self.last
            if not self.delete:
                told_of = await warnings_of(api, (held for held in self.last.left if held.why))
                return replace(self.last, state=State.TO_DRAIN, warnings=told_of)
            if asked and self.late:
                return replace(self._not_gone(self.last), warnings=await warnings_of(api, self.last.left))
            await _delete(api, next_to_go)
            asked = True
            self.say(f"{len(self.last.left)} left: {summed_up(self.last.left)}")
            await asyncio.sleep(_POLL)

    @property
    def late(self) -> bool:
        return time.monotonic() > self._end

    def waits_out(self, error: OperationFailed | NotAllowed) -> bool:
        """Whether a failure may pass while there is time. A cluster that never answered is not waited for, and no
        refusal of what was asked for."""
        return self.delete and (error.why.passing if isinstance(error, NotAllowed) else self.answered)

    def failed(self, error: OperationFailed | NotAllowed) -> Result:
        """What is known where a failure ends it."""
        if self.last is None:
            return Result(self.cluster.name, State.UNREACHABLE, message=words(error))
        if self.waits_out(error):
            return self._not_gone(self.last, words(error))
        return replace(self.last, state=State.UNREACHABLE, message=words(error))

    def say(self, message: str) -> None:
        """Tells what is new."""
        if message != self._told:
            self.tell(message)
            self._told = message

    def _not_gone(self, seen: Result, failure: str = "") -> Result:
        """What was seen last, where the time is up; `failure` is why there was nothing to see since."""
        message = "; ".join(filter(None, (f"not gone after {self.seconds:.0f} s", failure, seen.message)))
        return replace(seen, state=State.DRAINING, message=message)

    async def _seen(
        self, api: Api, kinds: list[Served], namespaces: list[dict[str, Any]]
    ) -> tuple[Result, list[_Found]]:
        """How it is now, and what is to go next."""
        inside = [each["name"] for each in namespaces]
        emptied = {each["name"] for each in namespaces if self.volumes and gives_up_claims(each)}
        found = [item for each in inside for item in await _contents(api, kinds, each)]
        work = [item for item in found if item.kind != CLAIM]
        going = [item for item in found if item.kind == CLAIM and item.held.namespace in emptied]
        staying = [item.held for item in found if item.kind == CLAIM and item.held.namespace not in emptied]
        disks = await volumes_of(api, inside)
        kept = [*staying, *(each.held for each in disks if not each.goes and not going and not staying)]
        left = [item.held for item in (*work, *going)]
        left += [each.held for each in disks if each.goes and each.namespace in emptied]
        message = kept_as_deployed(staying) if self.volumes else ""
        result = Result(self.cluster.name, State.DRAINED, tuple(sorted(left)), tuple(sorted(kept)), message)
        # A claim goes when no pod uses it, so pods go first.
        return result, work or going


def words(error: OperationFailed | NotAllowed) -> str:
    """What to tell of a failure."""
    return error.message if isinstance(error, OperationFailed) else error.why.message


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
    lists = await together(_listed(api, each, namespace) for each in kinds)
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
    await together(_delete_one(api, item) for item in wanted if not made_by_another(item.metadata))


async def _delete_one(api: Api, item: _Found) -> None:
    # This very object: one of the same name that has taken its place is looked at first.
    options = {"propagationPolicy": "Background", "preconditions": {"uid": item.metadata["uid"]}}
    try:
        await api.delete(item.path, json.dumps(options).encode())
    except NotAllowed as refused:
        if refused.why.code not in (404, 409):
            raise
