"""Which commits each cluster says that it applied well: the agents keep a short history of each tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from berth import names
from berth.agents import KINDS
from berth.errors import OperationFailed
from berth.loop import run
from berth.rollback.followed import Placed
from berth.settings import Engine
from berth.status.api import NotAllowed, open_api
from berth.status.client import answering
from berth.status.flux import commit_of

TIMEOUT = 10.0
"""Seconds that one cluster has to answer."""
_SYNC = {Engine.FLUX: "Kustomization", Engine.ARGOCD: "Application"}


def applied_well(root: Path, clusters: Sequence[Placed], timeout: float = TIMEOUT) -> dict[str, set[str] | None]:
    """Full commit ids by cluster; None where it does not answer. All are asked at once."""

    async def ask() -> list[set[str] | None]:
        return await asyncio.gather(*(_ask(root, placed, timeout) for placed in clusters))

    answers = run(ask())
    return {placed.cluster.name: answer for placed, answer in zip(clusters, answers, strict=True)}


async def _ask(root: Path, placed: Placed, timeout: float) -> set[str] | None:
    engine = placed.cluster.gitops.engine
    argocd = engine is Engine.ARGOCD
    kind = next(kind for kind in KINDS[engine] if kind.name == _SYNC[engine])
    namespace = names.ARGOCD_NAMESPACE if argocd else names.sync_namespace(placed.tenant.name)
    path = f"/apis/{kind.group}/{kind.version}/namespaces/{namespace}/{kind.plural}/{placed.tenant.name}"
    try:
        with answering(timeout):
            async with open_api(root, placed.cluster, timeout) as api, asyncio.timeout(timeout):
                item = await api.get(path)
    except NotAllowed as refused:
        return set() if refused.why.code == 404 else None
    except OperationFailed:
        return None
    return (commits_of_application if argocd else commits_of_kustomization)(item)


def commits_of_kustomization(item: dict[str, Any]) -> set[str]:
    """What Flux applied, and saw ready."""
    status = item.get("status", {})
    found = {commit_of(status.get("lastAppliedRevision") or "")}
    for entry in status.get("history") or ():
        if entry.get("lastReconciledStatus") == "ReconciliationSucceeded":
            found.add(commit_of((entry.get("metadata") or {}).get("revision") or ""))
    return found - {""}


def commits_of_application(item: dict[str, Any]) -> set[str]:
    """What Argo CD applied whole, and what the cluster equals."""
    status = item.get("status", {})
    compared = status.get("sync", {})
    found = {compared.get("revision") or ""} if compared.get("status") == "Synced" else set()
    return found | {entry.get("revision") or "" for entry in status.get("history") or ()} - {""}
