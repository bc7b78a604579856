"""What Argo CD says of a tenant, as one state: from Applications as the API server has them."""

from __future__ import annotations

from typing import Any

import pytest

from berth.status import State
from berth.status.argocd import compared_commit, judge
from berth.status.model import Said
from berth.tenants.resolve import merge

NEW, OLD = "a" * 40, "b" * 40

GOOD: dict[str, Any] = {
    "spec": {"syncPolicy": {"automated": {"prune": True}}},
    "status": {
        "sync": {"status": "Synced", "revision": NEW},
        "health": {"status": "Healthy", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        "operationState": {"phase": "Succeeded", "syncResult": {"revision": NEW}},
        "history": [{"revision": OLD, "deployedAt": "2026-01-01T00:00:00Z"},
                    {"revision": NEW, "deployedAt": "2026-01-02T00:00:00Z"}],
        "resources": [{"kind": "Deployment", "name": "api", "health": {"status": "Healthy"}}],
    },
}  # fmt: skip


def told(**status: Any) -> Said:
    return judge(NEW, merge(GOOD, {"status": status}))


def test_a_tenant_whose_commit_runs_is_in_sync_since_it_was_deployed() -> None:
    row = told()
    assert (row.state, row.applied, row.objects, row.message) == (State.IN_SYNC, NEW, 1, "")
    assert row.since is not None
    assert row.since.isoformat() == "2026-01-02T00:00:00+00:00"


def test_no_application_is_missing() -> None:
    assert judge(NEW, None).state is State.MISSING


def test_an_application_that_is_not_automated_is_suspended() -> None:
    suspended = {**GOOD, "spec": {"syncPolicy": {"retry": {"limit": 1}}}}
    assert judge(NEW, suspended).state is State.SUSPENDED


def test_an_application_that_nobody_has_looked_at_is_syncing() -> None:
    assert judge(NEW, {"spec": GOOD["spec"]}).state is State.SYNCING


CASES: dict[str, tuple[dict[str, Any], State, str]] = {
    "manifests that do not build": (
        {"conditions": [{"type": "ComparisonError", "message": "no such\nfile"}]}, State.FAILING, "no such file"),
    "a destination outside": (
        {"conditions": [{"type": "InvalidSpecError", "message": "not permitted"}]}, State.FAILING, "not permitted"),
    "a warning": ({"conditions": [{"type": "OrphanedResourceWarning", "message": "x"}]}, State.IN_SYNC, ""),
    "a sync that failed": (
        {"sync": {"status": "OutOfSync"}, "operationState": {"phase": "Failed", "message": "forbidden"}},
        State.FAILING, "forbidden"),
    "a sync that is tried again": (
        {"sync": {"status": "OutOfSync"},
         "operationState": {"phase": "Running", "retryCount": 2, "message": "one or more objects failed"}},
        State.FAILING, "one or more objects failed"),
    "a failure of the commit before": (
        {"sync": {"status": "OutOfSync"},
         "operationState": {"phase": "Failed", "message": "old", "syncResult": {"revision": OLD}}},
        State.SYNCING, "the cluster differs from the commit"),
    "a failure that a revert made good": (
        {"operationState": {"phase": "Failed", "message": "forbidden", "syncResult": None}}, State.IN_SYNC, ""),
    "workloads that start": ({"health": {"status": "Progressing"}}, State.SYNCING, "workloads are not ready yet"),
    "an older commit": ({"sync": {"revision": OLD}}, State.SYNCING, "the agent has not seen the expected commit yet"),
}  # fmt: skip


@pytest.mark.parametrize(("status", "state", "message"), list(CASES.values()), ids=list(CASES))
def test_a_state_is_told_with_the_agent_s_words(status: dict[str, Any], state: State, message: str) -> None:
    row = told(**status)
    assert (row.state, row.message) == (state, message)


@pytest.mark.parametrize(
    ("status", "day"),
    [
        ({"conditions": [{"type": "SyncError", "message": "no", "lastTransitionTime": "2026-01-07T00:00:00Z"}]}, 7),
        ({"sync": {"status": "OutOfSync"}, "operationState": {"phase": "Failed", "startedAt": "2026-01-08T00:00:00Z"}},
         8),
        ({"sync": {"status": "OutOfSync"},
          "operationState": {"phase": "Running", "retryCount": 3, "startedAt": "2026-01-08T00:00:00Z"}}, 8),
        ({"sync": {"status": "OutOfSync"}, "operationState": {"phase": "Running", "startedAt": "2026-01-09T00:00:00Z"}},
         9),
        ({"sync": {"status": "OutOfSync"}}, None),
        ({"sync": {"revision": OLD}}, None),
        ({"health": {"status": "Degraded", "lastTransitionTime": "2026-01-06T00:00:00Z"}}, 6),
    ],
)  # fmt: skip
def test_a_state_is_as_old_as_what_makes_it(status: dict[str, Any], day: int | None) -> None:
    """And not as old as the workloads' health, which may be good all the time."""
    since = told(**status).since
    assert (since and since.day) == day


def test_an_object_that_is_refused_is_named() -> None:
    results = [
        {"kind": "Service", "name": "api", "status": "Synced", "message": "configured"},
        {"kind": "Pod", "name": "api", "status": "SyncFailed", "message": "forbidden:\n  host network"},
    ]
    row = told(sync={"status": "OutOfSync"}, operationState={
        "phase": "Failed", "message": "one or more objects failed", "syncResult": {"resources": results}})  # fmt: skip
    assert (row.state, row.message) == (State.FAILING, "Pod api: forbidden: host network")


def test_a_workload_that_is_not_well_is_named() -> None:
    broken = {"kind": "Deployment", "name": "api", "health": {"status": "Degraded", "message": "no such image"}}
    row = told(health={"status": "Degraded"}, resources=[broken])
    assert (row.state, row.message) == (State.FAILING, "Deployment api: no such image")


def test_what_runs_while_a_new_commit_is_not_applied_is_the_last_that_was() -> None:
    history = [{"revision": OLD, "deployedAt": "2026-01-01T00:00:00Z"}]
    assert told(sync={"status": "OutOfSync"}, history=history).applied == OLD


def test_an_expected_commit_that_is_unknown_is_not_called_in_sync() -> None:
    assert judge("", GOOD).state is State.UNKNOWN


def test_the_compared_commit_is_what_a_range_of_tags_stands_at() -> None:
    assert compared_commit(GOOD) == NEW
    assert compared_commit(None) == ""
