"""All clusters of a tenant at once. One that cannot be reached costs its own result, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from berth import names
from berth.drift.kinds import Served, served
from berth.errors import OperationFailed
from berth.loop import run
from berth.offboarding.draining import METADATA, Draining, volumes_of, words
from berth.offboarding.model import Held, Result, State, counts, why
from berth.project import Project
from berth.settings import Cluster
from berth.status.api import Api, NotAllowed, open_api
from berth.status.client import answering
from berth.tenants import DeletionPolicy

TIMEOUT = 30.0
"""Seconds that an API server has for one answer."""
AGAIN = 5.0
"""Seconds before a cluster that failed is tried again."""
Tell = Callable[[str, str], None]
"""Takes a cluster's name and what happens there."""
Ask = Callable[[Api], Awaitable[Result]]


def drain(
    project: Project, tenant: str, clusters: Sequence[Cluster], *, delete: bool, seconds: float, tell: Tell
) -> list[Result]:
    """Empties a tenant's namespaces in the clusters, or looks at what there is to empty. `seconds` is how long each
    cluster is waited for, whatever fails meanwhile. A result for each, in their order."""
    volumes = project.tenants[tenant].file.deletion_policy is DeletionPolicy.DELETE

    def of(cluster: Cluster) -> Awaitable[Result]:
        return _drain(
            project.root,
            Draining(
                cluster,
                tenant,
                volumes=volumes,
                delete=delete,
                seconds=seconds,
                tell=lambda message: tell(cluster.name, message),
            ),
        )

    return run(_everywhere(clusters, of))


def verify(project: Project, tenant: str, clusters: Sequence[Cluster]) -> list[Result]:
    """What is left of a tenant in the clusters, whether it has a file or not. A result for each, in their order."""
    others = {each for name, loaded in project.tenants.items() if name != tenant for each in loaded.namespaces}

    def of(cluster: Cluster) -> Awaitable[Result]:
        return _ask(project.root, cluster, lambda api: _verify(api, cluster, tenant, others))

    return run(_everywhere(clusters, of))


async def _everywhere(clusters: Sequence[Cluster], of: Callable[[Cluster], Awaitable[Result]]) -> list[Result]:
    return await asyncio.gather(*map(of, clusters))


async def _ask(root: Path, cluster: Cluster, ask: Ask) -> Result:
    try:
        return await _connected(root, cluster, ask)
    except (OperationFailed, NotAllowed) as error:
        return Result(cluster.name, State.UNREACHABLE, message=words(error))


async def _drain(root: Path, draining: Draining) -> Result:
    """Goes on over a new connection, with a new login, where one fails on the way."""
    while True:
        try:
            return await _connected(root, draining.cluster, draining.over)
        except (OperationFailed, NotAllowed) as error:
            if draining.late or not draining.waits_out(error):
                return draining.failed(error)
            draining.say(f"{words(error)}; trying again")
        await asyncio.sleep(AGAIN)


async def _connected(root: Path, cluster: Cluster, ask: Ask) -> Result:
    with answering(TIMEOUT):
        async with open_api(root, cluster, TIMEOUT) as api:
            return await ask(api)


async def _verify(api: Api, cluster: Cluster, tenant: str, others: Iterable[str]) -> Result:
    kinds = [each for each in await served(api) if each.listed and counts(each.group, each.kind)]
    latest = {(each.group, each.kind): each for each in reversed(kinds)}
    lists = await asyncio.gather(*(_labelled(api, each, tenant) for each in latest.values()))
    found = [item for listed in lists for item in listed]
    gone_with = {item.name for item in found if item.kind == "Namespace"}
    left = [item for item in found if item.namespace not in gone_with]
    left += [disk.held for disk in await volumes_of(api, await _claimed(api, tenant, others))]
    state = State.LEFT if left else State.GONE
    return Result(cluster.name, state, tuple(sorted(set(left))))


async def _labelled(api: Api, kind: Served, tenant: str) -> list[Held]:
    found: list[Held] = []
    try:
        async for page, _ in api.pages(kind.path(), {"labelSelector": f"{names.TENANT_LABEL}={tenant}"}, METADATA):
            found += [_held(kind, each["metadata"]) for each in page if not each["metadata"].get("ownerReferences")]
    except NotAllowed as refused:
        if refused.why.code not in (404, 405):
            raise
    return found


def _held(kind: Served, metadata: dict[str, Any]) -> Held:
    return Held(kind.kind, metadata.get("namespace", ""), metadata["name"], why(metadata))


async def _claimed(api: Api, tenant: str, others: Iterable[str]) -> set[str]:
    """Namespaces named after the tenant in which volumes were claimed. They may be gone, and their labels with them:
    one that another tenant of the project has is not among them."""
    found = set()
    async for page, _ in api.pages("/api/v1/persistentvolumes", {}):
        for item in page:
            name = (item["spec"].get("claimRef") or {}).get("namespace", "")
            if name == tenant or name.startswith(f"{tenant}-"):
                found.add(name)
    return found - set(others)
