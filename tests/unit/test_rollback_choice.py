"""Which commit a rollback goes back to, from what the clusters say that they applied well."""

from __future__ import annotations

from typing import Any

import pytest

from berth.rollback.applied import applied_well, commits_of_application, commits_of_kustomization
from berth.rollback.choose import Reason, choose
from berth.rollback.followed import Placed
from tests.support import Sandbox

A, B = "a" * 40, "b" * 40


def test_it_is_the_newest_that_every_cluster_has_applied() -> None:
    applied = {"aws": {"now", "broken", "good", "old"}, "gcp": {"now", "good", "old"}}
    assert choose(["now", "broken", "good", "old"], applied) == (2, Reason.APPLIED)


def test_a_cluster_that_does_not_answer_does_not_stop_the_choice_and_is_not_counted() -> None:
    applied = {"aws": {"now", "good"}, "gcp": None}
    assert choose(["now", "broken", "good"], applied) == (2, Reason.ANSWERED)


def test_what_the_branch_holds_now_is_no_way_back_though_it_was_there_before() -> None:
    assert choose(["now", "bad", "now", "good"], {"aws": {"now", "good"}}) == (3, Reason.APPLIED)


@pytest.mark.parametrize("applied", [{}, {"aws": None}, {"aws": set()}, {"aws": {"elsewhere"}}])
def test_where_clusters_say_nothing_it_is_the_one_before_and_says_so(applied: dict[str, set[str] | None]) -> None:
    assert choose(["now", "before", "old"], applied) == (1, Reason.BEFORE)


@pytest.mark.parametrize("states", [["now"], ["now", "now"]])
def test_a_first_state_has_none_before_it(states: list[str]) -> None:
    assert choose(states, {"aws": {"now"}}) is None


def test_flux_names_what_it_applied_and_saw_ready_and_not_what_failed() -> None:
    history = [
        {"lastReconciledStatus": "HealthCheckFailed", "metadata": {"revision": f"main@sha1:{B}"}},
        {"lastReconciledStatus": "ReconciliationSucceeded", "metadata": {"revision": f"main@sha1:{A}"}},
        {"lastReconciledStatus": "ReconciliationSucceeded"},
    ]
    assert commits_of_kustomization({"status": {"history": history}}) == {A}
    assert commits_of_kustomization({"status": {"lastAppliedRevision": f"main@sha1:{B}"}}) == {B}
    assert commits_of_kustomization({}) == set()


def test_argo_cd_names_its_history_and_what_the_cluster_equals() -> None:
    status: dict[str, Any] = {"history": [{"revision": A}], "sync": {"status": "Synced", "revision": B}}
    assert commits_of_application({"status": status}) == {A, B}
    status["sync"]["status"] = "OutOfSync"
    assert commits_of_application({"status": status}) == {A}
    assert commits_of_application({}) == set()


def test_clusters_that_do_not_answer_are_told_apart_from_those_that_have_applied_nothing(sandbox: Sandbox) -> None:
    placed = Placed(sandbox.cluster(), sandbox.placed())
    assert applied_well(sandbox.root, [placed], timeout=1) == {"aws-dev": None}
