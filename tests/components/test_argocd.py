"""Argo CD as Berth installs it: the chart's values, checked against what the chart publishes where it is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from components.gitops.argocd import default_project, values
from tests.components.recording import ROOT, Recorder, config_of, run_program
from tests.components.stacks import run, sample, tenant

PUBLISHED = ROOT.parent / "shared" / "published" / "argo-cd" / "values-paths.txt"
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which the engine knows a secret value on the wire."""
FREE = ("configs.cm.", "configs.params.")
"""Maps of the chart whose keys are Argo CD's own."""


@cache
def recorded(install: str) -> Recorder:
    config = config_of(ROOT / "Pulumi.local.yaml")
    return run_program("local", config={**config, "berth:gitops": f'{{"engine": "argocd", "install": "{install}"}}'})


def test_an_agent_that_is_there_already_is_left_as_it_is() -> None:
    assert recorded("none").of_type("kubernetes:helm.sh/v3:Release") == []
    projects = recorded("none").of_type("kubernetes:argoproj.io/v1alpha1:AppProject")
    assert "default" not in {item.inputs["metadata"]["name"] for item in projects}


def test_each_cluster_gets_the_chart_at_a_pinned_version_and_no_hub() -> None:
    releases = recorded("chart").of_type("kubernetes:helm.sh/v3:Release")
    assert len({item.provider for item in releases}) == 3
    assert {item.inputs["version"] for item in releases} == {"10.1.1"}
    assert "clusterCredentials" not in str([item.inputs for item in releases])


def test_tenants_wait_for_the_chart_and_the_sync_for_the_rest_of_its_tenant() -> None:
    recorder = recorded("chart")
    release = next(item for item in recorder.recorded if item.name == "aws-local-argocd-chart")
    ledger = next(item for item in recorder.recorded if item.name == "aws-local/ledger")
    assert release.urn in ledger.depends_on
    application = next(item for item in recorder.below(ledger.urn) if item.inputs.get("kind") == "Application")
    before = {item.urn for item in recorder.below(ledger.urn) if item.inputs.get("kind") not in ("Role", "RoleBinding")}
    assert before - {application.urn} <= set(application.depends_on)


def test_nothing_of_flux_is_registered_under_argo_cd() -> None:
    kinds = {item.inputs.get("kind") for item in recorded("chart").recorded}
    assert kinds & {"GitRepository", "Kustomization", "FluxInstance"} == set()
    assert {"AppProject", "Application"} <= kinds


def test_clusters_of_a_stack_may_have_different_engines_and_tenants_need_not_know() -> None:
    other = sample("gke", gitops={"engine": "argocd"})
    recorder = run(sample("eks"), other, tenants=(tenant(),), install="chart")
    of = {item.inputs["kind"]: item.provider.split("::")[-2] for item in recorder.recorded if "kind" in item.inputs}
    assert (of["Kustomization"], of["Application"]) == ("aws-test", "gcp-test")


def test_argo_cd_acts_as_the_tenant_and_nobody_logs_in() -> None:
    stated = values("3.4.4", "1m", available=True)
    assert stated["configs"]["cm"]["application.sync.impersonation.enabled"] == "true"
    assert stated["configs"]["cm"]["admin.enabled"] == "false"
    assert stated["configs"]["cm"]["jsonnet.enable"] == stated["configs"]["cm"]["helm.enable"] == "false"
    assert stated["configs"]["params"]["reposerver.enable.git.submodule"] == "false"
    assert stated["server"]["replicas"] == 0
    assert stated["createAggregateRoles"] is False


def test_the_controller_that_tells_others_works_from_what_is_rendered_where_somebody_is_to_be_told() -> None:
    assert values("3.2.0", "1m", available=False)["notifications"] == {"enabled": False}
    notify = tenant(notify=[{"type": "webhook", "secretName": "on-call"}])
    recorder = run(sample("gke", gitops={"engine": "argocd"}), tenants=(notify,), install="chart")
    (release,) = recorder.of_type("kubernetes:helm.sh/v3:Release")
    made = {"create": False}
    assert release.inputs["values"]["notifications"] == {"enabled": True, "cm": made, "secret": made}
    maps = recorder.of_type("kubernetes:core/v1:ConfigMap")
    (found,) = [each for each in maps if each.inputs["metadata"]["name"] == "argocd-notifications-cm"]
    assert "service.webhook.acme__webhook-on-call" in found.inputs["data"]


def test_the_default_project_allows_nothing() -> None:
    assert default_project()["spec"] == {"sourceRepos": [], "destinations": [], "sourceNamespaces": []}


def test_it_outlives_a_node_in_the_strict_profile_only() -> None:
    assert values("3.4.4", "1m", available=True)["redis-ha"]["enabled"] is True
    assert values("3.4.4", "1m", available=True)["repoServer"]["replicas"] == 2
    assert values("3.4.4", "1m", available=False)["redis-ha"] == {"enabled": False}
    assert values("3.4.4", "1m", available=False)["repoServer"]["replicas"] == 1


def test_an_upgrade_is_one_line() -> None:
    before, after = values("3.4.4", "1m", available=True), values("3.5.0", "1m", available=True)
    after["global"]["image"]["tag"] = "v3.4.4"
    assert before == after


def paths(value: dict[str, Any], at: str = "") -> Iterator[str]:
    """The path of each value, as the published list writes them: keys that hold dots are quoted."""
    for key, inner in value.items():
        path = f'{at}"{key}"' if "." in key else f"{at}{key}"
        if isinstance(inner, dict):
            yield from paths(inner, f"{path}.")
        else:
            yield path


def unknown(value: dict[str, Any]) -> list[str]:
    if not PUBLISHED.is_file():
        pytest.skip("what the chart publishes is not on this machine: its values were not checked")
    known = set(PUBLISHED.read_text("utf-8").split("\n"))
    return [path for path in paths(value) if path not in known and not path.startswith(FREE)]


@pytest.mark.parametrize("available", [True, False])
def test_the_chart_knows_every_value(available: bool) -> None:
    assert unknown(values("3.4.4", "1m", available=available, alerts=available)) == []


def test_a_value_with_a_typo_is_found() -> None:
    stated = values("3.4.4", "1m", available=True)
    stated["repoServer"]["replcas"] = 2
    assert unknown(stated) == ["repoServer.replcas"]


PLANTED = "a-key-that-is-planted"


def with_key(install: str) -> Recorder:
    config = config_of(ROOT / "Pulumi.local.yaml")
    gitops = f'{{"engine": "argocd", "install": "{install}"}}'
    repo = '{"url": "ssh://git@git.example.com/deploy.git"}'
    config |= {"berth:gitops": gitops, "berth:deployRepo": repo}
    config |= {"berth:deployRepoSshKey": PLANTED, "berth:knownHosts": "a host"}
    return run_program("local", config=config, secrets=("deployRepoSshKey",))


@pytest.mark.parametrize("install", ["chart", "none"])
def test_the_deploy_repo_s_credential_is_one_secret_in_argo_cd_s_namespace_and_nowhere_else(install: str) -> None:
    recorder = with_key(install)
    holders = [item for item in recorder.recorded if PLANTED in str(item.inputs)]
    assert {item.type for item in holders} == {"kubernetes:core/v1:Secret"}
    assert {item.inputs["metadata"]["namespace"] for item in holders} == {"argocd"}
    assert len({item.provider for item in holders}) == len(holders) == 3
    assert all(SIGNATURE in item.inputs["stringData"] for item in holders)
