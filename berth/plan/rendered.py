"""A project's tenants as a tree wants them: rendered, all of them or those that can differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from berth.local.paths import FleetPaths
from berth.local.stack import is_local, settings_of_fleet
from berth.names import sync_namespace
from berth.plan.desired import DesiredCluster, DesiredStack
from berth.plan.model import SECRET
from berth.project import Project, selects
from berth.render import Object, render, render_cluster
from berth.render.objects import make
from berth.settings import Cluster, Engine, StackFile
from berth.settings.credentials import SHARED_SECRET
from berth.tenants.load import LoadedTenant
from berth.tenants.resolve import Tenant

Same = Callable[[Cluster, LoadedTenant], bool]
"""Whether a tenant is known to be the same on both sides of the comparison, and need not be rendered."""


def never(cluster: Cluster, tenant: LoadedTenant) -> bool:
    """For a whole plan: every tenant is rendered."""
    del cluster, tenant
    return False


def as_it_runs(stack: StackFile, fleet: Path) -> StackFile:
    """The stack as it is applied: one of a local fleet with the engine and the port that the fleet of the project at
    `fleet` was started with."""
    return settings_of_fleet(stack, FleetPaths.of(fleet)) if is_local(stack) else stack


def all_as_they_run(project: Project, fleet: Path) -> Project:
    """The project with all of its stacks so."""
    stacks = {name: as_it_runs(stack, fleet) for name, stack in project.stacks.items()}
    return replace(project, stacks=stacks)


def rendered(project: Project, stack: StackFile, same: Same = never) -> DesiredStack:
    """A stack of a project, without the resources that only the program knows."""
    clusters = {}
    for cluster in stack.clusters:
        tenants: dict[str, list[Object] | None] = {}
        for name, loaded in project.tenants.items():
            if not is_placed(loaded, cluster):
                continue
            if same(cluster, loaded):
                tenants[name] = None
                continue
            tenant = project.place(loaded, cluster)
            if tenant is not None:
                tenants[name] = objects_of(cluster, tenant)
        clusters[cluster.name] = DesiredCluster(
            cluster.name,
            cluster.environment,
            cluster.cloud.value,
            cluster.region,
            render_cluster(cluster),
            tenants,
            cluster.delivery.value,
        )
    return DesiredStack(stack.name, stack.settings.environment, clusters)


def is_placed(loaded: LoadedTenant, cluster: Cluster) -> bool:
    return any(selects(placement, cluster) for placement in loaded.file.placements)


def objects_of(cluster: Cluster, tenant: Tenant) -> list[Object]:
    """A tenant's objects, and the Secret that the program adds where the stack has a credential: content unknown."""
    objects = render(cluster, tenant)
    made = cluster.credential is not None and cluster.credential.existing is None
    if made and tenant.source.is_shared and cluster.gitops.engine is Engine.FLUX:
        secret = make("v1", "Secret", SHARED_SECRET, sync_namespace(tenant.name), stringData=SECRET)
        objects.append(secret)
    return objects
