"""What the program registers for the stack local, told by the requests that the engine would get."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest

from berth.credentials import Machine
from berth.project import Project
from berth.render import Object, render, render_cluster
from components import settings
from tests.components.recording import ROOT, Recorder, Registered, config_of, run_program

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which the engine knows a secret value on the wire."""

CLUSTERS = ("aws-local", "gcp-local", "azure-local")


@cache
def recorded() -> Recorder:
    return run_program("local")


def rendered() -> dict[tuple[str, str], list[Object]]:
    """What render returns, by the names of the components that register it."""
    project = Project.load(ROOT)
    found: dict[tuple[str, str], list[Object]] = {}
    for cluster in project.stack("local").clusters:
        found[cluster.name, f"{cluster.name}-guard-rails"] = render_cluster(cluster)
        for tenant in project.tenants_in(cluster):
            found[cluster.name, f"{cluster.name}/{tenant.name}"] = render(cluster, tenant)
    return found


def component(name: str) -> Registered:
    return next(item for item in recorded().recorded if item.name == name and item.type.startswith("berth:"))


def objects(children: list[Registered]) -> list[dict[str, Any]]:
    return [child.inputs for child in children]


def key(item: dict[str, Any]) -> tuple[str, str, str]:
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


def test_the_recorded_inputs_are_what_render_returns_object_for_object() -> None:
    for (_, name), expected in rendered().items():
        registered = objects(recorded().below(component(name).urn))
        assert sorted(registered, key=key) == sorted(expected, key=key), name


def test_nothing_is_registered_in_a_cluster_but_what_render_returns() -> None:
    kubernetes = [item for item in recorded().recorded if item.type.startswith("kubernetes:")]
    assert len(kubernetes) == sum(len(expected) for expected in rendered().values())


def test_the_tree_reads_stack_cluster_tenant_object() -> None:
    for (cluster, name), _ in rendered().items():
        parent = component(name)
        assert parent.parent == component(cluster).urn
        assert len(recorded().below(parent.urn)) >= 12


def test_every_object_of_a_cluster_is_reached_by_that_clusters_own_provider() -> None:
    for (cluster, name), _ in rendered().items():
        used = {child.provider.split("::")[-2] for child in recorded().below(component(name).urn)}
        assert used == {cluster}


def test_no_two_resources_share_a_name_and_type() -> None:
    names = [(item.type, item.name) for item in recorded().recorded]
    assert len(names) == len(set(names))


def test_a_provider_is_not_replaced_when_its_kubeconfig_changes() -> None:
    providers = recorded().of_type("pulumi:providers:kubernetes")
    assert {item.inputs["clusterIdentifier"] for item in providers} == set(CLUSTERS)


def test_no_provider_takes_over_objects_that_it_finds() -> None:
    assert all("upsertExistingObjects" not in item.inputs for item in recorded().of_type("pulumi:providers:kubernetes"))


def test_the_service_account_that_every_namespace_has_is_patched_not_created() -> None:
    accounts = [item for item in recorded().recorded if item.inputs.get("kind") == "ServiceAccount"]
    patched = {item.inputs["metadata"]["name"] for item in accounts if item.type.endswith("ServiceAccountPatch")}
    created = {item.inputs["metadata"]["name"] for item in accounts if item.type.endswith(":ServiceAccount")}
    assert patched == {"default"}
    assert created == {"reconciler"}


def test_objects_wait_for_their_namespace_and_go_with_it() -> None:
    namespaces = {item.name: item.urn for item in recorded().of_type("kubernetes:core/v1:Namespace")}
    inside = [item for item in recorded().recorded if "namespace" in item.inputs.get("metadata", {})]
    assert inside
    for item in inside:
        assert item.deleted_with in namespaces.values()
        assert item.deleted_with in item.depends_on
        assert item.deleted_with.endswith(f"/namespace/{item.inputs['metadata']['namespace']}")


def test_the_sync_starts_after_everything_else_of_its_tenant() -> None:
    syncs = [item for item in recorded().recorded if item.inputs.get("kind") == "Kustomization"]
    assert len(syncs) == 7
    for sync in syncs:
        others = {item.urn for item in recorded().below(sync.parent)} - {sync.urn}
        assert others <= set(sync.depends_on)


