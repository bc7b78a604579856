"""The clusters in a stack's outputs: what is taken from there, what is refused, and how Pulumi is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from berth.errors import InvalidInput, OperationFailed
from berth.kubeconfig import Entry
from berth.kubeconfig.outputs import entries_in
from berth.kubeconfig.sources import stack_outputs
from berth.settings import Provider
from berth.settings.kinds import LOGIN_PROGRAMS
from components.kubeconfig import aks_kubeconfig, eks_kubeconfig, gke_kubeconfig
from tests.support import Sandbox

SECRET = "hunter2-s3cr3t"  # noqa: S105 - planted, to be looked for
TEXT = eks_kubeconfig("arn:something", "https://abc.eks.amazonaws.com", "Y2E=", "eu-west-1")


def outputs(text: Any = TEXT) -> dict[str, Any]:
    return {"aws-dev": {"cloud": "aws", "endpoint": "https://abc", "kubeconfig": text, "tenants": ["acme"]}}


def changed(**changes: Any) -> dict[str, Any]:
    """The outputs with another user, login program or server in the kubeconfig."""
    config = json.loads(TEXT)
    config["users"][0]["user"] |= changes.get("user", {})
    config["users"][0]["user"]["exec"] |= changes.get("login", {})
    config["clusters"][0]["cluster"] |= changes.get("cluster", {})
    return outputs(json.dumps(config))


def taken(sandbox: Sandbox, data: Any) -> list[Entry]:
    return entries_in(data, [sandbox.cluster()], "dev", "the outputs of dev")


def refusal(sandbox: Sandbox, data: Any) -> str:
    with pytest.raises(InvalidInput) as raised:
        taken(sandbox, data)
    assert len(raised.value.problems) == 1
    return str(raised.value)


def test_a_cluster_is_called_as_in_the_stack_whatever_its_kubeconfig_says(sandbox: Sandbox) -> None:
    (entry,) = taken(sandbox, outputs())
    assert entry.name == "aws-dev"
    assert entry.login["command"] == "aws"
    assert {item["name"] for item in entry.items().values()} == {"aws-dev"}


def test_what_the_components_build_is_what_is_accepted() -> None:
    built = {
        Provider.EKS: TEXT,
        Provider.GKE: gke_kubeconfig("one", "https://one", None),
        Provider.AKS: aks_kubeconfig("one", "https://one", "Y2E=", "tenant"),
    }
    found = {kind: json.loads(text)["users"][0]["user"]["exec"]["command"] for kind, text in built.items()}
    assert found == LOGIN_PROGRAMS


@pytest.mark.parametrize("key", ["token", "password", "client-key-data", "client-key", "tokenFile", "auth-provider"])
def test_a_credential_in_the_outputs_is_refused_and_not_shown(sandbox: Sandbox, key: str) -> None:
    told = refusal(sandbox, changed(user={key: SECRET}))
    assert f"aws-dev.kubeconfig: found {key}; expected no credential" in told
    assert SECRET not in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"login": {"command": "/tmp/evil"}}, 'found the login program "/tmp/evil"; expected aws'),  # noqa: S108
        ({"login": {"command": "kubelogin"}}, 'found the login program "kubelogin"; expected aws'),
        ({"login": {"env": [{"name": "PATH", "value": "."}]}}, "found an environment for the login program"),
        ({"cluster": {"insecure-skip-tls-verify": True}}, "found insecure-skip-tls-verify"),
        ({"cluster": {"server": "http://abc"}}, "found a server without https"),
    ],
)
def test_a_kubeconfig_that_berth_did_not_write_is_refused(sandbox: Sandbox, change: Any, told: str) -> None:
    assert told in refusal(sandbox, changed(**change))


def test_a_user_without_any_way_to_log_in_is_refused(sandbox: Sandbox) -> None:
    config = json.loads(TEXT) | {"users": [{"name": "arn:something", "user": {}}]}
    assert "found no way to log in" in refusal(sandbox, outputs(json.dumps(config)))


@pytest.mark.parametrize("data", [outputs("[secret]"), {"aws-dev": "[secret]"}], ids=["kubeconfig", "whole output"])
def test_a_masked_secret_is_told_with_the_command_that_shows_it(sandbox: Sandbox, data: Any) -> None:
    told = refusal(sandbox, data)
    assert "a secret that is masked" in told
    assert told.endswith("pulumi stack output --json --show-secrets --stack dev")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "the outputs of dev: found something else; expected a JSON object"),
        ({"aws-dev": {}}, "expected the kubeconfig's text"),
        ({"aws-dev": {"kubeconfig": 5}}, "expected the kubeconfig's text"),
        ({"aws-dev": TEXT}, "expected the kubeconfig's text"),
        (outputs("clusters: ["), "the outputs of dev: aws-dev.kubeconfig:"),
        (outputs("{}"), "found no context"),
        (outputs("contexts: [{name: aws-dev, context: {cluster: c}}]"), "expected a whole kubeconfig"),
    ],
)
def test_outputs_of_another_shape_are_one_problem_at_the_cluster(sandbox: Sandbox, data: Any, told: str) -> None:
    assert told in refusal(sandbox, data)


def test_a_stack_that_is_not_deployed_and_one_that_lacks_the_cluster_are_told_apart(sandbox: Sandbox) -> None:
    with pytest.raises(OperationFailed, match="the stack dev has no outputs: it is not deployed yet") as raised:
        taken(sandbox, {})
    assert raised.value.hint == "pulumi up --stack dev"
    with pytest.raises(OperationFailed, match="not in the outputs of the stack dev: aws-dev") as raised:
        taken(sandbox, {"azure-dev": {}})
    assert raised.value.hint.startswith("pulumi up --stack dev")


# Asking Pulumi ------------------------------------------------------------------------------------------------------


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the pulumi command: records how it was called, prints what a test puts into `answer`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "pulumi"
    script.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$PWD" "$@" > {tmp_path}/called\ncat {tmp_path}/answer\ncat {tmp_path}/told >&2\n'
        f"exit $(cat {tmp_path}/code)\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    for name, text in (("answer", json.dumps(outputs())), ("told", ""), ("code", "0")):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_pulumi_is_asked_in_the_project_s_folder_for_the_secrets_of_the_stack(sandbox: Sandbox, pulumi: Path) -> None:
    assert stack_outputs(sandbox.root, "dev") == outputs()
    folder, *arguments = (pulumi / "called").read_text().splitlines()
    assert folder == str(sandbox.root)
    assert arguments == [
        "stack", "output", "--json", "--show-secrets", "--stack", "dev", "--non-interactive", "--color", "never"
    ]  # fmt: skip


def test_the_command_takes_the_cluster_from_pulumi_and_gives_it_no_secret(sandbox: Sandbox, pulumi: Path) -> None:
    ended = sandbox.run("kubeconfig", "-s", "dev", "-c", "aws-dev", "--file", str(pulumi / "config"))
    assert (ended.code, ended.out.splitlines()[0]) == (0, "added      aws-dev")
    assert "abc.eks.amazonaws.com" in (pulumi / "config").read_text()
    assert "abc.eks.amazonaws.com" not in ended.everything + (pulumi / "called").read_text()


def test_no_pulumi_on_path_is_told_with_the_other_way(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperationFailed, match="pulumi is not on PATH") as raised:
        stack_outputs(sandbox.root, "dev")
    assert "--outputs FILE" in raised.value.hint


def test_an_unknown_stack_is_told_in_pulumi_s_words_with_the_remedy(sandbox: Sandbox, pulumi: Path) -> None:
    (pulumi / "code").write_text("255")
    (pulumi / "told").write_text("a warning\nerror: no stack named 'dev' found\n")
    with pytest.raises(OperationFailed, match="pulumi stack output: no stack named 'dev' found") as raised:
        stack_outputs(sandbox.root, "dev")
    assert raised.value.hint.startswith("pulumi up --stack dev")


@pytest.mark.parametrize(("told", "expected"), [("boom\n", "boom"), ("", "exit code 3")])
def test_any_other_failure_of_pulumi_is_one_line(sandbox: Sandbox, pulumi: Path, told: str, expected: str) -> None:
    (pulumi / "code").write_text("3")
    (pulumi / "told").write_text(told)
    with pytest.raises(OperationFailed, match=expected):
        stack_outputs(sandbox.root, "dev")


def test_what_is_no_json_is_not_shown(sandbox: Sandbox, pulumi: Path) -> None:
    (pulumi / "answer").write_text(SECRET)
    with pytest.raises(OperationFailed, match="is no JSON") as raised:
        stack_outputs(sandbox.root, "dev")
    assert SECRET not in str(raised.value)
