"""`berth plan` on a Git repo of its own: what it compares with, what it says of bad input, and what it never shows."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from unittest.mock import patch

import pytest

import berth.render
from berth.plan.model import Action
from berth.settings.guards import EXIT_CODES
from tests.plan.project import Repo
from tests.support import Sandbox


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """The project without a cluster that Pulumi would make: the program need not be run for what tenants change."""
    return Repo.start(tmp_path / "project")


def command(repo: Sandbox, *arguments: str) -> str:
    """What the command prints. Guards may stop what it shows: tests of their own are in test_plan_guards."""
    ended = repo.run("plan", *arguments)
    assert ended.code in {0, *EXIT_CODES.values()}, ended.everything
    return ended.out


def refused(repo: Sandbox, *arguments: str) -> str:
    ended = repo.run("plan", *arguments)
    assert ended.code == 2, ended.everything
    return ended.err


def test_a_tenant_file_that_is_in_no_commit_is_planned_and_told(repo: Repo) -> None:
    repo.write("tenants/umbrella.yaml", (repo.root / "tenants/globex.yaml").read_text().replace("globex", "umbrella"))
    told = command(repo, "--base", "main")
    assert "+ tenant umbrella  added" in told
    assert "with tenants/umbrella.yaml not committed" in told


def test_what_is_the_same_is_neither_rendered_nor_run(repo: Repo) -> None:
    repo.edit("tenants/acme.yaml", '"12"', '"13"')
    with (
        patch("berth.plan.code.record_resources", side_effect=AssertionError("the program was run")),
        patch("berth.plan.rendered.render", wraps=berth.render.render) as render,
    ):
        plan = repo.plan()
    assert {call.args[1].name for call in render.call_args_list} == {"acme"}
    assert {t.name for _, t in plan.tenants() if t.action is not Action.NONE} == {"acme"}


def test_a_base_is_read_without_touching_the_working_tree_or_the_index(repo: Repo) -> None:
    repo.edit("tenants/acme.yaml", '"12"', '"13"')
    repo.git("add", "tenants/acme.yaml")
    repo.edit("tenants/acme.yaml", '"13"', '"14"')
    status = repo.git("status", "--porcelain")
    index = (repo.root / ".git/index").read_bytes()
    command(repo, "--base", "main")
    assert (repo.root / ".git/index").read_bytes() == index
    assert repo.git("status", "--porcelain") == status


def test_what_the_index_was_told_not_to_look_at_is_compared(repo: Repo) -> None:
    repo.git("update-index", "--assume-unchanged", "tenants/acme.yaml")
    repo.edit("tenants/acme.yaml", '"12"', '"13"')
    assert "ResourceQuota acme/berth" in command(repo, "--base", "main")


def test_a_base_that_is_none_is_told(repo: Repo) -> None:
    told = refused(repo, "--base", "mian")
    assert told.startswith('--base: found "mian"; expected a branch, tag or commit that is in this clone')


def test_a_base_cannot_be_an_option_of_git(repo: Repo) -> None:
    assert "a ref does not begin with a dash" in refused(repo, "--base=--help")


def test_a_shallow_clone_says_what_to_fetch(repo: Repo, tmp_path: Path) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.commit()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{repo.root}", str(clone)], check=True)
    assert "fetch-depth: 0" in refused(Sandbox(clone), "--base", first)


def test_a_project_in_no_repo_is_told(sandbox: Sandbox) -> None:
    assert "expected a project in a Git repo" in refused(sandbox, "--base", "main")


def test_a_project_in_a_folder_of_its_repo_is_found(repo: Repo) -> None:
    repo.git("clone", "--quiet", ".", "inner")
    inner = repo.root / "inner"
    subprocess.run(["rm", "-r", str(inner / ".git")], check=True)
    repo.commit()
    Sandbox(inner).edit("tenants/acme.yaml", '"12"', '"13"')
    told = command(Sandbox(inner), "--base", "main")
    assert told.startswith("Adds and changes in place, removes nothing. 1 tenant in 3 clusters")


def test_a_file_that_is_broken_in_the_base_only_is_told_and_its_tenant_counts_as_new(repo: Repo) -> None:
    good = (repo.root / "tenants/acme.yaml").read_text()
    repo.write("tenants/acme.yaml", "name: acme\nprofile: [\n")
    repo.commit()
    repo.write("tenants/acme.yaml", good)
    told = command(repo, "--base", "main")
    assert "tenants/acme.yaml cannot be read in the base" in told
    assert "+ tenant acme  added" in told


def test_a_file_that_is_broken_in_the_working_tree_is_a_problem(repo: Repo) -> None:
    repo.write("tenants/acme.yaml", "name: acme\nprofile: [\n")
    assert refused(repo, "--base", "main").startswith("tenants/acme.yaml:")


def test_a_base_from_before_the_tool_gives_the_whole_plan_and_says_so(repo: Repo) -> None:
    (repo.root / "Pulumi.dev.yaml").unlink()
    for name in ("acme", "globex"):
        (repo.root / "tenants" / f"{name}.yaml").unlink()
    repo.write("tenants/small.yaml", "name: small\nowners: {team: a, contact: a@example.com}\nprofile: standard\n"
               "placements: [{environments: [prod], clouds: [aws]}]\n")  # fmt: skip
    repo.write("berth/__init__.py", "")
    repo.commit()
    shutil.rmtree(repo.root / "berth")
    told = command(repo, "--base", "main")
    assert "cannot be planned with its own code: it is from before `berth plan`" in told
    assert "This is the whole plan of each stack, not what changes." in told


def test_a_stack_that_neither_side_has_is_told(repo: Repo) -> None:
    assert '"dve"' in refused(repo, "--stack", "dve", "--base", "main")


def test_an_ending_that_is_no_format_is_told(repo: Repo) -> None:
    assert "expected a file that ends in one of .md, .json, .html, .txt" in refused(repo, "--out", "plan.pdf")
