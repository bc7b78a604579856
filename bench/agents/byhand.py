"""A tenant as a person would write it without Berth, for either engine: bare, which is what the engine needs to apply
its manifests with rights of its own, and guarded, which adds the guard-rails of a tenant of Berth's: Pod Security, a
quota, limits, a network policy, no token for pods, the owners' rights (to see how their sync is doing, too), and for
Argo CD what labels each object with its tenant and by that has each tenant rendered apart.

Whatever could make an agent slower or faster and is no guard-rail is as Berth has it: intervals, timeouts, waiting for
workloads, pruning, server-side apply, and for Flux a sparse checkout, without which it unpacks the whole repo for each
tenant.
"""

from __future__ import annotations

import json
from typing import Any

from bench.agents.deployrepo import path_of
from berth.render import Object
from berth.settings import Engine

SERVER = "https://kubernetes.default.svc"
ACCOUNT = "reconciler"
_RBAC = "rbac.authorization.k8s.io"
_TENANT = "example.com/tenant"


def tenant_objects(
    engine: Engine, tenant: str, cloud: str, url: str, interval: str, *, guarded: bool = False
) -> list[Object]:
    """Everything that one tenant needs in one cluster, in an order in which it can be applied."""
    syncs = _flux(tenant, cloud, url, interval) if engine is Engine.FLUX else _argocd(tenant, cloud, url, guarded)
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": tenant}
    namespace = _object("v1", "Namespace", tenant)
    if guarded:
        namespace["metadata"]["labels"] = {_TENANT: tenant, "pod-security.kubernetes.io/enforce": "restricted"}
    return [
        namespace,
        _object("v1", "ServiceAccount", ACCOUNT, tenant),
        _object(f"{_RBAC}/v1", "RoleBinding", ACCOUNT, tenant, roleRef=_role("edit"), subjects=[subject]),
        *(_guard_rails(tenant) if guarded else ()),
        *syncs,
    ]


def _guard_rails(tenant: str) -> list[Object]:
    """As a profile of the benchmark has them."""
    quota = {"limits.memory": "16Gi", "persistentvolumeclaims": "10", "pods": "50", "requests.cpu": "4",
             "requests.memory": "8Gi", "services": "20", "services.loadbalancers": "0",
             "services.nodeports": "0"}  # fmt: skip
    container = {"type": "Container", "default": {"cpu": "500m", "memory": "512Mi"},
                 "defaultRequest": {"cpu": "100m", "memory": "128Mi"}, "max": {"memory": "8Gi"}}  # fmt: skip
    own = {"namespaceSelector": {"matchLabels": {_TENANT: tenant}}}
    dns = {
        "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
        "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
    }
    world = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]}}
    traffic = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{"from": [own]}],
               "egress": [{"to": [own]}, dns, {"to": [world]}]}  # fmt: skip
    return [
        _object("v1", "ServiceAccount", "default", tenant, automountServiceAccountToken=False),
        _object(f"{_RBAC}/v1", "RoleBinding", "owners", tenant, roleRef=_role("view"), subjects=_owners(tenant)),
        _object("v1", "ResourceQuota", "quota", tenant, spec={"hard": quota}),
        _object("v1", "LimitRange", "limits", tenant, spec={"limits": [container]}),
        _object("networking.k8s.io/v1", "NetworkPolicy", "traffic", tenant, spec=traffic),
    ]


def _owners(tenant: str) -> list[Object]:
    return [{"apiGroup": _RBAC, "kind": "Group", "name": f"{tenant}-devs"}]


def _role(name: str, kind: str = "ClusterRole") -> Object:
    return {"apiGroup": _RBAC, "kind": kind, "name": name}


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


def _argocd(tenant: str, cloud: str, url: str, guarded: bool) -> list[Object]:
    destination = {"namespace": tenant, "server": SERVER}
    project = {
        "sourceRepos": [url],
        "destinations": [destination],
        "destinationServiceAccounts": [{**destination, "defaultServiceAccount": ACCOUNT}],
    }
    application: Object = {
        "project": tenant,
        "source": {"path": path_of(tenant, cloud), "repoURL": url, "targetRevision": "main"},
        "destination": destination,
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "retry": {"limit": -1, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"}},
            "syncOptions": ["ServerSideApply=true"],
        },
    }
    if guarded:
        label = {"apiVersion": "v1", "kind": "Any", "metadata": {"name": "any", "labels": {_TENANT: tenant}}}
        application["source"]["kustomize"] = {"patches": [{"patch": json.dumps(label), "target": {"kind": ".*"}}]}
    return [
        *(_argocd_viewers(tenant) if guarded else ()),
        _object("argoproj.io/v1alpha1", "AppProject", tenant, "argocd", spec=project),
        _object("argoproj.io/v1alpha1", "Application", tenant, "argocd", spec=application),
    ]


def _argocd_viewers(tenant: str) -> list[Object]:
    """What Flux needs no object for: it adds its kinds to the role `view`, and they are in the tenant's namespace."""
    rule = {"apiGroups": ["argoproj.io"], "resourceNames": [tenant], "resources": ["applications", "appprojects"],
            "verbs": ["get", "watch"]}  # fmt: skip
    name, role = f"{tenant}-viewers", _role(f"{tenant}-viewers", "Role")
    return [
        _object(f"{_RBAC}/v1", "Role", name, "argocd", rules=[rule]),
        _object(f"{_RBAC}/v1", "RoleBinding", name, "argocd", roleRef=role, subjects=_owners(tenant)),
    ]
