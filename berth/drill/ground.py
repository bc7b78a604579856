"""Where a drill takes place: a running local fleet, all of it in sync, and one tenant of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from berth.duration import in_seconds
from berth.errors import InvalidInput, OperationFailed, Problem, did_you_mean, one_of
from berth.local.controlplane import ControlPlane
from berth.local.fleet import Fleet
from berth.project import Project
from berth.render.flux import RETRY
from berth.settings import Engine
from berth.status import Row, State
from berth.status.collect import Scope, collect_all
from berth.tenants import Tenant


@dataclass(frozen=True)
class Ground:
    """A fleet, and the tenant that the drill is about, in its clusters. `project` is with the fleet as it really is."""

    fleet: Fleet
    project: Project
    stack: str
    tenant: str
    placed: dict[str, Tenant]
    """The tenant by cluster, in the order of the stack file."""

    @property
    def clusters(self) -> list[str]:
        return list(self.placed)

    @property
    def engine(self) -> Engine:
        return self.fleet.agent.engine

    @property
    def branch(self) -> str:
        return next(iter(self.placed.values())).source.ref["branch"]

    @property
    def git_pace(self) -> str:
        """How often the agents look at Git."""
        return f"Git every {self.fleet.stack.settings.deploy_repo.interval}"

    @property
    def git_seconds(self) -> float:
        """How long a commit may take until it counts as not seen: some looks, and a slow machine."""
        return 5 * in_seconds(self.fleet.stack.settings.deploy_repo.interval) + 90

    def heal_pace(self, cluster: str) -> str:
        """When the agent puts right what was changed by hand."""
        return "watched" if self.engine is Engine.ARGOCD else f"sync every {self.placed[cluster].policy.sync.interval}"

    def heal_seconds(self, cluster: str) -> float:
        """How long that may take. Flux stretches intervals by up to a twentieth. What is deleted between applying and
        the look at workloads, it waits for until `sync.timeout`, and applies with the next try."""
        if self.engine is Engine.ARGOCD:
            return 90.0
        sync = self.placed[cluster].policy.sync
        return 1.05 * (in_seconds(sync.interval) + in_seconds(RETRY)) + in_seconds(sync.timeout) + 90

    @property
    def settle_seconds(self) -> float:
        """How long all of the fleet has until it is in sync again. What an agent is at may fail, where its API server
        or a workload goes. Flux waits for that until `sync.timeout` and tries again a minute later; the tries of Argo
        CD are up to a minute apart, and it ends a sync after a minute here."""
        clusters = self.project.stack(self.stack).clusters
        timeouts = [in_seconds(each.policy.sync.timeout) for at in clusters for each in self.project.tenants_in(at)]
        waited = 60.0 if self.engine is Engine.ARGOCD else max(timeouts)
        return waited + 1.05 * in_seconds(RETRY) + 120

    def plane(self, cluster: str) -> ControlPlane:
        return next(plane for plane in self.fleet.planes() if plane.name == cluster)

    def rows(self, *tenants: str) -> list[Row]:
        """What status says of these tenants; without one, of all."""
        return collect_all(self.project, Scope([self.stack], tenants)).rows

    def states(self) -> dict[str, Row]:
        """What it says of the drill's tenant, by cluster."""
        return {row.cluster: row for row in self.rows(self.tenant)}


def find_ground(fleet: Fleet, project: Project, stack: str, tenant: str | None = None) -> Ground:
    """The ground for a drill with this tenant; without one, the tenant in the most clusters.

    Raises InvalidInput where there is no such tenant in the fleet, or it does not follow the fleet's own repo;
    OperationFailed where the fleet does not run, or not all of it is in sync.
    """
    stopped = [member.name for member in fleet.members() if member.process is None]
    if stopped:
        raise OperationFailed(f"the fleet is not up: {_some(stopped)} does not run", "berth local up")
    if fleet.former is not None:
        raise OperationFailed("the fleet is changing engines", "berth local deploy")
    placed: dict[str, dict[str, Tenant]] = {}
    for cluster in project.stack(stack).clusters:
        for each in project.tenants_in(cluster):
            placed.setdefault(each.name, {})[cluster.name] = each
    fit = [name for name, there in placed.items() if all(map(_fits, there.values()))]
    if tenant is not None and tenant not in fit:
        found, fix = f'"{tenant}"', did_you_mean(tenant, fit)
        expected = f"a tenant that follows a branch of the fleet's deploy repo: {one_of(fit)}"
        raise InvalidInput([Problem("--tenant", 0, 0, "", found, expected, fix)])
    if not fit:
        raise OperationFailed("no tenant of the fleet follows a branch of its deploy repo", "berth tenant new")
    name = tenant or max(sorted(fit), key=lambda each: len(placed[each]))
    ground = Ground(fleet, project, stack, name, placed[name])
    check_in_sync(ground)
    return ground


def check_in_sync(ground: Ground) -> None:
    """Raises OperationFailed where a tenant of the fleet is not in sync. What an agent looks at again just now is."""
    rows = ground.rows()
    wrong = [f"{row.tenant} in {row.cluster} is {row.state.value}" for row in rows if not _settled(row)]
    if wrong:
        raise OperationFailed(
            f"not all of the fleet is in sync: {_some(wrong)}", f"berth status --stack {ground.stack}"
        )


def _settled(row: Row) -> bool:
    return row.state.good or (row.state is State.SYNCING and row.applied == row.expected)


def _fits(tenant: Tenant) -> bool:
    return tenant.source.is_shared and "branch" in tenant.source.ref and tenant.lifecycle.value == "active"


def _some(items: Sequence[str]) -> str:
    return ", ".join(items[:3]) + (f" and {len(items) - 3} more" if len(items) > 3 else "")
