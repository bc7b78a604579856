"""Tenants' objects through Git (`delivery: git`): published, pulled, healed and reverted, under each engine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import _run, _without_pulumi
from tests.e2e.harness import ARGOCD, CLUSTERS, FLUX, PLACED, TestFleet, copy_project, edit

pytestmark = pytest.mark.e2e

ROOTS = {"flux": ("kustomization", "flux-system"), "argocd": ("application", "argocd")}


@pytest.fixture(scope="module", params=[FLUX, ARGOCD], ids=lambda engine: engine.name)
def git_fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestFleet]:
    """A fleet whose agents pull the sample tenants' objects from the deploy repo."""
    root = copy_project(tmp_path_factory.mktemp("delivery") / "project")
    edit(root / "Pulumi.local.yaml", r"  berth:deployRepo:", "  berth:delivery: git\n  berth:deployRepo:")
    yield from _run(TestFleet(root, _without_pulumi(), request.param))


def root_of(fleet: TestFleet, cluster: str) -> dict[str, Any]:
    kind, namespace = ROOTS[fleet.engine.name]
    found: dict[str, Any] = fleet.get(cluster, kind, "berth-root", "--namespace", namespace)
    return found


def heal_now(fleet: TestFleet, cluster: str) -> None:
    """Asks Flux for the look that it takes every five minutes; Argo CD needs no asking."""
    if fleet.engine is FLUX:
        asked = "reconcile.fluxcd.io/requestedAt=now"
        fleet.kubectl(cluster, "annotate", "--overwrite", "kustomization", "berth-root", "-n", "flux-system", asked)


def uids(fleet: TestFleet, cluster: str) -> dict[str, str]:
    """The tenants' namespaces of a cluster."""
    listed = fleet.get(cluster, "namespaces", "--selector=berth.dev/tenant")["items"]
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in listed}


def test_every_tenant_is_in_sync_and_the_deploy_applies_none_of_their_objects(git_fleet: TestFleet) -> None:
    rows = git_fleet.status()
    assert set(rows) == {(tenant, cluster) for tenant, clusters in PLACED.items() for cluster in clusters}
    for cluster in CLUSTERS:
        applied = git_fleet.get(cluster, "namespaces", "--selector=applyset.kubernetes.io/part-of")
        assert applied is None
        assert uids(git_fleet, cluster).keys() == {
            name
            for tenant, clusters in PLACED.items()
            if cluster in clusters
            for name in (tenant, f"berth-{tenant}", *(["ledger-jobs"] if tenant == "ledger" else []))
        }


def test_publishing_again_makes_no_commit(git_fleet: TestFleet) -> None:
    before = git_fleet.git("rev-parse", "HEAD")
    printed = git_fleet.berth("publish", "--stack", "local", "--push").stdout
    assert printed == "nothing to publish: the deploy repo has it all\n"
    assert git_fleet.git("rev-parse", "HEAD") == before


def test_what_the_root_sync_applied_does_not_drift(git_fleet: TestFleet) -> None:
    done = git_fleet.berth("drift", "--stack", "local", "--json")
    told = json.loads(done.stdout)
    assert (told["drifts"], told["unread"]) == ([], [])
    assert told["checked"] > 60


def test_a_drill_leaves_the_tenants_objects_in_git_alone(git_fleet: TestFleet) -> None:
    published = git_fleet.git("rev-parse", "HEAD:clusters")
    done = git_fleet.berth("drill", "--tenant", "storefront", "--json", ok=False)
    git_fleet.git("pull", "--quiet", "--ff-only", "origin", "main")  # whatever became of it: the tests after it push
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(step["good"] for step in json.loads(done.stdout)["steps"]), done.stdout
    assert git_fleet.git("rev-parse", "HEAD:clusters") == published
    git_fleet.wait_in_sync()


def test_the_root_sync_settles(git_fleet: TestFleet) -> None:
    """What was applied is what was rendered: nothing is found different again and again."""
    for cluster in CLUSTERS:
        if git_fleet.engine is FLUX:
            git_fleet.wait("the root is ready", lambda c=cluster: ready(root_of(git_fleet, c)))  # type: ignore[misc]
        else:
            git_fleet.wait("the root is synced", lambda c=cluster: synced(root_of(git_fleet, c)))  # type: ignore[misc]


