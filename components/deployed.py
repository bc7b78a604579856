"""What the last update deployed, by the stack's own outputs, and what of it this update may not lose."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import pulumi
from pulumi.runtime.proto.resource_pb2 import ResourceInvokeRequest
from pulumi.runtime.rpc import deserialize_properties_unwrap_secrets
from pulumi.runtime.settings import get_monitor

from berth.errors import InvalidInput
from berth.offboarding.removed import Holding, let_go_tenants, removed_clusters, removed_tenants
from berth.project import Project
from berth.settings import Delivery, StackFile


@dataclass(frozen=True)
class Deployed:
    """What the last update left, as the stack's own outputs tell."""

    held: list[Holding]
    """Each tenant with the lifecycle that it had then, by the first of its namespaces, which is called as it is."""
    by_git: frozenset[str]
    """The clusters that Git delivered to. Outputs from before they told so count as Pulumi's, the default."""


def check_removed(project: Project, stack: StackFile, last: Deployed) -> None:
    """Raises InvalidInput where a tenant or its cluster would be lost for no better reason than that a file changed.
    Where Git delivers and did, tenants come and go without the engine: `berth publish` looks at those. What Git
    delivered, Pulumi does not hold and so does not delete, whatever delivers it now."""
    git = {cluster.name for cluster in stack.clusters if cluster.delivery is Delivery.GIT}
    lost = removed_tenants(project, stack.name, [each for each in last.held if each.place not in git & last.by_git])
    lost += let_go_tenants(project, stack.name, [each for each in last.held if each.place in git - last.by_git])
    lost += removed_clusters(project, stack.name, last.held)
    if lost:
        raise InvalidInput(lost)


def deployed() -> Deployed:
    """What the last update left."""
    told = {cluster: output for cluster, output in _own_outputs().items() if isinstance(output, Mapping)}
    held = [
        Holding(tenant, cluster, tenant, str(lifecycle))
        for cluster, output in told.items()
        if isinstance(tenants := output.get("tenants"), Mapping)
        for tenant, lifecycle in tenants.items()
    ]
    by_git = (cluster for cluster, output in told.items() if output.get("delivery") == Delivery.GIT.value)
    return Deployed(held, frozenset(by_git))


_TRIES = 20
_PAUSE = 0.25
"""Seconds between two of them."""


def _own_outputs() -> Mapping[str, Any]:
    """The stack's outputs as the last update left them. Raises RunError where the backend does not give them."""
    # Where stacks belong to nobody Pulumi says so, and its oldest backends know no project either.
    organization, name = pulumi.get_organization(), pulumi.get_stack()
    if organization not in (None, "organization"):
        name = f"{organization}/{pulumi.get_project()}/{name}"
    monitor: Any = get_monitor()
    request = ResourceInvokeRequest(tok="pulumi:pulumi:readStackOutputs")
    request.args.update({"name": name})
    for left in reversed(range(_TRIES)):
        # Not by `pulumi.runtime.invoke`, after which the program fails at its end even where a second try went well.
        try:
            answer = monitor.Invoke(request)
        except grpc.RpcError as error:
            # The engine may be writing that file at this moment, and a backend in a folder then gives half of it.
            if not left:
                raise pulumi.RunError(f"the outputs of the last update cannot be read: {error.details()}") from None
            time.sleep(_PAUSE)
        else:
            told, _ = deserialize_properties_unwrap_secrets(getattr(answer, "return"))
            outputs: Mapping[str, Any] = told["outputs"]
            return outputs
    raise AssertionError
