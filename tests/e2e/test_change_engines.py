"""A running fleet goes from one engine to the other: no workload is deleted or restarted, and the new engine has all
of what the former one had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from berth.handover.model import GUARD_RAILS, KINDS, MANAGERS
from berth.settings import Delivery
from berth.settings import Engine as Kind
from tests.e2e.conftest import _without_pulumi
from tests.e2e.harness import ARGOCD, CLUSTERS, FLUX, PLACED, Engine, TestFleet, copy_project, edit

pytestmark = pytest.mark.e2e

NAMESPACES = ("ledger", "ledger-jobs", "storefront", "telemetry")
NIGHTLY = "nightly-close"
SYNCS = {FLUX: "kustomizations.kustomize.toolkit.fluxcd.io", ARGOCD: "applications.argoproj.io"}
AGENT_NAMESPACES = {FLUX: "flux-system", ARGOCD: "argocd"}
WORKLOADS = "deployments,replicasets,pods,services,configmaps,cronjobs,jobs,horizontalpodautoscalers,ingresses"


@dataclass(frozen=True)
class Changed:
    """The fleet after the change, and what was seen on the way."""

    fleet: TestFleet
    former: Engine
    before: dict[str, str]
    """uid of each workload object of the tenants, before the change."""
    after: dict[str, str]
    suspended: set[str]
    """The states of all tenants in the interim step."""
    handed_over: list[dict[str, Any]]
    delivery: Delivery


@pytest.fixture(
    scope="module",
    params=[
        (FLUX, ARGOCD, Delivery.PULUMI),
        (FLUX, ARGOCD, Delivery.GIT),
        (ARGOCD, FLUX, Delivery.GIT),
    ],
    ids=["flux-to-argocd", "flux-to-argocd-by-git", "argocd-to-flux-by-git"],
)
def changed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    former, new, delivery = request.param
    root = copy_project(tmp_path_factory.mktemp("change") / "project")
    if delivery is Delivery.GIT:
        edit(root / "Pulumi.local.yaml", r"  berth:deployRepo:", "  berth:delivery: git\n  berth:deployRepo:")
    fleet = TestFleet(root, _without_pulumi(), former)
    try:
        fleet.build()
        fleet.berth("local", "up", "--engine", former.name)
        add(fleet, "gone", "kept")
        fleet.push("Add two ConfigMaps")
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()
        before = uids(fleet)

        suspend(fleet)
        fleet.berth("local", "deploy")
        if delivery is Delivery.GIT:  # by an engine's hand, which takes a look or two
            fleet.wait("every tenant is suspended", lambda: states(fleet) == {"suspended"})
        suspended = states(fleet)
        # Neither engine looks: what goes now, the former one cannot prune and the new one does not know.
        remove(fleet, "gone")
        fleet.push("Remove a ConfigMap")

        fleet.berth("local", "up", "--engine", new.name)
        resume(fleet)
        fleet.berth("local", "deploy")
        fleet.engine = new
        fleet.wait_in_sync()
        yield Changed(fleet, former, before, uids(fleet), suspended, hand_over(fleet), delivery)
    finally:
        fleet.berth("local", "down", "--delete", ok=False)


def hand_over(fleet: TestFleet) -> list[dict[str, Any]]:
    """The rows of a handover, asked again where a tenant was being synced at that moment and so was passed over."""
    rows: list[dict[str, Any]] = []

    def done() -> bool:
        rows[:] = json.loads(fleet.berth("handover", "--stack", "local", "--json", ok=False).stdout)["rows"]
        return not any(row["message"] for row in rows)

    fleet.wait("no tenant is passed over", done)
    return rows


def suspend(fleet: TestFleet) -> None:
    edit(fleet.root / "Pulumi.local.yaml", r"gitops: \{", "gitops: {suspended: true, ")


def resume(fleet: TestFleet) -> None:
    edit(fleet.root / "Pulumi.local.yaml", r"suspended: true, ", "")


def states(fleet: TestFleet) -> set[str]:
    return {row["state"] for row in fleet.status().values()}


def base(fleet: TestFleet) -> Path:
    return fleet.worktree / "apps" / "storefront" / "base"


def add(fleet: TestFleet, *names: str) -> None:
    for name in names:
        text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{first: here, second: here}}\n"
        (base(fleet) / f"{name}.yaml").write_text(text)
        edit(base(fleet) / "kustomization.yaml", r"resources:\n", f"resources:\n- {name}.yaml\n")


def remove(fleet: TestFleet, name: str) -> None:
    (base(fleet) / f"{name}.yaml").unlink()
    edit(base(fleet) / "kustomization.yaml", rf"- {name}\.yaml\n", "")


def objects(fleet: TestFleet, cluster: str, kinds: str = WORKLOADS) -> list[dict[str, Any]]:
    done = fleet.kubectl(cluster, "get", kinds, "--all-namespaces", "--show-managed-fields", "--output=json")
    items: list[dict[str, Any]] = json.loads(done.stdout)["items"]
    return [item for item in items if item["metadata"]["namespace"] in NAMESPACES]


def uids(fleet: TestFleet) -> dict[str, str]:
    found = {}
    for cluster in CLUSTERS:
        for item in objects(fleet, cluster):
            about = item["metadata"]
            if item["kind"] != "CronJob" and about.get("labels", {}).get("app.kubernetes.io/name") == NIGHTLY:
                continue  # its time may come between two looks
            found[f"{cluster} {item['kind']} {about['namespace']}/{about['name']}"] = about["uid"]
    return found


def test_the_interim_step_suspends_every_tenant(changed: Changed) -> None:
    assert changed.suspended == {"suspended"}


def test_no_workload_is_deleted_or_made_anew(changed: Changed) -> None:
    assert len(changed.before) > 60
    assert changed.after == changed.before


def test_what_left_git_between_the_engines_is_listed_and_left(changed: Changed) -> None:
    rows = {(row["tenant"], row["cluster"]): row for row in changed.handed_over}
    assert set(rows) == {(tenant, cluster) for tenant, clusters in PLACED.items() for cluster in clusters}
    assert [key for key, row in rows.items() if row["left"] or row["message"]] == [
        ("storefront", cluster) for cluster in sorted(CLUSTERS)
    ]
    assert {tuple(row["left"]) for key, row in rows.items() if key[0] == "storefront"} == {
        ("ConfigMap storefront/gone",)
    }
    for cluster in CLUSTERS:
        fleet = changed.fleet
        assert fleet.get(cluster, "configmap", "gone", "--namespace", "storefront")
        fleet.kubectl(cluster, "delete", "configmap", "gone", "--namespace", "storefront")


def test_a_second_handover_finds_nothing(changed: Changed) -> None:
    for cluster in CLUSTERS:
        fleet = changed.fleet
        fleet.kubectl(cluster, "delete", "configmap", "gone", "--namespace", "storefront", "--ignore-not-found")
    assert {(row["objects"], *row["left"]) for row in hand_over(changed.fleet)} == {(0,)}


def test_nothing_of_the_former_engine_remains(changed: Changed) -> None:
    fleet, former = changed.fleet, changed.former
    manager = MANAGERS[Kind(former.name)]
    kinds = ",".join(kind for api, kind in KINDS if not api.startswith("gateway"))
    for cluster in CLUSTERS:
        for item in objects(fleet, cluster, kinds):
            about = item["metadata"]
            # A Deployment's annotations were copied to its ReplicaSets, where no engine looks.
            if about["name"] == "gone" or about.get("ownerReferences"):
                continue
            assert manager not in {entry["manager"] for entry in about.get("managedFields", ())}, about["name"]
            assert "kustomize.toolkit.fluxcd.io/name" not in about.get("labels", {}) or former is ARGOCD
            assert "argocd.argoproj.io/tracking-id" not in about.get("annotations", {}) or former is FLUX
        assert fleet.get(cluster, "crd", SYNCS[former]) is None
        assert fleet.get(cluster, "namespace", AGENT_NAMESPACES[former]) is None
    running = {name.partition("/")[2] for name in fleet.pids()}
    assert former.applies not in running
    assert fleet.engine.applies in running


def test_a_field_that_leaves_git_leaves_the_cluster(changed: Changed) -> None:
    fleet = changed.fleet
    edit(base(fleet) / "kept.yaml", r", second: here", "")
    fleet.push("Take a field away")
    fleet.wait_in_sync()
    for cluster in CLUSTERS:
        assert fleet.get(cluster, "configmap", "kept", "--namespace", "storefront")["data"] == {"first": "here"}
    fleet.revert()
    fleet.wait_in_sync()
    for cluster in CLUSTERS:
        data = fleet.get(cluster, "configmap", "kept", "--namespace", "storefront")["data"]
        assert data == {"first": "here", "second": "here"}


def test_an_object_of_the_former_engine_that_leaves_git_leaves_the_cluster(changed: Changed) -> None:
    fleet = changed.fleet
    remove(fleet, "kept")
    fleet.push("Take an object away")
    fleet.wait_in_sync()
    assert not any(fleet.get(cluster, "configmap", "kept", "--namespace", "storefront") for cluster in CLUSTERS)


def test_guard_rails_that_came_from_git_are_the_new_engine_s_alone(changed: Changed) -> None:
    if changed.delivery is not Delivery.GIT:
        pytest.skip("guard-rails were applied by no engine")
    fleet, kinds = changed.fleet, ",".join(kind for _, kind in GUARD_RAILS)
    former, new = MANAGERS[Kind(changed.former.name)], MANAGERS[Kind(fleet.engine.name)]
    for cluster in CLUSTERS:
        selected = (kinds, "--all-namespaces", "--selector=berth.dev/tenant", "--show-managed-fields")
        items = fleet.get(cluster, *selected)["items"]
        assert {item["kind"] for item in items} == {kind for _, kind in GUARD_RAILS}
        for item in items:
            managers = {entry["manager"] for entry in item["metadata"]["managedFields"]}
            assert former not in managers, item["metadata"]["name"]
            assert new in managers, item["metadata"]["name"]
            assert "kustomize.toolkit.fluxcd.io/name" not in item["metadata"]["labels"] or changed.former is ARGOCD


def test_a_guard_rail_that_is_taken_back_leaves_the_cluster(changed: Changed) -> None:
    fleet, quota = changed.fleet, ("quota", "berth", "--namespace", "ledger")
    before = fleet.get("aws-local", *quota)["spec"]["hard"]
    edit(fleet.root / "tenants" / "ledger.yaml", r"quota: \{count/cronjobs\.batch: .*\n", "")
    fleet.berth("local", "deploy")
    without = {key: value for key, value in before.items() if key != "count/cronjobs.batch"}
    assert without != before
    fleet.wait("the quota is without it", lambda: fleet.get("aws-local", *quota)["spec"]["hard"] == without)


def test_what_is_deleted_by_hand_returns(changed: Changed) -> None:
    fleet, service = changed.fleet, ("service", "web", "--namespace", "storefront")
    fleet.kubectl("azure-local", "delete", *service)
    fleet.wait("the service is back", lambda: fleet.get("azure-local", *service))


def test_a_migration_runs_for_a_new_version_and_for_no_other_commit(changed: Changed) -> None:
    fleet, job = changed.fleet, ("job", "migrate", "--namespace", "ledger-jobs")
    first = fleet.get("aws-local", *job)["metadata"]["uid"]
    settings = fleet.worktree / "apps" / "ledger" / "base" / "api.yaml"
    settings.write_text(settings.read_text() + "# another commit\n")
    fleet.push("Change nothing")
    fleet.wait_in_sync()
    assert fleet.get("aws-local", *job)["metadata"]["uid"] == first
    edit(fleet.worktree / "apps/ledger/environments/local/kustomization.yaml", r"newTag: .*", 'newTag: "8.8.8"')
    fleet.push("Release ledger")
    fleet.wait_in_sync()
    assert fleet.get("aws-local", *job)["metadata"]["uid"] != first