def ready(root: dict[str, Any]) -> bool:
    conditions = root.get("status", {}).get("conditions") or []
    current = root["status"].get("observedGeneration") == root["metadata"]["generation"]
    return current and any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def synced(root: dict[str, Any]) -> bool:
    return bool(root.get("status", {}).get("sync", {}).get("status") == "Synced")


def test_a_new_tenant_is_onboarded_by_a_commit_alone_and_its_revert_takes_it_back(git_fleet: TestFleet) -> None:
    fleet = git_fleet
    fleet.wait_in_sync()
    before = {cluster: uids(fleet, cluster) for cluster in CLUSTERS}
    fleet.berth("tenant", "new", "orders", "--environment", "local")
    target = fleet.worktree / "apps" / "orders"
    (fleet.root / "deploy" / "apps" / "orders").rename(target)
    (target / "base" / "settings.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n")
    (target / "base" / "kustomization.yaml").write_text("resources: [settings.yaml]\n")
    fleet.push("Add the manifests of orders")
    fleet.berth("publish", "--stack", "local", "--push")
    try:
        fleet.wait_in_sync()
        assert all(fleet.get(cluster, "configmap", "settings", "-n", "orders") for cluster in CLUSTERS)
    finally:
        (fleet.root / "tenants" / "orders.yaml").unlink()
        fleet.revert()
    for cluster in CLUSTERS:
        gone = lambda c=cluster: uids(fleet, c) == before[c]  # noqa: E731
        fleet.wait("orders is gone, and the others are as they were", gone)
    fleet.wait_in_sync()


def test_a_guard_rail_changed_or_deleted_by_hand_is_restored(git_fleet: TestFleet) -> None:
    quota = ("resourcequota", "berth", "--namespace", "storefront")
    before = git_fleet.get("gcp-local", *quota)["spec"]
    wide = json.dumps({"spec": {"hard": {**before["hard"], "pods": "999"}}})
    git_fleet.kubectl("gcp-local", "patch", *quota, "--type=merge", f"--patch={wide}")
    git_fleet.kubectl("gcp-local", "delete", "networkpolicy", "berth", "--namespace", "storefront")
    heal_now(git_fleet, "gcp-local")

    def restored() -> bool:
        policy = git_fleet.get("gcp-local", "networkpolicy", "berth", "--namespace", "storefront")
        return policy is not None and git_fleet.get("gcp-local", *quota)["spec"] == before

    git_fleet.wait("the quota and the policy are restored", restored)


VANISHED = {
    "the cluster's folder": ("clusters/azure-local",),
    "its tenants": ("clusters/azure-local/tenants",),
    "one tenant": ("clusters/azure-local/tenants/ledger",),
    "what lists them": ("clusters/azure-local/index",),
    "all but a note": ("clusters/azure-local/index", "clusters/azure-local/tenants"),
}


@pytest.mark.parametrize("paths", list(VANISHED.values()), ids=list(VANISHED))
def test_what_vanishes_from_git_is_not_read_as_delete_all(git_fleet: TestFleet, paths: tuple[str, ...]) -> None:
    git_fleet.wait_in_sync()
    before = uids(git_fleet, "azure-local")
    for path in paths:
        found = git_fleet.worktree / path
        shutil.rmtree(found) if found.is_dir() else found.unlink()
    (git_fleet.worktree / "clusters/azure-local").mkdir(exist_ok=True)
    if len(paths) > 1:
        (git_fleet.worktree / "clusters/azure-local/README.md").write_text("Tenants of azure-local.\n")
    git_fleet.push("Lose what was published")
    try:
        git_fleet.wait("the root sync fails", lambda: fails(git_fleet, "azure-local"))
        assert uids(git_fleet, "azure-local") == before
    finally:
        git_fleet.revert()
    git_fleet.wait("the root sync is well again", lambda: is_well(git_fleet, "azure-local"))
    git_fleet.wait_in_sync()
    assert uids(git_fleet, "azure-local") == before


