"""What a tenant still has in a cluster, and what of it goes when. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from berth.names import DELETION_ANNOTATION, GUARD_RAIL_LABEL, LIFECYCLE_ANNOTATION, MANAGED_BY, TENANT_LABEL
from berth.tenants import DeletionPolicy, Lifecycle


class State(StrEnum):
    NOT_SUSPENDED = "not suspended"
    """The agent would bring back what is deleted."""
    NOT_OFFBOARDING = "not offboarding"
    """The tenant was deployed as one that stays."""
    TO_DRAIN = "to drain"
    """Looked at, and nothing deleted."""
    DRAINING = "draining"
    """Deleted, and not gone within the time."""
    DRAINED = "drained"
    """Only the guard-rails are left, and volume claims that are kept."""
    LEFT = "left"
    """Looked at after the end, and something is there."""
    GONE = "gone"
    UNREACHABLE = "unreachable"

    @property
    def good(self) -> bool:
        return self in (State.DRAINED, State.GONE)


@dataclass(frozen=True, order=True)
class Held:
    """An object that is left. `namespace` is empty for what is in none; `why` is what keeps it from going."""

    kind: str
    namespace: str
    name: str
    why: str = ""

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}" + (f": {self.why}" if self.why else "")


@dataclass(frozen=True, order=True)
class Warned:
    """A warning of the cluster about an object that does not go. `last` is when it was given last."""

    last: str
    kind: str
    namespace: str
    name: str
    reason: str
    message: str

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.last} {self.kind} {place}{self.name}: {self.reason}: {self.message}"


@dataclass(frozen=True)
class Result:
    """How a tenant is in one cluster. `left` is still to go, `kept` stays on purpose; both sorted. `warnings` are about
    what is on its way out, the newest first."""

    cluster: str
    state: State
    left: tuple[Held, ...] = ()
    kept: tuple[Held, ...] = ()
    message: str = ""
    warnings: tuple[Warned, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "state": self.state.value}


CLAIM, VOLUME = "PersistentVolumeClaim", "PersistentVolume"
_MADE = frozenset({"Endpoints", "EndpointSlice", "Event", "Lease"})
"""Kinds that come and go with others, or by themselves."""
_MEASURED = "metrics.k8s.io"
"""A group of what is measured: nothing that is there."""
_RAILS = frozenset({"LimitRange", "NetworkPolicy", "ResourceQuota", "RoleBinding"})
"""Kinds that no tenant may write."""
_ROOT_CERTIFICATE = "kube-root-ca.crt"
"""A ConfigMap that Kubernetes puts into every namespace, and puts back."""
_HOLDS = {
    "service.kubernetes.io/load-balancer-cleanup": "its load balancer is not released yet",
    "kubernetes.io/pvc-protection": "a pod uses it",
    "kubernetes.io/pv-protection": "a claim is bound to it",
    "external-provisioner.volume.kubernetes.io/finalizer": "its disk is not released yet",
    "foregroundDeletion": "what it made goes first",
}


def counts(group: str, kind: str) -> bool:
    """Whether objects of a kind are a tenant's that have to go."""
    return kind not in _MADE and group != _MEASURED


def stays(kind: str, metadata: Mapping[str, Any]) -> bool:
    """Whether an object in a tenant's namespace goes with the namespace, and not before. A label alone does not say so:
    the tenant may write labels, but no such kind and no account with the mark."""
    labels = metadata.get("labels") or {}
    if kind == "ServiceAccount":
        return GUARD_RAIL_LABEL in labels or metadata["name"] == "default"
    if kind == "ConfigMap":
        return bool(metadata["name"] == _ROOT_CERTIFICATE)
    ours = TENANT_LABEL in labels and MANAGED_BY.items() <= labels.items()
    return kind in _RAILS and ours


def made_by_another(metadata: Mapping[str, Any]) -> bool:
    """Whether it goes by itself when its owner does."""
    return any(owner.get("controller") for owner in metadata.get("ownerReferences") or ())


def why(metadata: Mapping[str, Any]) -> str:
    """What keeps an object from going; empty where nobody has asked for it to go."""
    if not metadata.get("deletionTimestamp"):
        return ""
    held = [_HOLDS.get(each, f"held by the finalizer {each}") for each in metadata.get("finalizers") or ()]
    return "; ".join(held) or "is being deleted"


def not_suspended(syncs: Iterable[Mapping[str, Any]]) -> str:
    """Why a tenant's sync objects may still apply something; empty where none does. One that is not there does not."""
    for item in syncs:
        kind, name, spec = item["kind"], item["metadata"]["name"], item.get("spec") or {}
        if kind == "Application":
            if (spec.get("syncPolicy") or {}).get("automated") is not None:  # an empty one counts
                return f"{kind} {name} syncs by itself: deploy the stack"
            if (
                item.get("operation")
                or ((item.get("status") or {}).get("operationState") or {}).get("phase") == "Running"
            ):
                return f"{kind} {name} is in a sync: wait for its end"
        elif not spec.get("suspend"):
            return f"{kind} {name} is not suspended: deploy the stack"
    return ""


def not_offboarding(namespaces: Iterable[Mapping[str, Any]]) -> str:
    """Why a tenant is there to stay, by the metadata of its namespaces as they were deployed; empty where it is on its
    way out. One that does not say is there to stay, and one that is being deleted is not."""
    for metadata in namespaces:
        lifecycle = (metadata.get("annotations") or {}).get(LIFECYCLE_ANNOTATION)
        if lifecycle != Lifecycle.OFFBOARDING and not metadata.get("deletionTimestamp"):
            how = f"as {lifecycle}" if lifecycle else "without a lifecycle"
            return f"Namespace {metadata['name']} was deployed {how}, and not as offboarding: deploy the stack"
    return ""


def gives_up_claims(namespace: Mapping[str, Any]) -> bool:
    """Whether the volume claims in a namespace may go, by its metadata as it was deployed."""
    return bool((namespace.get("annotations") or {}).get(DELETION_ANNOTATION) == DeletionPolicy.DELETE)


def kept_as_deployed(claims: Iterable[Held]) -> str:
    """Why claims are kept that the tenant file lets go; empty where there are none."""
    if inside := ", ".join(sorted({claim.namespace for claim in claims})):
        return f"deployed without deletionPolicy: delete, so the volume claims in {inside} are kept: deploy the stack"
    return ""


def summed_up(items: Iterable[Held]) -> str:
    """How many of which kind, the most first."""
    found = Counter(item.kind for item in items)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(found.items(), key=lambda each: (-each[1], each[0])))
