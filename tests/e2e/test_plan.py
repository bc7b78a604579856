"""The plan never lies: what it tells of random changes is what a deploy then changes in the clusters.

Compared are objects and their fields, as the API server holds them, but for what it and controllers write: of
`metadata` all but labels and annotations, the status, and the `operation` that Argo CD is at in an Application. What
the API server fills in where nothing is stated stays as it is while the rest of an object changes: no difference.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from berth.document import KeyPath
from berth.plan.difference import differences
from berth.plan.model import Action, ClusterPlan, ObjectChange, Plan
from tests.e2e.harness import CLUSTERS, TestFleet
from tests.e2e.random_changes import CHANGES, SUSPENDED
from tests.plan.project import Repo

pytestmark = pytest.mark.e2e

SEEDS = range(int(os.environ.get("BERTH_PLAN_SEEDS", "1")))
"""A seed each is a walk through all kinds of changes, from deploy to deploy. More of them: BERTH_PLAN_SEEDS=20."""
AT_ONCE = 8
"""Changes between two deploys."""
KINDS = (
    "namespaces,serviceaccounts,roles,rolebindings,resourcequotas,limitranges,networkpolicies,clusterroles,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings"
)
SYNCS = {
    "flux": "gitrepositories.source.toolkit.fluxcd.io,kustomizations.kustomize.toolkit.fluxcd.io",
    "argocd": "applications.argoproj.io,appprojects.argoproj.io",
}
Key = tuple[str, str, str]
State = Mapping[Key, dict[str, Any]]
Fields = dict[KeyPath, tuple[Any, Any]]


def _state(fleet: TestFleet, cluster: str) -> State:
    """Berth's objects as the API server holds them, without what it and controllers write into them."""
    kinds = f"{KINDS},{SYNCS[fleet.engine.name]}"
    listed = fleet.get(cluster, kinds, "--all-namespaces", "--selector=app.kubernetes.io/managed-by=berth")["items"]
    found = {}
    for item in listed:
        metadata = {key: item["metadata"].get(key, {}) for key in ("labels", "annotations")}
        written = {key: value for key, value in item.items() if key not in ("metadata", "status", "operation")}
        key = (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])
        found[key] = {**written, "metadata": metadata}
    return found


def _states(fleet: TestFleet) -> dict[str, State]:
    return {cluster: _state(fleet, cluster) for cluster in CLUSTERS}


def _key(change: ObjectChange) -> Key:
    return (change.kind, change.namespace, change.name)


def _told(cluster: ClusterPlan) -> list[ObjectChange]:
    return [*cluster.guard_rails, *(change for tenant in cluster.tenants for change in tenant.objects)]


def _fields(before: Any, after: Any) -> Fields:
    return {change.path: (change.before, change.after) for change in differences(before, after)}


def _missing(stated: Any, there: Any, path: KeyPath = ()) -> list[KeyPath]:
    """Paths of what is stated and not there, or there as something else."""
    if isinstance(stated, dict) and isinstance(there, dict):
        return [each for key, value in stated.items() for each in _missing(value, there.get(key), (*path, key))]
    return [] if stated == there or (not stated and there is None) else [path]


def _deployed(fleet: TestFleet, plan: Plan) -> dict[str, State]:
    """What the clusters hold after a deploy, once all that the plan removes is gone: namespaces take a while."""
    fleet.berth("local", "deploy")
    for cluster in plan.clusters():
        going = {_key(change) for change in _told(cluster) if change.action is Action.REMOVE}
        if going:
            name = cluster.name
            fleet.wait(f"all is gone from {name}", lambda n=name, g=going: not g & _state(fleet, n).keys())  # type: ignore[misc]
    return _states(fleet)


@pytest.fixture
def repo(fleet: TestFleet) -> Iterator[Repo]:
    """The fleet's project as a Git repo, for as long as a test; its files and clusters are as before when it ends."""
    folder = fleet.root / "tenants"
    files = {path: path.read_bytes() for path in (fleet.root / "Pulumi.local.yaml", *folder.rglob("*.yaml"))}
    repo = Repo(fleet.root)
    repo.git("init", "--quiet", "--initial-branch=main")
    _commit(repo)
    yield repo
    shutil.rmtree(fleet.root / ".git")
    added = {path.stem for path in folder.glob("*.yaml") if path not in files}
    for path in folder.glob("*.yaml"):
        path.unlink()
    for path, content in files.items():
        path.write_bytes(content)
    with fleet.removal_approved(*added):
        fleet.berth("local", "deploy")
    for cluster in CLUSTERS:
        names = [f"{prefix}{name}" for name in added for prefix in ("", "berth-")]
        fleet.wait(f"the new ones are gone from {cluster}", lambda c=cluster, n=names: not _there(fleet, c, n))  # type: ignore[misc]
    # A sync that began in the middle of the first deploy fails; Argo CD may have given that commit up since.
    fleet.git("commit", "--quiet", "--allow-empty", "--message", "Look again")
    fleet.git("push", "--quiet", "origin", "main")
    fleet.wait_in_sync()


def _there(fleet: TestFleet, cluster: str, namespaces: list[str]) -> bool:
    return any(fleet.get(cluster, "namespace", name) for name in namespaces)


def _commit(repo: Repo) -> None:
    repo.git("add", "Pulumi*.yaml", "__main__.py", "berth", "components", "tenants")
    repo.git("commit", "--quiet", "--allow-empty", "--message", "Deployed")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_deploy_changes_the_objects_and_fields_that_the_plan_told(fleet: TestFleet, repo: Repo, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same every time
    # The agents rest from the first deploy on: what they would make of half of a tenant is another matter.
    others = sorted(CHANGES.keys() - {SUSPENDED})
    kinds = [SUSPENDED, *chance.sample(others, len(others))]
    seen: set[Action] = set()
    before = _states(fleet)
    for start in range(0, len(kinds), AT_ONCE):
        chosen = kinds[start : start + AT_ONCE]
        sys.stdout.write(f"seed {seed}: {', '.join(chosen)}\n")
        for kind in chosen:
            CHANGES[kind](chance, fleet.root)
        plan = repo.plan("local")
        after = _deployed(fleet, plan)
        for cluster in plan.clusters():
            _agree(cluster, before[cluster.name], after[cluster.name])
            seen |= {change.action for change in _told(cluster)}
        _commit(repo)
        before = after
    assert {Action.ADD, Action.CHANGE, Action.REMOVE} <= seen


def _agree(cluster: ClusterPlan, before: State, after: State) -> None:
    """What the plan tells of a cluster is what has changed there, and what is there now is what it states."""
    told = _told(cluster)
    assert {_key(change) for change in told if change.before is None} == after.keys() - before.keys()
    assert {_key(change) for change in told if change.after is None} == before.keys() - after.keys()
    planned = {_key(c): {each.path: (each.before, each.after) for each in c.changes} for c in told if c.changes}
    changed = {key: _fields(before[key], after[key]) for key in before.keys() & after.keys()}
    assert planned == {key: fields for key, fields in changed.items() if fields}
    for change in told:
        if change.after is not None:
            stated = {**change.after, "metadata": {**change.after["metadata"]}}
            for own in ("name", "namespace"):
                stated["metadata"].pop(own, None)
            assert _missing(stated, after[_key(change)]) == [], _key(change)
