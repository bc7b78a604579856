"""What `berth drift` says of hand-made changes on real API servers, and what it mends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.harness import TestFleet

pytestmark = pytest.mark.e2e


def look(fleet: TestFleet, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and what is told as JSON."""
    done = fleet.berth("drift", "--stack", "local", "--json", *options, ok=False)
    data: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, data


def places(data: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    return {(each["cluster"], each["kind"], each["name"], each["what"]) for each in data["drifts"]}


@pytest.fixture
def changed(fleet: TestFleet) -> Iterator[TestFleet]:
    """A fleet in which somebody has changed this and that in one cluster; afterwards all of it is as it was."""
    by_hand = (
        ("patch", "resourcequota", "berth", "--type=merge", '--patch={"spec":{"hard":{"pods":"9","secrets":"3"}}}'),
        ("delete", "networkpolicy", "berth"),
    )
    inside = ("aws-local", "--namespace", "storefront")
    try:
        for command in by_hand:
            fleet.kubectl(*inside, *command)
        fleet.kubectl(*inside, "create", "configmap", "stray")
        fleet.kubectl(*inside, "label", "configmap", "stray", "berth.dev/tenant=storefront")
        fleet.kubectl("aws-local", "create", "namespace", "ghost")
        fleet.kubectl("aws-local", "label", "namespace", "ghost", "berth.dev/tenant=gone")
        yield fleet
    finally:
        fleet.kubectl("aws-local", "delete", "namespace", "ghost", "--ignore-not-found")
        fleet.kubectl(*inside, "delete", "configmap", "stray", "--ignore-not-found")
        fleet.berth("drift", "--stack", "local", "--fix")
        fleet.wait_in_sync()


def test_what_was_just_deployed_has_no_drift(fleet: TestFleet) -> None:
    code, data = look(fleet)
    assert (code, data["drifts"], data["unread"]) == (0, [], [])
    assert data["checked"] > 60


def test_each_change_is_told_with_its_field_and_who_made_it_and_fixing_deletes_nothing(changed: TestFleet) -> None:
    code, data = look(changed)
    assert code == 7
    assert data["unread"] == []
    assert places(data) == {
        ("aws-local", "ResourceQuota", "berth", "changed"),
        ("aws-local", "NetworkPolicy", "berth", "missing"),
        ("aws-local", "ConfigMap", "stray", "undeclared"),
        ("aws-local", "Namespace", "ghost", "undeclared"),
    }
    quota = next(each for each in data["drifts"] if each["kind"] == "ResourceQuota")
    fields = {field["path"]: field for field in quota["fields"]}
    assert set(fields) == {"spec.hard.pods", "spec.hard.secrets"}
    assert fields["spec.hard.pods"]["found"] == '"9"'
    assert fields["spec.hard.secrets"]["wanted"] == ""
    assert all(field["owners"] == ["kubectl-patch"] for field in fields.values())

    code, data = look(changed, "--tenant", "storefront", "--fix")
    assert code == 7, "what nobody declared is still there"
    assert {(each["kind"], each["fixed"]) for each in data["drifts"]} == {
        ("ResourceQuota", True), ("NetworkPolicy", True), ("ConfigMap", False)
    }  # fmt: skip
    hard = changed.get("aws-local", "resourcequota", "berth", "--namespace", "storefront")["spec"]["hard"]
    assert "secrets" not in hard
    assert hard["pods"] != "9"
    assert places(look(changed)[1]) == {
        ("aws-local", "ConfigMap", "stray", "undeclared"),
        ("aws-local", "Namespace", "ghost", "undeclared"),
    }

    look(changed, "--fix", "--prune")
    assert changed.get("aws-local", "configmap", "stray", "--namespace", "storefront") is None
    assert changed.get("aws-local", "namespace", "ghost"), "a namespace takes all that is in it along"


def test_a_sync_that_was_stopped_by_hand_is_drift_and_is_started_again(fleet: TestFleet) -> None:
    spec = {"flux": {"suspend": True}, "argocd": {"syncPolicy": {"automated": None}}}[fleet.engine.name]
    sync = fleet.engine.sync_of("storefront")
    try:
        fleet.kubectl("gcp-local", "patch", *sync, "--type=merge", f"--patch={json.dumps({'spec': spec})}")
        assert fleet.status()["storefront", "gcp-local"]["state"] == "suspended"
        code, data = look(fleet, "--cluster", "gcp-local", "--fix")
        assert (code, len(data["drifts"]), data["drifts"][0]["fixed"]) == (0, 1, True)
        fleet.wait_in_sync()
        assert look(fleet)[0] == 0
    finally:
        look(fleet, "--fix")


def test_a_cluster_that_is_away_is_told_and_the_others_are_looked_at(fleet: TestFleet) -> None:
    fleet.kill("gcp-local/kube-apiserver")
    try:
        code, data = look(fleet)
        assert code == 1
        assert [each["cluster"] for each in data["unread"]] == ["gcp-local"]
        assert data["checked"] > 40
    finally:
        fleet.berth("local", "up")
        fleet.wait_in_sync()


def test_who_may_only_read_is_told_that_a_dry_run_needs_more(fleet: TestFleet) -> None:
    reader = "system:serviceaccount:default:nightly"
    role = "--clusterrole=view", f"--serviceaccount={reader.removeprefix('system:serviceaccount:')}"
    fleet.kubectl("aws-local", "create", "serviceaccount", "nightly", "--namespace", "default")
    fleet.kubectl("aws-local", "create", "clusterrolebinding", "nightly", *role)
    try:
        token = fleet.kubectl("aws-local", "create", "token", "nightly", "--namespace", "default").stdout.strip()
        config = json.loads(fleet.kubectl("aws-local", "config", "view", "--minify", "--raw", "--output=json").stdout)
        config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
        file = fleet.root / ".local" / "nightly.json"
        file.write_text(json.dumps(config))
        done = fleet.berth("drift", "--stack", "local", "--cluster", "aws-local", "--kubeconfig", str(file), ok=False)
        assert done.returncode == 1
        assert "no right to apply, which a dry run needs" in done.stdout
    finally:
        fleet.kubectl("aws-local", "delete", "clusterrolebinding", "nightly")
        fleet.kubectl("aws-local", "delete", "serviceaccount", "nightly", "--namespace", "default")
