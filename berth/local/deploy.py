"""Puts a stack's tenants into the fleet's clusters: with Pulumi where there is one, else with kubectl.

Both apply what `berth.render` returns. kubectl applies on the server side, in one ApplySet a cluster, so that what is
no longer rendered is pruned.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from berth.errors import OperationFailed
from berth.local.agent import Tell
from berth.local.controlplane import ControlPlane
from berth.local.fleet import Fleet, parse_json
from berth.local.kubectl import KubectlFailed
from berth.names import ROLE_LABEL, TENANT_LABEL
from berth.offboarding.removed import Holding, holdings
from berth.project import Project
from berth.render import Object, render, render_alerts, render_cluster, render_root, syncs_last
from berth.render.emit import to_yaml
from berth.render.objects import identity_of, make
from berth.settings import Cluster, Delivery

PARENT = "fleetdeploys.local.berth.dev/berth"
"""The ApplySet of what was deployed to a cluster, as kubectl names it."""
_PRUNED = " pruned"
_WENT_BY_ITSELF = re.compile(r"error: pruning .* not found\s*$")


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
    """Everything that Berth applies to a cluster: what it needs once, then each tenant's objects, all tenants' syncs
    last, or what pulls them from Git."""
    placed = list(project.tenants_in(cluster))
    shared = [*render_cluster(cluster), *render_alerts(cluster, placed)]
    if cluster.delivery is Delivery.GIT:
        return [*shared, *render_root(cluster)]
    return [*shared, *syncs_last(item for tenant in placed for item in render(cluster, tenant))]


def deploy_with_kubectl(fleet: Fleet, project: Project, stack: str, tell: Tell) -> list[Changes]:
    """Applies every cluster's objects, all clusters at once. Raises OperationFailed with kubectl's message."""
    planes = {plane.name: plane for plane in fleet.planes()}
    clusters = project.stack(stack).clusters
    if any(cluster.credential and not cluster.credential.existing for cluster in clusters):
        raise OperationFailed(
            f"the stack {stack} has a credential for the deploy repo, which only the engine can decrypt",
            "remove it, name a Secret that is in the clusters (deployRepoSecret), or deploy with pulumi",
        )
    with ThreadPoolExecutor(len(clusters)) as pool:
        return list(pool.map(lambda cluster: _apply(fleet, planes[cluster.name], project, cluster, tell), clusters))


def held_by(fleet: Fleet) -> list[Holding]:
    """The tenants' namespaces in the fleet's clusters, all asked at once. Raises OperationFailed."""
    selector = f"--selector={TENANT_LABEL},{ROLE_LABEL}=workloads"
    planes = fleet.planes()

    def ask(plane: ControlPlane) -> list[Holding]:
        return holdings(plane.name, parse_json(fleet.kubectl(plane, "get", "namespaces", selector, "--output=json")))

    with ThreadPoolExecutor(len(planes)) as pool:
        return [each for found in pool.map(ask, planes) for each in found]


def _apply(fleet: Fleet, plane: ControlPlane, project: Project, cluster: Cluster, tell: Tell) -> Changes:
    objects = objects_of(project, cluster)
    tell(cluster.name, f"applying {len(objects)} objects")
    if not fleet.kubectl(plane, "get", PARENT, "--ignore-not-found", "--output=name"):
        fleet.kubectl(plane, "create", "--filename=-", stdin=_parent())
    before = _versions(fleet, plane, objects)
    pruned = _apply_set(fleet, plane, to_yaml(objects))
    after = _versions(fleet, plane, objects)
    created = sum(1 for key in after if key not in before)
    changed = sum(1 for key in after if key in before and before[key] != after[key])
    changes = Changes(cluster.name, created, changed, len(after) - created - changed, pruned)
    tell(cluster.name, f"{created} created, {changed} changed, {changes.unchanged} unchanged, {pruned} pruned")
    return changes


def _apply_set(fleet: Fleet, plane: ControlPlane, manifests: str, attempts: int = 10) -> int:
    """Applies all there is to be, and prunes what was in the set before. Returns how many objects were pruned.

    kubectl gives up where something that it is about to prune goes by itself meanwhile, as what is in a namespace does
    that was pruned a moment ago. Applying again is safe, and finds that gone.
    """
    command = ("apply", "--server-side", "--force-conflicts", "--field-manager=berth", "--filename=-")
    prune = ("--prune", f"--applyset={PARENT}")
    try:
        printed = fleet.kubectl(plane, *command, *prune, stdin=manifests, KUBECTL_APPLYSET="true")
    except KubectlFailed as failure:
        if attempts == 1 or not _WENT_BY_ITSELF.search(failure.message):
            raise
        return _count_pruned(failure.printed) + _apply_set(fleet, plane, manifests, attempts - 1)
    return _count_pruned(printed)


def _count_pruned(printed: str) -> int:
    return sum(1 for line in printed.splitlines() if line.endswith(_PRUNED))


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
    """What stands in each of the objects that exists."""
    text = fleet.kubectl(plane, "get", "--filename=-", "--ignore-not-found", "--output=json", stdin=to_yaml(objects))
    return {identity_of(item): _version(item) for item in parse_json(text)}


_REPORTED = ("operation", "status")
_COUNTED = ("generation", "managedFields", "resourceVersion")


def _version(item: dict[str, Any]) -> str:
    """What changes when somebody writes the object, but not when a controller reports on it. The API server's counts
    do not tell: an Application of Argo CD counts a report as a change."""
    kept = {key: value for key, value in item.items() if key not in _REPORTED}
    kept["metadata"] = {key: value for key, value in item["metadata"].items() if key not in _COUNTED}
    return json.dumps(kept, sort_keys=True)
