"""A tenant as a person would write it without Berth, for either engine: what the engine needs to apply its manifests
with rights of its own, and no more. No quota, limits, network policy, owners' rights or admission policy.

Whatever could make an agent slower or faster and is no guard-rail is as Berth has it: intervals, timeouts, waiting for
workloads, pruning, server-side apply, and for Flux a sparse checkout, without which it unpacks the whole repo for each
tenant.
"""

from __future__ import annotations

from typing import Any

from bench.agents.deployrepo import path_of
from berth.render import Object
from berth.settings import Engine

SERVER = "https://kubernetes.default.svc"
ACCOUNT = "reconciler"


def tenant_objects(engine: Engine, tenant: str, cloud: str, url: str, interval: str) -> list[Object]:
    """Everything that one tenant needs in one cluster, in an order in which it can be applied."""
    syncs = _flux(tenant, cloud, url, interval) if engine is Engine.FLUX else _argocd(tenant, cloud, url)
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": tenant}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
    return [
        _object("v1", "Namespace", tenant),
        _object("v1", "ServiceAccount", ACCOUNT, tenant),
        _object("rbac.authorization.k8s.io/v1", "RoleBinding", ACCOUNT, tenant, roleRef=role, subjects=[subject]),
        *syncs,
    ]


def _object(api_version: str, kind: str, name: str, namespace: str = "", **rest: Any) -> Object:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def _flux(tenant: str, cloud: str, url: str, interval: str) -> list[Object]:
    source = {
        "interval": interval,
        "ref": {"branch": "main"},
        "sparseCheckout": [f"apps/{tenant}"],
        "timeout": "60s",
        "url": url,
    }
    sync = {
        "interval": "5m",
        "path": f"./{path_of(tenant, cloud)}",
        "prune": True,
        "retryInterval": "1m",
        "serviceAccountName": ACCOUNT,
        "sourceRef": {"kind": "GitRepository", "name": tenant},
        "targetNamespace": tenant,
        "timeout": "5m",
        "wait": False,
    }
    return [
        _object("source.toolkit.fluxcd.io/v1", "GitRepository", tenant, tenant, spec=source),
        _object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", tenant, tenant, spec=sync),
    ]


def _argocd(tenant: str, cloud: str, url: str) -> list[Object]:
    destination = {"namespace": tenant, "server": SERVER}
    project = {
        "sourceRepos": [url],
        "destinations": [destination],
        "destinationServiceAccounts": [{**destination, "defaultServiceAccount": ACCOUNT}],
    }
    application = {
        "project": tenant,
        "source": {"path": path_of(tenant, cloud), "repoURL": url, "targetRevision": "main"},
        "destination": destination,
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "retry": {"limit": -1, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"}},
            "syncOptions": ["ServerSideApply=true"],
        },
    }
    return [
        _object("argoproj.io/v1alpha1", "AppProject", tenant, "argocd", spec=project),
        _object("argoproj.io/v1alpha1", "Application", tenant, "argocd", spec=application),
    ]
