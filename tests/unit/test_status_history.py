"""The commits before the expected one, asked of real repos."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

import pytest

from berth.errors import OperationFailed
from berth.git import resolve_remote
from berth.status import history
from berth.status.expected import Commits, Point
from berth.status.history import expected_commit, with_log
from tests.support import running, until


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for number in range(5):
        (folder / "file").write_text(str(number))
        git(folder, "add", "file")
        git(folder, "commit", "--quiet", "-m", f"Commit {number}")
    return folder


def point(repo: Path, **ref: str) -> Point:
    return f"file://{repo}", tuple((ref or {"branch": "main"}).items())


def told(where: Point) -> Commits:
    commits = expected_commit(where, 30)
    assert isinstance(commits, Commits), commits
    return with_log(where, commits, 30)


def test_the_commits_of_a_branch_are_told_newest_first(repo: Path) -> None:
    found = told(point(repo))
    assert [commit for commit, _ in found.log] == git(repo, "rev-list", "main").split()
    assert found.behind(git(repo, "rev-parse", "main~2")) == (2, found.log[1][1])


def test_those_of_a_tag_and_of_a_commit_are_too(repo: Path) -> None:
    git(repo, "tag", "-a", "v1", "-m", "One", "main~1")
    assert told(point(repo, tag="v1")).behind(git(repo, "rev-parse", "main~3"))[0] == 2  # type: ignore[index]
    commit = git(repo, "rev-parse", "main~1")
    assert told(point(repo, commit=commit)).behind(git(repo, "rev-parse", "main~2"))[0] == 1  # type: ignore[index]


def test_what_a_merge_brought_in_counts_as_one(repo: Path) -> None:
    before = git(repo, "rev-parse", "HEAD")
    git(repo, "checkout", "--quiet", "-b", "topic")
    for number in range(3):
        (repo / "other").write_text(str(number))
        git(repo, "add", "other")
        git(repo, "commit", "--quiet", "-m", f"Topic {number}")
    git(repo, "checkout", "--quiet", "main")
    git(repo, "merge", "--quiet", "--no-ff", "-m", "Merge", "topic")
    found = told(point(repo))
    assert found.behind(before) == (1, found.log[0][1])
    assert len(found.log) == 6


def test_who_is_further_behind_than_is_looked_is_behind_by_an_unknown_number(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "DEPTH", 2)
    found = told(point(repo))
    assert found.behind(git(repo, "rev-parse", "main~1")) is not None
    assert found.behind(git(repo, "rev-parse", "main~4")) is None


def test_a_push_in_between_does_not_count(repo: Path) -> None:
    found = with_log(point(repo), Commits(git(repo, "rev-parse", "main~1")), 30)
    assert found.log[0][0] == git(repo, "rev-parse", "main~1")


def test_a_repo_that_does_not_tell_leaves_the_lag_unknown(tmp_path: Path) -> None:
    assert with_log(point(tmp_path), Commits("a" * 40), 30) == Commits("a" * 40)


def test_a_git_server_that_says_nothing_is_not_waited_for_and_no_process_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/repo.git"
        begin = time.monotonic()
        with pytest.raises(OperationFailed, match="does not answer within 1 s"):
            resolve_remote(url, {"branch": "main"}, 1)
        assert time.monotonic() - begin < 60
        until("no process is left", lambda: not running(url))
