"""Has every cluster's API server say what applying the declared objects would change, all clusters at once.

Nothing is changed by that: it is a dry run, in the name of whoever applied the object. Objects are looked at page by
page, so that memory does not grow with their number.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from berth.drift.compare import deliverer, differences, with_marks
from berth.drift.declared import Key, declared_in, with_known_ids
from berth.drift.kinds import Served, served
from berth.drift.mend import delete, mend
from berth.drift.model import Drift, Looked, What
from berth.drift.undeclared import undeclared_in
from berth.errors import OperationFailed
from berth.loop import run
from berth.names import MANAGED_BY, TENANT_LABEL
from berth.project import Project
from berth.render import Object
from berth.settings import Cluster
from berth.status.api import Api, NotAllowed, open_api
from berth.status.client import answering
from berth.status.collect import Scope

APPLY = "application/apply-patch+yaml"
_AT_ONCE = 12
"""Objects of one cluster that are compared at the same time."""
_NO_RIGHT = " cannot patch resource "
"""What an API server says to whom RBAC does not let apply; an object that it refuses by itself is told otherwise."""


@dataclass(frozen=True)
class Orders:
    """What to do about drift. Nothing that was not declared is deleted, unless `prune` says so."""

    fix: bool = False
    prune: bool = False


@dataclass
class _Cluster:
    """One cluster that is being looked at."""

    api: Api
    cluster: Cluster
    kinds: Sequence[Served]
    orders: Orders
    checked: int = 0
    drifts: list[Drift] = field(default_factory=list)
    unread: dict[str, None] = field(default_factory=dict)


def drift(project: Project, scope: Scope, orders: Orders = Orders()) -> Looked:
    """Looks at the clusters and tenants that are meant. What cannot be looked at raises nothing: it is told."""
    return run(_drift(project, scope, orders))


async def _drift(project: Project, scope: Scope, orders: Orders) -> Looked:
    clusters = [cluster for cluster, _ in scope.placed(project)]
    answers = await asyncio.gather(*(_in_cluster(project, cluster, scope, orders) for cluster in clusters))
    return Looked(
        sum(answer.checked for answer in answers),
        tuple(sorted((each for answer in answers for each in answer.drifts), key=lambda each: each.place)),
        tuple(each for answer in answers for each in answer.unread),
    )


async def _in_cluster(project: Project, cluster: Cluster, scope: Scope, orders: Orders) -> Looked:
    entry = scope.entries.get(cluster.name)
    found: _Cluster | None = None
    try:
        if isinstance(entry, OperationFailed):
            raise entry
        with answering(scope.timeout):
            async with open_api(project.root, cluster, scope.timeout, entry) as api:
                found = _Cluster(api, cluster, await served(api), orders)
                await _look(found, project, scope.tenants)
    except (OperationFailed, NotAllowed) as error:
        # What was found before that holds.
        told = Looked(found.checked, tuple(found.drifts), _told(found)) if found else Looked(0, ())
        return replace(told, unread=(*told.unread, (cluster.name, str(error.args[0]) if error.args else "")))
    return Looked(found.checked, tuple(found.drifts), _told(found))


def _told(found: _Cluster) -> tuple[tuple[str, str], ...]:
    return tuple((found.cluster.name, why) for why in found.unread)


async def _look(found: _Cluster, project: Project, only: Collection[str]) -> None:
    declared = declared_in(project, found.cluster, only)
    label = f"{TENANT_LABEL} in ({','.join(sorted(only))})" if only else _label(MANAGED_BY)
    left = dict(declared)
    for group, kind, version in dict.fromkeys(_kind_of(key, item) for key, (_, item) in declared.items()):
        resource = _served(found.kinds, group, kind, version)
        if resource is None:
            found.unread[f"{kind}: the API server does not serve {_version(group, version)}"] = None
            left = {key: each for key, each in left.items() if key[:2] != (group, kind)}
            continue
        async for page in _pages(found, resource, label):
            here = [(left.pop(key), item) for item in page if (key := _key(resource, item)) in left]
            await _all(_check(found, resource, tenant, wanted, item) for (tenant, wanted), item in here)
        rest = [left.pop(key) for key in list(left) if key[:2] == (group, kind)]
        await _all(_check(found, resource, tenant, wanted, None) for tenant, wanted in rest)
    selector = label if only else TENANT_LABEL
    async for each in undeclared_in(found.api, found.cluster, found.kinds, selector, declared, found.unread):
        gone = found.orders.prune and await delete(found.api, found.kinds, each)
        found.drifts.append(replace(each.drift, fixed=gone))


async def _pages(found: _Cluster, resource: Served, label: str) -> AsyncIterator[list[dict[str, Any]]]:
    try:
        async for items, _ in found.api.pages(resource.path(), {"labelSelector": label}):
            yield items
    except NotAllowed as refused:
        # Each object is then asked for by its name.
        found.unread[f"{resource.kind}: could not be listed: {refused.why.message}"] = None


async def _all(tasks: Iterable[Any]) -> None:
    """Runs some at a time; the first that fails ends it."""
    pending = list(tasks)
    pending.reverse()

    async def work() -> None:
        while pending:
            await pending.pop()

    workers = [asyncio.create_task(work()) for _ in range(min(_AT_ONCE, len(pending)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        for each in pending:
            each.close()


async def _check(found: _Cluster, resource: Served, tenant: str, wanted: Object, live: dict[str, Any] | None) -> None:
    """Compares one object, and mends it where that is asked for. `live` is None where the list did not have it."""
    metadata = wanted["metadata"]
    found.checked += 1
    about = Drift(
        found.cluster.name, tenant, resource.kind, metadata.get("namespace", ""), metadata["name"], What.CHANGED
    )
    path = resource.path(about.namespace, about.name)
    try:
        if live is None:
            live = await _get(found.api, path)
        result = await _compare(found.api, path, about, wanted, live)
        if result is not None and live is not None and result.what is What.CHANGED:
            # Somebody may have written it in between: what is told holds for the object as it is now.
            live = await _get(found.api, path)
            result = await _compare(found.api, path, about, wanted, live)
    except NotAllowed as refused:
        if refused.why.code == 403 and _NO_RIGHT in refused.why.message:
            found.unread[f"{resource.kind}: no right to apply, which a dry run needs: {refused.why.message}"] = None
            return
        if refused.why.passing:
            found.unread[f"{resource.kind}: could not be compared: {refused.why.message}"] = None
            return
        result = replace(about, what=What.REFUSED, message=refused.why.message)
    if result is None:
        return
    if found.orders.fix and result.what is not What.REFUSED:
        result = await mend(found.api, path, result, wanted, live)
    found.drifts.append(result)


async def _compare(api: Api, path: str, about: Drift, wanted: Object, live: dict[str, Any] | None) -> Drift | None:
    """What differs; None where nothing does. Raises NotAllowed for what the API server would not take."""
    if live is None:
        return replace(about, what=What.MISSING)
    wanted = with_known_ids(with_marks(wanted, live), live)
    query = {"fieldManager": deliverer(live), "force": "true", "dryRun": "All"}
    _, result = await api.patch(path, query, json.dumps(wanted).encode(), APPLY)
    fields = differences(live, result, wanted)
    return replace(about, fields=tuple(fields)) if fields else None


async def _get(api: Api, path: str) -> dict[str, Any] | None:
    try:
        item: dict[str, Any] = await api.get(path)
    except NotAllowed as refused:
        if refused.why.code == 404:
            return None
        raise
    return item


def _served(kinds: Iterable[Served], group: str, kind: str, version: str) -> Served | None:
    return next((each for each in kinds if (each.group, each.kind, each.version) == (group, kind, version)), None)


def _kind_of(key: Key, item: Object) -> tuple[str, str, str]:
    return key[0], key[1], item["apiVersion"].rpartition("/")[2]


def _key(resource: Served, item: dict[str, Any]) -> Key:
    return resource.group, resource.kind, item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version


def _label(labels: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in labels.items())
