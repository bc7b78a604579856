"""A tenant on its way out, on real clusters: suspended, drained step by step, kept where it has volumes, gone.

It is walked through once, and what was seen on the way is looked at fact by fact.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.harness import TestFleet, edit

pytestmark = pytest.mark.e2e

TENANT = """\
name: leaving
owners: {team: leaving, contact: leaving@example.com}
lifecycle: active
profile: small
placements:
  - environments: [local]
    clusters: [aws-local, gcp-local]
"""
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {version: 'NUMBER'}\n"
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""
BALANCED = """\
apiVersion: v1
kind: Service
metadata: {name: web, finalizers: [service.kubernetes.io/load-balancer-cleanup]}
spec: {ports: [{port: 80}], selector: {app: web}}
"""
"""What a cloud's controller does to a Service with a load balancer: it takes that mark off when it has released it."""
WARNED = """\
apiVersion: v1
kind: Event
metadata: {name: web.1}
involvedObject: {apiVersion: v1, kind: Service, name: web, namespace: leaving}
type: Warning
reason: SyncLoadBalancerFailed
message: the cloud does not answer
lastTimestamp: '2026-01-01T00:00:00Z'
"""
"""What a cloud's controller says of one that it cannot release."""
DISK = """\
apiVersion: v1
kind: PersistentVolume
metadata: {name: leaving-disk}
spec:
  accessModes: [ReadWriteOnce]
  capacity: {storage: 1Gi}
  claimRef: {namespace: leaving, name: data}
  nfs: {server: nfs.example.com, path: /data}
  persistentVolumeReclaimPolicy: Delete
"""
"""A volume of a kind that Kubernetes cannot delete: its controller tries, and warns."""
CLUSTERS = ("aws-local", "gcp-local")
NAMESPACE = ("--namespace", "leaving")


@dataclass
class Walk:
    """What was seen at each step, by cluster where it says so."""

    state: set[str] = field(default_factory=set)
    settings: list[Any] = field(default_factory=list)
    """The ConfigMap of each cluster, a while after the commit that a suspended tenant must not get."""
    gone_early: tuple[int, str] = (0, "")
    """A deploy without the file, while the clusters have the tenant as active."""
    too_early: tuple[int, Any] = (0, None)
    undeployed: tuple[int, Any] = (0, None)
    """While the file alone says that the tenant goes, and it is deployed as suspended."""
    looked: tuple[int, Any] = (0, None)
    stopped: tuple[int, list[str]] = (0, [])
    """A run that Ctrl-C ended: its exit code, and what it said."""
    after_stop: dict[str, Any] = field(default_factory=dict)
    """What was there in aws-local after it."""
    interrupted: tuple[int, Any] = (0, None)
    drained: tuple[int, Any] = (0, None)
    refused: tuple[int, str] = (0, "")
    kept: list[Any] = field(default_factory=list)
    undeletable: tuple[int, Any] = (0, None)
    emptied: tuple[int, Any] = (0, None)
    left: tuple[int, Any] = (0, None)
    gone: tuple[int, Any] = (0, None)


