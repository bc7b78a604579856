"""`berth kubeconfig`: what it is told, what it tells, and how it ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml
from lightkube import KubeConfig

from components.kubeconfig import eks_kubeconfig
from tests.support import Outcome, Sandbox

SOURCE = """\
current-context: gcp-dev
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1", certificate-authority: pki/ca.crt}}]
contexts: [{name: gcp-dev, context: {cluster: c, user: admin, namespace: default}}]
users: [{name: admin, user: {token: hunter2-s3cr3t}}]
"""
OUTPUTS = {"aws-dev": {"kubeconfig": eks_kubeconfig("aws-dev", "https://abc", "Y2E=", "eu-west-1")}}


@pytest.fixture
def home(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without a kubeconfig, and a project whose clusters can be reached."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    sandbox.write(".local/kubeconfig", SOURCE)
    sandbox.write("outputs.json", json.dumps(OUTPUTS))
    return tmp_path


def run(sandbox: Sandbox, *arguments: str) -> Outcome:
    return sandbox.run("kubeconfig", "--stack", "dev", "--outputs", str(sandbox.root / "outputs.json"), *arguments)


def test_every_cluster_of_the_stack_becomes_a_context(sandbox: Sandbox, home: Path) -> None:
    ended = run(sandbox)
    path = home / ".kube" / "config"
    assert ended.code == 0
    assert ended.out == (
        f"added      aws-dev\nadded      gcp-dev\n\nkubeconfig       {path}\ncurrent context  aws-dev\n"
    )
    assert list(KubeConfig.from_file(path).contexts) == ["aws-dev", "gcp-dev"]


def test_a_second_run_says_unchanged(sandbox: Sandbox, home: Path) -> None:
    run(sandbox)
    before = (home / ".kube" / "config").stat().st_mtime_ns
    assert run(sandbox).out.splitlines()[:2] == ["unchanged  aws-dev", "unchanged  gcp-dev"]
    assert (home / ".kube" / "config").stat().st_mtime_ns == before


def test_only_the_named_clusters_are_put_in(sandbox: Sandbox, home: Path) -> None:
    run(sandbox, "--cluster", "aws-dev")
    assert list(KubeConfig.from_file(home / ".kube" / "config").contexts) == ["aws-dev"]


def test_an_existing_cluster_needs_no_outputs_and_no_pulumi(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))
    ended = sandbox.run("kubeconfig", "-s", "dev", "-c", "gcp-dev")
    assert (ended.code, ended.err) == (0, "")


def test_an_existing_cluster_s_credential_is_copied_with_paths_that_hold(sandbox: Sandbox, home: Path) -> None:
    ended = run(sandbox)
    single = KubeConfig.from_file(home / ".kube" / "config").get("gcp-dev")
    assert single is not None
    assert single.user is not None
    assert single.user.token == "hunter2-s3cr3t"  # noqa: S105
    assert single.cluster.certificate_auth == f"{sandbox.root}/.local/pki/ca.crt"
    assert single.namespace == "default"
    assert "hunter2" not in ended.everything


def test_outputs_come_from_stdin_too(sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (sandbox.root / "outputs.json").open() as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        assert sandbox.run("kubeconfig", "-s", "dev", "--outputs", "-").code == 0
    assert (home / ".kube" / "config").is_file()


def test_the_first_path_of_kubeconfig_is_written_and_a_current_context_of_the_second_stays(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.write("second", "current-context: mine\n")
    monkeypatch.setenv("KUBECONFIG", f"{home}/first:{sandbox.root}/second")
    assert run(sandbox).code == 0
    assert "current-context" not in yaml.safe_load((home / "first").read_text())
    assert not (home / ".kube").exists()


def test_file_and_use_choose_the_file_and_the_context(sandbox: Sandbox, home: Path) -> None:
    ended = run(sandbox, "--file", str(home / "mine"), "--use", "gcp-dev")
    assert "current context  gcp-dev" in ended.out
    assert KubeConfig.from_file(home / "mine").current_context == "gcp-dev"


def test_json_says_the_same_and_nothing_secret(sandbox: Sandbox, home: Path) -> None:
    ended = run(sandbox, "--json")
    assert json.loads(ended.out) == {
        "file": str(home / ".kube" / "config"),
        "currentContext": "aws-dev",
        "clusters": [{"name": "aws-dev", "change": "added"}, {"name": "gcp-dev", "change": "added"}],
    }


def test_a_login_program_that_is_not_there_is_one_warning_with_its_hint(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))
    ended = run(sandbox)
    assert ended.code == 0
    assert ended.err.splitlines() == [
        "warning: aws is not on PATH; the AWS CLI v2 is needed: it makes the cluster's tokens"
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--cluster", "aws-dve"], '--cluster: found "aws-dve"; expected one of aws-dev, gcp-dev; did you mean'),
        (["--use", "gcp-dve"], '--use: found "gcp-dve"; expected one of aws-dev, gcp-dev; did you mean "gcp-dev"?'),
        (["--cluster", "aws-dev", "--use", "gcp-dev"], '--use: found "gcp-dev"; expected aws-dev'),
        (["--stack", "dve"], 'found the stack "dve"; expected dev; did you mean "dev"?'),
    ],
)
@pytest.mark.usefixtures("home")
def test_an_unknown_name_is_code_2_with_the_one_that_was_meant(
    sandbox: Sandbox, home: Path, arguments: list[str], told: str
) -> None:
    ended = run(sandbox, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert not (home / ".kube").exists()


@pytest.mark.parametrize("content", [b"{", b"\xff\xff", b"[]", b'{"aws-dev": {"kubeconfig": "[secret]"}}'])
def test_a_file_that_holds_no_outputs_is_code_2_and_nothing_is_written(
    sandbox: Sandbox, home: Path, content: bytes
) -> None:
    sandbox.write("outputs.json", content)
    ended = run(sandbox)
    assert (ended.code, len(ended.err.splitlines())) == (2, 2)
    assert not (home / ".kube").exists()


def test_a_missing_cluster_is_code_1_and_nothing_is_written(sandbox: Sandbox, home: Path) -> None:
    sandbox.write("outputs.json", '{"other": 1}')
    ended = run(sandbox)
    assert (ended.code, "not in the outputs of the stack dev: aws-dev" in ended.err) == (1, True)
    assert not (home / ".kube").exists()


def test_a_broken_kubeconfig_is_code_2_with_its_place_and_stays(sandbox: Sandbox, home: Path) -> None:
    (home / "mine").write_text("clusters:\n\t- a\n")
    ended = run(sandbox, "--file", str(home / "mine"))
    assert ended.code == 2
    assert ended.err.splitlines()[0].startswith(f"{home}/mine:2:1: ")
    assert (home / "mine").read_text() == "clusters:\n\t- a\n"


@pytest.mark.usefixtures("home")
def test_a_fleet_that_is_not_up_and_a_wrong_context_are_told_with_their_remedy(sandbox: Sandbox) -> None:
    sandbox.stack("context: gcp-dev", "context: gcp-dve")
    ended = run(sandbox)
    assert (ended.code, ended.err.splitlines()) == (
        1, ['error: .local/kubeconfig has no context gcp-dve; did you mean "gcp-dev"?',
            "  try: change kubeconfig or context of gcp-dev in Pulumi.dev.yaml"]
    )  # fmt: skip
    (sandbox.root / ".local" / "kubeconfig").unlink()
    ended = run(sandbox)
    assert (ended.code, ended.err.splitlines()) == (
        1, ["error: there is no kubeconfig at .local/kubeconfig", "  try: berth local up"]
    )  # fmt: skip
