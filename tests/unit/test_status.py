"""How Flux's own account of a tenant is read."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from berth.cli.fleet_tables import age
from berth.status.flux import commit_of, judge
from berth.status.model import State

EXPECTED = "a" * 40
FORMER = "b" * 40


def condition(status: str, message: str = "", at: str = "2026-01-02T03:04:05Z") -> dict[str, str]:
    return {"type": "Ready", "status": status, "message": message, "lastTransitionTime": at}


def source(status: str = "True", message: str = "") -> dict[str, Any]:
    return {"metadata": {"generation": 1}, "spec": {}, "status": {"conditions": [condition(status, message)]}}


def sync(status: str = "True", message: str = "", *, applied: str = EXPECTED, observed: int = 1,
         suspend: bool = False) -> dict[str, Any]:  # fmt: skip
    return {
        "metadata": {"generation": 1},
        "spec": {"suspend": suspend},
        "status": {
            "observedGeneration": observed,
            "conditions": [condition(status, message)],
            "lastAppliedRevision": f"main@sha1:{applied}",
            "inventory": {"entries": [{"id": "a"}, {"id": "b"}]},
        },
    }


@pytest.mark.parametrize(
    ("git", "kustomization", "state", "message"),
    [
        pytest.param(source(), sync(), State.IN_SYNC, "", id="applied is expected"),
        pytest.param(source(), None, State.MISSING, "there is no Kustomization", id="no sync object"),
        pytest.param(None, sync(), State.MISSING, "there is no GitRepository", id="no source object"),
        pytest.param(source("False", "auth failed"), sync(), State.FAILING, "auth failed", id="source fails"),
        pytest.param(source(), sync("False", "build failed"), State.FAILING, "build failed", id="sync fails"),
        pytest.param(source(), sync("Unknown", "in progress"), State.SYNCING, "in progress", id="sync in progress"),
        pytest.param(source(), sync(applied=FORMER), State.SYNCING, "not seen", id="former commit"),
        pytest.param(source(), sync(observed=0), State.SYNCING, "", id="change not seen yet"),
        pytest.param(source(), sync("False", "old word", observed=0), State.SYNCING, "old word", id="stale failure"),
        pytest.param(source(), sync(suspend=True), State.SUSPENDED, "suspended", id="suspended"),
    ],
)
def test_the_state_follows_from_both_objects(
    git: dict[str, Any] | None, kustomization: dict[str, Any] | None, state: State, message: str
) -> None:
    row = judge(EXPECTED, git, kustomization)
    assert row.state is state
    assert message in row.message


def test_without_an_expected_commit_nothing_is_called_in_sync() -> None:
    row = judge("", source(), sync())
    assert row.state is State.UNKNOWN


def test_objects_are_counted_and_the_applied_commit_is_read() -> None:
    row = judge(EXPECTED, source(), sync(applied=FORMER))
    assert (row.objects, row.applied) == (2, FORMER)


def test_the_age_of_a_tenant_in_sync_is_that_of_its_content_not_of_the_last_look() -> None:
    item = sync()
    item["status"]["history"] = [{"firstReconciled": "2025-01-01T00:00:00Z", "lastReconciled": "2026-01-01T00:00:00Z"}]
    assert judge(EXPECTED, source(), item).since == datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)


def noon(minutes: int) -> str:
    return f"2026-01-02T12:{minutes:02}:00Z"


def fetched(commit: str = EXPECTED, minutes: int = 0) -> dict[str, Any]:
    item = source()
    item["status"]["artifact"] = {"revision": f"main@sha1:{commit}", "lastUpdateTime": noon(minutes)}
    return item


def tried(status: str, first: int, last: int, commit: str = EXPECTED, digest: str = "") -> dict[str, Any]:
    """An entry of the history: how tries of a commit's content ended between two minutes."""
    return {"digest": digest or f"sha256:{commit}", "lastReconciledStatus": status, "firstReconciled": noon(first),
            "lastReconciled": noon(last), "metadata": {"revision": f"main@sha1:{commit}"}}  # fmt: skip


def trying(*history: dict[str, Any], applied: str = FORMER, now: str = "Unknown", message: str = "") -> dict[str, Any]:
    """A Kustomization of the generation 2 that succeeded last with 1, as it is while it is tried, or after that."""
    ready = condition(now, message or "Reconciliation in progress", noon(30)) | {"observedGeneration": 2}
    item = sync(applied=applied)
    item["metadata"]["generation"] = 2
    item["status"] |= {"conditions": [ready], "history": list(history)}
    return item


GOOD, UNHEALTHY, REFUSED = "ReconciliationSucceeded", "HealthCheckFailed", "ReconciliationFailed"


def again(commit: str = EXPECTED) -> dict[str, Any]:
    """A Kustomization whose last try, of a commit, succeeded, and that is tried once more."""
    item = sync("Unknown", "Reconciliation in progress", applied=commit)
    item["status"]["history"] = [tried(GOOD, 10, 20, commit), tried(UNHEALTHY, 0, 9, "c" * 40)]
    return item


def test_what_is_in_sync_stays_so_while_it_is_tried_again() -> None:
    row = judge(EXPECTED, fetched(), again())
    assert row[:2] == (State.IN_SYNC, "")
    assert row.since is not None
    assert row.since.minute == 10


