"""A tenant cannot reach another tenant, nor weaken its own guard-rails: on the real API server and the real agent.

The attempts are data, in tests/e2e/attempts. After each one the whole cluster is compared with what it was before.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from berth.local.paths import FleetPaths
from berth.local.pki import issue_client
from berth.settings import Engine
from tests.e2e import manifests
from tests.e2e.attempts import ALLOWED, ATTEMPTS, LOCKDOWNS
from tests.e2e.attempts.argocd import BARE
from tests.e2e.attempts.model import (
    APPLY,
    B_SYNC,
    CLUSTER,
    CREATE,
    CREDENTIAL,
    GOES,
    HIGH,
    KEPT,
    RBAC,
    USERS,
    Allowed,
    Attempt,
    B,
    Gap,
    Harmless,
    Lockdown,
    Refused,
    Who,
)
from tests.e2e.harness import ARGOCD, CLUSTERS, FLUX, TestFleet
from tests.e2e.manifests import A_SYNC, A
from tests.e2e.rounds import (
    DeployRepo,
    Outcome,
    Trial,
    leaves_nothing,
    prepare,
    ready_condition,
    refresh,
    rounds,
    told,
    told_by_application,
    trials,
    verdict,
)
from tests.e2e.watched import State, Watched, changes

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def guarded(fleet: TestFleet) -> Iterator[TestFleet]:
    """The fleet in sync, with a Secret in the sync namespaces and in B: something to steal. And a class to rise to."""
    fleet.wait_in_sync()
    names = (A_SYNC, B_SYNC, B)
    for namespace in names:
        fleet.kubectl(CLUSTER, "apply", "-f", "-", stdin=yaml.safe_dump(manifests.secret(CREDENTIAL, namespace)))
    for namespace, policy in ((KEPT, "keep"), (GOES, "delete")):
        text = yaml.safe_dump_all(manifests.with_volume(namespace, policy))
        fleet.kubectl(CLUSTER, "apply", "-f", "-", stdin=text)
        made = ("configmap", "kube-root-ca.crt"), ("serviceaccount", "default")
        there = lambda n=namespace, m=made: all(fleet.get(CLUSTER, *each, "--namespace", n) for each in m)  # noqa: E731
        fleet.wait(f"{namespace} is whole", there)
    rank = manifests.cluster_object("scheduling.k8s.io/v1", "PriorityClass", HIGH, value=1000000)
    fleet.kubectl(CLUSTER, "apply", "-f", "-", stdin=yaml.safe_dump(rank))
    yield fleet
    fleet.kubectl(CLUSTER, "delete", "priorityclass", HIGH)
    fleet.kubectl(CLUSTER, "delete", "pvc", "--all", "--namespace", KEPT)
    fleet.kubectl(CLUSTER, "delete", "namespace", KEPT, GOES, "--ignore-not-found", "--timeout=240s")
    for namespace in names:
        fleet.kubectl(CLUSTER, "delete", "secret", CREDENTIAL, "--namespace", namespace)
    fleet.wait_in_sync()


@pytest.fixture(scope="module")
def watched(guarded: TestFleet) -> Iterator[dict[str, Watched]]:
    clusters = {cluster: Watched(guarded, cluster) for cluster in CLUSTERS}
    yield clusters
    for cluster in clusters.values():
        cluster.close()


@pytest.fixture(scope="module")
def before(watched: dict[str, Watched]) -> State:
    """What the cluster held before the first attempt."""
    return watched[CLUSTER].state()


@pytest.fixture(scope="module")
def credentials(guarded: TestFleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig with real credentials: users named after `Who`, for the cluster of the attempts."""
    paths = FleetPaths.of(guarded.root)
    config = yaml.safe_load(paths.kubeconfig.read_text())
    user, groups = USERS[Who.OWNER]
    own = tuple(group for group in groups if not group.startswith("system:"))
    certificate, key = issue_client(paths.cluster(CLUSTER) / "certificates", user, own)
    token = guarded.kubectl(CLUSTER, "create", "token", "reconciler", "--namespace", A_SYNC).stdout.strip()
    config["users"] = [
        {
            "name": Who.OWNER_CERTIFICATE.value,
            "user": {
                "client-certificate-data": base64.b64encode(certificate).decode(),
                "client-key-data": base64.b64encode(key).decode(),
            },
        },
        {"name": Who.RECONCILER_TOKEN.value, "user": {"token": token}},
    ]
    path = tmp_path_factory.mktemp("credentials") / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


