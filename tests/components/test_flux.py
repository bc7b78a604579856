"""Flux as Berth installs it: the chart, and the FluxInstance, checked against what the chart publishes where it is."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema
import pytest
import yaml

from berth.settings import Cloud, Size
from berth.settings.gitops import GitOps, Sharding
from components.gitops.flux import flux_instance, operator_values
from tests.components.recording import ROOT, Recorder, config_of, run_program
from tests.components.stacks import run, sample, tenant

PUBLISHED = ROOT.parent / "shared" / "published" / "flux-operator"


@cache
def recorded(install: str) -> Recorder:
    config = config_of(ROOT / "Pulumi.local.yaml")
    return run_program("local", config={**config, "berth:gitops": f'{{"engine": "flux", "install": "{install}"}}'})


def test_an_agent_that_is_there_already_is_left_as_it_is() -> None:
    assert recorded("none").of_type("kubernetes:helm.sh/v3:Release") == []


def test_each_cluster_gets_the_operator_at_a_pinned_version_and_one_instance() -> None:
    releases = recorded("chart").of_type("kubernetes:helm.sh/v3:Release")
    assert len({item.provider for item in releases}) == 3
    assert {item.inputs["version"] for item in releases} == {"0.49.0"}
    instances = recorded("chart").of_type("kubernetes:fluxcd.controlplane.io/v1:FluxInstance")
    assert {item.provider for item in instances} == {item.provider for item in releases}
    assert all(item.inputs["metadata"]["name"] == "flux" for item in instances)


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_the_chart_is_asked_for_by_its_digest_where_the_settings_state_one(engine: str) -> None:
    digest = f"sha256:{'a' * 64}"
    config = config_of(ROOT / "Pulumi.local.yaml")
    stated = f'{{"engine": "{engine}", "install": "chart", "chartDigest": "{digest}"}}'
    releases = run_program("local", config={**config, "berth:gitops": stated}).of_type("kubernetes:helm.sh/v3:Release")
    assert len(releases) == 3
    assert all(item.inputs["chart"].startswith("oci://") for item in releases)
    assert all(item.inputs["chart"].endswith(f"@{digest}") for item in releases)
    assert all(item.inputs["version"] for item in releases)


def test_the_instance_waits_for_the_operator_and_tenants_for_the_instance() -> None:
    recorder = recorded("chart")
    instance = next(item for item in recorder.recorded if item.name == "aws-local-flux-instance")
    release = next(item for item in recorder.recorded if item.name == "aws-local-flux-operator")
    assert release.urn in instance.depends_on
    look = next(item for item in recorder.recorded if item.name == "aws-local-flux-installed")
    assert look.inputs["instance"] == instance.inputs["spec"]
    assert instance.urn in look.depends_on
    usable = next(item for item in recorder.recorded if item.name == "aws-local-flux-usable")
    waiting = [item for item in recorder.recorded if item.name in ("aws-local-guard-rails", "aws-local/ledger")]
    assert len(waiting) == 2
    assert all(usable.urn in item.depends_on for item in waiting)


def test_flux_is_locked_down_for_tenants() -> None:
    cluster = flux_instance(GitOps(), Cloud.AWS)["spec"]["cluster"]
    assert cluster["multitenant"]
    assert cluster["networkPolicy"]
    assert cluster["tenantDefaultServiceAccount"] == "default"


def test_the_operator_serves_no_web_page() -> None:
    stated = [item.inputs["values"] for item in recorded("chart").of_type("kubernetes:helm.sh/v3:Release")]
    assert len(stated) == 3
    assert all(values["web"]["enabled"] is False for values in stated)


def test_the_operator_lends_its_rights_to_no_resource_set() -> None:
    stated = operator_values()
    assert stated["multitenancy"]["enabled"]
    assert stated["multitenancy"]["defaultServiceAccount"] == "default"
    assert stated["multitenancy"]["enabledForWorkloadIdentity"]
    assert stated["multitenancy"]["defaultWorkloadIdentityServiceAccount"] == "default"
    assert stated["rbac"]["createAggregation"] is False
    assert "create" not in stated["rbac"], "without its own rights the operator could not make Flux"


@pytest.mark.parametrize(("cloud", "kind"), [(None, "kubernetes"), (Cloud.AWS, "aws"), (Cloud.AZURE, "azure")])
def test_the_instance_knows_the_cloud_it_runs_in(cloud: Cloud | None, kind: str) -> None:
    assert flux_instance(GitOps(), cloud)["spec"]["cluster"]["type"] == kind


def test_an_upgrade_is_one_line() -> None:
    before, after = flux_instance(GitOps(version="2.7.5"), None), flux_instance(GitOps(version="2.8.x"), None)
    assert after["spec"]["distribution"]["version"] == "2.8.x"
    after["spec"]["distribution"]["version"] = "2.7.5"
    assert before == after


def test_an_upgrade_changes_one_object_a_cluster_and_nothing_else() -> None:
    config = config_of(ROOT / "Pulumi.local.yaml")
    upgraded = run_program(
        "local", config={**config, "berth:gitops": '{"engine": "flux", "install": "chart", "version": "2.8.0"}'}
    )
    before = {item.urn: item.inputs for item in recorded("chart").recorded if item.type.startswith("kubernetes:")}
    after = {item.urn: item.inputs for item in upgraded.recorded if item.type.startswith("kubernetes:")}
    assert before.keys() == after.keys()
    changed = {urn.split("::")[-1] for urn in before if before[urn] != after[urn]}
    assert changed == {f"{cluster}-flux-instance" for cluster in ("aws-local", "azure-local", "gcp-local")}


WHOLE = GitOps(
    version=">=2.7.0 <2.8.0",
    size=Size.LARGE,
    sharding=Sharding(shards=["one", "two"]),
    registry="registry.example.com/fluxcd",
    imagePullSecret="registry",
)
"""Every setting of the agent that the instance has a field for."""


def test_what_the_settings_say_of_the_agent_is_in_the_instance() -> None:
    spec = flux_instance(WHOLE, None)["spec"]
    assert spec["distribution"] == {
        "version": ">=2.7.0 <2.8.0",
        "registry": "registry.example.com/fluxcd",
        "imagePullSecret": "registry",
    }
    assert spec["cluster"]["size"] == "large"
    assert spec["sharding"] == {"key": "sharding.fluxcd.io/key", "shards": ["one", "two"]}


def test_the_controller_that_tells_others_is_there_where_somebody_is_to_be_told() -> None:
    quiet = flux_instance(GitOps.model_validate({"install": "chart"}), None)["spec"]["components"]
    assert quiet == ["source-controller", "kustomize-controller"]
    told = flux_instance(GitOps.model_validate({"install": "chart"}), None, alerts=True)["spec"]["components"]
    assert told == [*quiet, "notification-controller"]
    notify = tenant(notify=[{"type": "webhook", "secretName": "on-call"}])
    recorder = run(sample("eks"), tenants=(notify,), install="chart")
    (instance,) = recorder.of_type("kubernetes:fluxcd.controlplane.io/v1:FluxInstance")
    assert instance.inputs["spec"]["components"] == told


def test_nothing_is_sharded_unless_asked() -> None:
    spec = flux_instance(GitOps(), None)["spec"]
    assert "sharding" not in spec
    assert spec["cluster"]["size"] == "medium"


def published(name: str, unchecked: str) -> dict[str, Any]:
    """What the chart publishes under a name. `unchecked` is what nobody looked at where it is not there."""
    path = PUBLISHED / name
    if not path.is_file():
        pytest.skip(f"what the chart publishes is not on this machine: {unchecked} not checked")
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return content


def published_spec() -> dict[str, Any]:
    crd = published("crd-fluxinstances.yaml", "the instance's fields were")
    schema: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return _closed(schema)


def published_values() -> dict[str, Any]:
    """What the schema requires besides, the chart's own defaults state."""
    return _closed(published("values.schema.json", "the operator's values were")) | {"required": []}


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with unknown fields refused, at every level whose fields it lists."""
    closed = {key: _closed(value) if isinstance(value, dict) else value for key, value in schema.items()}
    return closed | {"additionalProperties": False} if "properties" in closed and "type" in closed else closed


def test_the_instance_has_no_field_that_the_chart_does_not_know() -> None:
    schema = published_spec()
    for cloud in (None, *Cloud):
        for gitops in (GitOps(), WHOLE):
            jsonschema.validate(flux_instance(gitops, cloud)["spec"], schema)


def test_workload_identity_is_as_the_chart_wants_it_together() -> None:
    """The kind's own rule, in CEL, which a JSON schema does not hold."""
    cluster = flux_instance(GitOps(), None)["spec"]["cluster"]
    assert cluster["multitenantWorkloadIdentity"]
    assert cluster["objectLevelWorkloadIdentity"]


def test_an_instance_that_is_left_over_is_found_by_its_label() -> None:
    assert flux_instance(GitOps(), None)["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "berth"}


def test_a_field_with_a_typo_is_found() -> None:
    schema = published_spec()
    instance = flux_instance(GitOps(), None)
    instance["spec"]["cluster"]["multitenent"] = True
    with pytest.raises(jsonschema.ValidationError, match="multitenent"):
        jsonschema.validate(instance["spec"], schema)


def test_the_operator_has_no_value_that_the_chart_does_not_know() -> None:
    jsonschema.validate(operator_values(), published_values())


def test_a_value_with_a_typo_is_found() -> None:
    stated = operator_values()
    stated["web"]["enable"] = False
    with pytest.raises(jsonschema.ValidationError, match="'enable'"):
        jsonschema.validate(stated, published_values())
