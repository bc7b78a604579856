"""The pre-commit hooks, run by pre-commit in a clone."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.support import Outcome, Sandbox
from tests.workflows.support import ROOT, run

CONFIG = ".pre-commit-config.yaml"
PRE_COMMIT = str(Path(sys.executable).with_name("pre-commit"))


@pytest.fixture
def clone(sandbox: Sandbox) -> Sandbox:
    """A valid project under Git, with the hooks and what make installs."""
    shutil.copy(ROOT / CONFIG, sandbox.root)
    (sandbox.root / ".venv").symlink_to(sys.prefix)
    sandbox.write(".gitignore", "/.venv\n")
    assert sandbox.run("schema").code == 0
    _git(sandbox, "init", "--quiet", "--initial-branch", "main")
    _git(sandbox, "add", ".")
    _git(sandbox, "commit", "--quiet", "--message", "one")
    return sandbox


def _git(clone: Sandbox, *arguments: str) -> None:
    ended = run("git", "-c", "user.name=Test", "-c", "user.email=test@localhost", *arguments, cwd=clone.root)
    assert ended.code == 0, ended.err


def _hooks(clone: Sandbox, *arguments: str) -> Outcome:
    _git(clone, "add", ".")
    home = str(clone.root / ".git/of-pre-commit")
    return run(PRE_COMMIT, "run", "--color", "never", *arguments, cwd=clone.root, PRE_COMMIT_HOME=home)


def test_the_configuration_is_valid() -> None:
    assert run(PRE_COMMIT, "validate-config", str(ROOT / CONFIG)).code == 0


def test_a_good_project_passes_every_hook(clone: Sandbox) -> None:
    ended = _hooks(clone, "--all-files")
    assert ended.code == 0, ended.everything
    assert "Failed" not in ended.out


def test_a_broken_tenant_file_is_stopped_with_berths_own_words(clone: Sandbox) -> None:
    clone.edit("tenants/acme.yaml", "profile: standard", "profile: standrd")
    ended = _hooks(clone)
    assert ended.code == 1
    assert 'tenants/acme.yaml:3:10: profile: found "standrd"' in ended.out


def test_a_stale_schema_is_stopped(clone: Sandbox) -> None:
    clone.write("schemas/stack.json", "{}\n")
    ended = _hooks(clone, "schemas")
    assert ended.code == 1
    assert "stale" in ended.out


def test_a_change_of_something_else_is_not_kept_waiting(clone: Sandbox) -> None:
    clone.write("README.md", "hello\n")
    ended = _hooks(clone)
    assert (ended.code, ended.out.count("Passed")) == (0, 0)


def test_before_a_push_the_plan_of_the_pull_request_runs(clone: Sandbox) -> None:
    clone.write("Makefile", "pr:\n\t@echo the plan\n")
    ended = _hooks(clone, "--hook-stage", "pre-push", "--all-files")
    assert ended.code == 0, ended.everything
    assert "the plan" in ended.out
