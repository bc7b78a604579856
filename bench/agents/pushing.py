"""From `git push` to applied in three clusters: when the agents look at Git by themselves, and when they are told."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from bench.agents import deployrepo
from bench.agents.cluster import ClusterApi
from bench.agents.fleet import BenchFleet, running
from bench.agents.syncs import SYNCS, all_in_sync
from bench.agents.ways import Way, turn
from berth.duration import in_seconds
from berth.render import Object
from berth.settings import Engine

CLUSTERS = 3
PATIENCE = 120.0
_LATE = 1.0
"""Seconds by which a look at Git may come after its interval: agents spread theirs a little."""


@dataclass(frozen=True)
class Pushed:
    """Seconds from a push to the last cluster, for each push of one way."""

    engine: Engine
    way: Way
    waiting: list[float] = field(default_factory=list)
    """The agents look at Git at their interval. Where that can be had, each cluster's look is at a moment of chance
    after the push, the same for all ways: with a few pushes, chance would say more than the ways."""
    told: list[float] = field(default_factory=list)
    """The agents are told of the push."""


def push(engine: Engine, tenants: int, pushes: int, interval: str, clusters: int = CLUSTERS) -> list[Pushed]:
    """So many pushes of each way and kind. The tenants of all are in the same clusters, each way has a repo of its
    own, and they take turns."""
    results = {way: Pushed(engine, way) for way in Way}
    with running(engine, tenants, clusters, interval) as fleet, _Clusters(fleet) as all_clusters:
        all_clusters.deploy()
        for index in range(pushes):
            if SYNCS[engine].pauses:
                all_clusters.pause(index)
            for way in turn(index):
                if SYNCS[engine].pauses:
                    all_clusters.go_on(way, index, looks(index, clusters, in_seconds(interval)))
                results[way].waiting.append(all_clusters.time_push(way, index, told=False))
        for index in range(pushes):
            for way in turn(index):
                results[way].told.append(all_clusters.time_push(way, index, told=True))
    return list(results.values())


def looks(index: int, clusters: int, interval: float) -> list[float]:
    """How many seconds after a push each cluster looks at Git: chance, but the same with each run."""
    chance = random.Random(index)  # noqa: S311 - no secret
    return [chance.uniform(0, interval) for _ in range(clusters)]


class _Clusters(ExitStack):
    """A fleet's clusters, and what each way puts into them."""

    def __init__(self, fleet: BenchFleet) -> None:
        super().__init__()
        self._fleet = fleet
        self._syncs = SYNCS[fleet.engine]
        self._interval = in_seconds(fleet.interval)
        # Before the clients, so that it ends after them: they tell its threads to end.
        self._pool = self.enter_context(ThreadPoolExecutor(len(fleet.planes)))
        self._apis = [self.enter_context(ClusterApi(plane, PATIENCE)) for plane in fleet.planes]
        self._objects = {way: [fleet.objects(way, plane) for plane in fleet.planes] for way in Way}

    def deploy(self) -> None:
        """Applies the tenants of all ways, and waits until all are in sync."""
        for way in Way:
            for plane, objects in zip(self._fleet.planes, self._objects[way], strict=True):
                self._fleet.apply(plane, objects)
        everyone = [tenant for way in Way for tenant in self._fleet.tenants[way]]
        for api in self._apis:
            api.when(all_in_sync(everyone), *self._syncs.applies)

    def pause(self, index: int) -> None:
        """Has no cluster look at Git for the tenants that are to change, and waits until the looks that were due would
        have come: one that is due already comes when it was."""
        for way in Way:
            for number in range(len(self._apis)):
                self._suspend(way, index, number, suspended=True)
        time.sleep(self._interval + _LATE)

    def go_on(self, way: Way, index: int, after: Sequence[float]) -> None:
        """Has a way's clusters look at Git again, each at such a moment that its next look is so many seconds after
        this returns."""
        began = time.monotonic()
        for wait, number in sorted((wait, number) for number, wait in enumerate(after)):
            time.sleep(max(0.0, began + wait - time.monotonic()))
            self._suspend(way, index, number, suspended=False)
        time.sleep(max(0.0, began + self._interval - time.monotonic()))

    def _suspend(self, way: Way, index: int, number: int, *, suspended: bool) -> None:
        for item in self._objects[way][number]:
            if item["kind"] == self._syncs.told and item["metadata"]["name"] == self._tenant(way, index):
                self._apis[number].patch(item, {"spec": {"suspend": suspended}})

    def time_push(self, way: Way, index: int, told: bool) -> float:
        """Changes the ConfigMap of a tenant, another with each index. Seconds until all clusters have it."""
        tenant = self._tenant(way, index)
        value = f"{'told' if told else 'waiting'}-{index}"
        deployrepo.set_value(self._fleet.worktree(way), tenant, value)
        self._fleet.commit(way, f"{tenant}: {value}")
        has_value = partial(_has, value)
        seen = [
            self._pool.submit(api.when, has_value, "v1", "ConfigMap", tenant, deployrepo.SETTINGS) for api in self._apis
        ]
        began = time.perf_counter()
        self._fleet.push(way)
        if told:
            self._tell(way, value)
        return max(each.result() for each in seen) - began

    def _tenant(self, way: Way, index: int) -> str:
        return self._fleet.tenants[way][index % len(self._fleet.tenants[way])]

    def _tell(self, way: Way, value: str) -> None:
        """Has the agents look at the way's repo now, for all its tenants, as a webhook would."""
        kind, annotations = self._syncs.tell(value)
        for api, objects in zip(self._apis, self._objects[way], strict=True):
            for item in objects:
                if item["kind"] == kind:
                    api.patch(item, {"metadata": {"annotations": annotations}})


def _has(value: str, item: Object) -> bool:
    return bool(item["data"].get("value") == value)