@dataclass(frozen=True)
class Answer:
    ok: bool
    out: str
    error: str


def do(fleet: TestFleet, credentials: Path, who: Who, run: str, manifest: object = None) -> Answer:
    """Runs kubectl as somebody."""
    arguments = shlex.split(run)
    user, groups = USERS.get(who, (None, ()))
    if who in (Who.RECONCILER_TOKEN, Who.OWNER_CERTIFICATE):
        # The later of two kubeconfigs counts.
        arguments += [f"--kubeconfig={credentials}", f"--user={who.value}"]
    stdin = yaml.safe_dump(manifest) if manifest is not None else "{}"
    done = fleet.kubectl(CLUSTER, *arguments, stdin=stdin, user=user, groups=groups, ok=False)
    return Answer(done.returncode == 0, done.stdout, done.stderr)


def test_impersonation_is_the_real_thing(guarded: TestFleet, credentials: Path) -> None:
    def who_am_i(who: Who) -> tuple[str, set[str]]:
        info = json.loads(do(guarded, credentials, who, "auth whoami --output=json").out)["status"]["userInfo"]
        return info["username"], set(info["groups"])

    assert who_am_i(Who.OWNER) == who_am_i(Who.OWNER_CERTIFICATE)
    assert who_am_i(Who.RECONCILER) == who_am_i(Who.RECONCILER_TOKEN)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.id)
def test_it_is_refused_and_changes_nothing(
    attempt: Attempt, guarded: TestFleet, credentials: Path, watched: dict[str, Watched], before: State
) -> None:
    answer = do(guarded, credentials, attempt.who, attempt.run, attempt.manifest)
    assert not answer.ok, f"this went through: {answer.out}"
    assert attempt.message in answer.error
    if attempt.by == RBAC:
        acting = Who.RECONCILER if attempt.who in (Who.RECONCILER, Who.RECONCILER_TOKEN) else Who.OWNER
        assert f'User "{USERS[acting][0]}"' in answer.error
    assert changes(before, watched[CLUSTER].state()) == []


def test_a_deployment_that_breaks_pod_security_gets_no_pod(guarded: TestFleet, credentials: Path) -> None:
    # The API server checks pods, not what makes them: the Deployment is stored, and stays empty.
    spec = manifests.pod_spec(manifests.container(), hostNetwork=True)
    manifest = manifests.deployment("intruder", spec)
    where = ("--namespace", A)

    def listed(kind: str) -> list[dict[str, Any]]:
        done = guarded.kubectl(CLUSTER, "get", kind, "--selector=app=intruder", "--output=json", *where)
        items: list[dict[str, Any]] = json.loads(done.stdout)["items"]
        return items

    assert do(guarded, credentials, Who.RECONCILER, CREATE, manifest).ok
    try:

        def refused() -> bool:
            items = listed("replicasets")
            conditions = [each for item in items for each in item["status"].get("conditions", [])]
            return any('violates PodSecurity "restricted:v1.34"' in each["message"] for each in conditions)

        guarded.wait("its pods are refused", refused)
        assert listed("pods") == []
    finally:
        guarded.kubectl(CLUSTER, "delete", "deployment", "intruder", *where)


@pytest.fixture(scope="module")
def tidy(guarded: TestFleet) -> Iterator[None]:
    """Removes what was allowed to be made."""
    yield
    made = [item.manifest for item in ALLOWED if item.manifest is not None]
    text = yaml.safe_dump_all(made)
    guarded.kubectl(CLUSTER, "delete", "--ignore-not-found", "--grace-period=1", "-f", "-", stdin=text)


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("item", ALLOWED, ids=lambda item: item.id)
def test_it_is_allowed(item: Allowed, guarded: TestFleet, credentials: Path) -> None:
    last: list[Answer] = []

    def said() -> bool:
        last[:] = [do(guarded, credentials, item.who, item.run, item.manifest)]
        assert last[0].ok, last[0].error
        return item.says in last[0].out

    if item.engine is None:
        assert said(), last[0].out
    else:  # an agent that looks again says for a moment that it does
        guarded.wait(f"it says {item.says}", said)


@pytest.mark.usefixtures("tidy")
def test_an_allowed_deployment_becomes_available(guarded: TestFleet, credentials: Path) -> None:
    manifest = manifests.deployment("allowed", manifests.pod_spec())
    assert do(guarded, credentials, Who.RECONCILER, APPLY, manifest).ok
    guarded.kubectl(CLUSTER, "rollout", "status", "deployment/allowed", "--namespace", A, "--timeout=240s")


