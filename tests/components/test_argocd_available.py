"""Argo CD that outlives a node: who reaches its Redis past the chart's policies, and where its pods may run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.gitops.argocd import values
from tests.components.stacks import run, sample

Labels = dict[str, str]


def of_argocd(name: str) -> Labels:
    return {"app.kubernetes.io/name": f"argocd-{name}", "app.kubernetes.io/instance": "argocd"}


# Labels and ports of the pods, as the pinned charts render them for a release called argocd.
CONTROLLER, REPO_SERVER = of_argocd("application-controller"), of_argocd("repo-server")
NOTIFICATIONS = of_argocd("notifications-controller")
PROXY = {"app": "redis-ha-haproxy", "release": "argocd", "component": "haproxy", **of_argocd("redis-ha-haproxy")}
REDIS = {"app": "redis-ha", "release": "argocd", "argocd-redis-ha": "replica"}
REDIS_PORT, SENTINEL_PORT, METRICS_PORT = 6379, 26379, 9101

NEEDED = [
    (CONTROLLER, PROXY, REDIS_PORT),
    (REPO_SERVER, PROXY, REDIS_PORT),
    (PROXY, REDIS, REDIS_PORT),
    (PROXY, REDIS, SENTINEL_PORT),
    (REDIS, REDIS, REDIS_PORT),
    (REDIS, REDIS, SENTINEL_PORT),
]
"""Who has to reach whom, at which port."""
NOT_NEEDED = [
    (CONTROLLER, REDIS, REDIS_PORT),
    (REPO_SERVER, REDIS, SENTINEL_PORT),
    (NOTIFICATIONS, PROXY, REDIS_PORT),
    (NOTIFICATIONS, REDIS, REDIS_PORT),
    (REDIS, PROXY, REDIS_PORT),
    (CONTROLLER, PROXY, METRICS_PORT),
    (REPO_SERVER, CONTROLLER, REDIS_PORT),
]


def several() -> dict[str, Any]:
    return values("3.4.4", "1m", available=True, alerts=True)


def made(kind: str) -> list[dict[str, Any]]:
    return [item["spec"] for item in several()["extraObjects"] if item["kind"] == kind]


def selects(selector: dict[str, Any], pod: Labels) -> bool:
    assert set(selector) == {"matchLabels"}
    return bool(selector["matchLabels"]) and selector["matchLabels"].items() <= pod.items()


def allowed(source: Labels, target: Labels) -> Iterator[int]:
    """The ports at which a pod of the namespace reaches another, in a network that enforces policies."""
    for policy in made("NetworkPolicy"):
        if not selects(policy["podSelector"], target):
            continue
        for rule in policy["ingress"]:
            if any(selects(peer["podSelector"], source) for peer in rule["from"]):
                yield from (each["port"] for each in rule["ports"] if each["protocol"] == "TCP")


@pytest.mark.parametrize(("source", "target", "port"), NEEDED)
def test_who_needs_redis_is_let_in_past_the_policy_that_denies_everything(
    source: Labels, target: Labels, port: int
) -> None:
    assert several()["global"]["networkPolicy"]["defaultDenyIngress"]
    assert port in allowed(source, target)


@pytest.mark.parametrize(("source", "target", "port"), NOT_NEEDED)
def test_who_does_not_need_redis_is_not_let_in(source: Labels, target: Labels, port: int) -> None:
    assert port not in allowed(source, target)


def test_nobody_outside_the_namespace_is_let_in_and_nothing_that_goes_out_is_denied() -> None:
    for policy in made("NetworkPolicy"):
        assert policy["policyTypes"] == ["Ingress"]
        assert {key for rule in policy["ingress"] for peer in rule["from"] for key in peer} == {"podSelector"}


def test_haproxy_listens_at_no_port_that_nobody_is_let_in_to() -> None:
    assert several()["redis-ha"]["haproxy"]["metrics"] == {"enabled": False}


def test_two_nodes_are_enough_and_more_are_made_use_of() -> None:
    redis = several()["redis-ha"]
    assert redis["hardAntiAffinity"] is False
    assert redis["haproxy"]["hardAntiAffinity"] is False
    spread = {"enabled": True, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
    assert redis["topologySpreadConstraints"] == spread


@pytest.mark.parametrize("pods", [REDIS, PROXY, REPO_SERVER])
def test_a_drain_takes_one_pod_of_a_kind_at_a_time(pods: Labels) -> None:
    (budget,) = (budget for budget in made("PodDisruptionBudget") if selects(budget["selector"], pods))
    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_what_runs_once_has_no_budget_that_a_drain_would_wait_for() -> None:
    for pods in (CONTROLLER, NOTIFICATIONS):
        assert not any(selects(budget["selector"], pods) for budget in made("PodDisruptionBudget"))


def test_what_is_made_beside_the_chart_is_in_its_namespace_and_has_a_name_of_its_own() -> None:
    metadata = [(item["kind"], item["metadata"]["name"]) for item in several()["extraObjects"]]
    assert len(set(metadata)) == len(metadata)
    assert {item["metadata"]["namespace"] for item in several()["extraObjects"]} == {"argocd"}


def test_the_pods_labels_are_those_of_the_release() -> None:
    (release,) = run(sample("eks", gitops={"engine": "argocd"}), install="chart").of_type(
        "kubernetes:helm.sh/v3:Release"
    )
    assert release.inputs["name"] == REDIS["release"] == CONTROLLER["app.kubernetes.io/instance"]
    assert release.inputs["values"]["redis-ha"]["enabled"]
    assert not {"nameOverride", "fullnameOverride"} & {*release.inputs["values"], *release.inputs["values"]["redis-ha"]}


def test_one_of_each_needs_nothing_beside_the_chart() -> None:
    single = values("3.4.4", "1m", available=False)
    assert single["redis-ha"] == {"enabled": False}
    assert {item["kind"] for item in single["extraObjects"]} == {"ConfigMap"}
