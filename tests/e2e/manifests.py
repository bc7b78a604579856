"""Kubernetes objects for the isolation suite: each valid and harmless, for an attempt to change."""

from __future__ import annotations

from typing import Any

Manifest = dict[str, Any]

A, A_SYNC = "storefront", "berth-storefront"
"""The tenant that acts: its namespace, and that of its sync objects."""
_RBAC_API = "rbac.authorization.k8s.io"


def metadata(name: str, namespace: str | None = A, **rest: Any) -> Manifest:
    return {"name": name, **({"namespace": namespace} if namespace else {}), **rest}


def container(image: str = "registry.example.com/storefront/web:1", **rest: Any) -> Manifest:
    """A container that passes `restricted`."""
    secure = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {"name": "main", "image": image, "securityContext": secure, **rest}


def pod_spec(*containers: Manifest, **rest: Any) -> Manifest:
    """A pod's spec that passes `restricted` and all of Berth's policies."""
    secure = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    return {"securityContext": secure, "containers": list(containers or (container(),)), **rest}


def pod(name: str, *containers: Manifest, namespace: str = A, **rest: Any) -> Manifest:
    spec = pod_spec(*containers, **rest)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata(name, namespace), "spec": spec}


def deployment(name: str, spec: Manifest, namespace: str = A) -> Manifest:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(name, namespace),
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


def cron_job(name: str, spec: Manifest) -> Manifest:
    job = {"spec": {"template": {"spec": {"restartPolicy": "Never", **spec}}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata(name),
        "spec": {"schedule": "0 3 * * *", "jobTemplate": job},
    }


def config_map(name: str, namespace: str | None = A) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(name, namespace), "data": {"key": "value"}}


def secret(name: str, namespace: str = A) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata(name, namespace), "stringData": {"key": "value"}}


def account(name: str, namespace: str = A, **labels: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(name, namespace, labels=labels)}


def service(name: str, annotations: dict[str, str] | None = None, **spec: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, annotations=annotations or {}),
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}], **spec},
    }


def ingress(name: str, host: str | None, annotations: dict[str, str] | None = None, **spec: Any) -> Manifest:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule: Manifest = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(name, annotations=annotations or {}),
        "spec": {"rules": [rule if host is None else {"host": host, **rule}], **spec},
    }


def network_policy(name: str, namespace: str | None = A) -> Manifest:
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(name, namespace),
        "spec": spec,
    }


def binding(kind: str, name: str, role: str, namespace: str | None = A, role_kind: str = "ClusterRole") -> Manifest:
    return {
        "apiVersion": f"{_RBAC_API}/v1",
        "kind": kind,
        "metadata": metadata(name, namespace),
        "roleRef": {"apiGroup": _RBAC_API, "kind": role_kind, "name": role},
        "subjects": [{"apiGroup": _RBAC_API, "kind": "Group", "name": "storefront-devs"}],
    }


def role(kind: str, name: str, namespace: str | None, verbs: list[str]) -> Manifest:
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": verbs}]
    return {"apiVersion": f"{_RBAC_API}/v1", "kind": kind, "metadata": metadata(name, namespace), "rules": rules}


def kustomization(name: str, namespace: str | None = A_SYNC, without: str = "", **spec: Any) -> Manifest:
    """A Kustomization as Berth renders it, with changes."""
    whole: Manifest = {
        "interval": "1h",
        "path": "./",
        "prune": True,
        "serviceAccountName": "reconciler",
        "sourceRef": {"kind": "GitRepository", "name": A},
        "targetNamespace": A,
        **spec,
    }
    whole.pop(without, None)
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": metadata(name, namespace),
        "spec": whole,
    }


def source(kind: str, name: str, namespace: str | None = A_SYNC, **spec: Any) -> Manifest:
    if kind != "Bucket":
        spec.setdefault("url", "https://git.example.net/attacker/repo.git")
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": kind,
        "metadata": metadata(name, namespace),
        "spec": {"interval": "1h", **spec},
    }


SERVER = "https://kubernetes.default.svc"


def application(name: str, namespace: str | None = "argocd", **spec: Any) -> Manifest:
    """An Application much as Berth renders it, with changes."""
    repo = "https://git.example.net/attacker/repo.git"
    whole: Manifest = {
        "destination": {"namespace": A, "server": SERVER},
        "project": A,
        "source": {"path": ".", "repoURL": repo, "targetRevision": "main"},
        **spec,
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": metadata(name, namespace),
        "spec": whole,
    }


def app_project(name: str, namespace: str | None = "argocd", **spec: Any) -> Manifest:
    """An AppProject that allows all sources and destinations, with changes."""
    everything = {"namespace": "*", "server": "*"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": metadata(name, namespace),
        "spec": {"destinations": [everything], "sourceRepos": ["*"], **spec},
    }


def cluster_object(api: str, kind: str, name: str, **rest: Any) -> Manifest:
    return {"apiVersion": api, "kind": kind, "metadata": metadata(name, None), **rest}


def with_volume(namespace: str, policy: str) -> list[Manifest]:
    """A tenant's namespace with a volume claim, and A's owners as its own; `policy` is its `deletionPolicy`."""
    labels = {"berth.dev/tenant": namespace, "berth.dev/namespace-role": "workloads"}
    about = {"name": namespace, "labels": labels, "annotations": {"berth.dev/deletion-policy": policy}}
    group = "rbac.authorization.k8s.io"
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": about},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata("berth-owners", namespace),
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "berth-tenant-owner"},
            "subjects": [{"apiGroup": group, "kind": "Group", "name": "storefront-devs"}],
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata("data", namespace),
            "spec": claim,
        },
    ]
