"""Any valid stack file is a program that runs, in which no two resources share a name; any invalid one is told with a
path. The settings are drawn by hypothesis, over all three clouds."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berth.settings import Provider
from berth.settings.regions import ZONES
from tests.components.stacks import Settings, run, sample, tenant

EXAMPLES = 20
MACHINES = {
    "eks": ("m7i.large", "m7g.xlarge", "c7gn.16xlarge", "g6.2xlarge", "t3.medium"),
    "gke": ("n2-standard-4", "e2-medium", "t2a-standard-2", "n2-custom-4-8192", "a2-highgpu-1g"),
    "aks": ("Standard_D4ds_v5", "Standard_D2pds_v5", "Standard_E8ds_v5", "Standard_NC24ads_A100_v4"),
}
_TAINTS = [{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}]


@st.composite
def pools(draw: st.DrawFn, provider: str) -> list[Settings]:
    """One pool for everything and up to two others, of which some are tainted or spot."""
    found = [{"name": "general", "instanceType": draw(st.sampled_from(MACHINES[provider])), "min": 2}]
    for index in range(draw(st.integers(0, 2))):
        found.append(
            {
                "name": f"extra{index}",
                "instanceType": draw(st.sampled_from(MACHINES[provider])),
                "min": draw(st.integers(0, 2)),
                "max": draw(st.integers(2, 9)),
                "spot": draw(st.booleans()),
                "taints": _TAINTS,
                "labels": draw(st.sampled_from([{}, {"disk": "ssd"}])),
                "maxPods": draw(st.sampled_from([64, 110])),
            }
        )
    return found


@st.composite
def clusters(draw: st.DrawFn, provider: str, index: int) -> Settings:
    """A valid cluster, with a network and a name of its own."""
    name = draw(st.sampled_from([f"c{index}", f"c{index}-" + "x" * 37]))
    regions = [region for region, zones in ZONES[Provider(provider)].items() if len(zones) >= 3]
    cluster = sample(
        provider,
        name=name,
        region=draw(st.sampled_from(sorted(regions))),
        network={"cidr": f"10.{16 * (index + 1)}.0.0/16", "zones": draw(st.sampled_from([2, 3]))},
        nodePools=draw(pools(provider)),
        deletionProtection=draw(st.sampled_from([True, False])),
    )
    if provider == "eks" and cluster["region"].startswith(("cn-", "us-gov-", "eusc-")):
        prefix = {"c": "aws-cn", "u": "aws-us-gov", "e": "aws-eusc"}[cluster["region"][0]]
        cluster["admins"] = [f"arn:{prefix}:iam::111122223333:role/platform"]
    return cluster


@st.composite
def stacks(draw: st.DrawFn) -> tuple[list[Settings], str]:
    """Up to three clusters of any clouds, and a security profile that they all satisfy."""
    providers = draw(st.lists(st.sampled_from(list(MACHINES)), min_size=1, max_size=3))
    found = [draw(clusters(provider, index)) for index, provider in enumerate(providers)]
    profile = draw(st.sampled_from(["dev", "strict"]))
    if profile == "dev" and draw(st.booleans()):
        for cluster in found:
            cluster["api"] = {"public": True, "allowedCidrs": ["203.0.113.0/24"]}
    return found, profile


IDENTITY = [
    {
        "serviceAccount": "api",
        "aws": {"policyArns": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]},
        "gcp": {"roles": ["roles/storage.objectViewer"]},
        "azure": {"roles": ["Reader"], "scope": "/subscriptions/00000000-0000-0000-0000-00000000aaaa"},
    }
]


@settings(max_examples=EXAMPLES)
@given(stacks(), st.booleans())
def test_a_valid_stack_runs_and_no_two_resources_share_a_name(drawn: tuple[list[Settings], str], preview: bool) -> None:
    found, profile = drawn
    recorder = run(*found, profile=profile, tenants=(tenant(identity=IDENTITY),), preview=preview)
    names = Counter((item.type, item.name) for item in recorder.recorded)
    assert [name for name, count in names.items() if count > 1] == []
    providers = [item for item in recorder.recorded if item.type == "pulumi:providers:kubernetes"]
    assert len(providers) == len(found)
    assert all(not item.provider.endswith("default") for item in recorder.recorded)


def wrong(cluster: Settings, path: tuple[str | int, ...], value: Any) -> Settings:
    """The cluster with another value at a path."""
    changed = deepcopy(cluster)
    *way, last = path
    inner: Any = changed
    for step in way:
        inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
    inner[last] = value
    return changed


WRONG: list[tuple[tuple[str | int, ...], Any]] = [
    (("region",), "atlantis-1"),
    (("kubernetesVersion",), "1.20"),
    (("kubernetesVersion",), 1.35),
    (("network", "cidr"), "10.16.0.0/30"),
    (("network", "cidr"), "10.16.0.1/16"),
    (("network", "zones"), 9),
    (("network", "subnets"), 3),
    (("nodePools", 0, "instanceType"), "large machine"),
    (("nodePools", 0, "min"), 99),
    (("nodePools", 0, "name"), "Not A Name"),
    (("nodePools", 0, "maxPods"), 2),
    (("nodePools", 0, "gpu"), True),
    (("api", "allowedCidrs"), ["0.0.0.0/0"]),
    (("admins",), ["everyone"]),
    (("colour",), "blue"),
]


@settings(max_examples=EXAMPLES)
@given(stacks(), st.sampled_from(WRONG), st.integers(0, 2))
def test_an_invalid_stack_is_told_with_a_path_and_registers_nothing(
    drawn: tuple[list[Settings], str], mistake: tuple[tuple[str | int, ...], Any], which: int
) -> None:
    found, profile = drawn
    index = which % len(found)
    found[index] = wrong(found[index], *mistake)
    with pytest.raises(pulumi.RunError, match=rf"config\.berth:clusters\[{index}\]"):
        run(*found, profile=profile)
