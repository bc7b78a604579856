"""What goes wrong between Git and a cluster: no tenant loses a workload, status says what is wrong, and all converge
when the fault is gone. Under each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from berth.egress import NOTHING
from berth.names import RECONCILER_BINDING
from tests.e2e import manifests
from tests.e2e.harness import ARGOCD, CLUSTERS, FLUX, PLACED, TestFleet, edit, operation_of
from tests.e2e.rounds import refresh

pytestmark = pytest.mark.e2e

RUNNING = {("storefront", "web"), ("ledger", "ledger-api"), ("telemetry", "collector")}

TOLD_SECONDS = 100.0
"""Status is to say what is wrong within two intervals, of 10 s here. A busy machine has five times as long."""


def workloads(fleet: TestFleet) -> set[tuple[str, str, str]]:
    """The sample tenants' main Deployments that are there, with their clusters."""
    return {
        (cluster, tenant, name)
        for tenant, name in RUNNING
        for cluster in PLACED[tenant]
        if fleet.image_of(cluster, tenant, name)
    }


@pytest.fixture
def before(fleet: TestFleet) -> Iterator[set[tuple[str, str, str]]]:
    """What ran before the fault. Afterwards all of it runs, and every tenant is in sync again."""
    fleet.wait_in_sync()
    found = workloads(fleet)
    assert len(found) == 7
    yield found
    fleet.wait_in_sync()
    assert workloads(fleet) == found


def states(fleet: TestFleet) -> set[str]:
    return {row["state"] for row in fleet.status().values()}


def test_a_controller_that_is_killed_while_it_syncs_finishes_after_it_is_back(
    fleet: TestFleet, before: set[tuple[str, str, str]]
) -> None:
    edit(fleet.worktree / "apps/storefront/environments/local/kustomization.yaml", r"newTag: .*", 'newTag: "6.6.6"')
    commit = fleet.push("Release storefront into a crash")
    try:
        for cluster in CLUSTERS:
            fleet.kill(f"{cluster}/{fleet.engine.applies}")
        assert workloads(fleet) == before
        fleet.berth("local", "up")
        fleet.wait_in_sync()
        assert {row["applied"] for row in fleet.status().values()} == {commit}
    finally:
        fleet.berth("local", "up")
        fleet.revert()


def test_a_git_server_that_is_away_is_told_and_missed_by_nobody(
    fleet: TestFleet, before: set[tuple[str, str, str]]
) -> None:
    try:
        fleet.kill("git-server")
        fleet.wait("status says that Git is away", lambda: states(fleet) <= {"failing", "unknown"}, TOLD_SECONDS)
        messages = {row["message"] for row in fleet.status().values()}
        assert all(messages)
        assert workloads(fleet) == before
    finally:
        fleet.berth("local", "up")


def test_drift_takes_no_workload_for_undeclared_while_git_is_away(
    fleet: TestFleet, before: set[tuple[str, str, str]]
) -> None:
    # Argo CD that cannot compare says of all that it applied that it is to be pruned.
    label = ("aws-local", "--namespace", "storefront", "label", "deployment", "web")
    try:
        fleet.kubectl(*label, "berth.dev/tenant=storefront")
        fleet.kill("git-server")
        fleet.wait("status says that Git is away", lambda: states(fleet) <= {"failing", "unknown"}, TOLD_SECONDS)
        fleet.berth("drift", "--stack", "local", "--fix", "--prune", ok=False)
        assert workloads(fleet) == before
    finally:
        fleet.berth("local", "up")
        fleet.kubectl(*label, "berth.dev/tenant-", ok=False)


def test_a_branch_that_is_forced_back_is_followed(fleet: TestFleet, before: set[tuple[str, str, str]]) -> None:
    start = fleet.git("rev-parse", "HEAD")
    edit(fleet.worktree / "apps/storefront/environments/local/kustomization.yaml", r"newTag: .*", 'newTag: "4.4.4"')
    fleet.push("Release storefront 4.4.4")
    fleet.wait_in_sync()
    fleet.git("reset", "--quiet", "--hard", start)
    fleet.git("push", "--quiet", "--force", "origin", "main")
    fleet.wait_in_sync()
    assert {row["applied"] for row in fleet.status().values()} == {start}
    assert workloads(fleet) == before


def test_a_branch_that_is_empty_deletes_nothing(fleet: TestFleet, before: set[tuple[str, str, str]]) -> None:
    fleet.git("rm", "-r", "--quiet", ".")
    fleet.push("Remove everything")
    try:
        fleet.wait("every tenant fails", lambda: states(fleet) == {"failing"}, TOLD_SECONDS)
        assert workloads(fleet) == before
    finally:
        fleet.revert()


EMPTIED = {
    "no manifests": {"notes.txt": "Nothing to apply.\n"},
    "a list without entries": {"kustomization.yaml": "resources: []\n"},
    "manifests that hold nothing": {
        "kustomization.yaml": "resources: [gone.yaml]\n",
        "gone.yaml": "# Moved to another repo.\n",
    },
}
"""Ways in which a path is there and comes to no object: its files."""


def path_of(fleet: TestFleet, tenant: str, cluster: str) -> Path:
    return fleet.worktree / "apps" / tenant / "local" / cluster.removesuffix("-local")


def empty(path: Path, files: dict[str, str]) -> None:
    for each in path.iterdir():
        each.unlink()
    for name, text in files.items():
        (path / name).write_text(text)


