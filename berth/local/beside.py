"""The agents of a local fleet as status sees them: they run beside their clusters, so the API server tells nothing of
them. Each process is told of as a Deployment would be, so that it is judged in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil

from berth.local import engines, processes
from berth.local.argocd import ARGOCD
from berth.local.flux import FLUX
from berth.local.paths import FleetPaths
from berth.local.stack import is_local
from berth.names import ARGOCD_NAMESPACE, FLUX_NAMESPACE
from berth.project import Project
from berth.settings import Cluster, Engine

_PARTS = {Engine.FLUX: "flux", Engine.ARGOCD: "argocd"}
_NAMESPACES = {Engine.FLUX: FLUX_NAMESPACE, Engine.ARGOCD: ARGOCD_NAMESPACE}
_AGENTS = {agent.engine: agent for agent in (FLUX, ARGOCD)}
_COMPONENTS = {"argocd-repo-server": "repo-server", "argocd-notifications": "notifications-controller"}


def programs_beside(project: Project, stack: str) -> dict[str, tuple[dict[str, Any], ...]]:
    """By cluster, the agent's programs as Deployments. Empty where the stack is no local fleet."""
    file, paths = project.stack(stack), FleetPaths.of(project.root)
    if not is_local(file) or not paths.kubeconfig.is_file():
        return {}
    alive = processes.running(paths)
    return {cluster.name: tuple(_programs(cluster, alive)) for cluster in file.clusters}


def _programs(cluster: Cluster, alive: dict[str, psutil.Process]) -> Iterator[dict[str, Any]]:
    engine = cluster.gitops.engine
    for program in dict.fromkeys(_AGENTS[engine].servers.values()):
        command: list[str] = []
        if (process := alive.get(f"{cluster.name}/{program}")) is not None:
            with suppress(psutil.Error):
                command = process.cmdline()
        labels = {
            "app.kubernetes.io/part-of": _PARTS[engine],
            "app.kubernetes.io/version": f"v{engines.VERSIONS[engine]}",
            "app.kubernetes.io/component": _COMPONENTS.get(program, program),
        }
        running = 1 if command else 0
        yield {
            "metadata": {"name": program, "namespace": _NAMESPACES[engine], "labels": labels},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [{"command": command}]}}},
            "status": {"readyReplicas": running, "updatedReplicas": running},
        }
