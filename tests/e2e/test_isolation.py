"""A tenant cannot reach another tenant, nor weaken its own guard-rails: on the real API server and the real agent.

The attempts are data, in tests/e2e/attempts.py. After each one the whole cluster is compared with what it was before.
"""

from __future__ import annotations

import base64
import json
import shlex
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from berth.local.paths import FleetPaths
from berth.local.pki import issue_client
from tests.e2e import attempts, manifests
from tests.e2e.attempts import (
    ALLOWED,
    ATTEMPTS,
    B_SYNC,
    BARE,
    CLUSTER,
    COMMITS,
    CREDENTIAL,
    KNOWN_GAP,
    LOCKDOWNS,
    MOVED,
    RBAC,
    USERS,
    Allowed,
    Attempt,
    B,
    Commit,
    Lockdown,
    Who,
)
from tests.e2e.harness import CLUSTERS, TestFleet
from tests.e2e.manifests import A_SYNC, A

pytestmark = pytest.mark.e2e

_KINDS = {
    "api/v1": (
        "configmaps", "endpoints", "limitranges", "namespaces", "persistentvolumeclaims", "persistentvolumes", "pods",
        "replicationcontrollers", "resourcequotas", "secrets", "serviceaccounts", "services",
    ),
    "apis/admissionregistration.k8s.io/v1": (
        "validatingadmissionpolicies", "validatingadmissionpolicybindings", "validatingwebhookconfigurations",
    ),
    "apis/apiregistration.k8s.io/v1": ("apiservices",),
    "apis/apps/v1": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "apis/autoscaling/v2": ("horizontalpodautoscalers",),
    "apis/batch/v1": ("cronjobs", "jobs"),
    "apis/certificates.k8s.io/v1": ("certificatesigningrequests",),
    "apis/kustomize.toolkit.fluxcd.io/v1": ("kustomizations",),
    "apis/networking.k8s.io/v1": ("ingresses", "networkpolicies"),
    "apis/policy/v1": ("poddisruptionbudgets",),
    "apis/rbac.authorization.k8s.io/v1": ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    "apis/scheduling.k8s.io/v1": ("priorityclasses",),
    "apis/source.toolkit.fluxcd.io/v1": (
        "buckets", "gitrepositories", "helmcharts", "helmrepositories", "ocirepositories",
    ),
}  # fmt: skip

State = dict[str, Any]
"""What was asked for, by object: the status is left out, and what controllers make of other objects."""


class Watched:
    """One cluster, and what it holds, as its admin sees it."""

    def __init__(self, fleet: TestFleet, cluster: str) -> None:
        paths = FleetPaths.of(fleet.root)
        config = yaml.safe_load(paths.kubeconfig.read_text())
        server = next(item["cluster"]["server"] for item in config["clusters"] if item["name"] == cluster)
        certificates = paths.cluster(cluster) / "certificates"
        context = ssl.create_default_context(cafile=str(certificates / "ca.crt"))
        context.load_cert_chain(certificates / "admin.crt", certificates / "admin.key")
        self._client = httpx.Client(base_url=server, verify=context, timeout=30, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def state(self) -> State:
        found: State = {}
        for group, kinds in _KINDS.items():
            for kind in kinds:
                answer = self._client.get(f"/{group}/{kind}")
                answer.raise_for_status()
                for item in answer.json()["items"]:
                    about = item.pop("metadata")
                    if about.get("ownerReferences"):
                        continue
                    item.pop("status", None)
                    kept = {key: about.get(key) for key in ("uid", "labels", "annotations", "deletionTimestamp")}
                    found[f"{kind}/{about.get('namespace', '')}/{about['name']}"] = {**item, **kept}
        return found


def changes(before: State, after: State) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


@pytest.fixture(scope="module")
def guarded(fleet: TestFleet) -> Iterator[TestFleet]:
    """The fleet in sync, with a Secret in the sync namespaces and in B: something to steal."""
    fleet.wait_in_sync()
    names = (A_SYNC, B_SYNC, B)
    for namespace in names:
        fleet.kubectl(CLUSTER, "apply", "-f", "-", stdin=yaml.safe_dump(manifests.secret(CREDENTIAL, namespace)))
    yield fleet
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

    assert do(guarded, credentials, Who.RECONCILER, attempts.CREATE, manifest).ok
    try:

        def refused() -> bool:
            items = listed("replicasets")
            conditions = [each for item in items for each in item["status"].get("conditions", [])]
            return any('violates PodSecurity "restricted:v1.34"' in each["message"] for each in conditions)

        guarded.wait("its pods are refused", refused, 30)
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
    answer = do(guarded, credentials, item.who, item.run, item.manifest)
    assert answer.ok, answer.error
    assert item.says in answer.out


@pytest.mark.usefixtures("tidy")
def test_an_allowed_deployment_becomes_available(guarded: TestFleet, credentials: Path) -> None:
    manifest = manifests.deployment("allowed", manifests.pod_spec())
    assert do(guarded, credentials, Who.RECONCILER, attempts.APPLY, manifest).ok
    guarded.kubectl(CLUSTER, "rollout", "status", "deployment/allowed", "--namespace", A, "--timeout=60s")


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
    guarded.kubectl(CLUSTER, "delete", "namespace", name, "--timeout=60s")
    assert guarded.get(CLUSTER, "namespace", name) is None


# ---- through the deploy repo -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """How a sync ended, and what it changed in its cluster."""

    ready: str
    message: str
    changed: list[str]
    row: dict[str, Any]


def ready_condition(item: dict[str, Any]) -> dict[str, Any]:
    conditions = item.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == "Ready"), {"status": "Unknown", "message": ""})


