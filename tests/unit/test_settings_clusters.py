"""What the sections of all three clouds have in common: versions, regions, zones, pools, and the strict profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_aws._enums import Region

from berth.errors import InvalidInput, Problem
from berth.settings import Provider, SecurityProfile
from berth.settings.load import stack_from_config
from berth.settings.regions import ZONES
from berth.settings.versions import NEWEST, OLDEST
from tests.components.stacks import PUBLIC, sample, stack
from tests.support import Sandbox

CLOUDS = ("eks", "gke", "aks")


def problems(sandbox: Sandbox, *clusters: dict[str, Any], profile: str = "strict") -> list[Problem]:
    """What is wrong with a stack of these clusters."""
    sandbox.write("Pulumi.test.yaml", yaml.safe_dump(stack(*clusters, profile=profile)))
    try:
        sandbox.load()
    except InvalidInput as error:
        return [problem for problem in error.problems if problem.file == "Pulumi.test.yaml"]
    return []


def paths(found: list[Problem]) -> list[str]:
    return [problem.path.removeprefix("config.berth:clusters") for problem in found]


@pytest.mark.parametrize("provider", CLOUDS)
@pytest.mark.parametrize("profile", list(SecurityProfile))
def test_the_least_cluster_of_each_cloud_is_valid_in_every_profile(
    sandbox: Sandbox, provider: str, profile: SecurityProfile
) -> None:
    assert problems(sandbox, sample(provider), profile=profile.value) == []


def test_a_stack_is_strict_unless_it_says_otherwise() -> None:
    content = stack(sample("eks"))["config"]
    del content["berth:securityProfile"]
    values = {key.removeprefix("berth:"): v if isinstance(v, str) else json.dumps(v) for key, v in content.items()}
    loaded = stack_from_config("test", values, Path("Pulumi.test.yaml"), Path())
    assert loaded.clusters[0].security_profile is SecurityProfile.STRICT


@pytest.mark.parametrize("provider", CLOUDS)
def test_a_version_that_is_no_longer_offered_is_told_with_those_that_are(sandbox: Sandbox, provider: str) -> None:
    oldest = OLDEST[Provider(provider)]
    (problem,) = problems(sandbox, sample(provider, kubernetesVersion=f"1.{oldest - 1}"))
    assert paths([problem]) == ["[0].kubernetesVersion"]
    assert f'"1.{oldest}"' in problem.expected
    assert provider in problem.expected


@pytest.mark.parametrize("provider", CLOUDS)
def test_a_version_that_is_newer_than_this_table_is_taken_for_a_while(sandbox: Sandbox, provider: str) -> None:
    newest = NEWEST[Provider(provider)]
    assert problems(sandbox, sample(provider, kubernetesVersion=f"1.{newest + 2}")) == []
    (problem,) = problems(sandbox, sample(provider, kubernetesVersion=f"1.{newest + 3}"))
    assert "versions.py" in problem.fix


@pytest.mark.parametrize(
    ("provider", "wrong", "meant"),
    [("eks", "eu-wset-1", "eu-west-1"), ("gke", "europe-wst1", "europe-west1"), ("aks", "westeurop", "westeurope"),
     ("eks", "europe-west1", ""), ("gke", "eu-west-1", ""), ("aks", "eu-west-1", "")],
)  # fmt: skip
def test_a_region_that_the_cloud_has_not_is_one_error(sandbox: Sandbox, provider: str, wrong: str, meant: str) -> None:
    (problem,) = problems(sandbox, sample(provider, region=wrong))
    assert paths([problem]) == ["[0].region"]
    assert f'"{meant}"' in problem.fix if meant else problem.fix


def test_every_region_of_aws_is_one_that_its_provider_knows() -> None:
    assert ZONES[Provider.EKS].keys() <= {region.value for region in Region}


def test_a_region_has_at_least_one_zone_or_none_at_all_in_azure() -> None:
    for provider, regions in ZONES.items():
        for region, zones in regions.items():
            assert len(set(zones)) == len(zones), region
            assert zones or provider is Provider.AKS, region


@pytest.mark.parametrize(
    ("provider", "region", "zones"), [("eks", "us-west-1", 3), ("gke", "europe-west4", 4), ("aks", "westus", 2)]
)
def test_more_zones_than_the_region_has_are_refused(sandbox: Sandbox, provider: str, region: str, zones: int) -> None:
    (problem,) = problems(sandbox, sample(provider, region=region, network={"zones": zones}))
    assert paths([problem]) == ["[0].network.zones"]
    assert region in problem.expected


@pytest.mark.parametrize("provider", CLOUDS)
def test_a_cluster_s_own_pods_need_a_pool_without_taints(sandbox: Sandbox, provider: str) -> None:
    cluster = sample(provider)
    cluster["nodePools"][0]["taints"] = [{"key": "dedicated", "effect": "NoSchedule"}]
    assert paths(problems(sandbox, cluster)) == ["[0].nodePools"]


@pytest.mark.parametrize("provider", CLOUDS)
@pytest.mark.parametrize("cidr", ["10.1.0.0/8", "20.0.0.0/8", "10.0.0.0/28", "fd00::/48"])
def test_a_network_of_the_wrong_size_or_kind_is_refused(sandbox: Sandbox, provider: str, cidr: str) -> None:
    assert paths(problems(sandbox, sample(provider, network={"cidr": cidr}))) == ["[0].network.cidr"]


@pytest.mark.parametrize("provider", CLOUDS)
def test_a_network_is_either_made_or_taken(sandbox: Sandbox, provider: str) -> None:
    cluster = sample(provider)
    del cluster["network"]["cidr"]
    (problem,) = problems(sandbox, cluster)
    assert problem.expected == "either cidr or existing"


def test_networks_of_clusters_in_different_clouds_do_not_overlap_either(sandbox: Sandbox) -> None:
    (problem,) = problems(sandbox, sample("eks"), sample("gke", network={"cidr": "10.10.0.0/17"}))
    assert paths([problem]) == ["[1].network.cidr"]


@pytest.mark.parametrize("provider", CLOUDS)
def test_too_many_nodes_for_the_network_are_told_with_what_they_need_and_what_fits(
    sandbox: Sandbox, provider: str
) -> None:
    narrow = {"eks": "10.10.0.0/20", "gke": "10.20.0.0/20", "aks": "10.30.0.0/24"}[provider]
    cluster = sample(provider, network={"cidr": narrow})
    cluster["nodePools"][0]["max"] = 130
    (problem,) = problems(sandbox, cluster)
    assert paths([problem]) == ["[0].network.cidr"]
    assert "room for" in problem.expected
    assert "take a /" in problem.fix


@pytest.mark.parametrize("provider", CLOUDS)
def test_what_the_error_says_would_fit_does_fit_and_nothing_smaller(sandbox: Sandbox, provider: str) -> None:
    pools = [{**sample(provider)["nodePools"][0], "max": 150}]

    def cut(prefix: int) -> list[Problem]:
        return problems(sandbox, sample(provider, nodePools=pools, network={"cidr": f"10.16.0.0/{prefix}"}))

    (problem,) = cut(24 if provider == "aks" else 22)
    fits = int(problem.fix.partition("take a /")[2].partition(",")[0])
    assert cut(fits) == []
    assert cut(fits + 1) != []


@pytest.mark.parametrize("provider", CLOUDS)
def test_the_strict_profile_refuses_a_public_api_a_lone_node_and_spot_without_a_taint(
    sandbox: Sandbox, provider: str
) -> None:
    cluster = sample(provider, **PUBLIC, network={"zones": 2})
    cluster["nodePools"].append({**cluster["nodePools"][0], "name": "extra", "min": 1, "spot": True})
    assert paths(problems(sandbox, cluster)) == ["[0].api.public", "[0].nodePools[1].min", "[0].nodePools[1].spot"]
    assert problems(sandbox, cluster, profile="dev") == []


@pytest.mark.parametrize("provider", CLOUDS)
def test_a_tainted_spot_pool_is_fine_in_the_strict_profile(sandbox: Sandbox, provider: str) -> None:
    cluster = sample(provider)
    taints = [{"key": "spot", "effect": "NoSchedule"}]
    pool = {**cluster["nodePools"][0], "name": "extra", "min": 0, "spot": True, "taints": taints}
    cluster["nodePools"].append(pool)
    assert problems(sandbox, cluster) == []


def test_deletion_protection_follows_the_profile_unless_it_is_stated(sandbox: Sandbox) -> None:
    sandbox.load()
    settings = sandbox.cluster().settings
    assert not settings.protected(SecurityProfile.DEV)  # type: ignore[union-attr]
    assert settings.protected(SecurityProfile.STRICT)  # type: ignore[union-attr]
    sandbox.stack("region: eu-west-1", "region: eu-west-1\n      deletionProtection: false")
    assert not sandbox.cluster().settings.protected(SecurityProfile.STRICT)  # type: ignore[union-attr]


@pytest.mark.parametrize("provider", ["gke", "aks"])
def test_a_maintenance_window_is_long_enough_for_the_cloud(sandbox: Sandbox, provider: str) -> None:
    (problem,) = problems(sandbox, sample(provider, maintenance={"days": ["sunday"], "hours": 6}))
    assert paths([problem]) == ["[0].maintenance"]
    assert problems(sandbox, sample(provider, maintenance={"days": ["sunday"], "hours": 12})) == []