def test_a_namespace_with_guard_rails_can_be_deleted_by_the_platform(guarded: TestFleet) -> None:
    name = "isolation-gone"
    labels = {"berth.dev/tenant": "gone", "berth.dev/namespace-role": "workloads"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "berth", "namespace": name}, "spec": {}}
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
        manifests.account("guarded", name, **{"berth.dev/guard-rail": "true"}),
        quota,
    ]
    guarded.kubectl(CLUSTER, "create", "-f", "-", stdin=yaml.safe_dump_all(objects))
    guarded.kubectl(CLUSTER, "delete", "namespace", name, "--timeout=240s")
    assert guarded.get(CLUSTER, "namespace", name) is None


# ---- through the deploy repo -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def repo(guarded: TestFleet) -> Iterator[DeployRepo]:
    repo = DeployRepo(guarded)
    yield repo
    repo.restore()
    guarded.wait_in_sync()


@pytest.fixture(scope="module")
def outcomes(guarded: TestFleet, watched: dict[str, Watched], repo: DeployRepo) -> dict[str, Outcome]:
    """What became of each attempt by commit."""
    engine = Engine(guarded.engine.name)
    guarded.wait_in_sync()
    before = {cluster: watched[cluster].state() for cluster in CLUSTERS}
    found: dict[str, Outcome] = {}
    for group in rounds(engine):
        for item in group:
            prepare(guarded, item)
        commit = repo.commit(group)
        verdicts = {item.id: verdict(guarded, item, commit) for item in group}
        rows = told(guarded, group)
        after = {cluster: watched[cluster].state() for cluster in CLUSTERS}
        for item in group:
            changed = changes(before[item.cluster], after[item.cluster])
            found[item.id] = Outcome(verdicts[item.id], changed, rows[item.tenant, item.cluster])
        if any(item.alone or not leaves_nothing(item, engine) for item in group):
            for item in group:
                prepare(guarded, item)
            repo.restore()
            guarded.wait_in_sync()
            before = {cluster: watched[cluster].state() for cluster in CLUSTERS}
    return found


@pytest.mark.parametrize("trial", trials(Refused), ids=lambda trial: trial.id)
def test_its_commit_fails_and_nothing_of_it_is_applied(
    trial: Trial, guarded: TestFleet, outcomes: dict[str, Outcome]
) -> None:
    answer = trial.commit.answers[Engine(guarded.engine.name)]
    assert isinstance(answer, Refused)
    outcome = outcomes[trial.id]
    assert outcome.verdict.failed, outcome.verdict.message
    assert answer.message in outcome.verdict.message
    assert outcome.row["state"] == "failing"
    assert answer.message in outcome.row["message"]
    passengers = [key for key in outcome.changed if "/passenger-" in key]
    assert [key for key in outcome.changed if answer.whole or key not in passengers] == []


@pytest.mark.parametrize("trial", trials(Harmless), ids=lambda trial: trial.id)
def test_its_commit_is_applied_and_stays_in_its_namespace(
    trial: Trial, guarded: TestFleet, outcomes: dict[str, Outcome]
) -> None:
    answer = trial.commit.answers[Engine(guarded.engine.name)]
    assert isinstance(answer, Harmless)
    outcome = outcomes[trial.id]
    assert not outcome.verdict.failed, outcome.verdict.message
    assert {key for key in outcome.changed if "/passenger-" not in key} == set(answer.leaves)
    assert all(key.split("/")[1] == A for key in outcome.changed)


@pytest.mark.parametrize("trial", trials(Gap), ids=lambda trial: trial.id)
def test_what_an_engine_cannot_refuse(
    trial: Trial, guarded: TestFleet, outcomes: dict[str, Outcome], request: pytest.FixtureRequest
) -> None:
    answer = trial.commit.answers[Engine(guarded.engine.name)]
    assert isinstance(answer, Gap)
    request.applymarker(pytest.mark.xfail(strict=True, reason=answer.why))
    outcome = outcomes[trial.id]
    assert outcome.verdict.failed
    assert outcome.changed == []


