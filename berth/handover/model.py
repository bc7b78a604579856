"""What an engine leaves on an object, and what may be taken off: pure functions of what the API server has."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from berth import names
from berth.settings import Engine

FORMER = {Engine.FLUX: Engine.ARGOCD, Engine.ARGOCD: Engine.FLUX}
"""Whom an engine may have followed."""
MANAGERS = {Engine.FLUX: "kustomize-controller", Engine.ARGOCD: "argocd-controller"}
"""As which field manager each engine applies."""
_WRITERS = {
    Engine.FLUX: (MANAGERS[Engine.FLUX],),
    # The second one of what grants rights: before it applies that, it reconciles it.
    Engine.ARGOCD: (MANAGERS[Engine.ARGOCD], "argocd-application-controller"),
}
LABELS = {Engine.FLUX: "kustomize.toolkit.fluxcd.io/name", Engine.ARGOCD: names.TENANT_LABEL}
"""A label that is on whatever an engine has applied for a tenant. Others may have set it too."""
_FLUX_LABELS = "kustomize.toolkit.fluxcd.io/"
_TRACKING = "argocd.argoproj.io/tracking-id"

KINDS = (
    ("v1", "ConfigMap"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Pod"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("gateway.networking.k8s.io/v1", "GRPCRoute"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("networking.k8s.io/v1", "Ingress"),
    ("policy/v1", "PodDisruptionBudget"),
)
"""The kinds that a tenant's manifests can hold: what its reconciler may write."""
GUARD_RAILS = (
    ("v1", "LimitRange"),
    ("v1", "Namespace"),
    ("v1", "ResourceQuota"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
)
"""What the former root has applied besides, where tenants' objects come from Git: a tenant's namespaces, and what
bounds it in them."""


@dataclass(frozen=True)
class Handover:
    """What became of one tenant's objects in one cluster."""

    tenant: str
    cluster: str
    objects: int = 0
    """How many the former engine held, and has given up."""
    left: tuple[str, ...] = ()
    """`Kind namespace/name` of what the former engine applied and the new one did not: it is not in Git any more."""
    message: str = ""
    """Why nothing was done, where that is so."""

    @property
    def good(self) -> bool:
        return not self.left and not self.message

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def held_by(item: dict[str, Any], engine: Engine) -> bool:
    """Whether the engine owns fields of the object."""
    entries = item["metadata"].get("managedFields") or ()
    return any(each.get("manager") in _WRITERS[engine] and not each.get("subresource") for each in entries)


def applied_for(item: dict[str, Any], sync: str, engine: Engine) -> bool:
    """Whether the engine has applied the object, for the sync of this name: a tenant's, or the root."""
    about = item["metadata"]
    if engine is Engine.FLUX:
        return owns_fields(item, engine) and (about.get("labels") or {}).get(LABELS[engine]) == sync
    # Not always on the server side: a manifest may ask for another way.
    return held_by(item, engine) and str((about.get("annotations") or {}).get(_TRACKING, "")).startswith(f"{sync}:")


def owns_fields(item: dict[str, Any], engine: Engine) -> bool:
    """Whether the engine has applied the object on the server side. Only then its fields outlive the former owner."""
    entries = item["metadata"].get("managedFields") or ()
    return any(each.get("manager") == MANAGERS[engine] and each.get("operation") == "Apply" for each in entries)


def nothing_of(item: dict[str, Any]) -> dict[str, Any]:
    """What a field manager applies that wants nothing of an object. The uid keeps a new one from being made, should it
    be gone meanwhile."""
    about = {key: item["metadata"][key] for key in ("name", "namespace", "uid") if key in item["metadata"]}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": about}


def without(item: dict[str, Any], former: Engine) -> list[dict[str, Any]]:
    """A JSON patch that takes the former engine's name off what it wrote: of such fields nobody is the owner then. For
    what either engine wrote otherwise than by server-side apply, as Argo CD does where a manifest asks for it. Empty
    where there is nothing of the kind."""
    about = item["metadata"]
    entries = about.get("managedFields") or []
    kept = [each for each in entries if each.get("manager") not in _WRITERS[former] or each.get("subresource")]
    if len(kept) == len(entries):
        return []
    unchanged = {"op": "test", "path": "/metadata/resourceVersion", "value": about["resourceVersion"]}
    patch = [unchanged, {"op": "replace", "path": "/metadata/managedFields", "value": kept}]
    if former is Engine.ARGOCD and _TRACKING in (about.get("annotations") or {}):
        patch.append({"op": "remove", "path": f"/metadata/annotations/{_TRACKING.replace('/', '~1')}"})
    if former is Engine.FLUX:
        labels = (label for label in about.get("labels") or {} if label.startswith(_FLUX_LABELS))
        patch += [{"op": "remove", "path": f"/metadata/labels/{label.replace('/', '~1')}"} for label in labels]
    return patch


def namespace_of(item: dict[str, Any]) -> str:
    """The namespace that the object is in, or is."""
    return str(item["metadata"].get("namespace") or item["metadata"]["name"])


def title(item: dict[str, Any]) -> str:
    about = item["metadata"]
    return " ".join((item["kind"], "/".join(filter(None, (about.get("namespace"), about["name"])))))
