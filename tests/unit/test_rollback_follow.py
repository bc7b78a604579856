"""A rollback is followed to the clusters: from the merge, whatever a merge makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.errors import OperationFailed
from berth.rollback import Arrived, Merged, Rollback, follow, prepare
from berth.status import Row, State
from tests.support import Sandbox
from tests.unit.rollbacks import History, add_prod, isolate_git

DEV = "apps/acme/environments/dev/kustomization.yaml"


@pytest.fixture(autouse=True)
def _git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate_git(monkeypatch, tmp_path)


@pytest.fixture
def history(tmp_path: Path) -> History:
    found = History(tmp_path)
    found.release("1.0.0")
    found.release("2.0.0")
    return found


@pytest.fixture
def rollback(sandbox: Sandbox, history: History, tmp_path: Path) -> Rollback:
    del history
    add_prod(sandbox)
    return prepare(sandbox.load(), "acme", tmp_path / "clone")


class Clusters:
    """What clusters say: one answer after the other, then the last for ever."""

    def __init__(self, *answers: dict[str, tuple[State, str]]) -> None:
        self._answers = list(answers)

    def __call__(self) -> Iterator[Row]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        for cluster, (state, applied) in answer.items():
            yield Row("acme", cluster, "aws", "dev", state, applied=applied, message="its own words")


def merge(history: History, *how: str) -> str:
    """Merges what was pushed. Returns the commit that the branch stands at."""
    history.git("fetch", "--quiet", "origin")
    branch = history.pushed("for-each-ref", "--format=%(refname:short)", "refs/heads/rollback")
    history.git("merge", "--quiet", *how, f"origin/{branch}")
    if "--squash" in how:
        history.git("commit", "--quiet", "--message", "Squashed")
    history.git("push", "--quiet", "origin", "HEAD:main")
    return history.git("rev-parse", "HEAD")


@pytest.mark.parametrize("how", ["--ff-only", "--no-ff", "--squash"])
def test_it_waits_for_the_merge_and_then_for_every_cluster(rollback: Rollback, history: History, how: str) -> None:
    rollback.push()
    commit = merge(history, how)
    old, new = (State.IN_SYNC, rollback.base), (State.IN_SYNC, commit)
    look = Clusters({"aws-dev": old, "aws-prod": old}, {"aws-dev": new, "aws-prod": old}, {"aws-prod": new})
    events = list(follow(rollback, look, 30, every=0.01))
    assert events[0] == Merged(commit)
    assert [event.cluster for event in events[1:] if isinstance(event, Arrived)] == ["aws-dev", "aws-prod"]


def test_a_merge_is_recognised_after_another_commit_of_the_same_tenant(rollback: Rollback, history: History) -> None:
    rollback.push()
    before = history.release("3.0.0", "prod")
    commit = merge(history, "--no-ff")
    history.release("4.0.0", "prod")
    look = Clusters({"aws-dev": (State.IN_SYNC, before), "aws-prod": (State.IN_SYNC, commit)})
    seen: list[Merged | Arrived] = []
    with pytest.raises(OperationFailed, match="not applied in aws-dev"):
        seen.extend(follow(rollback, look, 0.5, every=0.01))
    assert seen[0] == Merged(commit)
    assert [event.cluster for event in seen[1:] if isinstance(event, Arrived)] == ["aws-prod"]


def test_a_cluster_that_is_further_on_has_applied_it_too(rollback: Rollback, history: History) -> None:
    rollback.push()
    merge(history)
    later = history.release("3.0.0")
    there = dict.fromkeys(("aws-dev", "aws-prod"), (State.IN_SYNC, later))
    assert len(list(follow(rollback, Clusters(there), 30, every=0.01))) == 3


@pytest.mark.parametrize("state", [State.SYNCING, State.UNREACHABLE])
def test_a_cluster_that_is_still_at_it_or_away_is_waited_for_as_long_as_there_is_time(
    rollback: Rollback, history: History, state: State
) -> None:
    rollback.push()
    commit = merge(history)
    look = Clusters({"aws-dev": (State.IN_SYNC, commit), "aws-prod": (state, commit)})
    seen: list[Merged | Arrived] = []
    with pytest.raises(OperationFailed, match="not applied in aws-prod") as failed:
        seen.extend(follow(rollback, look, 0.5, every=0.01))
    assert [event.cluster for event in seen if isinstance(event, Arrived)] == ["aws-dev"]
    assert "its own words" in failed.value.message


def test_what_is_not_merged_in_time_is_told_with_what_to_do(rollback: Rollback) -> None:
    rollback.push()
    with pytest.raises(OperationFailed, match="main does not have the rollback") as failed:
        list(follow(rollback, Clusters({}), 0.1, every=0.01))
    assert failed.value.hint == f"merge {rollback.branch} into main"


def test_a_commit_that_does_something_else_is_no_merge_of_it(rollback: Rollback, history: History) -> None:
    history.release("3.0.0")
    with pytest.raises(OperationFailed, match="does not have the rollback"):
        list(follow(rollback, Clusters({}), 0.1, every=0.01))
