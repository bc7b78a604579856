"""A cluster's agent, looked at by the real engine while deploying: what is missing ends the update in plain words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.agent_program import CLUSTER, Program, apply, controller
from tests.e2e.harness import TestFleet

pytestmark = [pytest.mark.e2e, pytest.mark.pulumi_cli]

INSTANCE_KIND: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "fluxinstances.fluxcd.controlplane.io"},
    "spec": {
        "group": "fluxcd.controlplane.io",
        "scope": "Namespaced",
        "names": {"kind": "FluxInstance", "plural": "fluxinstances", "singular": "fluxinstance"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


@pytest.fixture
def program(pulumi_fleet: TestFleet, tmp_path: Path) -> Program:
    return Program.create(tmp_path, pulumi_fleet)


def kustomize_controller(*flags: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/part-of": "flux"}
    return controller("flux-system", "kustomize-controller", labels, *flags)


def test_all_that_an_agent_lacks_is_one_failure_and_mending_it_is_enough(program: Program) -> None:
    fleet = program.fleet
    apply(fleet, kustomize_controller("--no-remote-bases=false", "--no-cross-namespace-refs"))
    try:
        previewed = program.pulumi("preview")
        assert previewed.returncode == 0, previewed.stdout
        done = program.up()
        assert done.returncode != 0
        told = done.stdout + done.stderr
        assert "Flux in aws-local cannot be used for tenants yet" in told
        assert "flux-system/kustomize-controller: found --no-remote-bases=false; change it to" in told
        assert "flux-system/kustomize-controller: add --default-service-account=default" in told
        assert "--no-cross-namespace-refs" not in told
        assert "pulumi/dynamic" not in told, "no traceback of the look"
        assert not program.made()
        apply(
            fleet,
            kustomize_controller(
                "--no-remote-bases=true", "--no-cross-namespace-refs", "--default-service-account=default"
            ),
        )
        assert program.up().returncode == 0
        assert program.made()
        again = program.pulumi("preview", "--expect-no-changes")
        assert again.returncode == 0, again.stdout
    finally:
        fleet.kubectl(CLUSTER, "delete", "deployment", "kustomize-controller", "-n", "flux-system")
        program.pulumi("destroy", "--yes", "--skip-preview")


RELEASE = """\
import pulumi, pulumi_kubernetes as kubernetes

provider = kubernetes.Provider("cluster", kubeconfig={path!r}, context={cluster!r})
kubernetes.helm.v3.Release(
    "agent", name="agent", chart="./chart", namespace="default", atomic=True,
    opts=pulumi.ResourceOptions(provider=provider),
)
"""


def test_a_chart_that_somebody_else_took_away_is_let_go_after_a_look_at_the_cluster(program: Program) -> None:
    """With a chart of one object: those of the agents cannot be had here."""
    chart, fleet = program.folder / "chart", program.fleet
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: agent, version: 1.0.0}\n")
    (chart / "templates" / "one.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: of-the-agent}}\n")
    kubeconfig = str(fleet.root / ".local" / "kubeconfig")
    (program.folder / "__main__.py").write_text(RELEASE.format(path=kubeconfig, cluster=CLUSTER))
    done = program.up()
    assert done.returncode == 0, done.stdout
    fleet.kubectl(CLUSTER, "-n", "default", "delete", "secret", "--selector=owner=helm,name=agent")
    fleet.kubectl(CLUSTER, "-n", "default", "delete", "configmap", "of-the-agent")
    done = program.pulumi("destroy", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "release: not found" in done.stdout
    done = program.pulumi("destroy", "--yes", "--skip-preview", "--refresh")
    assert done.returncode == 0, done.stdout


def test_what_cannot_be_read_is_said_and_fails_nothing(program: Program) -> None:
    done = program.up()
    assert done.returncode == 0, done.stdout
    assert "not checked: kustomize-controller's flags could not be read" in done.stdout
    assert program.pulumi("destroy", "--yes", "--skip-preview").returncode == 0


def test_a_flux_instance_that_does_not_get_ready_fails_with_the_message_of_its_condition(program: Program) -> None:
    fleet, message = program.fleet, "no match found for semver 2.7.99 in the registry"
    apply(fleet, INSTANCE_KIND)
    item = {
        "apiVersion": "fluxcd.controlplane.io/v1",
        "kind": "FluxInstance",
        "metadata": {"name": "flux", "namespace": "flux-system"},
        "spec": {"distribution": {"version": "2.7.99"}},
    }
    try:
        fleet.wait(
            "the kind is served", lambda: fleet.kubectl(CLUSTER, "get", "fluxinstances", ok=False).returncode == 0
        )
        apply(fleet, item)
        program.write("instance={'distribution': {'version': '2.7.99'}}, patience=5")
        done = program.up()
        assert "FluxInstance flux is not ready after 5 s: Flux Operator says nothing of it" in done.stdout
        condition(fleet, "False", "BuildFailed", message)
        done = program.up()
        assert done.returncode != 0
        assert f"FluxInstance flux is not ready after 5 s: BuildFailed: {message}" in done.stdout
        assert not program.made()
        condition(fleet, "True", "ReconciliationSucceeded", "Reconciliation finished")
        done = program.up()
        assert done.returncode == 0, done.stdout
        assert program.made()
    finally:
        program.pulumi("destroy", "--yes", "--skip-preview")
        fleet.kubectl(CLUSTER, "delete", "crd", INSTANCE_KIND["metadata"]["name"])


def condition(fleet: TestFleet, status: str, reason: str, message: str) -> None:
    """Says what Flux Operator would."""
    one = {"type": "Ready", "status": status, "reason": reason, "message": message}
    patch = json.dumps({"status": {"conditions": [one]}})
    fleet.kubectl(
        CLUSTER, "-n", "flux-system", "patch", "fluxinstance", "flux", "--subresource=status", "--type=merge",
        f"--patch={patch}",
    )  # fmt: skip
