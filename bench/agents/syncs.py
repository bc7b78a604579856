"""What of each engine a benchmark must know: the objects that have it do something, and how it says that it is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.agents.cluster import Judge
from berth.render import Object
from berth.settings import Engine


@dataclass(frozen=True)
class Syncs:
    """The objects by which an engine is driven; as many of them by either way."""

    kinds: tuple[str, str]
    applies: tuple[str, str]
    """API version and kind of the one that says how applying a tenant's manifests went."""
    told: str
    """Kind of the one that is told of a push."""
    annotation: str
    """What tells it."""
    token: str = ""
    """The annotation's value, where it is not of the user's choice."""
    pauses: bool = False
    """Whether it can be paused by itself: when it goes on, it looks at Git, and its interval begins anew."""

    def tell(self, value: str) -> tuple[str, dict[str, str]]:
        """The kind to annotate after a push, and the annotation; `value` is another with each push."""
        return self.told, {self.annotation: self.token or value}


SYNCS = {
    Engine.FLUX: Syncs(
        kinds=("GitRepository", "Kustomization"),
        applies=("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        told="GitRepository",
        annotation="reconcile.fluxcd.io/requestedAt",
        pauses=True,
    ),
    Engine.ARGOCD: Syncs(
        kinds=("AppProject", "Application"),
        applies=("argoproj.io/v1alpha1", "Application"),
        told="Application",
        annotation="argocd.argoproj.io/refresh",
        token="normal",  # noqa: S106 - a word of Argo CD
    ),
}


def all_in_sync(tenants: Iterable[str]) -> Judge:
    """A judge of sync objects that is content when each tenant was in sync once."""
    missing = set(tenants)

    def judge(sync: Object) -> bool:
        if _in_sync(sync):
            missing.discard(sync["metadata"]["name"])
        return not missing

    return judge


def _in_sync(sync: Object) -> bool:
    """Whether the agent says that the tenant's manifests are applied and its workloads ready."""
    status = sync.get("status", {})
    if sync["kind"] == "Application":
        said = (status.get(part, {}).get("status") for part in ("sync", "health"))
        return tuple(said) == ("Synced", "Healthy")
    conditions = status.get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
