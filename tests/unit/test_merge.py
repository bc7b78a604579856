"""Defaults < profile < tenant < placement override; maps merge, lists replace."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.tenants.model import Placement, Profile, TenantFile
from berth.tenants.policy import Policy
from berth.tenants.resolve import merge, merged_policy
from tests.support import PLACEMENTS, Sandbox

KEYS = st.sampled_from(["a", "b", "c"])
VALUES: st.SearchStrategy[Any] = st.one_of(st.integers(0, 9), st.lists(st.integers(0, 9), max_size=2), st.none())
LAYERS = st.recursive(
    st.dictionaries(KEYS, VALUES, max_size=3), lambda inner: st.dictionaries(KEYS, VALUES | inner, max_size=3)
)


def _leaves(layer: dict[str, Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {}
    for key, value in layer.items():
        found |= _leaves(value, (*path, key)) if isinstance(value, dict) else {(*path, key): value}
    return found


@given(LAYERS, LAYERS)
def test_every_value_of_the_upper_layer_holds(lower: dict[str, Any], upper: dict[str, Any]) -> None:
    merged = _leaves(merge(lower, upper))
    assert all(merged[path] == value for path, value in _leaves(upper).items())


@given(LAYERS, LAYERS)
def test_a_value_that_only_the_lower_layer_has_shows_through(lower: dict[str, Any], upper: dict[str, Any]) -> None:
    stated = set(_leaves(upper)) | {path for path, value in _maps(upper).items() if not value}
    merged = _leaves(merge(lower, upper))
    for path, value in _leaves(lower).items():
        covered = any(path[: len(other)] == other or other[: len(path)] == path for other in stated)
        if not covered:
            assert merged[path] == value


def _maps(layer: dict[str, Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {path: layer} if path else {}
    for key, value in layer.items():
        if isinstance(value, dict):
            found |= _maps(value, (*path, key))
    return found


@given(LAYERS, LAYERS)
def test_nothing_comes_from_nowhere(lower: dict[str, Any], upper: dict[str, Any]) -> None:
    known = _leaves(lower) | _leaves(upper)
    assert set(_leaves(merge(lower, upper))) <= set(known)


@given(LAYERS, LAYERS, LAYERS)
def test_merging_in_steps_is_merging_at_once(one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]) -> None:
    assert merge(merge(one, two), three) == merge(one, two, three)


@given(LAYERS)
def test_a_layer_over_itself_or_over_nothing_is_itself(layer: dict[str, Any]) -> None:
    assert merge(layer, layer) == merge({}, layer) == merge(layer, {}) == layer


@given(LAYERS, LAYERS)
def test_the_layers_are_not_changed(lower: dict[str, Any], upper: dict[str, Any]) -> None:
    before = repr((lower, upper))
    merge(lower, upper)
    assert repr((lower, upper)) == before


QUOTAS = st.dictionaries(st.sampled_from(["pods", "services", "secrets"]), st.integers(0, 99).map(str))


@given(QUOTAS, QUOTAS, QUOTAS)
def test_of_each_quota_the_topmost_layer_that_states_it_holds(
    profile: dict[str, str], tenant: dict[str, str], override: dict[str, str]
) -> None:
    file = TenantFile.model_validate(
        {
            "name": "acme", "owners": {"team": "a", "contact": "b"}, "profile": "standard", "quota": tenant,
            "placements": [{"environments": ["dev"], "clouds": ["aws"], "overrides": {"quota": override}}],
        }
    )  # fmt: skip
    preset = Profile.model_validate({"description": "x", "quota": profile})
    merged = merged_policy(preset, file, file.placements[0])
    assert merged.quota == {
        "services.loadbalancers": "0", "services.nodeports": "0", **profile, **tenant, **override
    }  # fmt: skip


def test_defaults_refuse_load_balancers_and_node_ports(sandbox: Sandbox) -> None:
    quota = sandbox.placed().policy.quota
    assert (quota["services.loadbalancers"], quota["services.nodeports"]) == ("0", "0")


def test_a_list_replaces_the_list_below(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/profiles/standard.yaml", "ceiling:", "allow: {registries: [a.example.com]}\nceiling:")
    sandbox.tenant("allow: {registries: [b.example.com]}\n")
    assert sandbox.placed().policy.allow.registries == ["b.example.com"]


def test_priority_classes_come_from_the_profile_unless_the_tenant_lists_its_own(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/profiles/standard.yaml", "ceiling:", "allow: {priorityClasses: [batch-low]}\nceiling:")
    assert sandbox.placed().policy.allow.priority_classes == ["batch-low"]
    sandbox.tenant("allow: {priorityClasses: []}\n")
    assert sandbox.placed().policy.allow.priority_classes == []


def test_a_list_left_out_shows_the_list_below(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/profiles/standard.yaml", "ceiling:", "allow: {registries: [a.example.com]}\nceiling:")
    sandbox.tenant("allow: {hosts: [b.example.com]}\n")
    assert sandbox.placed().policy.allow.registries == ["a.example.com"]


def test_a_value_that_equals_the_default_still_overrides(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/profiles/standard.yaml", "ceiling:", "network: {internet: true}\nceiling:")
    assert sandbox.placed().policy.network.internet
    sandbox.tenant("network: {internet: false}\n")
    assert not sandbox.placed().policy.network.internet


def test_every_field_of_a_policy_may_be_overridden_in_a_placement(sandbox: Sandbox) -> None:
    overrides = (
        "{quota: {pods: 3}, limits: {max: {cpu: 2}}, podSecurity: baseline, exception: Why not., "
        "network: {internet: true}, allow: {hosts: [a.example.com]}, sync: {prune: false}, labels: {a: b}}"
    )
    sandbox.tenant(placements=PLACEMENTS + f"    overrides: {overrides}\n")
    stated = sandbox.load().tenants["acme"].file.placements[0].overrides
    assert stated.model_fields_set == set(Policy.model_fields)
    policy = sandbox.placed().policy
    assert all(getattr(policy, name) != field.default for name, field in Policy.model_fields.items())


def test_an_override_holds_in_its_placement_only(sandbox: Sandbox) -> None:
    other = "  - {environments: [dev], clouds: [gcp]}\n"
    sandbox.tenant(placements=PLACEMENTS + "    overrides: {quota: {pods: 3}}\n" + other)
    assert sandbox.placed(cluster="aws-dev").policy.quota["pods"] == "3"
    assert sandbox.placed(cluster="gcp-dev").policy.quota["pods"] == "10"


def test_a_placement_s_model_takes_part_in_no_other_layer() -> None:
    assert not set(Placement.model_fields) & set(Policy.model_fields) - {"labels"}


# Ceilings -----------------------------------------------------------------------------------------------------------

TOO_MUCH = {
    "quota of the tenant": ("quota: {pods: 21}\n", "", "quota.pods", "21", "20"),
    "limit of the tenant": ("limits: {default: {memory: 3Gi}}\n", "", "limits.default.memory", "3Gi", "2Gi"),
    "max of the tenant": ("limits: {max: {memory: 4Gi}}\n", "", "limits.max.memory", "4Gi", "2Gi"),
    "another unit": ("quota: {limits.memory: 8193Mi}\n", "", 'quota["limits.memory"]', "8193Mi", "8Gi"),
    "override": ("", "quota: {pods: 1k}", "placements[0].overrides.quota.pods", "1k", "20"),
    "override over the tenant": ("quota: {pods: 20}\n", "quota: {pods: 21}", "placements[0].overrides.quota.pods", "21",
                                 "20"),
    "limit of the override": ("", "limits: {max: {memory: 3Gi}}", "placements[0].overrides.limits.max.memory", "3Gi",
                              "2Gi"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("tenant", "override", "path", "found", "ceiling"), list(TOO_MUCH.values()), ids=list(TOO_MUCH)
)
def test_more_than_the_ceiling_is_refused_where_it_is_stated(
    sandbox: Sandbox, tenant: str, override: str, path: str, found: str, ceiling: str
) -> None:
    sandbox.tenant(tenant, placements=PLACEMENTS + f"    overrides: {{{override}}}\n")
    problem = sandbox.problem()
    assert (problem.path, problem.found) == (path, found)
    assert problem.expected == f"at most {ceiling}, the ceiling of standard"


@pytest.mark.parametrize("quota", ["pods: 20", "limits.memory: 8192Mi", "limits.memory: 8589934592", "services: 999"])
def test_as_much_as_the_ceiling_is_accepted(sandbox: Sandbox, quota: str) -> None:
    sandbox.tenant(f"quota: {{{quota}}}\n")
    assert sandbox.run("validate").code == 0


def test_baseline_in_an_override_needs_its_reason_there(sandbox: Sandbox) -> None:
    sandbox.tenant(placements=PLACEMENTS + "    overrides: {podSecurity: baseline}\n")
    assert sandbox.problem().path == "placements[0].overrides.podSecurity"


def test_the_same_mistake_in_two_placements_is_told_once(sandbox: Sandbox) -> None:
    sandbox.tenant("quota: {pods: 21}\n", placements=PLACEMENTS + "  - {environments: [dev], clouds: [gcp]}\n")
    assert sandbox.problem().path == "quota.pods"
