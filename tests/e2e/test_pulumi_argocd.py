"""Argo CD, by the real engine: a fleet that goes over from Flux, the look at an Argo CD that is there already, and
`pulumi destroy` where Argo CD is gone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.agent_program import CLUSTER, Program, apply, controller
from tests.e2e.harness import ARGOCD, CLUSTERS, FLUX, PLACED, TestFleet, copy_project, edit
from tests.e2e.test_change_engines import AGENT_NAMESPACES, NAMESPACES, SYNCS, hand_over, resume, suspend, uids
from tests.e2e.test_pulumi import pulumi
from tests.e2e.test_pulumi_destroy import destroy, left

pytestmark = [pytest.mark.e2e, pytest.mark.pulumi_cli]

PLACES = sum(map(len, PLACED.values()))
STEP = re.compile(r"^ *[-+~]+ +\S+ (\S+) (created|updated|deleted|replaced)\b", re.MULTILINE)
"""A line of what the engine prints: the name of a resource, and what was done to it."""


@dataclass(frozen=True)
class Changed:
    """The fleet after the change, and what was seen on the way."""

    fleet: TestFleet
    before: dict[str, str]
    """uid of each workload object of the tenants, before the change."""
    rested: list[tuple[str, str]]
    """What the engine did to which resource when the agent was to rest, and when it was changed."""
    changed: list[tuple[str, str]]


@pytest.fixture(scope="module")
def over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    """A fleet of Flux that became one of Argo CD, each step by `pulumi up`, in the order that the docs say."""
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH: what the engine itself does is not tried")
    fleet = TestFleet(copy_project(tmp_path_factory.mktemp("over") / "project"))
    try:
        fleet.build()
        fleet.berth("local", "up", "--engine", FLUX.name)
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()
        before = uids(fleet)
        suspend(fleet)
        rested = STEP.findall(fleet.berth("local", "deploy").stdout)
        fleet.berth("local", "up", "--engine", ARGOCD.name)
        resume(fleet)
        changed = STEP.findall(fleet.berth("local", "deploy").stdout)
        fleet.engine = ARGOCD
        fleet.wait_in_sync()
        yield Changed(fleet, before, rested, changed)
    finally:
        fleet.berth("local", "down", "--delete", ok=False)


def of_tenants(steps: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """What was done to which kind of a tenant's objects, and where: a namespace, or the name of what is in none."""
    parts = [(done, name.split("/")) for name, done in steps]
    return [(done, each[2], each[3]) for done, each in parts if len(each) > 3 and each[0] in CLUSTERS]


def test_an_agent_that_is_to_rest_changes_the_sync_objects_and_nothing_else(over: Changed) -> None:
    assert sorted({(done, kind) for done, kind, _ in of_tenants(over.rested)}) == [
        ("updated", "gitrepository"),
        ("updated", "kustomization"),
    ]
    assert len([name for name, _ in over.rested if name.count("/") > 1]) == 2 * PLACES


def test_a_change_of_engines_touches_nothing_in_a_tenant_s_own_namespaces(over: Changed) -> None:
    steps = of_tenants(over.changed)
    counted = {(done, kind): 0 for done, kind, _ in steps}
    for done, kind, _ in steps:
        counted[done, kind] += 1
    assert counted["created", "application"] == counted["created", "appproject"] == PLACES
    assert counted["deleted", "kustomization"] == counted["deleted", "gitrepository"] == PLACES
    assert [step for step in steps if step[2] in NAMESPACES] == []


def test_no_workload_is_deleted_or_made_anew(over: Changed) -> None:
    assert len(over.before) > 50
    assert uids(over.fleet) == over.before


def test_nothing_of_the_former_engine_remains_and_nothing_is_left_to_hand_over(over: Changed) -> None:
    fleet = over.fleet
    assert [row for row in hand_over(fleet) if row["left"]] == []
    for cluster in CLUSTERS:
        assert fleet.get(cluster, "crd", SYNCS[FLUX]) is None
        assert fleet.get(cluster, "namespace", AGENT_NAMESPACES[FLUX]) is None
    assert FLUX.applies not in {name.partition("/")[2] for name in fleet.pids()}


