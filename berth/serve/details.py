"""What is known of one tenant in one cluster beyond its row: objects by name, recent events, the history of commits.

Objects and history are known from watching. Events are asked for, at most once in some seconds however many ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from berth.errors import OperationFailed
from berth.names import ARGOCD_NAMESPACE, sync_namespace
from berth.serve.board import Key
from berth.serve.fleet import Fleet
from berth.serve.watching import Watch
from berth.settings import Engine
from berth.status import agent
from berth.status.api import PAGE, Api, NotAllowed
from berth.status.client import answering
from berth.status.events import events_of
from berth.status.flux import commit_of
from berth.status.observed import WORKLOADS, Observed
from berth.tenants import Tenant

KEPT = 5.0
"""Seconds that an answer is good for."""
EVENTS = 50
"""Events that are shown."""
_MOST = 4 * PAGE
"""Events of a namespace that are looked through. API servers list them by name, and not the newest first."""


def details_of(fleet: Callable[[], Fleet], timeout: float) -> Callable[[str, str], Awaitable[dict[str, Any]]]:
    """What answers for a tenant in a cluster. It raises KeyError where there is none."""
    running: dict[Key, asyncio.Task[dict[str, Any]]] = {}

    async def details(tenant: str, cluster: str) -> dict[str, Any]:
        watch = fleet().watches[cluster]
        placed = {each.name: each for each in watch.tenants}[tenant]
        key = (tenant, cluster)
        if key not in running:
            running[key] = asyncio.create_task(_details(watch, placed, timeout))
            asyncio.get_running_loop().call_later(KEPT, running.pop, key)
        return await asyncio.shield(running[key])

    return details


async def _details(watch: Watch, tenant: Tenant, timeout: float) -> dict[str, Any]:
    observed, engine = watch.known or Observed(), watch.cluster.gitops.engine
    namespace = ARGOCD_NAMESPACE if engine is Engine.ARGOCD else sync_namespace(tenant.name)
    kind = "Application" if engine is Engine.ARGOCD else "Kustomization"
    sync = observed.get(kind, namespace, tenant.name) or {}
    status = sync.get("status") or {}
    objects, history = _argocd(status) if engine is Engine.ARGOCD else _flux(status, observed)
    events, notes = await _events(watch, tenant, timeout)
    if isinstance(watch.answer, OperationFailed) and watch.known:
        notes.insert(0, "The cluster is away: objects and history are as they were known last.")
    return {"version": 1, "objects": objects, "history": history, "events": events, "notes": notes}


def _flux(status: Mapping[str, Any], observed: Observed) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    objects = []
    for entry in (status.get("inventory") or {}).get("entries") or ():
        # Names hold no "_", but of RBAC's, which may: in an inventory as two of them, for ":".
        namespace, _, rest = entry["id"].partition("_")
        name, _, kind = rest.rsplit("_", 2)
        name = name.replace("__", ":")
        objects.append(
            {"kind": kind, "namespace": namespace, "name": name, "state": _state(observed, kind, namespace, name)}
        )
    history = [
        {
            "revision": commit_of((entry.get("metadata") or {}).get("revision", "")),
            "since": entry.get("firstReconciled"),
            "result": entry.get("lastReconciledStatus", ""),
        }
        for entry in status.get("history") or ()
    ]
    return objects, history


def _argocd(status: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    objects = [
        {
            "kind": each.get("kind", ""),
            "namespace": each.get("namespace", ""),
            "name": each.get("name", ""),
            "state": ", ".join(filter(None, (each.get("status"), (each.get("health") or {}).get("status")))),
        }
        for each in status.get("resources") or ()
    ]
    history = [
        {"revision": entry.get("revision", ""), "since": entry.get("deployedAt"), "result": ""}
        for entry in reversed(status.get("history") or ())
    ]
    return objects, history


def _state(observed: Observed, kind: str, namespace: str, name: str) -> str:
    """Whether a workload is ready; empty for what is none."""
    found = observed.get(kind, namespace, name) if kind in WORKLOADS else None
    return "" if found is None else "ready" if agent.is_ready(found) else "not ready"


async def _events(watch: Watch, tenant: Tenant, timeout: float) -> tuple[list[dict[str, Any]], list[str]]:
    """The last events, the newest first, and what kept them from being read."""
    if watch.api is None:
        return [], []
    asked: list[tuple[str, dict[str, str]]] = [(namespace, {}) for namespace in tenant.namespaces]
    if watch.cluster.gitops.engine is Engine.ARGOCD:
        asked.append((ARGOCD_NAMESPACE, {"fieldSelector": f"involvedObject.name={tenant.name}"}))
    else:
        asked.append((sync_namespace(tenant.name), {}))
    found, notes = [], []
    for namespace, query in asked:
        try:
            with answering(timeout):
                items, whole = await _all(watch.api, namespace, query)
        except NotAllowed as refused:
            notes.append(f"Events of {namespace} cannot be read: {refused.why.message}")
        except OperationFailed as error:
            notes.append(f"Events of {namespace} cannot be read: {error.message}")
        else:
            found += list(events_of(items))
            if not whole:
                notes.append(f"{namespace} has more than {len(items):,} events: newer ones may be missing here.")
    found.sort(key=lambda event: event["last"] or "", reverse=True)
    return found[:EVENTS], notes


async def _all(api: Api, namespace: str, query: Mapping[str, str]) -> tuple[list[dict[str, Any]], bool]:
    """The events of a namespace, and whether those are all."""
    found: list[dict[str, Any]] = []
    async for items, _ in api.pages(f"/api/v1/namespaces/{namespace}/events", query):
        if len(found) >= _MOST:
            return found, False
        found += items
    return found, True
