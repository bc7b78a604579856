"""From nothing to all tenants in one cluster: applying their objects, and then the agent at work."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.agents.cluster import ClusterApi
from bench.agents.fleet import BenchFleet, running
from bench.agents.syncs import SYNCS, all_in_sync
from bench.agents.ways import Way
from berth.errors import OperationFailed
from berth.settings import Engine

PATIENCE = 600.0


@dataclass(frozen=True)
class Converged:
    """How many tenants there were, and objects for them. Seconds."""

    engine: Engine
    way: Way
    tenants: int
    objects: int
    applying: float
    """To apply what does not concern the agent."""
    agent: float
    """From then until the last tenant was in sync: to apply what does, and the agent's work."""
    busy: float
    """Processor time of the agent's processes in all of it."""

    @property
    def whole(self) -> float:
        return self.applying + self.agent


def converge(engine: Engine, way: Way, tenants: int, interval: str) -> Converged:
    """Starts a cluster that holds nothing, and brings the tenants into it."""
    with (
        running(engine, tenants, 1, interval) as fleet,
        ThreadPoolExecutor(1) as pool,
        ClusterApi(fleet.planes[0], PATIENCE) as api,
    ):
        return _measure(fleet, way, api, pool)


def _measure(fleet: BenchFleet, way: Way, api: ClusterApi, pool: ThreadPoolExecutor) -> Converged:
    plane, tenants, syncs = fleet.planes[0], fleet.tenants[way], SYNCS[fleet.engine]
    objects = fleet.objects(way, plane)
    before = fleet.agent_seconds()
    began = time.perf_counter()
    fleet.apply(plane, [item for item in objects if item["kind"] not in syncs.kinds])
    applied = time.perf_counter()
    done = pool.submit(api.when, all_in_sync(tenants), *syncs.applies)
    fleet.apply(plane, [item for item in objects if item["kind"] in syncs.kinds])
    agent = done.result() - applied
    busy = fleet.agent_seconds() - before
    found = api.count("apps/v1", "Deployment", "web")
    if found != len(tenants):
        raise OperationFailed(f"{plane.name}: {len(tenants)} tenants are in sync, but {found} have their workload")
    return Converged(fleet.engine, way, found, len(objects), applied - began, agent, busy)