def test_a_second_update_changes_nothing_and_the_next_commit_is_applied(over: Changed) -> None:
    fleet = over.fleet
    done = pulumi(fleet, "preview", "--expect-no-changes")
    assert done.returncode == 0, done.stdout[-1500:]
    edit(fleet.worktree / "apps/storefront/environments/local/kustomization.yaml", r"newTag: .*", 'newTag: "7.7.2"')
    commit = fleet.push("Release storefront under Argo CD")
    fleet.wait_in_sync()
    assert {row["applied"] for row in fleet.status().values()} == {commit}


@pytest.fixture
def program(over: Changed, tmp_path: Path) -> Program:
    return Program.create(tmp_path, over.fleet)


def repo_server(*flags: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/part-of": "argocd", "app.kubernetes.io/component": "repo-server"}
    return controller("argocd", "argocd-repo-server", labels, *flags)


def test_an_argo_cd_without_a_deployment_is_taken_with_a_word_on_what_was_not_checked(program: Program) -> None:
    done = program.up()
    assert done.returncode == 0, done.stdout
    assert "not checked: the repo server's flags and plugins could not be read" in done.stdout
    assert program.made()
    assert program.pulumi("destroy", "--yes", "--skip-preview").returncode == 0


def test_all_that_argo_cd_lacks_is_one_failure_and_mending_it_is_enough(program: Program) -> None:
    fleet = program.fleet
    at = (CLUSTER, "-n", "argocd", "patch", "--type=merge")
    apply(fleet, repo_server("--allow-oob-symlinks"))
    fleet.kubectl(*at, "configmap", "argocd-cm", '--patch={"data": {"helm.enable": "true"}}')
    fleet.kubectl(*at, "appproject", "default", '--patch={"spec": {"sourceRepos": ["*"]}}')
    try:
        done = program.up()
        told = done.stdout + done.stderr
        assert done.returncode != 0
        assert "Argo CD in aws-local cannot be used for tenants yet" in told
        assert 'argocd-cm: helm.enable: found "true"; set it to "false"' in told
        assert "AppProject argocd/default: it allows something; replace it by one with sourceRepos: []" in told
        assert "argocd-repo-server: remove --allow-oob-symlinks" in told
        assert len(re.findall(r"^ +- ", told[told.index("What is missing:") :].partition("Mend it")[0], re.M)) == 3
        assert "pulumi/dynamic" not in told, "no traceback of the look"
        assert not program.made()
        apply(fleet, repo_server())
        mend(fleet)
        done = program.up()
        assert done.returncode == 0, done.stdout
        assert "not checked" not in done.stdout
        assert program.made()
    finally:
        mend(fleet)
        fleet.kubectl(CLUSTER, "-n", "argocd", "delete", "deployment", "argocd-repo-server")
        program.pulumi("destroy", "--yes", "--skip-preview")


def mend(fleet: TestFleet) -> None:
    """Argo CD's settings as they were."""
    at = (CLUSTER, "-n", "argocd", "patch", "--type=merge")
    fleet.kubectl(*at, "configmap", "argocd-cm", '--patch={"data": {"helm.enable": "false"}}')
    fleet.kubectl(*at, "appproject", "default", '--patch={"spec": {"sourceRepos": []}}')


def test_argo_cd_that_is_gone_and_kinds_that_are_gone_hold_nothing(over: Changed) -> None:
    fleet = over.fleet
    for process in ("argocd-application-controller", "argocd-repo-server"):
        fleet.kill(f"aws-local/{process}")
    fleet.kubectl("gcp-local", "delete", "crd", "applications.argoproj.io", "appprojects.argoproj.io")
    assert fleet.get("gcp-local", "deployments", "-n", "storefront")["items"], "no workload goes with the kinds"
    done = destroy(fleet)
    assert done.returncode == 0, done.stdout[-1500:]
    assert left(fleet) == {}
