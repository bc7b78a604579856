"""What agents may fetch while they build, as the charts are told. With real controllers it is tried in tests/e2e."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from berth.egress import NOTHING, closed_kustomize
from berth.settings import Engine
from berth.settings.gitops import GitOps, Sharding
from components.gitops.argocd import values
from components.gitops.egress import kustomize_controller_patch
from components.gitops.flux import flux_instance


def test_kustomize_controller_gets_no_answer_but_from_the_api_server_and_source_controller() -> None:
    patch = kustomize_controller_patch()
    stated = {each["value"]["name"]: each["value"]["value"] for each in yaml.safe_load(patch["patch"])}
    assert stated["HTTPS_PROXY"] == stated["HTTP_PROXY"] == "http://127.0.0.1:9"
    assert stated["NO_PROXY"].split(",") == [
        "$(KUBERNETES_SERVICE_HOST)",
        "source-controller.flux-system.svc.cluster.local.",
        "source-controller.flux-system.svc.cluster.local",
    ]
    assert patch["target"] == {"kind": "Deployment", "name": "kustomize-controller.*"}
    assert patch in flux_instance(GitOps(engine=Engine.FLUX), None)["spec"]["kustomize"]["patches"]


def test_each_shard_of_kustomize_controller_gets_an_answer_from_its_own_source_controller() -> None:
    sharding = Sharding(shards=["one", "two"])
    (patch,) = flux_instance(GitOps(sharding=sharding), None)["spec"]["kustomize"]["patches"]
    stated = {each["value"]["name"]: each["value"]["value"] for each in yaml.safe_load(patch["patch"])}
    hosts = stated["NO_PROXY"].split(",")
    # As Flux Operator has each of them write the address of its artifacts, with a dot at the end.
    for name in ("source-controller", "source-controller-one", "source-controller-two"):
        assert f"{name}.flux-system.svc.cluster.local." in hosts
        assert f"{name}.flux-system.svc.cluster.local" in hosts
    assert len(hosts) == 7


@pytest.mark.parametrize("sharding", [None, Sharding(shards=["one"])])
def test_kustomize_controller_tells_notification_controller_where_somebody_is_to_be_told(
    sharding: Sharding | None,
) -> None:
    def hosts(*, alerts: bool) -> list[str]:
        instance = flux_instance(GitOps(sharding=sharding), None, alerts=alerts)
        (patch,) = instance["spec"]["kustomize"]["patches"]
        (stated,) = (
            each["value"]["value"] for each in yaml.safe_load(patch["patch"]) if each["value"]["name"] == "NO_PROXY"
        )
        return str(stated).split(",")

    assert hosts(alerts=True) == [
        *hosts(alerts=False),
        # As Flux Operator has it send events, with a dot at the end.
        "notification-controller.flux-system.svc.cluster.local.",
        "notification-controller.flux-system.svc.cluster.local",
    ]


def test_the_repo_server_finds_the_closed_kustomize_before_its_own() -> None:
    stated = values("3.4.4", "1m", available=True)
    (script,) = (item for item in stated["extraObjects"] if item["kind"] == "ConfigMap")
    server = stated["repoServer"]
    assert script["data"]["kustomize"] == closed_kustomize("/usr/local/bin/kustomize")
    (mount,) = server["volumeMounts"]
    (volume,) = server["volumes"]
    assert volume == {"name": mount["name"], "configMap": {"name": script["metadata"]["name"], "defaultMode": 0o555}}
    (path,) = (each["value"] for each in server["env"] if each["name"] == "PATH")
    folders = path.split(":")
    assert folders[0] == mount["mountPath"]
    assert "/usr/local/bin" in folders


def closed(folder: Path, real: str) -> str:
    """A closed kustomize around a stand-in for the real one."""
    program, script = folder / "real", folder / "kustomize"
    program.write_text(f"#!/bin/sh\n{real}\n")
    script.write_text(closed_kustomize(str(program)))
    program.chmod(0o700)
    script.chmod(0o700)
    return str(script)


@pytest.mark.parametrize("command", ["build", "edit"])
def test_the_closed_kustomize_runs_the_real_one_with_its_arguments_and_without_a_way_out(
    tmp_path: Path, command: str
) -> None:
    script = closed(tmp_path, 'echo "$1|$2|$GIT_ALLOW_PROTOCOL|$HTTPS_PROXY|$HTTP_PROXY|$NO_PROXY"')
    environment = {**os.environ, "NO_PROXY": "*", "GIT_ALLOW_PROTOCOL": "https"}
    done = subprocess.run([script, command, "a b"], env=environment, capture_output=True, text=True)
    assert done.stdout == f"{command}|a b|none|http://127.0.0.1:9|http://127.0.0.1:9|\n"
    assert done.returncode == 0


@pytest.mark.parametrize("command", ["build", "edit"])
def test_the_closed_kustomize_fails_as_the_real_one_does(tmp_path: Path, command: str) -> None:
    done = subprocess.run([closed(tmp_path, "echo why >&2; exit 3"), command], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "why\n")


def test_the_closed_kustomize_changes_nothing_of_what_was_built(tmp_path: Path) -> None:
    text = "kind: ConfigMap\ndata: {a: '%s \\\\n $HOME'}\n"
    script = closed(tmp_path, f"cat <<'END'\n{text}END")
    assert subprocess.run([script, "build"], capture_output=True, text=True).stdout == text


def test_the_closed_kustomize_refuses_a_build_that_comes_to_nothing(tmp_path: Path) -> None:
    done = subprocess.run([closed(tmp_path, "exit 0"), "build", "."], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{NOTHING}\n")
