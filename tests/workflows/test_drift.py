"""The issue on drift: one for all stacks, opened, updated and closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.forge.text import DRIFT, GITHUB_LIMIT
from tests.support import Outcome
from tests.workflows.forges import FakeGitHub, FakeGitLab
from tests.workflows.support import forge


def _report(forge_: FakeGitHub | FakeGitLab, folder: Path, text: str = "~ 1 to update", **outcomes: str) -> Outcome:
    for file in folder.glob("*"):
        file.unlink()
    for stack, outcome in outcomes.items():
        (folder / f"{stack}.outcome").write_text(f"{outcome}\n", "utf-8")
        (folder / f"{stack}.txt").write_text(text, "utf-8")
    with forge_.up() as job:
        return forge(job, "drift", str(folder))


@pytest.mark.parametrize("forge_", [FakeGitHub(), FakeGitLab()], ids=["github", "gitlab"])
def test_one_issue_is_opened_updated_and_closed(forge_: FakeGitHub | FakeGitLab, tmp_path: Path) -> None:
    said = [
        _report(forge_, tmp_path, dev="clean", prod="clean").out,
        _report(forge_, tmp_path, dev="drift", prod="clean").out,
        _report(forge_, tmp_path, dev="drift", prod="drift").out,
        _report(forge_, tmp_path, dev="clean", prod="clean").out,
        _report(forge_, tmp_path, dev="clean", prod="clean").out,
    ]
    assert [line.split(" #")[0].strip() for line in said] == [
        "no issue is open", "opened issue", "updated issue", "closed issue", "no issue is open"
    ]  # fmt: skip
    assert len(forge_.issues) == 1


def test_the_issue_names_the_stacks_that_drifted_and_no_other(tmp_path: Path) -> None:
    github = FakeGitHub()
    _report(github, tmp_path, dev="drift", prod="clean", qa="failed")
    body = github.issues[0]["body"]
    assert body.startswith(DRIFT)
    assert "### dev" in body
    assert "~ 1 to update" in body
    assert "### prod" not in body
    assert "Could not be looked at: qa." in body


def test_where_a_stack_could_not_be_looked_at_the_issue_stays(tmp_path: Path) -> None:
    github = FakeGitHub()
    _report(github, tmp_path, dev="drift")
    ended = _report(github, tmp_path, dev="failed")
    assert (ended.code, ended.out) == (0, "could not be looked at: dev\n")
    assert github.issues[0]["state"] == "open"


def test_an_issue_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    theirs = {"number": 1, "user": {"login": "someone"}, "state": "open", "body": DRIFT}
    github = FakeGitHub(issues=[dict(theirs)])
    _report(github, tmp_path, dev="drift")
    assert github.issues[0] == theirs
    assert len(github.issues) == 2


def test_what_was_printed_ends_no_block_and_fits(tmp_path: Path) -> None:
    github = FakeGitHub()
    _report(github, tmp_path, "```\n" + "~ something changed\n" * 9000, dev="drift", prod="drift")
    body = github.issues[0]["body"]
    assert len(body) < GITHUB_LIMIT
    assert body.count("````") == 4


def test_nothing_looked_at_is_a_failure_and_no_good_news(tmp_path: Path) -> None:
    github = FakeGitHub()
    ended = _report(github, tmp_path)
    assert (ended.code, github.written()) == (1, [])
    assert "no stack was looked at" in ended.err
