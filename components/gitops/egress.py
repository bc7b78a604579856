"""Agents that fetch nothing while they build: `berth.egress`, as the charts of Flux and Argo CD take it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from berth.egress import closed_kustomize, no_http
from berth.names import ARGOCD_NAMESPACE, FLUX_NAMESPACE

_FOLDER = "/berth"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SCRIPT = "berth-kustomize"


def kustomize_controller_patch(shards: Sequence[str] = (), *, alerts: bool = False) -> dict[str, Any]:
    """A patch of a FluxInstance. kustomize-controller asks the API server and source-controller over HTTP, and no one
    else: what it builds from was fetched by source-controller, its own shard's where there are shards. With `alerts` it
    also tells notification-controller what happens; all shards have the same one."""
    names = ["source-controller", *(f"source-controller-{shard}" for shard in shards)]
    names += ["notification-controller"] if alerts else []
    services = [f"{name}.{FLUX_NAMESPACE}.svc.cluster.local" for name in names]
    # With a dot at the end, as Flux writes the address of an artifact and the one for events: to Go, a name without it
    # is another name. Kubernetes puts the API server's into its place.
    hosts = [host for service in services for host in (f"{service}.", service)]
    stated = no_http(["$(KUBERNETES_SERVICE_HOST)", *hosts])
    env = [{"name": name, "value": value} for name, value in stated.items()]
    patch = [{"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": each} for each in env]
    # By the beginning of the name: shards have instances of their own.
    target = {"kind": "Deployment", "name": "kustomize-controller.*"}
    return {"target": target, "patch": yaml.safe_dump(patch, sort_keys=False)}


def closed_repo_server() -> dict[str, Any]:
    """Values of Argo CD's chart: the repo server finds the closed kustomize before the one of its image."""
    script = {"kustomize": closed_kustomize("/usr/local/bin/kustomize")}
    return {
        "extraObjects": [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": _SCRIPT, "namespace": ARGOCD_NAMESPACE},
                "data": script,
            }
        ],
        "repoServer": {
            "env": [{"name": "PATH", "value": f"{_FOLDER}:{_PATH}"}],
            "volumes": [{"name": _SCRIPT, "configMap": {"name": _SCRIPT, "defaultMode": 0o555}}],
            "volumeMounts": [{"name": _SCRIPT, "mountPath": _FOLDER, "readOnly": True}],
        },
    }
