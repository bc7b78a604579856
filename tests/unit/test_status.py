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
