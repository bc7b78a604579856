"""A project of two clusters with stand-ins for their API servers, and what Flux says of tenants there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from berth.files import write_text
from berth.names import MANAGED_BY, sync_namespace
from tests.serve.standin import Object, StandIn
from tests.support import Sandbox

COMMIT = "a" * 40
NEXT = "b" * 40
SYNCS = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"
SOURCES = "/apis/source.toolkit.fluxcd.io/v1/gitrepositories"
DEPLOYMENTS = "/apis/apps/v1/deployments"
NODES = "/api/v1/nodes"
QUOTAS = "/api/v1/resourcequotas"
CLOUDS = {"one": ("aws", "dev"), "two": ("gcp", "prod")}
FLAGS = ["--no-cross-namespace-refs=true", "--no-remote-bases=true", "--default-service-account=default"]
_STACK = """\
config:
  berth:environment: {environment}
  berth:gitops: {{engine: flux, version: "2.7.5", install: none}}
  berth:deployRepo: {{url: "{url}"}}
  berth:clusters:
    - {{name: {name}, provider: existing, cloud: {cloud}, region: here, kubeconfig: kubeconfig, context: {name}}}
"""
_TENANT = """\
name: {name}
owners: {{team: {team}, contact: {team}@example.com}}
profile: standard
placements:
  - {{environments: [dev], clouds: [aws]}}
  - {{environments: [prod], clouds: [gcp]}}
"""
TEAMS: Mapping[str, str] = {"acme": "payments", "globex": "shipping", "initech": "reports"}


@dataclass
class Simulated:
    """A project, and a stand-in for each of its clusters."""

    sandbox: Sandbox
    clusters: dict[str, StandIn]
    url: str

    @classmethod
    def create(cls, root: Path, url: str, teams: Mapping[str, str] = TEAMS) -> Simulated:
        sandbox = Sandbox.create(root)
        (root / "Pulumi.dev.yaml").unlink()
        (root / "tenants" / "acme.yaml").unlink()
        clusters = {}
        for name, (cloud, environment) in CLOUDS.items():
            stack = _STACK.format(environment=environment, url=url, name=name, cloud=cloud)
            sandbox.write(f"Pulumi.{environment}.yaml", stack)
            clusters[name] = StandIn(root / "pki" / name)
        for name, team in teams.items():
            sandbox.write(f"tenants/{name}.yaml", _TENANT.format(name=name, team=team))
        found = cls(sandbox, clusters, url)
        found.write_kubeconfig()
        for stand_in in clusters.values():
            stand_in.fill(SYNCS, [sync(name) for name in teams])
            stand_in.fill(SOURCES, [source(name) for name in teams])
            stand_in.fill(DEPLOYMENTS, [controller(), *(deployment(name) for name in teams)])
            stand_in.fill(NODES, [node("n-1"), node("n-2")])
            stand_in.fill(QUOTAS, [quota(name) for name in teams])
            for empty in ("statefulsets", "daemonsets"):
                stand_in.fill(f"/apis/apps/v1/{empty}", [])
        return found

    def write_kubeconfig(self) -> None:
        """As the clusters are reached now."""
        config: dict[str, list[Any]] = {"clusters": [], "users": [], "contexts": []}
        for name, stand_in in self.clusters.items():
            config["clusters"].append({"name": name, "cluster": stand_in.about})
            config["users"].append({"name": name, "user": stand_in.user})
            config["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
        write_text(self.sandbox.root / "kubeconfig", yaml.safe_dump(config))  # whole, as it may be read meanwhile

    def follow(self, url: str) -> None:
        """Names another deploy repo in both stacks."""
        for stack in ("dev", "prod"):
            self.sandbox.edit(f"Pulumi.{stack}.yaml", self.url, url)
        self.url = url

    def stop(self) -> None:
        for stand_in in self.clusters.values():
            stand_in.close()


def sync(tenant: str, commit: str = COMMIT, *, failing: str = "") -> Object:
    """The Kustomization of a tenant that has applied a commit, or failed to apply another one."""
    ready = {
        "type": "Ready",
        "status": "False" if failing else "True",
        "message": failing or f"Applied revision: main@sha1:{commit}",
        "lastTransitionTime": "2026-11-24T10:00:00Z",
    }
    history = {"firstReconciled": "2026-11-24T09:00:00Z", "lastReconciledStatus": "ReconciliationSucceeded"}
    return {
        "metadata": _metadata(tenant, sync_namespace(tenant), generation=1),
        "spec": {"suspend": False},
        "status": {
            "observedGeneration": 1,
            "conditions": [ready],
            "lastAppliedRevision": f"main@sha1:{commit}",
            "inventory": {"entries": [{"id": f"{tenant}_web_apps_Deployment", "v": "v1"}]},
            "history": [{**history, "metadata": {"revision": f"main@sha1:{commit}"}}],
        },
    }


def source(tenant: str, commit: str = COMMIT) -> Object:
    return {
        "metadata": _metadata(tenant, sync_namespace(tenant), generation=1),
        "spec": {},
        "status": {
            "artifact": {"revision": f"main@sha1:{commit}"},
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T10:00:00Z"}],
        },
    }


def deployment(tenant: str, *, ready: int = 2) -> Object:
    return _deployment("web", tenant, {"image": "registry.example.com/web:1"}, ready)


def controller() -> Object:
    """What applies in Flux, locked down."""
    found = _deployment(
        "kustomize-controller", "flux-system", {"args": FLAGS, "image": "kustomize-controller:v1.7.3"}, 2
    )
    found["metadata"]["labels"] = {"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/version": "v2.7.5"}
    return found


def node(name: str, *, ready: bool = True) -> Object:
    return {
        "metadata": {"name": name},
        "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


def quota(tenant: str, used: str = "4") -> Object:
    return {
        "metadata": {"name": "berth", "namespace": tenant, "labels": dict(MANAGED_BY)},
        "status": {"hard": {"pods": "10"}, "used": {"pods": used}},
    }


def event(tenant: str, message: str) -> Object:
    return {
        "metadata": {"name": "event", "namespace": tenant, "creationTimestamp": "2026-11-24T10:00:00Z"},
        "type": "Warning",
        "reason": "BackOff",
        "message": message,
        "involvedObject": {"kind": "Pod", "name": "web-1"},
        "lastTimestamp": "2026-11-24T10:00:00Z",
        "count": 3,
    }


def _deployment(name: str, namespace: str, container: Object, ready: int) -> Object:
    return {
        "metadata": {"name": name, "namespace": namespace, "generation": 1},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "main", **container}]}}},
        "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": ready},
    }


def _metadata(name: str, namespace: str, **more: Any) -> Object:
    return {"name": name, "namespace": namespace, "labels": {**MANAGED_BY, "berth.dev/tenant": name}, **more}
