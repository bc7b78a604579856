"""The live page on the real fleet: agents break and recover a tenant, an API server goes away and returns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.harness import TestFleet, edit
from tests.serve.conftest import serving

pytestmark = pytest.mark.e2e

KUSTOMIZATION = "apps/storefront/environments/local/kustomization.yaml"


def status(fleet: TestFleet, *arguments: str) -> tuple[int, Any]:
    """The exit code and the rows of `berth status`."""
    done = fleet.berth("status", "--json", *arguments, ok=False)
    return done.returncode, json.loads(done.stdout)["rows"]


def test_a_bad_push_and_a_cluster_that_is_down_are_shown_as_they_happen_and_end(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    with serving(fleet.root, "--stack", "local") as found:
        fleet.wait("all is read", lambda: found.states() == {"in sync"})
        fleet.wait("the clusters are in order", lambda: {row["state"] for row in found.clusters().values()} == {"ok"})
        known = ("--server", found.address)
        asked = ("--stack", "local")
        fleet.wait("both tell the same", lambda: status(fleet, *known) == status(fleet, *asked))
        assert status(fleet, *known)[1]
        broken = ("storefront", "aws-local")
        page = "/api/tenants/storefront/clusters/aws-local"
        before = found.get(page).json()["history"][0]["revision"]
        edit(fleet.worktree / KUSTOMIZATION, r"kind: .*", "kind: Nonsense")
        fleet.push("Break storefront")
        try:
            fleet.wait("it is failing", lambda: found.rows()[broken]["state"] == "failing")
            assert found.rows()[broken]["message"]
            assert found.rows()["ledger", "aws-local"]["state"] in ("in sync", "syncing")
        finally:
            fleet.revert()
        fleet.wait("it has recovered", lambda: found.states() == {"in sync"})
        details = found.get(page).json()
        assert {"Deployment", "Service"} <= {each["kind"] for each in details["objects"]}
        # Argo CD applies nothing where a revert brings back what runs: the history ends before the bad commit then.
        assert details["history"][0]["revision"] in (before, found.rows()[broken]["applied"])

        fleet.kill("gcp-local/kube-apiserver")
        try:
            fleet.wait("it is away", lambda: found.clusters()["gcp-local"]["state"] == "unreachable")
            assert found.rows()["storefront", "gcp-local"]["state"] == "unreachable"
            assert found.clusters()["aws-local"]["state"] == "ok"
            code, rows = status(fleet, *known, "--cluster", "gcp-local")
            assert (code, {row["state"] for row in rows}) == (1, {"unreachable"})
        finally:
            fleet.berth("local", "up")
        fleet.wait("it is back", lambda: {row["state"] for row in found.clusters().values()} == {"ok"})
        fleet.wait("all is in sync", lambda: found.states() == {"in sync"})
    fleet.wait_in_sync()