class DeployRepo:
    """Commits attempts to the fleet's deploy repo, and takes them back."""

    def __init__(self, fleet: TestFleet) -> None:
        self._fleet = fleet
        self._start = fleet.git("rev-parse", "HEAD")
        ports = json.loads(FleetPaths.of(fleet.root).ports.read_text())
        self._values = {
            attempts.GIT: f"http://127.0.0.1:{ports['git-server']}/deploy.git",
            **{f"{cluster}{attempts.ARTIFACTS}": f"http://127.0.0.1:{ports[f'{cluster}/source-controller']}"
               for cluster in CLUSTERS},
        }  # fmt: skip

    @property
    def url(self) -> str:
        return self._values[attempts.GIT]

    def commit(self, commits: list[Commit]) -> str:
        """Breaks the directories of these attempts in one commit; all others are as they were."""
        self._reset()
        for item in commits:
            self._write(item)
        remote = {"resources": [f"{self.url}//apps/telemetry/base?ref=main"]}
        self._dump(self._fleet.worktree / "isolation/remote/kustomization.yaml", remote)
        return self._fleet.push("Isolation suite: " + ", ".join(item.id for item in commits))

    def restore(self) -> None:
        self._reset()
        self._fleet.push("Isolation suite: the end")

    def _reset(self) -> None:
        for folder in ("apps", "isolation"):
            shutil.rmtree(self._fleet.worktree / folder, ignore_errors=True)
        self._fleet.git("checkout", self._start, "--", "apps")

    def _write(self, item: Commit) -> None:
        folder = self._fleet.worktree / "apps" / item.tenant / "local" / item.cluster.removesuffix("-local")
        path = folder / "kustomization.yaml"
        content = yaml.safe_load(path.read_text())
        # What a sync in error must not apply: a sign that it was applied after all.
        passenger = {"name": f"passenger-{item.id}", "literals": ["key=value"]}
        if item.tenant != A:
            passenger["namespace"] = item.tenant
        content["configMapGenerator"].append(passenger)
        content["resources"] += [text.replace(attempts.GIT, self.url) for text in item.resources]
        for key, value in item.more.items():
            text = json.dumps(value).replace(attempts.ARTIFACTS, self._values[f"{item.cluster}{attempts.ARTIFACTS}"])
            content[key] = [*content.get(key, []), *json.loads(text)]
        self._dump(path, content)
        for name, file in item.files.items():
            self._dump(folder / name, file)
        for name, target in item.links.items():
            (folder / name).symlink_to(target)

    def _dump(self, path: Path, content: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))


def rounds() -> Iterator[list[Commit]]:
    """The attempts in groups that fit into one commit: each directory once."""
    left = [*COMMITS]
    while left:
        chosen: dict[tuple[str, str], Commit] = {}
        for item in left:
            chosen.setdefault((item.tenant, item.cluster), item)
        yield list(chosen.values())
        left = [item for item in left if item not in chosen.values()]


@pytest.fixture(scope="module")
def repo(guarded: TestFleet) -> Iterator[DeployRepo]:
    repo = DeployRepo(guarded)
    yield repo
    repo.restore()
    guarded.wait_in_sync()