def done_with(fleet: TestFleet, commit: str, tenant: str, cluster: str) -> bool:
    """Whether a tenant's agent has gone through with the commit, well or not: it does no more about it."""
    sync = fleet.get(cluster, *fleet.engine.sync_of(tenant))
    status = sync["status"]
    if fleet.engine is ARGOCD:
        # The commit in question is the only one that fails.
        refused = any(condition["type"].endswith("Error") for condition in status.get("conditions") or ())
        return refused or operation_of(sync).get("syncResult", {}).get("revision") == commit
    ready = next(condition for condition in status["conditions"] if condition["type"] == "Ready")
    return str(status["lastAttemptedRevision"]).endswith(commit) and ready["status"] != "Unknown"


def try_empty(
    fleet: TestFleet, tenant: str, cluster: str, files: dict[str, str]
) -> tuple[set[tuple[str, str, str]], str]:
    """Empties a tenant's path in one cluster for one commit. What runs when the agent is done, and its state: not that
    of another try that has just begun."""
    empty(path_of(fleet, tenant, cluster), files)
    commit = fleet.push(f"Empty the path of {tenant} in {cluster}")
    try:
        fleet.wait("the agent has gone through with it", lambda: done_with(fleet, commit, tenant, cluster))
        seen: list[str] = []

        def told() -> bool:
            seen.append(fleet.status()[tenant, cluster]["state"])
            return seen[-1] != "syncing"

        fleet.wait("status tells how that went", told)
        return workloads(fleet), seen[-1]
    finally:
        fleet.revert()


@pytest.mark.parametrize("files", list(EMPTIED.values()), ids=list(EMPTIED))
def test_a_path_that_comes_to_nothing_deletes_nothing(
    fleet: TestFleet, before: set[tuple[str, str, str]], files: dict[str, str]
) -> None:
    assert try_empty(fleet, "telemetry", "gcp-local", files) == (before, "failing")


def test_neither_does_that_of_a_tenant_whose_file_does_not_say_what_it_must_hold(
    request: pytest.FixtureRequest, fleet: TestFleet, before: set[tuple[str, str, str]]
) -> None:
    if fleet.engine is FLUX:
        request.applymarker(pytest.mark.xfail(strict=True, reason="Flux deletes all: docs/engines.md"))
    assert try_empty(fleet, "ledger", "azure-local", EMPTIED["a list without entries"]) == (before, "failing")


@pytest.mark.engine(ARGOCD)
def test_a_failed_sync_that_is_tried_again_does_not_take_up_a_commit_that_comes_to_nothing(
    fleet: TestFleet, before: set[tuple[str, str, str]]
) -> None:
    # What Argo CD looks at before it starts a sync, it does not look at again when it takes up the newest commit.
    def operation() -> dict[str, Any]:
        return operation_of(fleet.get("azure-local", *fleet.engine.sync_of("ledger")))

    start = fleet.git("rev-parse", "HEAD")
    path = path_of(fleet, "ledger", "azure-local")
    refused = manifests.pod("refused", manifests.container("registry.example.net/refused:1"), namespace="ledger")
    (path / "refused.yaml").write_text(yaml.safe_dump(refused))
    edit(path / "kustomization.yaml", r"resources:\n", "resources:\n- refused.yaml\n")
    fleet.push("Add what the cluster refuses")
    try:
        fleet.wait("the sync is tried again", lambda: operation().get("retryCount", 0) > 0)
        empty(path, EMPTIED["a list without entries"])
        fleet.push("Empty ledger's path in one cloud")
        # Tries are up to a minute apart.
        fleet.wait("it is tried with the newest commit", lambda: NOTHING in operation().get("message", ""))
        assert workloads(fleet) == before
    finally:
        fleet.git("revert", "--no-edit", f"{start}..HEAD")
        fleet.git("push", "--quiet", "origin", "main")


def test_a_commit_that_failed_for_what_is_outside_of_it_is_applied_when_that_is_over(
    fleet: TestFleet, before: set[tuple[str, str, str]]
) -> None:
    def row() -> dict[str, Any]:
        return fleet.status()["storefront", "gcp-local"]

    tags = fleet.worktree / "apps/storefront/environments/local/kustomization.yaml"
    former = tags.read_text()
    fleet.kubectl("gcp-local", "delete", "rolebinding", RECONCILER_BINDING, "--namespace", "storefront")
    try:
        edit(tags, r"newTag: .*", 'newTag: "6.6.7"')
        fleet.push("Release storefront while its reconciler may do nothing")
        told = "sync timeout" if fleet.engine is ARGOCD else "forbidden"
        fleet.wait(f"the agent says {told}", lambda: told in row()["message"])
        assert workloads(fleet) == before
        fleet.berth("drift", "--stack", "local", "--fix", ok=False)
        if fleet.engine is ARGOCD:
            refresh(fleet, "gcp-local", "storefront")
            assert row()["state"] == "failing", "docs/engines.md says that it is not tried again"
            fleet.git("commit", "--quiet", "--allow-empty", "--message", "Sync again")
            fleet.git("push", "--quiet", "origin", "main")
        fleet.wait_in_sync()
    finally:
        fleet.berth("local", "deploy")
        tags.write_text(former)
        fleet.push("Release storefront as before")


def test_a_large_file_beside_the_manifests_stops_nobody(fleet: TestFleet, before: set[tuple[str, str, str]]) -> None:
    (fleet.worktree / "apps/storefront/base/large.bin").write_bytes(bytes(10 * 2**20))
    commit = fleet.push("Add a file of 10 MiB")
    try:
        fleet.wait_in_sync()
        assert {row["applied"] for row in fleet.status().values()} == {commit}
        assert workloads(fleet) == before
    finally:
        fleet.revert()
