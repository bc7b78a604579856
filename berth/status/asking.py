"""Asks one API server for all that is wanted, once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from berth.errors import OperationFailed
from berth.kubeconfig import Entry
from berth.names import sync_namespace
from berth.settings import Cluster
from berth.status.api import Api, NotAllowed, open_api
from berth.status.client import answering
from berth.status.observed import WANTED, Observed, Refused, Wanted
from berth.tenants import Tenant


async def ask(
    root: Path, cluster: Cluster, tenants: Iterable[Tenant], timeout: float, entry: Entry | None = None
) -> Observed | OperationFailed:
    """What is known of a cluster after at most `timeout` seconds, or why nothing is. Raises nothing.

    Where lists of all namespaces are not allowed, the namespaces of `tenants` are asked for one by one.
    """
    end = asyncio.get_running_loop().time() + timeout
    try:
        with answering(timeout):
            # Logging in is bounded by itself, and says so by the name of its program.
            async with open_api(root, cluster, timeout, entry) as api, asyncio.timeout_at(end):
                return await _observe(api, cluster, list(tenants))
    except OperationFailed as error:
        return error


async def _observe(api: Api, cluster: Cluster, tenants: list[Tenant]) -> Observed:
    observed = Observed()
    wanted = WANTED[cluster.gitops.engine]
    await asyncio.gather(_version(api, observed), *(read(api, observed, each, tenants) for each in wanted))
    observed.skew = api.skew
    return observed


async def _version(api: Api, observed: Observed) -> None:
    try:
        observed.version = str((await api.get("/version")).get("gitVersion", ""))
    except NotAllowed as refused:
        if refused.why.code >= 500:  # a load balancer whose API server is away, or one that cannot answer anything
            raise OperationFailed(refused.why.message) from None
        observed.version = ""  # the rest is worth as much without it


async def read(api: Api, observed: Observed, wanted: Wanted, tenants: Iterable[Tenant]) -> None:
    """Reads the objects of one kind, or why they cannot be read."""
    try:
        observed.replace(wanted, await api.list(wanted))
    except NotAllowed as refused:
        if refused.why.code == 403 and wanted.namespaced and not wanted.namespace:
            await _read_each(api, observed, wanted, tenants, refused.why)
        else:
            observed.refuse(wanted, refused.why)


async def _read_each(api: Api, observed: Observed, wanted: Wanted, tenants: Iterable[Tenant], why: Refused) -> None:
    """The same namespace by namespace. What is in none of them stays unknown: that is told as it was."""
    namespaces = dict.fromkeys(
        namespace for tenant in tenants for namespace in (*tenant.namespaces, sync_namespace(tenant.name))
    )

    async def read(namespace: str) -> list[dict[str, Any]] | Refused:
        try:
            return await api.list(wanted, namespace)
        except NotAllowed as refused:
            return refused.why

    answers = await asyncio.gather(*map(read, namespaces))
    # Nobody is to see less than was known before.
    observed.refuse(wanted, why)
    for namespace, answer in zip(namespaces, answers, strict=True):
        if isinstance(answer, Refused):
            observed.refuse(wanted, answer, namespace)
        else:
            observed.allow(wanted, namespace, answer)
