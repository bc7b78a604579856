"""Puts a stack's tenants into the fleet's clusters: with Pulumi where there is one, else with kubectl.

Both apply what `berth.render` returns. kubectl applies on the server side, in one ApplySet a cluster, so that what is
no longer rendered is pruned.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from berth.errors import OperationFailed
from berth.local.controlplane import ControlPlane
from berth.local.fleet import Fleet, Tell, parse_json
from berth.project import Project
from berth.render import Object, render, render_cluster
from berth.render.emit import to_yaml
from berth.render.objects import identity_of, make
from berth.settings import Cluster

_PARENT = "fleetdeploys.local.berth.dev/berth"
_PRUNED = " pruned"


@dataclass(frozen=True)
class Changes:
    """What a deploy did to one cluster, as counts of objects."""

    cluster: str
    created: int
    changed: int
    unchanged: int
    pruned: int

    @property
    def any(self) -> bool:
        return bool(self.created or self.changed or self.pruned)


def objects_of(project: Project, cluster: Cluster) -> list[Object]:
    """Everything that Berth puts into a cluster: what it needs once, then each tenant's objects."""
    tenants = [item for tenant in project.tenants_in(cluster) for item in render(cluster, tenant)]
    return [*render_cluster(cluster), *tenants]


def deploy_with_kubectl(fleet: Fleet, project: Project, stack: str, tell: Tell) -> list[Changes]:
    """Applies every cluster's objects, all clusters at once. Raises OperationFailed with kubectl's message."""
    planes = {plane.name: plane for plane in fleet.planes()}
    clusters = project.stack(stack).clusters
    if any(cluster.deploy_repo_private for cluster in clusters):
        raise OperationFailed(
            f"the stack {stack} has a credential for the deploy repo, which only the engine can decrypt",
            "remove it (the fleet's Git server needs none), or deploy with pulumi",
        )
    with ThreadPoolExecutor(len(clusters)) as pool:
        return list(pool.map(lambda cluster: _apply(fleet, planes[cluster.name], project, cluster, tell), clusters))


def _apply(fleet: Fleet, plane: ControlPlane, project: Project, cluster: Cluster, tell: Tell) -> Changes:
    objects = objects_of(project, cluster)
    tell(cluster.name, f"applying {len(objects)} objects")
    if not fleet.kubectl(plane, "get", _PARENT, "--ignore-not-found", "--output=name"):
        fleet.kubectl(plane, "create", "--filename=-", stdin=_parent())
    before = _versions(fleet, plane, objects)
    printed = fleet.kubectl(
        plane,
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=berth",
        "--prune",
        f"--applyset={_PARENT}",
        "--filename=-",
        stdin=to_yaml(objects),
        KUBECTL_APPLYSET="true",
    )
    after = _versions(fleet, plane, objects)
    created = sum(1 for key in after if key not in before)
    changed = sum(1 for key in after if key in before and before[key] != after[key])
    pruned = sum(1 for line in printed.splitlines() if line.endswith(_PRUNED))
    changes = Changes(cluster.name, created, changed, len(after) - created - changed, pruned)
    tell(cluster.name, f"{created} created, {changed} changed, {changes.unchanged} unchanged, {pruned} pruned")
    return changes


def _parent() -> str:
    """The ApplySet's parent as kubectl wants to find it: with an ID that follows from the parent's identity."""
    identity = hashlib.sha256(b"berth..FleetDeploy.local.berth.dev").digest()
    label = f"applyset-{base64.urlsafe_b64encode(identity).decode().rstrip('=')}-v1"
    parent = make(
        "local.berth.dev/v1",
        "FleetDeploy",
        "berth",
        labels={"applyset.kubernetes.io/id": label},
        annotations={
            "applyset.kubernetes.io/tooling": "kubectl/v1.27",
            "applyset.kubernetes.io/contains-group-kinds": "",
        },
    )
    return to_yaml([parent])


def _versions(fleet: Fleet, plane: ControlPlane, objects: list[Object]) -> Mapping[tuple[str, str, str, str], str]:
    """The resource version of each of the objects that exists."""
    text = fleet.kubectl(plane, "get", "--filename=-", "--ignore-not-found", "--output=json", stdin=to_yaml(objects))
    return {identity_of(item): _version(item) for item in parse_json(text)}


def _version(item: dict[str, Any]) -> str:
    """What changes when somebody writes the object, but not when a controller reports on it."""
    metadata = item["metadata"]
    return f"{metadata['uid']}/{metadata['generation']}" if "generation" in metadata else metadata["resourceVersion"]