def test_a_list_of_tenants_that_was_emptied_deletes_none(git_fleet: TestFleet) -> None:
    git_fleet.wait_in_sync()
    before = uids(git_fleet, "azure-local")
    (git_fleet.worktree / "clusters/azure-local/index/kustomization.yaml").write_text("resources: []\n")
    git_fleet.push("Lose the list of tenants")
    try:
        git_fleet.wait("the root sync fails", lambda: fails(git_fleet, "azure-local"))
        assert uids(git_fleet, "azure-local") == before
    finally:
        git_fleet.revert()
    git_fleet.wait("the root sync is well again", lambda: is_well(git_fleet, "azure-local"))
    assert uids(git_fleet, "azure-local") == before


def fails(fleet: TestFleet, cluster: str) -> bool:
    """Whether the root sync has come to nothing, and not only to its next try."""
    conditions = [each for item in roots(fleet, cluster) for each in item["status"].get("conditions") or ()]
    if fleet.engine is FLUX:
        return any(each["type"] == "Ready" and each["status"] == "False" for each in conditions)
    return any(each["type"].endswith("Error") for each in conditions)


def is_well(fleet: TestFleet, cluster: str) -> bool:
    good = ready if fleet.engine is FLUX else synced
    return all(map(good, roots(fleet, cluster))) and not fails(fleet, cluster)


def roots(fleet: TestFleet, cluster: str) -> list[dict[str, Any]]:
    """The root sync. With Flux its source as well, which fails where the folder is gone: the last commit that had it
    stays the one that is applied."""
    root = root_of(fleet, cluster)
    if fleet.engine is not FLUX:
        return [root]
    return [fleet.get(cluster, "gitrepository", "berth-root", "--namespace", "flux-system"), root]


def test_publish_refuses_to_remove_every_tenant_of_a_cluster(git_fleet: TestFleet) -> None:
    kept = {path: path.read_text() for path in (git_fleet.root / "tenants").glob("*.yaml")}
    before = git_fleet.git("rev-parse", "HEAD")
    try:
        for path in kept:
            path.unlink()
        too_early = git_fleet.berth("publish", "--stack", "local", "--push", "--remove-all", ok=False)
        with git_fleet.removal_approved(*PLACED):
            done = git_fleet.berth("publish", "--stack", "local", "--push", ok=False)
    finally:
        for path, text in kept.items():
            path.write_text(text)
    assert too_early.returncode == 2
    assert [name for name in PLACED if f"subject: {name}" not in too_early.stderr] == []
    assert done.returncode == 1
    assert "this would remove every tenant of aws-local" in done.stderr
    assert git_fleet.git("rev-parse", "HEAD") == before


OUTSIDE = {
    "a workload beside the platform's": ("v1", "ServiceAccount", "intruder", "kube-system", {}),
    "the agent's own namespace": ("v1", "ServiceAccount", "intruder", "{agent}", {}),
    "a role elsewhere": (
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "intruder",
        "kube-system",
        {
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "berth-tenant-reconciler",
            },
            "subjects": [{"kind": "ServiceAccount", "name": "reconciler", "namespace": "berth-ledger"}],
        },
    ),
    "the agent's account for a tenant": (
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "berth-nobody-sync-viewer",  # one that is there keeps its role, whoever asks
        "{agent}",
        {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "berth-tenant-owner"},
            "subjects": [{"kind": "ServiceAccount", "name": "reconciler", "namespace": "berth-ledger"}],
        },
    ),
    "a namespace that is there": ("v1", "Namespace", "kube-system", None, {}),
}


@pytest.mark.parametrize("what", list(OUTSIDE))
def test_the_root_sync_writes_nothing_that_is_not_a_tenant_s(git_fleet: TestFleet, what: str) -> None:
    version, kind, name, namespace, rest = OUTSIDE[what]
    agent = ROOTS[git_fleet.engine.name][1]
    metadata = {"name": name, "labels": {"berth.dev/tenant": "nobody" if "nobody" in name else "ledger"}}
    if namespace:
        metadata["namespace"] = namespace.format(agent=agent)
    item = json.dumps({"apiVersion": version, "kind": kind, "metadata": metadata, **rest})
    done = git_fleet.kubectl(
        "aws-local", "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--filename=-", stdin=item,
        user=f"system:serviceaccount:{agent}:berth-root", ok=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "berth-root" in done.stderr
    assert "denied" in done.stderr or "forbidden" in done.stderr