def test_what_is_tried_again_is_not_in_sync_where_something_else_is_to_run() -> None:
    assert judge(EXPECTED, fetched(FORMER), again(FORMER)).message == "the agent has not seen the expected commit yet"
    item = again()
    item["metadata"]["generation"] = 2
    for source_, sync_ in ((fetched(), again(FORMER)), (fetched(FORMER), again()), (fetched(), item)):
        assert judge(EXPECTED, source_, sync_)[:2] == (State.SYNCING, "Reconciliation in progress")


def test_a_sync_that_has_never_succeeded_fails_when_its_condition_says_so() -> None:
    item = trying(now="False", message="build failed")
    item["status"]["observedGeneration"] = -1
    assert judge(EXPECTED, fetched(), item)[:2] == (State.FAILING, "build failed")


@pytest.mark.parametrize(
    "message",
    ["Source artifact not found, retrying in 30s", "Source is not ready, artifact not found, retrying in 30s"],
)
def test_what_waits_for_its_source_does_not_fail(message: str) -> None:
    assert judge(EXPECTED, source(), trying(now="False", message=message))[:2] == (State.SYNCING, message)


@pytest.mark.parametrize("result", [UNHEALTHY, REFUSED, "PruneFailed"])
def test_a_sync_that_failed_and_is_tried_again_fails_still(result: str) -> None:
    row = judge(EXPECTED, fetched(), trying(tried(result, 10, 20), tried(GOOD, 0, 9, FORMER)))
    assert row[:2] == (State.FAILING, f"{result}; trying again")
    assert row.since is not None
    assert row.since.minute == 10


@pytest.mark.parametrize(
    ("history", "head"),
    [
        pytest.param([], EXPECTED, id="no try ended yet"),
        pytest.param([tried(GOOD, 0, 20)], EXPECTED, id="the last one succeeded"),
        pytest.param([tried(UNHEALTHY, 10, 20, FORMER)], EXPECTED, id="another commit failed"),
        pytest.param([tried(UNHEALTHY, 10, 20)], FORMER, id="another commit was fetched since"),
    ],
)
def test_a_sync_is_only_called_failing_while_it_is_tried_if_the_same_commit_failed(
    history: list[dict[str, Any]], head: str
) -> None:
    row = judge(EXPECTED, fetched(head), trying(*history))
    assert row[:2] == (State.SYNCING, "Reconciliation in progress")


@pytest.mark.parametrize(
    ("history", "applied", "since"),
    [
        pytest.param([tried(REFUSED, 10, 29), tried(GOOD, 0, 9, FORMER)], FORMER, 10, id="since the first such try"),
        pytest.param([tried(REFUSED, 12, 29), tried(UNHEALTHY, 11, 13)], FORMER, 11, id="however it failed"),
        pytest.param([tried(UNHEALTHY, 5, 29), tried(GOOD, 2, 20)], EXPECTED, 20, id="since it was well between"),
        pytest.param([tried(GOOD, 2, 20)], EXPECTED, 20, id="since it was well, where it does not build any more"),
        pytest.param([tried(GOOD, 0, 1, FORMER)], FORMER, 3, id="since it was fetched, where it does not build"),
        pytest.param([], EXPECTED, 30, id="since the last try, where nothing else is known"),
    ],
)
def test_how_long_a_sync_has_been_failing_does_not_begin_anew_with_each_try(
    history: list[dict[str, Any]], applied: str, since: int
) -> None:
    row = judge(EXPECTED, fetched(minutes=3), trying(*history, applied=applied, now="False", message="no"))
    assert row.state is State.FAILING
    assert row.since is not None
    assert row.since.minute == since


@pytest.mark.parametrize(
    ("history", "changed"),
    [
        pytest.param([tried(GOOD, 5, 29), tried(GOOD, 0, 4, FORMER)], 5, id="a new commit"),
        pytest.param([tried(GOOD, 0, 29), tried(GOOD, 5, 20, FORMER)], 20, id="a commit that came back"),
        pytest.param([tried(GOOD, 0, 29), tried(UNHEALTHY, 5, 20, FORMER)], 20, id="after one that was unhealthy"),
        pytest.param([tried(GOOD, 0, 29), tried(REFUSED, 5, 20, FORMER)], 0, id="after one that was refused"),
        pytest.param([tried(GOOD, 8, 29), tried(UNHEALTHY, 3, 7)], 3, id="applied before it got healthy"),
        pytest.param([tried(UNHEALTHY, 25, 29), tried(GOOD, 5, 24, FORMER)], 5, id="the one that is healthy"),
        pytest.param([tried(REFUSED, 5, 29)], None, id="nothing was applied"),
        pytest.param([], None, id="nothing was tried"),
    ],
)
def test_the_last_change_is_that_of_what_is_applied(history: list[dict[str, Any]], changed: int | None) -> None:
    row = judge(EXPECTED, fetched(), trying(*history))
    assert (row.changed and row.changed.minute) == changed


def test_a_commit_that_the_agent_has_not_seen_has_no_age_of_its_own() -> None:
    assert judge(EXPECTED, source(), sync(applied=FORMER)).since is None


def test_a_message_is_one_line() -> None:
    assert judge(EXPECTED, source(), sync("False", "a\nb\n\n c")).message == "a b c"


def test_the_commit_is_what_follows_the_last_colon() -> None:
    assert commit_of(f"main@sha1:{EXPECTED}") == EXPECTED


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (200, "3m20s"), (3600, "1h"), (183600, "2d3h")],
)
def test_an_age_has_at_most_two_units(seconds: int, text: str) -> None:
    assert age(datetime.timedelta(seconds=seconds)) == text
