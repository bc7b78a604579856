"""The look at a cluster's agent: who waits for it, what it is given, and when it is taken again."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from pulumi.runtime.rpc import UNKNOWN

from components.gitops import installed
from tests.components.recording import ROOT, Recorder, Registered, config_of, run_program
from tests.components.stacks import run, sample, tenant

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which the engine knows a secret value on the wire."""
PLANTED = "a-key-that-is-planted"
LOOK, GATE = "pulumi-python:dynamic/gitops:InstalledAgent", "pulumi-python:dynamic/gitops:UsableAgent"


@cache
def recorded(engine: str, install: str) -> Recorder:
    config = config_of(ROOT / "Pulumi.local.yaml")
    gitops = f'{{"engine": "{engine}", "install": "{install}"}}'
    return run_program("local", config={**config, "berth:gitops": gitops})


def named(recorder: Recorder, name: str) -> Registered:
    return next(item for item in recorder.recorded if item.name == name)


def awaited(recorder: Recorder, item: Registered) -> set[str]:
    """URNs of what has to be there before an item: what it depends on, and each component that it is in."""
    above = next((other for other in recorder.recorded if other.urn == item.parent), None)
    return set(item.depends_on) | (awaited(recorder, above) if above else set())


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_guard_rails_and_tenants_wait_for_the_look_at_an_agent_that_is_there_already(engine: str) -> None:
    recorder = recorded(engine, "none")
    gate = named(recorder, f"aws-local-{engine}-usable")
    for name in ("aws-local-guard-rails", "aws-local/ledger"):
        assert gate.urn in named(recorder, name).depends_on
    looks = recorder.of_type(LOOK)
    assert {item.inputs["cluster"] for item in looks} == {"aws-local", "gcp-local", "azure-local"}
    assert all(item.inputs["lockdown"] for item in looks)


@pytest.mark.parametrize(
    ("engine", "install", "before"),
    [
        ("flux", "none", "{}-flux-usable"),
        ("flux", "chart", "{}-flux-usable"),
        ("argocd", "none", "{}-argocd-usable"),
        ("argocd", "chart", "{}-argocd-chart"),
    ],
)
def test_no_credential_is_in_a_cluster_before_its_agent_can_be_used(engine: str, install: str, before: str) -> None:
    gitops = f'{{"engine": "{engine}", "install": "{install}"}}'
    repo = '{"url": "ssh://git@git.example.com/deploy.git"}'
    config = {**config_of(ROOT / "Pulumi.local.yaml"), "berth:gitops": gitops, "berth:deployRepo": repo}
    config |= {"berth:deployRepoSshKey": PLANTED, "berth:knownHosts": "a host"}
    recorder = run_program("local", config=config, secrets=("deployRepoSshKey",))
    holders = [item for item in recorder.recorded if PLANTED in str(item.inputs)]
    clusters = [item.provider.split("::")[-2] for item in holders]
    assert set(clusters) == {"aws-local", "gcp-local", "azure-local"}
    for item, cluster in zip(holders, clusters, strict=True):
        assert named(recorder, before.format(cluster)).urn in awaited(recorder, item)


def test_an_agent_that_berth_locks_down_is_not_asked_for_it() -> None:
    assert not any(item.inputs["lockdown"] for item in recorded("flux", "chart").of_type(LOOK))
    assert recorded("argocd", "chart").of_type(LOOK) == []


@pytest.mark.parametrize(("engine", "install"), [("flux", "none"), ("flux", "chart"), ("argocd", "none")])
def test_what_alerts_need_is_looked_for_where_a_tenant_of_the_cluster_has_somebody_told(
    engine: str, install: str
) -> None:
    notify = tenant(notify=[{"type": "webhook", "secretName": "on-call"}])
    for tenants, wanted in (((tenant(),), False), ((notify,), True)):
        cluster = sample("eks", gitops={"engine": engine})
        (look,) = run(cluster, tenants=tenants, install=install).of_type(LOOK)
        assert look.inputs["alerts"] is wanted
        named = [kind for kind in look.inputs["kinds"] if "notification" in kind]
        assert bool(named) is (wanted and engine == "flux")


def test_flux_must_be_found_in_a_cluster_that_berth_made_and_may_run_beside_another() -> None:
    (look,) = run(sample("eks"), tenants=(tenant(),), install="none").of_type(LOOK)
    assert look.inputs["inside"] is True
    assert {look.inputs["inside"] for look in recorded("flux", "none").of_type(LOOK)} == {False}


def test_the_kubeconfig_of_the_look_is_a_secret_and_is_that_of_its_cluster() -> None:
    recorder = run(sample("eks"), tenants=(tenant(),))
    (look,) = recorder.of_type(LOOK)
    assert SIGNATURE in look.inputs["kubeconfig"]
    assert "aws-test" in str(look.inputs["kubeconfig"])
    provider = next(item for item in recorder.of_type("pulumi:providers:kubernetes"))
    assert provider.urn in look.depends_on, "nodes and rights are there before the cluster is asked"
    assert "kubeconfig" not in recorder.of_type(GATE)[0].inputs


INPUTS = {
    "cluster": "one", "kubeconfig": "a", "context": "one", "engine": "flux", "lockdown": True, "patience": 600,
    "alerts": False, "inside": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("outputs", "inputs", "again"),
    [
        ({"missing": []}, {}, False),
        ({"missing": ["a flag"]}, {}, True),
        ({"missing": []}, {"kubeconfig": "b"}, True),
        ({"missing": []}, {"kubeconfig": UNKNOWN}, True),
        ({"missing": []}, {"alerts": True}, True),
        ({"missing": []}, {"inside": True}, True),
        ({"missing": []}, {"instance": {"distribution": {"version": "2.8.0"}}}, True),
        ({"missing": [], "__provider": "old"}, {"__provider": "new"}, False),
    ],
)
def test_a_look_is_taken_again_when_something_changed_or_was_missing(
    outputs: dict[str, Any], inputs: dict[str, Any], again: bool
) -> None:
    diff = installed._Looks().diff("one", INPUTS | outputs, INPUTS | inputs)
    assert diff.changes is again


@pytest.mark.parametrize("missing", [[], None, UNKNOWN])
def test_what_lacks_nothing_or_is_not_known_yet_is_let_through(missing: Any) -> None:
    inputs = {"cluster": "one", "engine": "flux", "missing": missing}
    assert installed._Refuses().check({}, inputs).failures == []


def test_all_that_is_missing_is_one_failure() -> None:
    inputs = {"cluster": "one", "engine": "argocd", "missing": ["first", "second"]}
    (failure,) = installed._Refuses().check({}, inputs).failures
    assert failure.reason.startswith("Argo CD in one cannot be used for tenants yet.")
    assert "\n  - first\n  - second\n" in failure.reason


def test_a_cluster_that_cannot_be_asked_is_missing_and_not_a_crash(tmp_path: Any) -> None:
    props = INPUTS | {"kubeconfig": str(tmp_path / "none")}
    assert installed._found(props)["missing"] == [
        f"the cluster could not be asked: there is no kubeconfig at {tmp_path / 'none'}"
    ]


def test_a_kubeconfig_s_text_is_in_no_message() -> None:
    props = INPUTS | {"context": "", "kubeconfig": "users: [{name: one, user: {token: s3cret}}]\nclusters: 7\n"}
    (told,) = installed._found(props)["missing"]
    assert "s3cret" not in told