@pytest.mark.engine(ARGOCD)
@pytest.mark.xfail(strict=True, reason="Argo CD applies object by object: docs/engines.md")
def test_a_commit_is_applied_whole_or_not_at_all(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["git-image"].changed == []


@pytest.mark.engine(ARGOCD)
@pytest.mark.xfail(strict=True, reason="Argo CD refuses the whole repo: docs/engines.md")
def test_a_link_of_one_tenant_out_of_the_repo_stops_no_other(guarded: TestFleet, repo: DeployRepo) -> None:
    (link,) = (trial.commit for trial in trials(Refused) if trial.id == "git-symlink")
    prepare(guarded, link)
    commit = repo.commit([link])
    try:
        assert verdict(guarded, link, commit).failed
        refresh(guarded, CLUSTER, B)
        other = guarded.get(CLUSTER, *guarded.engine.sync_of(B))
        assert "out-of-bounds" not in told_by_application(other)
    finally:
        repo.restore()
        guarded.wait_in_sync()


@pytest.mark.engine(ARGOCD)
def test_parameters_that_a_tenant_adds_are_not_written_into_what_another_tenant_is_rendered_from(
    guarded: TestFleet, watched: dict[str, Watched], repo: DeployRepo
) -> None:
    # Argo CD writes parameters into kustomization.yaml, here through a link into B's: what is rendered in the same
    # checkout meanwhile is rendered from what was written. Each render has a checkout of its own, and one that could
    # be kept waiting by a host that does not answer is not: it asks none.
    guarded.wait_in_sync()
    before = watched[CLUSTER].state()
    repo.write_through(B)
    try:
        guarded.wait("A's is refused", lambda: guarded.status()[A, CLUSTER]["state"] == "failing")
        for _ in range(5):
            refresh(guarded, CLUSTER, A)
            refresh(guarded, CLUSTER, B)
        guarded.wait("B is in sync", lambda: guarded.status()[B, CLUSTER]["state"] == "in sync")
        assert not [key for key in changes(before, watched[CLUSTER].state()) if f"/{B}/" in key]
    finally:
        repo.restore()
        guarded.wait_in_sync()
    assert changes(before, watched[CLUSTER].state()) == []


# ---- the agent's own lockdown ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bare(guarded: TestFleet, watched: dict[str, Watched], repo: DeployRepo) -> Iterator[State]:
    """Sync objects without guard-rails, made by an admin by mistake; and what the cluster held before them."""
    repo.commit([])
    guarded.wait_in_sync()
    before = watched[CLUSTER].state()
    mine = [item for item in LOCKDOWNS if item.concerns(Engine(guarded.engine.name))]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": BARE}}
    objects = [each for item in mine for each in (*item.beside, item.spec)]
    if guarded.engine is FLUX:
        source = manifests.source("GitRepository", "all", BARE, url=repo.url, ref={"branch": "main"})
        objects.insert(0, source)
    text = yaml.safe_dump_all(objects).replace("{git}", repo.url)
    guarded.kubectl(CLUSTER, "create", "-f", "-", stdin=yaml.safe_dump(namespace))
    try:
        guarded.kubectl(CLUSTER, "create", "-f", "-", stdin=text)
        yield before
    finally:
        guarded.kubectl(CLUSTER, "delete", "-f", "-", "--ignore-not-found", stdin=text)
        guarded.kubectl(CLUSTER, "delete", "namespace", BARE, "--timeout=240s")


@pytest.mark.parametrize("item", LOCKDOWNS, ids=lambda item: item.id)
def test_the_agent_itself_refuses_it(
    item: Lockdown, guarded: TestFleet, watched: dict[str, Watched], bare: State
) -> None:
    last: dict[str, Any] = {}

    def current(of: Lockdown) -> dict[str, Any]:
        where = of.spec["metadata"]["namespace"]
        found: dict[str, Any] = guarded.get(CLUSTER, guarded.engine.sync, of.id, "--namespace", where)
        return found

    def failed() -> bool:
        sync = current(item)
        ready = ready_condition(sync)
        last["said"] = ready["message"] if guarded.engine is FLUX else told_by_application(sync)
        return item.message in last["said"] and (guarded.engine is ARGOCD or ready["status"] == "False")

    def passed_over() -> bool:
        """One that was made at the same time has been looked at."""
        return "status" in current(next(each for each in LOCKDOWNS if each.concerns(item.engine)))

    try:
        guarded.wait(f"{item.id} fails as it must", failed if item.message else passed_over)
    except AssertionError as late:
        raise AssertionError(f"{late}\nIt says: {last}") from late
    if not item.message:
        assert "status" not in current(item)
    changed = changes(bare, watched[CLUSTER].state())
    assert [key for key in changed if f"/{BARE}" not in key and "/isolation-" not in key and "/bare-" not in key] == []