def synced(fleet: TestFleet, item: Commit, commit: str) -> dict[str, Any]:
    """The Ready condition of a tenant's sync, once it has tried the commit."""
    last: dict[str, Any] = {}

    def tried() -> bool:
        sync = fleet.get(item.cluster, "kustomization", item.tenant, "--namespace", f"berth-{item.tenant}")
        last.update(ready_condition(sync))
        return commit in sync["status"].get("lastAttemptedRevision", "") and last["status"] != "Unknown"

    fleet.wait(f"{item.id} was tried in {item.cluster}", tried, 60)
    return last


def told(fleet: TestFleet, group: list[Commit]) -> dict[tuple[str, str], dict[str, Any]]:
    """What `berth status` says, between two tries of the agent."""
    for _ in range(20):
        rows = fleet.status()
        if all(rows[item.tenant, item.cluster]["state"] != "syncing" for item in group):
            break
    return rows


@pytest.fixture(scope="module")
def outcomes(guarded: TestFleet, watched: dict[str, Watched], repo: DeployRepo) -> dict[str, Outcome]:
    """What became of each attempt by commit."""
    guarded.wait_in_sync()
    before = {cluster: watched[cluster].state() for cluster in CLUSTERS}
    found: dict[str, Outcome] = {}
    for group in rounds():
        commit = repo.commit(group)
        conditions = {item.id: synced(guarded, item, commit) for item in group}
        rows = told(guarded, group)
        after = {cluster: watched[cluster].state() for cluster in CLUSTERS}
        for item in group:
            ready = conditions[item.id]
            changed = changes(before[item.cluster], after[item.cluster])
            found[item.id] = Outcome(ready["status"], ready["message"], changed, rows[item.tenant, item.cluster])
    return found


@pytest.mark.parametrize("item", COMMITS, ids=lambda item: item.id)
def test_its_commit_fails_and_nothing_of_it_is_applied(item: Commit, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[item.id]
    assert outcome.ready == "False", outcome.message
    assert item.message in outcome.message
    assert outcome.row["state"] == "failing"
    assert item.message in outcome.row["message"]
    assert outcome.changed == []


def test_a_namespace_that_a_manifest_names_does_not_lead_out_of_a_tenant_with_one(
    guarded: TestFleet, repo: DeployRepo
) -> None:
    synced(guarded, MOVED, repo.commit([MOVED]))
    assert guarded.get(MOVED.cluster, "configmap", "moved", "--namespace", A)
    assert guarded.get(MOVED.cluster, "configmap", "moved", "--namespace", B) is None


@pytest.mark.xfail(strict=True, reason="kustomize fetches files by URL in spite of --no-remote-bases: docs/security.md")
def test_a_file_by_url_is_refused(guarded: TestFleet, repo: DeployRepo) -> None:
    condition = synced(guarded, KNOWN_GAP, repo.commit([KNOWN_GAP]))
    assert condition["status"] == "False"
    assert KNOWN_GAP.message in condition["message"]


# ---- the agent's own lockdown ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bare(guarded: TestFleet, watched: dict[str, Watched], repo: DeployRepo) -> Iterator[State]:
    """A namespace without guard-rails, with a source of the whole deploy repo and the syncs to try; and what the
    cluster held before it."""
    repo.commit([])
    guarded.wait_in_sync()
    before = watched[CLUSTER].state()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": BARE}}
    source = manifests.source("GitRepository", "all", BARE, url=repo.url, ref={"branch": "main"})
    objects = [namespace, source, *(item.spec for item in LOCKDOWNS)]
    guarded.kubectl(CLUSTER, "create", "-f", "-", stdin=yaml.safe_dump_all(objects))
    yield before
    syncs = yaml.safe_dump_all(objects[2:])
    guarded.kubectl(CLUSTER, "delete", "-f", "-", stdin=syncs)
    guarded.kubectl(CLUSTER, "delete", "namespace", BARE, "--timeout=60s")


@pytest.mark.parametrize("item", LOCKDOWNS, ids=lambda item: item.id)
def test_the_agent_itself_refuses_it(
    item: Lockdown, guarded: TestFleet, watched: dict[str, Watched], bare: State
) -> None:
    last: dict[str, Any] = {}

    def failed() -> bool:
        last.update(ready_condition(guarded.get(CLUSTER, "kustomization", item.id, "--namespace", BARE)))
        return last["status"] == "False" and item.message in last["message"]

    guarded.wait(f"{item.id} fails as it must", failed, 45)
    assert [key for key in changes(bare, watched[CLUSTER].state()) if f"/{BARE}" not in key] == []
