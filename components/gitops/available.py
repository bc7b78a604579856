"""Argo CD that outlives a node, as its chart takes it: two repo servers, and three Redis behind three HAProxy.

The chart's network policies deny what they do not list in the agent's namespace, and list nothing for Redis in threes.
The policies of Redis' own chart would also deny what leaves its pods, with a list of DNS servers that does not hold in
every cluster. So who reaches Redis is said here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from berth.names import ARGOCD_NAMESPACE

RELEASE = "argocd"
"""The name of Argo CD's release: a label of its pods."""

Labels = dict[str, str]

_CONTROLLER: Labels = {"app.kubernetes.io/name": "argocd-application-controller", "app.kubernetes.io/instance": RELEASE}
_REPO_SERVER: Labels = {"app.kubernetes.io/name": "argocd-repo-server", "app.kubernetes.io/instance": RELEASE}
_PROXY: Labels = {"app": "redis-ha-haproxy", "release": RELEASE}
_REDIS: Labels = {"app": "redis-ha", "release": RELEASE}
"""Each pod is a Redis with its Sentinel."""
_REDIS_PORT, _SENTINEL_PORT = 6379, 26379


def single() -> dict[str, Any]:
    """Values for one of each."""
    return {"repoServer": {"replicas": 1}, "redis-ha": {"enabled": False}, "extraObjects": []}


def several() -> dict[str, Any]:
    """Values for as many of each as it takes to lose one."""
    return {
        "repoServer": {"replicas": 2},
        "redis-ha": {
            "enabled": True,
            # They go to different nodes and zones where they can. Those that had to would wait for ever in a cluster of
            # two nodes, and where one of three is drained; so would the fourth HAProxy that comes before one goes.
            "hardAntiAffinity": False,
            "topologySpreadConstraints": {
                "enabled": True,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
            },
            # At the port of its metrics it also has a page without a login. Nobody is let in there.
            "haproxy": {"hardAntiAffinity": False, "metrics": {"enabled": False}},
        },
        "extraObjects": [
            _let_in("berth-redis", _REDIS, [_REDIS, _PROXY], [_REDIS_PORT, _SENTINEL_PORT]),
            _let_in("berth-redis-proxy", _PROXY, [_CONTROLLER, _REPO_SERVER], [_REDIS_PORT]),
            _one_at_a_time("berth-redis", _REDIS),
            _one_at_a_time("berth-redis-proxy", _PROXY),
            _one_at_a_time("berth-repo-server", _REPO_SERVER),
        ],
    }


def _let_in(name: str, pods: Labels, peers: Sequence[Labels], ports: Sequence[int]) -> dict[str, Any]:
    """Who of the same namespace reaches some pods, at which ports."""
    rule = {
        "from": [{"podSelector": {"matchLabels": peer}} for peer in peers],
        "ports": [{"protocol": "TCP", "port": port} for port in ports],
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": ARGOCD_NAMESPACE},
        "spec": {"podSelector": {"matchLabels": pods}, "policyTypes": ["Ingress"], "ingress": [rule]},
    }


def _one_at_a_time(name: str, pods: Labels) -> dict[str, Any]:
    """A drain takes one of some pods, and the next when that one runs elsewhere. What is not ready holds up none."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": ARGOCD_NAMESPACE},
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": pods},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
