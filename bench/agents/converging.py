"""From nothing to all tenants in one cluster: their objects are applied, and the agent is at work from the first on."""

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
    applied: float
    """Until kubectl had applied all of them."""
    whole: float
    """Until the last tenant was in sync as well."""
    agent: float
    """Processor time of the agent's processes in all of it."""
    plane: float
    """Processor time of the control plane's."""


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
    before = fleet.seconds()
    began = time.perf_counter()
    done = pool.submit(api.when, all_in_sync(tenants), *syncs.applies)
    fleet.apply(plane, objects)
    applied = time.perf_counter()
    whole = max(done.result(), applied) - began
    agent, control = (after - first for after, first in zip(fleet.seconds(), before, strict=True))
    found = api.count("apps/v1", "Deployment", "web")
    if found != len(tenants):
        raise OperationFailed(f"{plane.name}: {len(tenants)} tenants are in sync, but {found} have their workload")
    return Converged(fleet.engine, way, found, len(objects), applied - began, whole, agent, control)