def offboard(fleet: TestFleet, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and what is said of each cluster."""
    done = fleet.berth("offboard", "leaving", "--stack", "local", "--json", *options, ok=False)
    return done.returncode, {each["cluster"]: each for each in json.loads(done.stdout)["clusters"]}


def names(said: dict[str, Any], cluster: str, key: str) -> list[str]:
    return [f"{each['kind']} {each['name']}" for each in said[cluster][key]]


@pytest.fixture(scope="module")
def walk(fleet: TestFleet) -> Iterator[Walk]:
    file = fleet.root / "tenants" / "leaving.yaml"
    folder = fleet.worktree / "apps" / "leaving"
    seen = Walk()
    try:
        file.write_text(TENANT)
        for cloud in ("aws", "gcp"):
            overlay = folder / "local" / cloud
            overlay.mkdir(parents=True)
            (overlay / "kustomization.yaml").write_text("resources: [settings.yaml]\n")
            (overlay / "settings.yaml").write_text(SETTINGS.replace("NUMBER", "1"))
        fleet.push("Onboard leaving")
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()
        for cluster in CLUSTERS:
            fleet.kubectl(cluster, "apply", "--filename=-", *NAMESPACE, stdin=CLAIM)
        fleet.kubectl("aws-local", "apply", "--filename=-", stdin=DISK)
        _walk(fleet, seen)
        yield seen
    finally:
        # Whatever step it stopped at: the claims go, and the tenant with them.
        for cluster in CLUSTERS:
            fleet.kubectl(cluster, "delete", "pvc", "--all", *NAMESPACE, "--wait=false", ok=False)
            _release(fleet, cluster)
        fleet.kubectl("aws-local", "delete", "pv", "leaving-disk", "--ignore-not-found", "--wait=false", ok=False)
        file.unlink(missing_ok=True)
        with fleet.removal_approved("leaving"):
            fleet.berth("local", "deploy", ok=False)
        if folder.exists():
            fleet.git("rm", "-r", "--quiet", "--force", "apps/leaving")
            fleet.push("Offboard leaving")
        for cluster in CLUSTERS:
            for namespace in ("leaving", "berth-leaving"):
                fleet.wait(f"{namespace} is gone", lambda c=cluster, n=namespace: not fleet.get(c, "ns", n))  # type: ignore[misc]


def _walk(fleet: TestFleet, seen: Walk) -> None:
    file = fleet.root / "tenants" / "leaving.yaml"
    text = file.read_text()
    file.unlink()
    done = fleet.berth("local", "deploy", ok=False)
    seen.gone_early = done.returncode, done.stderr
    file.write_text(text)
    edit(file, "lifecycle: active", "lifecycle: offboarding")
    seen.too_early = offboard(fleet, "--yes")

    edit(file, "lifecycle: offboarding", "lifecycle: suspended")
    fleet.berth("local", "deploy")
    seen.state = {row["state"] for key, row in fleet.status().items() if key[0] == "leaving"}
    for path in (fleet.worktree / "apps" / "leaving").glob("**/settings.yaml"):
        path.write_text(SETTINGS.replace("NUMBER", "2"))
    fleet.push("Change leaving")
    fleet.wait_in_sync(but=("leaving",))  # what the other tenants see, this one would have seen
    seen.settings = [fleet.get(cluster, "configmap", "settings", *NAMESPACE) for cluster in CLUSTERS]

    edit(file, "lifecycle: suspended", "lifecycle: offboarding")
    seen.undeployed = offboard(fleet, "--yes")
    fleet.berth("local", "deploy")
    fleet.kubectl("aws-local", "apply", "--filename=-", *NAMESPACE, stdin=BALANCED)
    seen.looked = offboard(fleet)
    _stop(fleet, seen)
    fleet.kubectl("aws-local", "create", "--filename=-", *NAMESPACE, stdin=WARNED)
    seen.interrupted = offboard(fleet, "--yes", "--timeout", "3")
    _release(fleet, "aws-local")
    seen.drained = offboard(fleet, "--yes")

    text = file.read_text()
    file.unlink()
    done = fleet.berth("local", "deploy", ok=False)
    seen.refused = done.returncode, done.stderr
    seen.kept = [fleet.get(cluster, "pvc", "data", *NAMESPACE) for cluster in CLUSTERS]
    for cluster in CLUSTERS:
        fleet.wait("its sync is gone", lambda c=cluster: not fleet.get(c, "ns", "berth-leaving"))  # type: ignore[misc]

    file.write_text(f"{text}deletionPolicy: delete\n")
    fleet.berth("local", "deploy")

    def warned_of() -> object:
        """Whether all but the volume has gone, and its controller has tried."""
        seen.undeletable = offboard(fleet, "--yes", "--timeout", "20")
        said = seen.undeletable[1]
        there = {each["kind"] for each in said["aws-local"]["left"]}
        return there == {"PersistentVolume"} and not said["gcp-local"]["left"] and said["aws-local"]["warnings"]

    fleet.wait("the volume alone does not go", warned_of)
    fleet.kubectl("aws-local", "delete", "pv", "leaving-disk", "--wait=false")
    seen.emptied = offboard(fleet, "--yes")
    file.unlink()
    seen.left = offboard(fleet, "--verify")
    fleet.berth("local", "deploy")
    for cluster in CLUSTERS:
        fleet.wait("it is gone", lambda c=cluster: not fleet.get(c, "ns", "leaving", "berth-leaving"))  # type: ignore[misc]
    seen.gone = offboard(fleet, "--verify")


def _stop(fleet: TestFleet, seen: Walk) -> None:
    """Ctrl-C while one object is waited for: what could go has gone."""

    def waiting() -> bool:
        service = fleet.get("aws-local", "service", "web", *NAMESPACE)
        settings = fleet.get("aws-local", "configmap", "settings", *NAMESPACE)
        return bool(service["metadata"].get("deletionTimestamp")) and settings is None

    command = ("offboard", "leaving", "--stack", "local", "--yes")
    ended = fleet.interrupt(*command, when=lambda: fleet.wait("the load balancer is waited for", waiting))
    seen.stopped = ended.returncode, [*ended.stdout.splitlines(), *ended.stderr.splitlines()]
    for kind, name in (("pvc", "data"), ("resourcequota", "berth"), ("networkpolicy", "berth")):
        seen.after_stop[kind] = fleet.get("aws-local", kind, name, *NAMESPACE)


def _release(fleet: TestFleet, cluster: str) -> None:
    """What a cloud does when the load balancer is gone."""
    patch = '{"metadata": {"finalizers": null}}'
    fleet.kubectl(cluster, "patch", "service", "web", *NAMESPACE, "--type=merge", f"--patch={patch}", ok=False)


def test_a_file_that_is_deleted_while_its_tenant_is_active_is_refused_by_a_deploy(walk: Walk) -> None:
    code, said = walk.gone_early
    assert code == 2
    assert "leaving in aws-local (active), leaving in gcp-local (active)" in said


def test_nothing_is_deleted_while_the_agent_would_bring_it_back(walk: Walk) -> None:
    code, said = walk.too_early
    assert code == 1
    assert {each["state"] for each in said.values()} == {"not suspended"}


def test_a_suspended_tenant_gets_no_commit_and_keeps_its_workloads(walk: Walk) -> None:
    assert walk.state == {"suspended"}
    assert [item["data"]["version"] for item in walk.settings] == ["1", "1"]


def test_nothing_is_deleted_by_a_file_that_is_not_deployed(walk: Walk) -> None:
    code, said = walk.undeployed
    assert code == 1
    assert {each["state"] for each in said.values()} == {"not offboarding"}
    assert all("was deployed as suspended" in each["message"] for each in said.values())


def test_a_look_tells_what_would_be_deleted_and_what_stays(walk: Walk) -> None:
    code, said = walk.looked
    assert code == 1
    assert names(said, "aws-local", "left") == ["ConfigMap settings", "Service web"]
    assert names(said, "gcp-local", "left") == ["ConfigMap settings"]
    assert names(said, "gcp-local", "kept") == ["PersistentVolumeClaim data"]


def test_what_does_not_go_is_told_with_the_reason_and_holds_up_no_other_cluster(walk: Walk) -> None:
    code, said = walk.interrupted
    assert code == 1
    assert said["gcp-local"]["state"] == "drained"
    assert said["aws-local"]["state"] == "draining"
    assert [(each["name"], each["why"]) for each in said["aws-local"]["left"]] == [
        ("web", "its load balancer is not released yet")
    ]


def test_ctrl_c_ends_it_with_one_line_and_touches_neither_volumes_nor_guard_rails(walk: Walk) -> None:
    code, said = walk.stopped
    assert code == 130, said
    assert [line for line in said if line and " left: " not in line] == ["error: interrupted"]
    assert all(item and not item["metadata"].get("deletionTimestamp") for item in walk.after_stop.values())


def test_what_the_cluster_warns_of_about_it_is_told(walk: Walk) -> None:
    _, said = walk.interrupted
    warnings = said["aws-local"]["warnings"]
    assert {(each["kind"], each["name"]) for each in warnings} == {("Service", "web")}
    # Kubernetes' own controllers may warn of a Service that goes, too.
    told = {each["reason"]: each["message"] for each in warnings}
    assert told["SyncLoadBalancerFailed"] == "the cloud does not answer"
    assert said["gcp-local"]["warnings"] == []


def test_a_volume_that_cannot_be_deleted_is_told_with_what_its_controller_says(walk: Walk) -> None:
    code, said = walk.undeletable
    assert code == 1
    assert said["gcp-local"]["state"] == "drained"
    assert names(said, "aws-local", "left") == ["PersistentVolume leaving-disk"]
    (warned,) = said["aws-local"]["warnings"]
    assert (warned["name"], warned["reason"]) == ("leaving-disk", "VolumeFailedDelete")


def test_it_goes_on_where_it_was_interrupted_and_keeps_the_volumes(walk: Walk) -> None:
    code, said = walk.drained
    assert code == 0
    assert {each["state"] for each in said.values()} == {"drained"}
    assert names(said, "aws-local", "kept") == ["PersistentVolumeClaim data"]


def test_a_namespace_with_a_volume_claim_outlives_its_tenant_file(walk: Walk) -> None:
    code, said = walk.refused
    assert code == 1
    assert "the volume claim data is in it" in said
    assert all(walk.kept)


def test_volumes_go_where_the_file_says_so(walk: Walk) -> None:
    code, said = walk.emptied
    assert code == 0
    assert not any(each["left"] or each["kept"] for each in said.values())


def test_what_is_left_is_told_until_nothing_is(walk: Walk) -> None:
    code, said = walk.left
    assert code == 1
    assert "Namespace leaving" in names(said, "aws-local", "left")
    code, said = walk.gone
    assert code == 0
    assert {each["state"] for each in said.values()} == {"gone"}
