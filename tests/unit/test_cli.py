"""The command line as such: exit codes, where output goes, and what it loads."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import BERTH, Outcome, Sandbox

BERTH_PACKAGE = Path(__file__).parents[2] / "berth"


def test_a_valid_project_is_counted(sandbox: Sandbox) -> None:
    ended = sandbox.run("validate")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "valid  1 stack, 2 clusters, 1 profile, 1 tenant, 1 placement\n"


def test_the_json_of_a_valid_project_has_the_same_counts(sandbox: Sandbox) -> None:
    ended = sandbox.run("validate", "--json")
    assert json.loads(ended.out) == {
        "valid": True, "stacks": 1, "clusters": 2, "profiles": 1, "tenants": 1, "placements": 1
    }  # fmt: skip


def test_a_problem_is_one_line_with_its_place_path_and_remedy(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/acme.yaml", "profile: standard", "profile: standrd")
    ended = sandbox.berth("validate")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines() == [
        'tenants/acme.yaml:3:10: profile: found "standrd"; expected standard; did you mean "standard"?',
        "1 problem; nothing was changed",
    ]


def test_a_long_line_is_not_wrapped_where_nobody_watches(sandbox: Sandbox) -> None:
    sandbox.tenant(f"labels: {{key: {'x' * 150}}}\n")
    lines = sandbox.berth("validate", COLUMNS="40").err.splitlines()
    assert len(lines) == 2


def test_piped_output_has_no_colour(sandbox: Sandbox) -> None:
    sandbox.tenant("lifecycle: x\n")
    assert "\x1b" not in sandbox.berth("validate").everything


def test_a_folder_without_a_project_is_refused_with_code_2(tmp_path: Path) -> None:
    ended = Sandbox(tmp_path).run("validate")
    assert (ended.code, ended.out) == (2, "")
    assert "name one with --project" in ended.err


def test_the_project_is_found_from_a_folder_below(sandbox: Sandbox) -> None:
    ended = subprocess.run(
        [*BERTH, "validate"], cwd=sandbox.root / "tenants", capture_output=True, text=True, env=dict(os.environ)
    )
    assert (ended.returncode, ended.stdout[:5]) == (0, "valid")


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["validate", "--nonsense"], ["render"], ["--project", "/nowhere-at-all", "validate"]]
)
def test_a_wrong_call_is_code_2_and_says_so_on_stderr(sandbox: Sandbox, arguments: list[str]) -> None:
    ended = sandbox.run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err != ""


@pytest.mark.parametrize("arguments", [["--help"], ["validate", "-h"], ["--version"], ["tenant", "new", "--help"]])
def test_asking_for_help_is_code_0(sandbox: Sandbox, arguments: list[str]) -> None:
    ended = sandbox.run(*arguments)
    assert (ended.code, ended.err) == (0, "")


def test_ctrl_c_is_code_130_and_one_line(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("berth.cli.validate.load_project", interrupt)
    ended = sandbox.run("validate")
    assert (ended.code, ended.out, ended.err.strip()) == (130, "", "error: interrupted")


def test_a_current_folder_that_was_deleted_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"cd {shlex.quote(str(gone))} && rmdir ../gone && exec {shlex.join(BERTH)} validate"
    path = {**os.environ, "PYTHONPATH": str(BERTH_PACKAGE.parent)}
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: the current folder is not there any more\n")


# Where nothing can be printed ----------------------------------------------------------------------------------------


def shell(sandbox: Sandbox, call: str) -> Outcome:
    """A call of `berth` with the redirections of a shell."""
    command = f"{shlex.join(BERTH)} --project {shlex.quote(str(sandbox.root))} {call}"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize("call", ["validate >&-", "validate <&- >&- 2>&-", "validate --json >&-", "--help >&-"])
def test_closed_streams_are_as_good_as_null(sandbox: Sandbox, call: str) -> None:
    assert shell(sandbox, call) == Outcome(0, "", "")


@pytest.mark.parametrize("call", ["validate", "validate --json", "render --stack dev", "--help"])
def test_what_does_not_get_onto_a_full_disk_is_code_1(sandbox: Sandbox, call: str) -> None:
    assert shell(sandbox, f"{call} >/dev/full") == Outcome(1, "", "error: No space left on device\n")


@pytest.mark.parametrize("call", ["validate 2>/dev/full", "validate 2>&-", "validate --json >/dev/full", "x 2>&-"])
def test_wrong_input_is_code_2_to_whom_it_cannot_be_told_too(sandbox: Sandbox, call: str) -> None:
    sandbox.tenant("lifecycle: x\n")
    ended = shell(sandbox, call)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err in ("", "error: No space left on device\n")


# What is loaded -----------------------------------------------------------------------------------------------------


def test_validate_loads_no_more_than_it_needs() -> None:
    code = "import sys, berth.cli.main, berth.cli.validate; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & {"pulumi", "lightkube", "cryptography", "psutil", "httpx", "asyncio", "pytest", "jsonschema"}
    heavy = {f"rich.{part}" for part in ("progress", "live", "markdown", "syntax", "traceback", "prompt", "logging")}
    assert not set(loaded) & heavy
    assert not [name for name in loaded if name.startswith(("berth.local", "berth.status", "berth.render"))]


PULUMI_ALLOWED = ("local/pulumi.py", "plan/")


def test_the_core_imports_no_pulumi() -> None:
    importing = re.compile(r"^\s*(?:import|from)\s+(?:pulumi|pulumi_\w+)\b", re.MULTILINE)
    found = [
        path.relative_to(BERTH_PACKAGE).as_posix()
        for path in BERTH_PACKAGE.rglob("*.py")
        if importing.search(path.read_text("utf-8"))
    ]
    assert "local/pulumi.py" in found  # or the search finds nothing at all
    assert [name for name in found if not name.startswith(PULUMI_ALLOWED)] == []


def test_the_core_knows_no_component_and_render_no_file() -> None:
    for path in BERTH_PACKAGE.rglob("*.py"):
        assert not re.search(r"^\s*(?:import|from)\s+components\b", path.read_text("utf-8"), re.MULTILINE), path
    for path in (BERTH_PACKAGE / "render").glob("*.py"):
        imports = re.findall(r"^\s*(?:import|from)\s+([\w.]+)", path.read_text("utf-8"), re.MULTILINE)
        assert not {"os", "pathlib", "time", "datetime", "random", "uuid", "subprocess", "socket"} & set(imports), path
