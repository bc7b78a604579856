"""Every input of a GKE cluster against what Google publishes of the API that gets it: names, types, enums, limits."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from tests.components.recording import Recorder
from tests.components.stacks import PUBLIC, run, sample, tenant
from tests.published.gcp_api import LIMITS, document
from tests.published.gcp_bodies import KINDS, problems

ROLES = [{"serviceAccount": "web", "gcp": {"roles": ["roles/storage.objectViewer"]}}]
POOLS = [
    {"name": "general", "instanceType": "n2-standard-4"},
    {
        "name": "batch",
        "instanceType": "c4a-standard-8",
        "spot": True,
        "labels": {"disk": "ssd"},
        "taints": [{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}],
    },
]


@cache
def recorded(profile: str) -> Recorder:
    more = PUBLIC if profile == "dev" else {}
    return run(sample("gke", nodePools=POOLS, **more), profile=profile, tenants=(tenant(identity=ROLES),))


def inputs_of(kind: str) -> dict[str, Any]:
    """The inputs of the resource of a kind in the strict sample that states most: the spot pool, for one."""
    return deepcopy(max((item.inputs for item in recorded("strict").of_type(f"gcp:{kind}")), key=lambda i: len(str(i))))


@pytest.mark.parametrize("profile", ["dev", "strict"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_the_api_knows_and_takes_every_input(kind: str, profile: str) -> None:
    found = recorded(profile).of_type(f"gcp:{kind}")
    assert found
    assert [problem for item in found for problem in problems(item.type, item.inputs)] == []


def test_no_resource_of_google_s_goes_unchecked() -> None:
    kinds = {item.type for item in recorded("strict").recorded if item.type.startswith("gcp:")}
    assert kinds == {f"gcp:{kind}" for kind in KINDS}


def test_limits_are_what_the_descriptions_say() -> None:
    for (api, schema, key), (said, _) in LIMITS.items():
        described = " ".join(document(api)[schema]["properties"][key]["description"].split())
        assert said in described


CLUSTER, POOL = "container/cluster:Cluster", "container/nodePool:NodePool"
SUBNETWORK, FIREWALL = "compute/subnetwork:Subnetwork", "compute/firewall:Firewall"
ACCOUNT, KEY, NAT = "serviceaccount/account:Account", "kms/cryptoKey:CryptoKey", "compute/routerNat:RouterNat"

TYPOS: list[tuple[str, tuple[str | int, ...], Any, str]] = [
    # A key that there is not.
    (CLUSTER, ("enableIntranodeVisibilty",), True, "'enableIntranodeVisibilty' was unexpected"),
    (CLUSTER, ("addonsConfig", "dnsCache"), {}, "'dnsCache' was unexpected"),
    (CLUSTER, ("controlPlaneEndpointsConfig", "dnsEndpointConfig", "allowExternalTrafic"), True,
     "'allowExternalTrafic' was unexpected"),
    (POOL, ("nodeConfig", "shieldedInstanceConfig", "enableSecureBot"), True, "'enableSecureBot' was unexpected"),
    (POOL, ("nodeConfig", "taints", 0, "efect"), "NO_SCHEDULE", "'efect' was unexpected"),
    (SUBNETWORK, ("secondaryIpRanges", 1, "rangName"), "x", "'rangName' was unexpected"),
    (NAT, ("subnetworks", 0, "sourceIpRanges"), [], "'sourceIpRanges' was unexpected"),
    (KEY, ("rotation",), "90d", "'rotation' was unexpected"),
    # A key that has ended, or that only Google sets.
    (CLUSTER, ("securityPostureConfig", "vulnerabilityMode"), "VULNERABILITY_BASIC",
     "'vulnerabilityMode' was unexpected"),
    (CLUSTER, ("selfLink",), "x", "'selfLink' was unexpected"),
    # Another value than one of those that there are.
    (CLUSTER, ("releaseChannel", "channel"), "SLOW", "'SLOW' is not one of"),
    (CLUSTER, ("releaseChannel", "channel"), "UNSPECIFIED", "'UNSPECIFIED' is not one of"),
    (CLUSTER, ("loggingConfig", "enableComponents", 1), "WORKLOAD", "'WORKLOAD' is not one of"),
    (CLUSTER, ("nodeConfig", "workloadMetadataConfig", "mode"), "GKE_METADTA", "'GKE_METADTA' is not one of"),
    (POOL, ("nodeConfig", "taints", 0, "effect"), "NoSchedule", "'NoSchedule' is not one of"),
    (NAT, ("subnetworks", 0, "sourceIpRangesToNats", 0), "ALL", "'ALL' is not one of"),
    (FIREWALL, ("direction",), "INBOUND", "'INBOUND' is not one of"),
    # Another type.
    (POOL, ("management", "autoRepair"), "true", "is not of type 'boolean'"),
    (POOL, ("nodeConfig", "kubeletConfig", "insecureKubeletReadonlyPortEnabled"), "no", "is not of type 'boolean'"),
    (POOL, ("maxPodsPerNode",), 1.5, "is not of type 'integer', 'string'"),
    (CLUSTER, ("nodeLocations",), "europe-west1-b", "is not of type 'array'"),
    (CLUSTER, ("resourceLabels", "stack"), 1, "is not of type 'string'"),
    # Out of range, or of another form.
    (POOL, ("nodeConfig", "diskSizeGb"), 10, "less than the minimum of 15"),
    (POOL, ("autoscaling", "totalMinNodeCount"), -1, "less than the minimum of 0"),
    (FIREWALL, ("priority",), 70000, "greater than the maximum of 65535"),
    (SUBNETWORK, ("logConfig", "flowSampling"), 1.5, "greater than the maximum of 1"),
    (CLUSTER, ("name",), "gcp_test", "does not match"),
    (CLUSTER, ("name",), "a" * 41, "is too long"),
    (CLUSTER, ("maintenancePolicy", "recurringWindow", "startTime"), "saturday", "does not match"),
    (CLUSTER, ("maintenancePolicy", "recurringWindow", "recurrence"), "FREQ=WEEKLY;BYDAY=SAT", "does not match"),
    (ACCOUNT, ("accountId",), "acme", "is too short"),
    (ACCOUNT, ("accountId",), "Acme-web", "does not match"),
    (ACCOUNT, ("displayName",), "x" * 101, "is too long"),
    (KEY, ("rotationPeriod",), "90d", "does not match"),
    (SUBNETWORK, ("name",), "Nodes", "does not match"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "value", "told"), TYPOS, ids=lambda part: str(part)[:60])
def test_a_planted_mistake_is_told(kind: str, path: tuple[str | int, ...], value: Any, told: str) -> None:
    inputs = inputs_of(kind)
    inner: Any = inputs
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    found = problems(f"gcp:{kind}", inputs)
    assert len(found) == 1
    assert told in found[0]
