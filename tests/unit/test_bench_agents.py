"""The benchmarks of the agents: that the ways differ in guard-rails alone, and what is made of the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.agents import byhand
from bench.agents.converging import Converged
from bench.agents.fleet import make_project
from bench.agents.pushing import Pushed, looks
from bench.agents.report import tell_convergence, tell_pushes
from bench.agents.syncs import SYNCS, all_in_sync
from bench.agents.ways import Way, turn
from berth.project import Project
from berth.render import Object, render
from berth.settings import Engine
from tests.support import one, pick

URL = "http://127.0.0.1:7482/deploy.git"


def rendered(root: Path, engine: Engine) -> list[Object]:
    """A tenant of the benchmark as Berth renders it."""
    project = make_project(root, 1, 1, "1m")
    path = project / "Pulumi.local.yaml"
    path.write_text(path.read_text("utf-8").replace("engine: flux", f"engine: {engine.value}"), "utf-8")
    loaded = Project.load(project)
    (cluster,) = loaded.stack("local").clusters
    (tenant,) = loaded.tenants_in(cluster)
    return render(cluster, tenant)


def by_hand(engine: Engine, *, guarded: bool = False) -> list[Object]:
    return byhand.tenant_objects(engine, "tenant-0000", "aws", URL, "1m", guarded=guarded)


def test_by_hand_flux_has_the_same_work_as_with_berth(tmp_path: Path) -> None:
    berth = rendered(tmp_path / "project", Engine.FLUX)
    for kind in SYNCS[Engine.FLUX].kinds:
        spec = dict(one(berth, kind)["spec"])
        spec.pop("deletionPolicy", None)  # about the end of a sync
        assert one(by_hand(Engine.FLUX), kind)["spec"] == spec


def test_by_hand_argo_cd_has_the_same_source_and_destination_as_with_berth(tmp_path: Path) -> None:
    berth = one(rendered(tmp_path / "project", Engine.ARGOCD), "Application")["spec"]
    hand = one(by_hand(Engine.ARGOCD), "Application")["spec"]
    assert hand["destination"] == berth["destination"]
    assert hand["source"] == {key: value for key, value in berth["source"].items() if key != "kustomize"}
    assert hand["syncPolicy"]["automated"] == berth["syncPolicy"]["automated"]


@pytest.mark.parametrize("kind", ["ResourceQuota", "LimitRange"])
def test_the_guard_rails_by_hand_bound_what_berths_bound(tmp_path: Path, kind: str) -> None:
    berth = one(rendered(tmp_path / "project", Engine.FLUX), kind)["spec"]
    hand = one(by_hand(Engine.FLUX, guarded=True), kind)["spec"]
    if kind == "ResourceQuota":
        # How much is a tenant's own matter, and which resources is what admission has to count.
        assert set(hand["hard"]) == set(berth["hard"])
    else:
        assert hand == berth


@pytest.mark.parametrize("engine", list(Engine))
def test_the_guard_rails_by_hand_are_of_the_kinds_of_berths(tmp_path: Path, engine: Engine) -> None:
    berth = {item["kind"] for item in rendered(tmp_path / "project", engine)}
    assert berth == {item["kind"] for item in by_hand(engine, guarded=True)}


def test_guarded_by_hand_owners_see_the_sync_objects_of_argo_cd_that_they_see_with_berth(tmp_path: Path) -> None:
    ways = (rendered(tmp_path / "project", Engine.ARGOCD), by_hand(Engine.ARGOCD, guarded=True))
    berth, hand = (one(objects, "Role")["rules"] for objects in ways)
    assert hand == berth
    for objects in ways:
        (binding,) = (item for item in pick(objects, "RoleBinding") if item["roleRef"]["kind"] == "Role")
        assert binding["metadata"]["namespace"] == "argocd"
        assert [subject["kind"] for subject in binding["subjects"]] == ["Group"]


def test_guarded_by_hand_argo_cd_renders_each_tenant_apart_as_with_berth(tmp_path: Path) -> None:
    berth = one(rendered(tmp_path / "project", Engine.ARGOCD), "Application")["spec"]["source"]["kustomize"]
    hand = one(by_hand(Engine.ARGOCD, guarded=True), "Application")["spec"]["source"]["kustomize"]
    assert [patch["target"] for patch in hand["patches"]] == [patch["target"] for patch in berth["patches"]]


@pytest.mark.parametrize("engine", list(Engine))
def test_all_ways_drive_the_agent_by_as_many_objects(tmp_path: Path, engine: Engine) -> None:
    def syncs(objects: list[Object]) -> list[str]:
        return [item["kind"] for item in objects if item["kind"] in SYNCS[engine].kinds]

    assert syncs(rendered(tmp_path / "project", engine)) == syncs(by_hand(engine)) == list(SYNCS[engine].kinds)


def sync(name: str, **status: Any) -> Object:
    return {"kind": "Kustomization", "metadata": {"name": name}, "status": status}


def ready(name: str, status: str = "True") -> Object:
    return sync(name, conditions=[{"type": "Ready", "status": status}])


def test_all_are_in_sync_when_the_last_one_is() -> None:
    judge = all_in_sync(["a", "b"])
    assert not judge(sync("a"))
    assert not judge(ready("a"))
    assert not judge(ready("a"))
    assert not judge(ready("b", "False"))
    assert judge(ready("b"))


def test_an_application_is_in_sync_when_its_workloads_are_healthy_too() -> None:
    judge = all_in_sync(["a"])
    application = {"kind": "Application", "metadata": {"name": "a"}}
    synced = {"sync": {"status": "Synced"}}
    assert not judge(application)
    assert not judge(application | {"status": synced | {"health": {"status": "Progressing"}}})
    assert judge(application | {"status": synced | {"health": {"status": "Healthy"}}})


def pushes(berth: float, guarded: float) -> str:
    """The section for seconds of a push that is told, with Berth and by hand."""
    return tell_pushes(
        [
            Pushed(Engine.FLUX, way, waiting=[2.0, 3.0, 9.0], told=[0.1, seconds, 8.0])
            for way, seconds in ((Way.BERTH, berth), (Way.GUARDED, guarded), (Way.BARE, 0.5))
        ]
    )


def test_all_ways_wait_for_the_same_looks_at_git() -> None:
    drawn = [looks(index, 3, 5.0) for index in range(12)]
    assert drawn == [looks(index, 3, 5.0) for index in range(12)]
    assert all(len(each) == 3 and 0 <= min(each) <= max(each) <= 5 for each in drawn)
    assert len({look for each in drawn for look in each}) == 36


def test_the_page_has_median_and_worst_of_the_pushes() -> None:
    assert "| Flux | by hand, guarded | 3.00 s (9.00) | 0.50 s (8.00) |" in pushes(0.55, 0.5)


def test_the_page_tells_the_agent_s_work_from_the_control_plane_s() -> None:
    page = tell_convergence(
        "Convergence",
        [
            Converged(Engine.FLUX, way, 100, objects, applied=applied, whole=whole + applied, agent=7.0, plane=plane)
            for whole in (20.0, 30.0, 22.0)
            for way, objects, applied, plane in (
                (Way.BERTH, 1215, 4.0, 12.0),
                (Way.GUARDED, 1000, 4.0, 10.0),
                (Way.BARE, 500, 1.0, 5.0),
            )
        ],
    )
    assert (
        "| Flux | 100 | Berth | 1215 | 4.0 s (4.0 to 4.0) | 26.0 s (24.0 to 34.0) | 7.0 s (7.0 to 7.0) "
        "| 12.0 s (12.0 to 12.0) |" in page
    )
    assert page.startswith("## Convergence\n\nFrom nothing to all of 100 tenants in sync")
    assert "3 rounds: medians" in page
    assert "100 tenants: all in sync | at most 1.1 | 1.00 (1.00 to 1.00) | yes | 1.13 (1.10 to 1.14) |" in page
    assert "100 tenants: the agent's processor time | at most 1.1 | 1.00 (1.00 to 1.00) | yes | 1.00" in page
    assert "100 tenants: the control plane's processor time | - | 1.20 (1.20 to 1.20) | - | 2.40" in page


def test_an_aim_is_met_up_to_what_is_shown() -> None:
    assert "| Flux | push to applied, told | at most 1.1 | 1.10 | yes | 1.10 |" in pushes(0.55, 0.5)
    assert "| Flux | push to applied, told | at most 1.1 | 1.12 | **no** | 1.12 |" in pushes(0.56, 0.5)


def test_each_way_is_first_as_often_as_another() -> None:
    turns = [turn(index) for index in range(len(Way))]
    assert {each[0] for each in turns} == {each[-1] for each in turns} == set(Way)
    assert all(set(each) == set(Way) for each in turns)
