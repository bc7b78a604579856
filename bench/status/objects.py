"""What Flux, the quota controller and the controllers of workloads say of tenants that are in sync."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from berth.names import MANAGED_BY, TENANT_LABEL, sync_namespace

Object = dict[str, Any]
KINDS = {
    "Namespace": ("v1", "namespaces"),
    "GitRepository": ("source.toolkit.fluxcd.io/v1", "gitrepositories"),
    "Kustomization": ("kustomize.toolkit.fluxcd.io/v1", "kustomizations"),
    "ResourceQuota": ("v1", "resourcequotas"),
    "Deployment": ("apps/v1", "deployments"),
    "StatefulSet": ("apps/v1", "statefulsets"),
    "DaemonSet": ("apps/v1", "daemonsets"),
    "Node": ("v1", "nodes"),
}
"""By kind, its version and plural."""
URL = "http://127.0.0.1:7483/deploy.git"
"""Of simulated clusters: nothing listens there, as their tenants follow a commit."""
COMMIT = "a" * 40
_TIME = "2026-01-02T03:04:05Z"
_OBJECTS = 12
"""Objects that a tenant's sync applies."""


def name_of(index: int) -> str:
    """A tenant's name, as `bench.generate` gives it."""
    return f"tenant-{index:04}"


def cluster_names(count: int) -> Iterator[str]:
    """The names of simulated clusters."""
    for index in range(count):
        yield f"simulated-{index:02}"


def tenant_objects(tenant: str, url: str, commit: str) -> Iterator[Object]:
    """What there is of one tenant in one cluster, each before what needs it."""
    namespace = sync_namespace(tenant)
    yield _make("Namespace", tenant, None, tenant)
    yield _make("Namespace", namespace, None, tenant)
    yield _make(
        "GitRepository", tenant, namespace, tenant,
        spec={"interval": "1m", "url": url, "ref": {"branch": "main"}},
        status={
            "observedGeneration": 1,
            "artifact": {"digest": f"sha256:{'0' * 64}", "lastUpdateTime": _TIME, "path": f"{tenant}.tar.gz",
                         "revision": f"main@sha1:{commit}", "url": f"http://source/{tenant}.tar.gz"},
            "conditions": [_ready("Succeeded", f"stored artifact for revision 'main@sha1:{commit}'")],
        },
    )  # fmt: skip
    yield _make(
        "Kustomization", tenant, namespace, tenant,
        spec={"interval": "5m", "path": f"./apps/{tenant}", "prune": True, "serviceAccountName": "reconciler",
              "sourceRef": {"kind": "GitRepository", "name": tenant}, "targetNamespace": tenant},
        status={
            "observedGeneration": 1,
            "conditions": [_ready("ReconciliationSucceeded", f"Applied revision: main@sha1:{commit}")],
            "inventory": {"entries": [{"id": f"{tenant}_object-{index}__ConfigMap", "v": "v1"}
                                      for index in range(_OBJECTS)]},
            "lastAppliedRevision": f"main@sha1:{commit}",
            "lastAttemptedRevision": f"main@sha1:{commit}",
        },
    )  # fmt: skip
    yield _deployment(tenant, tenant, tenant, [{"name": "main", "image": "registry.example.com/web:1"}])
    hard = {"limits.memory": "8Gi", "pods": "50", "requests.cpu": "4"}
    used = {"limits.memory": "2Gi", "pods": "4", "requests.cpu": "400m"}
    yield _make("ResourceQuota", "berth", tenant, tenant, spec={"hard": hard}, status={"hard": hard, "used": used})


def agent() -> Iterator[Object]:
    """Flux as Berth needs it, in name."""
    yield _make("Namespace", "flux-system", None)
    flags = ["--no-cross-namespace-refs=true", "--no-remote-bases=true", "--default-service-account=default"]
    container = {"name": "manager", "image": "ghcr.io/fluxcd/kustomize-controller:v1.7.3", "args": flags}
    item = _deployment("kustomize-controller", "flux-system", "", [container])
    item["metadata"]["labels"] |= {"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/version": "v2.7.5"}
    yield item


def node() -> Object:
    """A node that is ready."""
    return _make("Node", "node-1", None, status={"conditions": [_ready("KubeletReady", "")]})


def failing(message: str) -> Object:
    """The condition of a sync that fails."""
    return {**_ready("ReconciliationFailed", message), "status": "False"}


def path_of(kind: str, namespace: str | None = None) -> str:
    """Where an API server lists a kind."""
    version, plural = KINDS[kind]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"


def _deployment(name: str, namespace: str, tenant: str, containers: list[Object]) -> Object:
    labels = {"app": name}
    return _make(
        "Deployment", name, namespace, tenant,
        spec={"replicas": 2, "selector": {"matchLabels": labels},
              "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}},
        status={"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
                "availableReplicas": 2},
    )  # fmt: skip


def _make(kind: str, name: str, namespace: str | None, tenant: str = "", **rest: Any) -> Object:
    labels = dict(MANAGED_BY) | ({TENANT_LABEL: tenant} if tenant else {})
    metadata: Object = {"name": name, "labels": labels, "generation": 1}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": KINDS[kind][0], "kind": kind, "metadata": metadata, **rest}


def _ready(reason: str, message: str) -> Object:
    return {"type": "Ready", "status": "True", "reason": reason, "message": message, "lastTransitionTime": _TIME}
