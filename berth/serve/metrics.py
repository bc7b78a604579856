"""The board as metrics of Prometheus, made when they are asked for."""

from __future__ import annotations

import datetime
from collections import Counter as Count
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from berth.serve.board import Board
from berth.serve.data import NOT_READ
from berth.status.model import Reach, State

_PLACE = ("tenant", "cluster", "cloud", "environment")
_CLUSTER = ("cluster", "cloud", "environment")


def registry_of(board: Board) -> CollectorRegistry:
    """A registry that holds nothing but the board."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Fleet(board))
    return registry


class _Fleet(Collector):
    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._tenants()
        yield from self._clusters()
        pages = GaugeMetricFamily("berth_serve_streams", "Open streams of changes.")
        pages.add_metric((), self._board.readers)
        yield pages

    def _tenants(self) -> Iterator[GaugeMetricFamily]:
        state = GaugeMetricFamily(
            "berth_tenant_state", "1 for the state that a tenant is in.", labels=(*_PLACE, "state")
        )
        since = GaugeMetricFamily("berth_tenant_state_since_seconds", "Since when it is, in Unix time.", labels=_PLACE)
        behind = GaugeMetricFamily("berth_tenant_commits_behind", "Commits that are not applied yet.", labels=_PLACE)
        ready = GaugeMetricFamily("berth_tenant_workloads_ready", "Workloads that are ready.", labels=_PLACE)
        total = GaugeMetricFamily("berth_tenant_workloads", "Workloads.", labels=_PLACE)
        quota = GaugeMetricFamily("berth_tenant_quota_used_ratio", "Of the fullest quota, what is used.", labels=_PLACE)
        counts = Count({state.value: 0 for state in State})
        for row in self._board.rows.values():
            place = tuple(row[name] for name in _PLACE)
            counts[row["state"]] += 1
            state.add_metric((*place, row["state"]), 1)
            if row["since"]:
                since.add_metric(place, datetime.datetime.fromisoformat(row["since"]).timestamp())
            if row["behind"] is not None:
                behind.add_metric(place, row["behind"])
            if row["workloads"]:
                ready.add_metric(place, row["workloads"]["ready"])
                total.add_metric(place, row["workloads"]["total"])
            if row["quota"]:
                quota.add_metric(place, row["quota"][0]["share"])
        yield from (state, since, behind, ready, total, quota)
        tenants = GaugeMetricFamily("berth_tenants", "Tenants in clusters, by state.", labels=("state",))
        for name, count in counts.items():
            tenants.add_metric((name,), count)
        yield tenants

    def _clusters(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("berth_cluster_up", "1 if the API server answers.", labels=_CLUSTER)
        good = GaugeMetricFamily("berth_cluster_in_order", "1 if the agent is as Berth needs it.", labels=_CLUSTER)
        ready = GaugeMetricFamily("berth_cluster_nodes_ready", "Nodes that are ready.", labels=_CLUSTER)
        total = GaugeMetricFamily("berth_cluster_nodes", "Nodes.", labels=_CLUSTER)
        for row in self._board.clusters.values():
            if row["state"] == NOT_READ:
                continue
            place = tuple(row[name] for name in _CLUSTER)
            up.add_metric(place, int(row["state"] in (Reach.OK, Reach.WRONG)))
            good.add_metric(place, int(row["state"] == Reach.OK))
            if row["nodes_total"] is not None:
                ready.add_metric(place, row["nodes_ready"])
                total.add_metric(place, row["nodes_total"])
        yield from (up, good, ready, total)