def test_kinds_that_pulumi_kubernetes_knows_are_typed_and_flux_kinds_are_custom_resources() -> None:
    types = {item.inputs["kind"]: item.type for item in recorded().recorded if "kind" in item.inputs}
    assert types["NetworkPolicy"] == "kubernetes:networking.k8s.io/v1:NetworkPolicy"
    assert types["ValidatingAdmissionPolicy"] == "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
    assert types["GitRepository"] == "kubernetes:source.toolkit.fluxcd.io/v1:GitRepository"


def test_a_preview_registers_the_same_as_an_update_and_needs_no_kubeconfig_file() -> None:
    preview = run_program("local", preview=True)
    assert {item.urn for item in preview.recorded} == {item.urn for item in recorded().recorded}


def test_the_deploy_repos_token_is_a_secret_in_every_sync_namespace_and_nowhere_else() -> None:
    planted = "a-token-that-is-planted"
    config = {**config_of(ROOT / "Pulumi.local.yaml"), "berth:deployRepoToken": planted}
    recorder = run_program("local", config=config, secrets=("deployRepoToken",))
    holders = [item for item in recorder.recorded if planted in str(item.inputs)]
    assert {item.type for item in holders} == {"kubernetes:core/v1:Secret"}
    assert len(holders) == 7
    assert {item.inputs["metadata"]["namespace"] for item in holders} == {
        "berth-ledger",
        "berth-storefront",
        "berth-telemetry",
    }
    assert all(SIGNATURE in item.inputs["stringData"] for item in holders)
    sources = [item for item in recorder.recorded if item.inputs.get("kind") == "GitRepository"]
    assert all(item.inputs["spec"]["secretRef"] == {"name": "deploy-repo"} for item in sources)


def test_a_token_that_is_not_encrypted_is_refused_and_not_shown() -> None:
    planted = "a-token-that-is-planted"
    config = {**config_of(ROOT / "Pulumi.local.yaml"), "berth:deployRepoToken": planted}
    with pytest.raises(pulumi.RunError, match="expected a secret") as error:
        run_program("local", config=config)
    assert planted not in str(error.value)


def test_wrong_settings_stop_the_program_before_anything_is_registered() -> None:
    recorder = Recorder()
    config = {**config_of(ROOT / "Pulumi.local.yaml"), "berth:gitops": '{"engine": "fluxx"}'}
    with pytest.raises(pulumi.RunError, match=r"1 problem in the settings:\nPulumi.local.yaml:5:\d+: .*mean \"flux\""):
        run_program("local", config=config, recorder=recorder)
    assert recorder.recorded == []


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_sample_stacks_make_a_cluster_with_an_agent_and_its_tenants_in_each_cloud(
    stack: str, preview: bool
) -> None:
    recorder = run_program(stack, preview=preview)
    kinds = {item.type for item in recorder.recorded}
    assert {f"berth:cluster:{kind}" for kind in ("EksCluster", "GkeCluster", "AksCluster")} <= kinds
    assert len(recorder.of_type("kubernetes:fluxcd.controlplane.io/v1:FluxInstance")) == 3
    assert len(recorder.of_type("berth:tenancy:Tenant")) == 7
    names = [(item.type, item.name) for item in recorder.recorded]
    assert len(names) == len(set(names))


def test_every_object_is_in_a_cluster_s_own_provider_whatever_the_cloud() -> None:
    for item in run_program("prod").recorded:
        if item.type.startswith("kubernetes:"):
            assert item.provider.split("::")[-2] in ("aws-prod-euw1", "gcp-prod-euw1", "azure-prod-weu"), item.name


def test_a_machine_without_a_credential_is_told_before_anything_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "get_monitor", lambda: None)
    monkeypatch.setattr(settings, "Machine", lambda *_: Machine({}, Path("/nowhere"), Path("/nowhere")))
    recorder = Recorder()
    with pytest.raises(pulumi.RunError, match="6 problems in the settings") as error:
        run_program("dev", recorder=recorder)
    assert "no AWS credential" in str(error.value)
    assert recorder.recorded == []


def test_the_program_reads_like_a_table_of_contents() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 60


def test_components_register_nothing_inside_apply() -> None:
    for path in Path(ROOT / "components").rglob("*.py"):
        for call in re.findall(r"\.apply\((.*)\)", path.read_text()):
            assert not re.search(r"pulumi\.|kubernetes\.|register\(", call), path
