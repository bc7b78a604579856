"""A drill on the real fleet: every fault is made and seen, and nothing of it stays, whatever ends it."""

from __future__ import annotations

import json
import subprocess
import time

import pytest

from berth.local.paths import FleetPaths
from tests.e2e.harness import CLUSTERS, FLUX, TestFleet

pytestmark = pytest.mark.e2e


def content(fleet: TestFleet) -> str:
    """What the branch that the agents follow holds."""
    repo = FleetPaths.of(fleet.root).deploy_repo
    done = subprocess.run(["git", "rev-parse", "main^{tree}"], cwd=repo, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def catch_up(fleet: TestFleet) -> None:
    """Brings the checkout of the deploy repo, which other tests commit in, to what the drill pushed."""
    fleet.git("pull", "--quiet", "--ff-only", "origin", "main")


def test_every_fault_is_seen_and_put_right_in_every_cluster(fleet: TestFleet) -> None:
    # The branch goes on with what is not the tenant's: what it goes back to is not the newest commit.
    (fleet.worktree / "NOTES.md").write_text("of another team\n", "utf-8")
    fleet.push("Add notes that no cluster reads")
    fleet.wait_in_sync()
    before, pids = content(fleet), fleet.pids()
    images = {cluster: fleet.image_of(cluster, "storefront", "web") for cluster in CLUSTERS}
    done = fleet.berth("drill", "--tenant", "storefront", "--json", ok=False)
    catch_up(fleet)  # whatever became of it: the tests after it push
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads(done.stdout)
    assert (data["engine"], data["tenant"]) == (fleet.engine.name, "storefront")
    assert all(step["good"] and step["seconds"] > 0 for step in data["steps"])
    seen = {(step["name"], step["cluster"]) for step in data["steps"]}
    everywhere = {(name, cluster) for name in ("bad commit seen", "rollback applied") for cluster in CLUSTERS}
    assert seen == everywhere | {
        ("rollback pushed", "-"),
        ("change by hand undone", "aws-local"),
        ("deletion by hand undone", "azure-local"),
        ("lost cluster seen", "azure-local"),
        ("others go on", "aws-local"),
        ("others go on", "gcp-local"),
        ("lost cluster in sync again", "azure-local"),
    }
    paces = {step["pace"] for step in data["steps"] if "by hand" in step["name"]}
    assert paces == {"sync every 5s" if fleet.engine is FLUX else "watched"}
    assert content(fleet) == before
    assert {cluster: fleet.image_of(cluster, "storefront", "web") for cluster in CLUSTERS} == images
    now = fleet.pids()
    assert {name for name in pids if pids[name] != now[name]} == {"azure-local/kube-apiserver"}
    fleet.wait_in_sync()


def test_a_drill_that_is_interrupted_leaves_the_fleet_as_it_was(fleet: TestFleet) -> None:
    fleet.wait_in_sync()
    before = content(fleet)

    def broken() -> None:
        fleet.wait("the bad commit is there", lambda: content(fleet) != before)
        time.sleep(1)

    drill = fleet.interrupt("drill", "--tenant", "storefront", when=broken)
    catch_up(fleet)
    assert drill.returncode == 130, drill.stdout + drill.stderr
    assert drill.stderr.splitlines()[-1] == "error: interrupted"
    assert content(fleet) == before
    fleet.wait_in_sync()
