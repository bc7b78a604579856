"""`berth status` as a person and a script use it: which clusters, by which way, how it ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from berth.kubeconfig import Entry, merge_into
from tests.support import Sandbox

REACHED = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setattr("berth.status.history.resolve_remote", lambda *_: "a" * 40)


def put(path: Path, context: str) -> Path:
    merge_into(path, [Entry(context, {"server": REACHED}, {"token": "t"})])
    return path


def message(sandbox: Sandbox, *options: str) -> str:
    ended = sandbox.run("status", "--cluster", "aws-dev", "--json", *options)
    (row,) = json.loads(ended.out)["rows"]
    assert (ended.code, row["state"]) == (1, "unreachable")
    return str(row["message"])


def test_the_json_has_a_version_and_says_which_stacks(sandbox: Sandbox) -> None:
    data = json.loads(sandbox.run("status", "--json").out)
    assert (data["version"], data["stacks"]) == (1, ["dev"])
    assert [each["cluster"] for each in data["clusters"]] == ["aws-dev", "gcp-dev"]
    assert {"behind", "behind_since", "changed", "quota", "workloads", "unread"} <= set(data["rows"][0])
    assert {"lockdown", "agent_version", "nodes_ready", "root", "skew"} <= set(data["clusters"][0])


def test_without_an_option_the_context_is_looked_for_where_kubectl_does(sandbox: Sandbox) -> None:
    assert message(sandbox).startswith("your kubeconfig has no context aws-dev")


def test_a_file_is_taken_by_the_names_of_the_clusters(sandbox: Sandbox, tmp_path: Path) -> None:
    file = put(tmp_path / "config", "aws-dev")
    assert "connect" in message(sandbox, "--kubeconfig", str(file)).lower()
    other = put(tmp_path / "other", "elsewhere")
    told = message(sandbox, "--kubeconfig", str(other))
    assert told == f"{other} has no context aws-dev; name another one: --context aws-dev=CONTEXT"


def test_a_context_of_another_name_is_stated(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(tmp_path / "config", "elsewhere")
    options = ("--context", "aws-dev=elsewhere")
    assert "connect" in message(sandbox, "--kubeconfig", str(file), *options).lower()
    monkeypatch.setenv("KUBECONFIG", str(file))
    assert "connect" in message(sandbox, *options).lower()


def test_the_outputs_of_the_stack_are_a_way_too(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    file.write_text("{}")
    ended = sandbox.run("status", "--stack", "dev", "--cluster", "aws-dev", "--outputs", str(file))
    assert (ended.code, ended.out) == (1, "")
    assert "the stack dev has no outputs" in ended.err


def test_all_that_is_wrong_with_the_options_is_told_at_once(sandbox: Sandbox) -> None:
    ended = sandbox.run("status", "--tenant", "acne", "--cluster", "aws", "--context", "x", "--context", "gcp=y")
    assert (ended.code, ended.out) == (2, "")
    for told in ('--tenant: found "acne"; expected acme; did you mean "acme"?', "--cluster: found", "CLUSTER=CONTEXT"):
        assert told in ended.err
    assert '--context: found "gcp"; expected one of aws-dev, gcp-dev' in ended.err


def test_a_kubeconfig_that_is_not_there_is_one_line(sandbox: Sandbox) -> None:
    ended = sandbox.run("status", "--kubeconfig", "/nowhere/config")
    assert (ended.code, ended.err) == (1, "error: there is no kubeconfig at /nowhere/config\n")


def test_outputs_are_those_of_one_stack(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text("{}")
    text = (sandbox.root / "Pulumi.dev.yaml").read_text()
    sandbox.write("Pulumi.qa.yaml", text.replace("environment: dev", "environment: qa").replace("-dev", "-qa"))
    ended = sandbox.run("status", "--outputs", str(tmp_path / "outputs.json"))
    assert ended.code == 2
    assert "name the one stack" in ended.err


def test_only_the_tenants_and_clusters_that_are_named_are_shown(sandbox: Sandbox) -> None:
    sandbox.tenant(name="globex")
    data = json.loads(sandbox.run("status", "--json", "--tenant", "globex", "--cluster", "aws-dev").out)
    assert [row["tenant"] for row in data["rows"]] == ["globex"]
    assert [row["cluster"] for row in data["clusters"]] == ["aws-dev"]


def test_a_script_does_not_watch(sandbox: Sandbox) -> None:
    ended = sandbox.run("status", "--watch", "--json")
    assert ended.code == 2


def test_piped_the_tables_are_lines_with_tabs(sandbox: Sandbox) -> None:
    lines = sandbox.run("status").out.splitlines()
    assert lines[0].split("\t")[:6] == ["TENANT", "CLUSTER", "CLOUD", "STATE", "EXPECTED", "APPLIED"]
    assert lines[1].split("\t")[:4] == ["acme", "aws-dev", "aws", "unreachable"]
    assert lines[3].split("\t")[:4] == ["CLUSTER", "CLOUD", "ENVIRONMENT", "STATE"]
    assert lines[-1] == "1 unreachable"


def test_status_loads_no_client_library_that_is_slow_to_load(sandbox: Sandbox) -> None:
    import subprocess

    code = "import sys; from berth.cli.main import main\ntry: main()\nfinally: print(*sys.modules)"
    command = [sys.executable, "-c", code, "--project", str(sandbox.root), "status"]
    done = subprocess.run(command, capture_output=True, text=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert "httpx" in loaded
    assert not {"lightkube", "pulumi"} & set(loaded)
