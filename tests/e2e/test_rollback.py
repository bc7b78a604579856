"""A rollback on the real fleet: from two commits that break a tenant to what all of its clusters ran before."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.e2e.harness import PLACED, TestFleet, edit

pytestmark = pytest.mark.e2e

VERSION = "apps/storefront/environments/local/kustomization.yaml"


def test_it_goes_back_to_what_every_cluster_applied_well_and_follows_that_to_the_clusters(fleet: TestFleet) -> None:
    clusters = PLACED["storefront"]
    fleet.wait_in_sync()
    edit(fleet.worktree / VERSION, r"newTag: .*", 'newTag: "8.8.8"')
    good = fleet.push("Release storefront 8.8.8")
    fleet.wait_in_sync()
    try:
        edit(fleet.worktree / VERSION, r"newTag: .*", "newTag: [not a tag")
        fleet.push("Break storefront")
        edit(fleet.worktree / VERSION, r"newTag: .*", "newTag: [still none")
        edit(fleet.worktree / "apps/telemetry/environments/local/kustomization.yaml", r"newTag: .*", 'newTag: "8.8.9"')
        bad = fleet.push("Try to mend storefront, and release telemetry")
        fleet.wait("storefront fails everywhere", lambda: all(
            fleet.status()["storefront", cluster]["state"] == "failing" for cluster in clusters
        ))  # fmt: skip
        dry = fleet.berth("rollback", "storefront", "--stack", "local").stdout
        assert f"back to    {good[:8]} Release storefront 8.8.8" in dry
        assert "the last that every cluster has applied well" in dry
        assert f"{bad[:8]} also changed apps/telemetry/environments/local/kustomization.yaml: that stays." in dry
        clone = next(Path(found[1]) for found in re.finditer(r"git -C (\S+) push", dry))
        assert clone.is_dir(), "it is left for whoever pushes"
        shutil.rmtree(clone.parent)

        done = fleet.berth("rollback", "storefront", "--stack", "local", "--branch", "main", "--push", "--follow")
        for cluster in clusters:
            assert f"applied    {cluster}, after " in done.stdout
            assert fleet.image_of(cluster, "storefront", "web").endswith(":8.8.8")
    finally:
        fleet.git("pull", "--quiet", "--ff-only", "origin", "main")
        fleet.git("checkout", good, "--", VERSION)  # which is there already, but for a test that fails
        if fleet.git("status", "--porcelain"):
            fleet.push("Mend storefront")
    fleet.wait_in_sync()
    assert fleet.image_of("gcp-local", "telemetry", "collector").endswith(":8.8.9"), "another tenant's release stays"
    assert fleet.git("rev-parse", "HEAD^") == bad
