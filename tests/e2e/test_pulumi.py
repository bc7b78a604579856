"""The same tenants, registered by the real engine: `pulumi up` of the stack local on a fleet of its own."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.e2e.harness import CLUSTERS, PLACED, ROOT, TestFleet, edit

pytestmark = [pytest.mark.e2e, pytest.mark.pulumi_cli]


def test_pulumi_up_brings_every_tenant_into_sync(pulumi_fleet: TestFleet) -> None:
    rows = pulumi_fleet.status()
    assert set(rows) == {(tenant, cluster) for tenant, clusters in PLACED.items() for cluster in clusters}
    pulumi_fleet.wait_in_sync()


def test_a_second_pulumi_up_changes_nothing(pulumi_fleet: TestFleet) -> None:
    printed = pulumi_fleet.berth("local", "deploy").stdout
    assert re.search(r"Resources:\n\s+\d+ unchanged\n", printed), printed[-1500:]


def test_the_stack_file_of_the_project_stays_as_it_was(pulumi_fleet: TestFleet) -> None:
    text = (pulumi_fleet.root / "Pulumi.local.yaml").read_text()
    assert "encryptionsalt" not in text
    assert (
        text.replace("7481", "7480").replace("interval: 2s", "interval: 10s")
        == (ROOT / "Pulumi.local.yaml").read_text()
    )


def test_a_tenant_whose_file_is_gone_is_deleted_and_only_that_one(pulumi_fleet: TestFleet) -> None:
    file = pulumi_fleet.root / "tenants" / "telemetry.yaml"
    text = file.read_text()
    try:
        file.unlink()
        assert pulumi_fleet.berth("local", "deploy", ok=False).returncode == 2
        with pulumi_fleet.removal_approved("telemetry"):
            printed = pulumi_fleet.berth("local", "deploy").stdout
        # Two clusters, twelve objects and their component in each.
        assert re.search(r"Resources:\n\s+- 26 deleted\n", printed), printed[-1500:]
        for cluster in CLUSTERS:
            assert pulumi_fleet.get(cluster, "namespace", "telemetry") is None
            assert pulumi_fleet.get(cluster, "namespace", "storefront") is not None
    finally:
        file.write_text(text)
        pulumi_fleet.berth("local", "deploy")
    pulumi_fleet.wait_in_sync()


def test_wrong_settings_end_pulumi_up_with_the_problems_and_without_a_traceback(pulumi_fleet: TestFleet) -> None:
    bad = pulumi_fleet.root / "tenants" / "bad.yaml"
    bad.write_text("name: bad\nprofil: standard\n")
    try:
        done = pulumi_fleet.berth("local", "deploy", ok=False)
    finally:
        bad.unlink()
    assert done.returncode == 2
    assert 'found the unknown key "profil"' in done.stderr


def test_kubectl_does_not_take_over_what_pulumi_made(pulumi_fleet: TestFleet) -> None:
    done = pulumi_fleet.berth("local", "deploy", "--with", "kubectl", ok=False)
    assert done.returncode == 1
    assert "this fleet was deployed with pulumi" in done.stderr


def test_a_preview_of_what_is_deployed_expects_no_change(pulumi_fleet: TestFleet) -> None:
    done = pulumi(pulumi_fleet, "preview", "--expect-no-changes")
    assert done.returncode == 0, done.stdout[-1500:]


def test_tenants_that_pulumi_holds_are_not_handed_over_to_git(pulumi_fleet: TestFleet) -> None:
    config = pulumi_fleet.root / ".local" / "pulumi" / "Pulumi.local.yaml"
    text = config.read_text()
    edit(config, r"  berth:deployRepo:", "  berth:delivery: git\n  berth:deployRepo:")
    try:
        for _ in range(2):  # what was refused is refused again
            done = pulumi(pulumi_fleet, "up", "--yes", "--skip-preview")
            assert done.returncode != 0
            assert "git, while Pulumi holds ledger, storefront" in done.stdout
            assert "Traceback" not in done.stdout + done.stderr
    finally:
        config.write_text(text)
    assert pulumi(pulumi_fleet, "preview", "--expect-no-changes").returncode == 0
    pulumi_fleet.wait_in_sync()


def test_what_was_changed_by_hand_is_found_and_fixed_without_the_engine(pulumi_fleet: TestFleet) -> None:
    assert pulumi_fleet.berth("drift", "--stack", "local").returncode == 0
    inside = ("aws-local", "--namespace", "storefront")
    patch = '--patch={"spec": {"hard": {"pods": "9", "secrets": "3"}}}'
    pulumi_fleet.kubectl(*inside, "patch", "resourcequota", "berth", "--type=merge", patch)
    pulumi_fleet.kubectl(*inside, "delete", "networkpolicy", "berth")
    assert pulumi_fleet.berth("drift", "--stack", "local", ok=False).returncode == 7
    assert pulumi_fleet.berth("drift", "--stack", "local", "--fix").returncode == 0
    assert pulumi_fleet.berth("drift", "--stack", "local").returncode == 0
    done = pulumi(pulumi_fleet, "preview", "--refresh", "--expect-no-changes")
    assert done.returncode == 0, done.stdout[-1500:]


def test_a_drill_passes_where_the_engine_deployed(pulumi_fleet: TestFleet) -> None:
    done = pulumi_fleet.berth("drill", "--tenant", "storefront", "--json", ok=False)
    pulumi_fleet.git("pull", "--quiet", "--ff-only", "origin", "main")  # whatever became of it: tests after it push
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(step["good"] for step in json.loads(done.stdout)["steps"]), done.stdout
    pulumi_fleet.wait_in_sync()


def test_a_file_that_is_gone_is_refused_by_the_engine_too(pulumi_fleet: TestFleet) -> None:
    file = pulumi_fleet.root / "tenants" / "telemetry.yaml"
    text = file.read_text()
    file.unlink()
    try:
        for command in (("preview",), ("up", "--yes", "--skip-preview")):
            done = pulumi(pulumi_fleet, *command)
            told = done.stdout + done.stderr
            assert done.returncode != 0
            assert "tenants/telemetry.yaml: found no file" in told
            assert "telemetry in azure-local (active), telemetry in gcp-local (active)" in told
            assert "Traceback" not in told
    finally:
        file.write_text(text)
    for cluster in PLACED["telemetry"]:
        assert pulumi_fleet.get(cluster, "namespace", "telemetry") is not None


def test_pulumi_destroy_takes_every_tenant_away_and_leaves_the_agent(pulumi_fleet: TestFleet) -> None:
    done = pulumi(pulumi_fleet, "destroy", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout[-1500:]
    for cluster in CLUSTERS:
        selector = "--selector=app.kubernetes.io/managed-by=berth"
        assert pulumi_fleet.get(cluster, "namespace,clusterrole", selector) is None
        assert pulumi_fleet.get(cluster, "crd", "gitrepositories.source.toolkit.fluxcd.io") is not None


def pulumi(fleet: TestFleet, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The engine's own command, on the state that `berth local deploy` keeps."""
    state = fleet.root / ".local" / "pulumi"
    config = () if arguments[0] == "stack" else (f"--config-file={state}/Pulumi.local.yaml",)
    environment = {
        **fleet.environment,
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    return subprocess.run(
        ["pulumi", *arguments, "--non-interactive", "--stack=local", *config],
        cwd=fleet.root, env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
