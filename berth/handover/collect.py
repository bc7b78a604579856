"""Looks into every cluster of a stack at once for what the former engine holds, and has it given up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from berth import names
from berth.errors import OperationFailed
from berth.handover.model import (
    FORMER,
    GUARD_RAILS,
    KINDS,
    LABELS,
    MANAGERS,
    Handover,
    applied_for,
    held_by,
    namespace_of,
    nothing_of,
    owns_fields,
    title,
    without,
)
from berth.loop import run
from berth.project import Project
from berth.settings import Cluster, Delivery, Engine
from berth.status import Row, State
from berth.status.client import connect
from berth.status.collect import collect
from berth.tenants import Tenant

TIMEOUT = 30.0
"""Seconds that a cluster has to answer one request."""


def hand_over(project: Project, stack: str, *, dry_run: bool = False) -> list[Handover]:
    """A row for each tenant in each cluster of a stack. Takes nothing off a tenant that is not in sync: what the new
    engine has not applied yet would be emptied. With `dry_run`, changes nothing."""
    rows = {(row.tenant, row.cluster): row for row in collect(project, stack)}
    return run(_hand_over(project, stack, rows, dry_run=dry_run))


async def _hand_over(
    project: Project, stack: str, rows: dict[tuple[str, str], Row], *, dry_run: bool
) -> list[Handover]:
    placed = [(cluster, list(project.tenants_in(cluster))) for cluster in project.stack(stack).clusters]
    done = await asyncio.gather(
        *(_in_cluster(project.root, cluster, tenants, rows, dry_run=dry_run) for cluster, tenants in placed)
    )
    return sorted((each for found in done for each in found), key=lambda each: (each.tenant, each.cluster))


async def _in_cluster(
    root: Path, cluster: Cluster, tenants: list[Tenant], rows: dict[tuple[str, str], Row], *, dry_run: bool
) -> list[Handover]:
    import httpx

    ready, found = [], []
    for tenant in tenants:
        row = rows[tenant.name, cluster.name]
        if row.state is State.IN_SYNC:
            ready.append(tenant)
        else:
            why = f"{row.state.value}: {row.message}" if row.message else row.state.value
            found.append(Handover(tenant.name, cluster.name, message=why))
    try:
        client = await connect(root, cluster, TIMEOUT)
        try:
            items = await _held(client, cluster)
            return [*found, *[await _give_up(client, cluster, tenant, items, dry_run=dry_run) for tenant in ready]]
        finally:
            await client.close()
    except OperationFailed as error:
        why = error.message
    except httpx.HTTPError as error:  # what the API server refuses among them
        why = " ".join(str(error).split()) or type(error).__name__
    return [*found, *(Handover(tenant.name, cluster.name, message=why) for tenant in ready)]


async def _held(client: Any, cluster: Cluster) -> list[dict[str, Any]]:
    """What the former engine holds in the cluster."""
    import httpx

    former = FORMER[cluster.gitops.engine]
    found = []
    for api_version, kind in (*KINDS, *(GUARD_RAILS if cluster.delivery is Delivery.GIT else ())):
        everywhere = {} if kind == "Namespace" else {"namespace": "*"}
        try:
            listed = client.list(_class_of(api_version, kind), labels={LABELS[former]: None}, **everywhere)
            items = [each.to_dict() async for each in listed]
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.NOT_FOUND:  # a kind that the cluster does not have
                raise
            continue
        found += [item | {"apiVersion": api_version, "kind": kind} for item in items if held_by(item, former)]
    return found


async def _give_up(
    client: Any, cluster: Cluster, tenant: Tenant, items: list[dict[str, Any]], *, dry_run: bool
) -> Handover:
    former = FORMER[cluster.gitops.engine]
    namespaces, syncs = {*tenant.namespaces}, {tenant.name}
    if cluster.delivery is Delivery.GIT:
        namespaces.add(names.sync_namespace(tenant.name))
        syncs.add(names.ROOT)
    mine = [item for item in items if namespace_of(item) in namespaces]
    taken = [item for item in mine if any(applied_for(item, sync, cluster.gitops.engine) for sync in syncs)]
    for item in () if dry_run else taken:
        await _give_up_one(client, item, former, cluster.gitops.engine)
    left = tuple(sorted(title(item) for item in mine if item not in taken))
    return Handover(tenant.name, cluster.name, len(taken), left)


async def _give_up_one(client: Any, item: dict[str, Any], former: Engine, new: Engine) -> None:
    from lightkube.types import PatchType

    resource = _class_of(item["apiVersion"], item["kind"])
    where = {key: item["metadata"][key] for key in ("name", "namespace") if key in item["metadata"]}
    now = item
    if owns_fields(item, new):
        as_former = {"patch_type": PatchType.APPLY, "field_manager": MANAGERS[former]}
        now = (await client.patch(resource, obj=nothing_of(item), **where, **as_former)).to_dict()
    if rest := without(now, former):
        await client.patch(resource, obj=rest, **where, patch_type=PatchType.JSON)


def _class_of(api_version: str, kind: str) -> Any:
    from lightkube.core.exceptions import LoadResourceError
    from lightkube.core.resource_registry import resource_registry
    from lightkube.generic_resource import create_namespaced_resource

    try:
        return resource_registry.load(api_version, kind)
    except LoadResourceError:
        group, _, version = api_version.rpartition("/")
        return create_namespaced_resource(group, version, kind, f"{kind.lower()}s")
