"""A fleet with Argo CD: what runs, where it listens, as whom it applies, and that it goes without a trace."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from textwrap import dedent

import psutil
import pytest

from berth.cli.progress import BuildProgress
from berth.local import build, processes
from berth.local.paths import FleetPaths
from berth.local.ports import HOST, Ports
from berth.settings import Engine
from tests.e2e.harness import ARGOCD, CLUSTERS, ROOT, TestFleet, copy_project

pytestmark = pytest.mark.e2e

AGENT = ("argocd-application-controller", "argocd-repo-server", "argocd-notifications", "redis")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[TestFleet]:
    """A fleet with Argo CD and without tenants."""
    if shutil.which("redis-server") is None and os.geteuid() != 0:
        pytest.skip("redis-server is not on PATH and this user cannot install it: Argo CD is not tried")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    # Minutes in which nothing is printed look like a test that hangs.
    with capture.global_and_fixture_disabled(), BuildProgress() as report:
        build.build(ROOT / "local", report, Engine.ARGOCD)
    fleet = TestFleet(copy_project(tmp_path_factory.mktemp("argocd") / "project"), engine=ARGOCD)
    try:
        fleet.berth("local", "up", "--engine", "argocd")
        yield fleet
    finally:
        fleet.berth("local", "down", "--delete", ok=False)


def test_each_cluster_has_the_processes_of_argo_cd_and_none_of_flux(fleet: TestFleet) -> None:
    running = set(fleet.pids())
    assert {f"{cluster}/{program}" for cluster in CLUSTERS for program in AGENT} <= running
    assert not [name for name in running if "source" in name or "kustomize" in name]


def test_every_listener_is_on_the_loopback_interface(fleet: TestFleet) -> None:
    mine = set(fleet.pids().values())
    addresses = [host for pid, host, _ in listeners() if pid in mine]
    assert len(addresses) == 3 * 6 + 1, "an API server and five ports of the agent in each; the Git server"
    assert set(addresses) == {HOST}


def test_redis_answers_only_who_knows_the_password(fleet: TestFleet) -> None:
    port = Ports(FleetPaths.of(fleet.root).ports, {})["aws-local/redis"]
    with socket.create_connection((HOST, port), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")


def test_a_second_up_changes_nothing(fleet: TestFleet) -> None:
    before = fleet.pids()
    printed = fleet.berth("local", "up").stdout
    assert printed.count("was up already") == 3
    assert fleet.pids() == before


def test_a_killed_process_is_mended_by_up_and_the_others_are_left_alone(fleet: TestFleet) -> None:
    before = fleet.pids()
    killed = {f"aws-local/{program}" for program in AGENT}
    for name in killed:
        fleet.kill(name)
    fleet.berth("local", "up")
    after = fleet.pids()
    assert all(after.values())
    assert {name for name in after if after[name] != before[name]} == killed


def test_a_commit_is_applied_as_the_account_of_its_project(fleet: TestFleet) -> None:
    onboard(fleet, "guest")
    manifests = fleet.worktree / "apps" / "guest"
    manifests.mkdir(parents=True)
    (manifests / "settings.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n")
    (manifests / "kustomization.yaml").write_text("resources: [settings.yaml]\n")
    commit = fleet.push("Add guest")
    fleet.wait("the commit is applied", lambda: state(fleet, "guest") == ("Synced", commit))
    assert fleet.get("aws-local", "configmap", "settings", "-n", "guest")

    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: more}\nrules: []\n"
    (manifests / "role.yaml").write_text(role)
    (manifests / "kustomization.yaml").write_text("resources: [role.yaml, settings.yaml]\n")
    fleet.push("Ask for more")
    refused = "system:serviceaccount:guest:reconciler"
    fleet.wait("the Role is refused, to this account", lambda: refused in json.dumps(application(fleet, "guest")))
    assert not fleet.get("aws-local", "role", "more", "-n", "guest")

    commit = fleet.revert()
    fleet.wait("the revert is applied", lambda: state(fleet, "guest") == ("Synced", commit))


def test_an_application_of_the_default_project_is_refused(fleet: TestFleet) -> None:
    patch = '--patch={"spec": {"project": "default"}}'
    fleet.kubectl("aws-local", "-n", "argocd", "patch", "application", "guest", "--type=merge", patch)
    fleet.wait(
        "it is refused", lambda: "is not permitted in project 'default'" in json.dumps(application(fleet, "guest"))
    )


def test_down_leaves_no_process_and_no_listener(fleet: TestFleet) -> None:
    paths = FleetPaths.of(fleet.root)
    ports = set(json.loads(paths.ports.read_text()).values())
    fleet.berth("local", "down")
    assert processes.running(paths) == {}

    def named() -> list[psutil.Process]:
        return [p for p in psutil.process_iter(["cmdline"]) if str(paths.state) in " ".join(p.info["cmdline"] or [])]

    fleet.wait("what the processes had started has ended too", lambda: not named())
    assert not ports & {port for _, _, port in listeners()}


def listeners() -> list[tuple[int | None, str, int]]:
    """Process, address and port of whatever listens on this machine."""
    connections = psutil.net_connections("inet")
    return [(c.pid, c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN and c.laddr]


def onboard(fleet: TestFleet, tenant: str) -> None:
    """A tenant by hand: a namespace, an account that may edit it, and an Application that acts as this account."""
    url = f"http://{HOST}:{Ports(FleetPaths.of(fleet.root).ports, {})['git-server']}/deploy.git"
    objects = f"""
        apiVersion: v1
        kind: Namespace
        metadata: {{name: {tenant}}}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {{name: reconciler, namespace: {tenant}}}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {{name: reconciler, namespace: {tenant}}}
        roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}}
        subjects: [{{kind: ServiceAccount, name: reconciler, namespace: {tenant}}}]
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {{name: {tenant}, namespace: argocd}}
        spec:
          sourceRepos: ["{url}"]
          destinations: [{{server: "https://kubernetes.default.svc", namespace: {tenant}}}]
          destinationServiceAccounts:
            - {{server: "https://kubernetes.default.svc", namespace: {tenant}, defaultServiceAccount: reconciler}}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {{name: {tenant}, namespace: argocd}}
        spec:
          project: {tenant}
          source: {{repoURL: "{url}", targetRevision: main, path: apps/{tenant}}}
          destination: {{server: "https://kubernetes.default.svc", namespace: {tenant}}}
          syncPolicy:
            automated: {{prune: true, selfHeal: true}}
            retry: {{limit: -1, refresh: true, backoff: {{duration: 1s, factor: 2, maxDuration: 5s}}}}
            syncOptions: [ServerSideApply=true]
    """
    fleet.kubectl("aws-local", "apply", "--server-side", "--filename=-", stdin=dedent(objects))


def application(fleet: TestFleet, name: str) -> dict[str, object]:
    found: dict[str, object] = fleet.get("aws-local", "application", name, "-n", "argocd")
    return found.get("status", {})  # type: ignore[return-value]


def state(fleet: TestFleet, name: str) -> tuple[str, str]:
    sync = application(fleet, name).get("sync") or {}
    return sync.get("status", ""), sync.get("revision", "")  # type: ignore[attr-defined]
