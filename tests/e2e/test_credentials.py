"""Git servers that ask for a login: tenants sync with a credential, lose nothing when it ends, and go on when it is
renewed. Under each engine, on Secrets that somebody else puts into the clusters; the engine's own are in
test_credentials_pulumi.py."""

from __future__ import annotations

import base64
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from berth.local.paths import FleetPaths
from berth.local.ports import Ports
from berth.local.stack import GIT_SERVER
from components.gitops.credentials import for_argocd, for_flux
from tests.e2e.git_over_ssh import SshGitServer, SshKey
from tests.e2e.harness import ARGOCD, CLUSTERS, PLACED, TestFleet, edit
from tests.e2e.rounds import refresh
from tests.e2e.test_faults import workloads

pytestmark = pytest.mark.e2e

SECRET = "git-login"  # noqa: S105 - the name of a Secret
REFUSED = ("auth", "handshake", "permission denied", "could not read")
"""One of these is in what an agent says of a login that is refused."""


class Private:
    """A fleet, and what somebody else than Berth puts into its clusters."""

    def __init__(self, fleet: TestFleet) -> None:
        self.fleet = fleet
        self.stack = fleet.root / "Pulumi.local.yaml"
        self._before = self.stack.read_text()
        self._secrets: set[tuple[str, str, str]] = set()

    def put(self, cluster: str, namespace: str, name: str, content: dict[str, str]) -> None:
        """A Secret as External Secrets would make it."""
        labels = {"argocd.argoproj.io/secret-type": "repository"} if self.fleet.engine is ARGOCD else {}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "stringData": content,
        }
        self.take(cluster, namespace, name)
        self.fleet.kubectl(cluster, "create", "-f", "-", stdin=yaml.safe_dump(secret))
        self._secrets.add((cluster, namespace, name))

    def take(self, cluster: str, namespace: str, name: str) -> None:
        self.fleet.kubectl(cluster, "delete", "secret", name, "--namespace", namespace, "--ignore-not-found")

    def put_for_all(self, url: str, credential: dict[str, Any], known_hosts: str) -> None:
        """The deploy repo's credential, where the agents of all clusters read it."""
        for cluster in CLUSTERS:
            if self.fleet.engine is ARGOCD:
                self.put(cluster, "argocd", SECRET, for_argocd(url, credential))
            for tenant, clusters in PLACED.items():
                if self.fleet.engine is not ARGOCD and cluster in clusters:
                    self.put(cluster, f"berth-{tenant}", SECRET, for_flux(credential, known_hosts))

    def settings(self, url: str, kind: str, known_hosts: str) -> None:
        """Writes into the stack file where the deploy repo is and which Secret is for it, and applies both."""
        data = yaml.safe_load(self._before)
        data["config"]["berth:deployRepo"]["url"] = url
        data["config"]["berth:deployRepoSecret"] = {"name": SECRET, "kind": kind}
        data["config"]["berth:knownHosts"] = known_hosts
        self.stack.write_text(yaml.safe_dump(data))
        self.fleet.berth("local", "up")
        self.fleet.berth("local", "deploy")

    def restore(self) -> None:
        self.stack.write_text(self._before)
        FleetPaths.of(self.fleet.root).logins.unlink(missing_ok=True)
        for secret in self._secrets:
            self.take(*secret)
        self.fleet.berth("local", "up")
        self.fleet.berth("local", "deploy")
        self.fleet.wait_in_sync()


@pytest.fixture
def private(fleet: TestFleet) -> Iterator[Private]:
    found = Private(fleet)
    try:
        yield found
    finally:
        found.restore()


@pytest.fixture
def server(fleet: TestFleet) -> Iterator[SshGitServer]:
    if shutil.which("ssh") is None:
        pytest.skip("ssh is not on PATH: logging in to Git with a key is not tried")
    found = SshGitServer(FleetPaths.of(fleet.root).repos)
    yield found
    found.close()


def release(fleet: TestFleet, tag: str) -> str:
    edit(fleet.worktree / "apps/storefront/environments/local/kustomization.yaml", r"newTag: .*", f'newTag: "{tag}"')
    return fleet.push(f"Release storefront {tag}")


def applied(fleet: TestFleet) -> set[str]:
    return {row["applied"] for row in fleet.status().values()}


def every_message_tells(fleet: TestFleet, *words: str) -> bool:
    rows = fleet.status().values()
    return all(row["state"] == "failing" and any(word in row["message"].lower() for word in words) for row in rows)


def test_a_key_that_ends_stops_no_workload_and_one_that_is_renewed_brings_all_into_sync(
    private: Private, server: SshGitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet, url = private.fleet, server.url("deploy.git")
    person, first, second, stranger = SshKey(), SshKey(), SshKey(), SshKey()
    (tmp_path / "key").write_text(person.private)
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "hosts").write_text(server.known_hosts)
    # What `berth status` asks Git with: the credential of whoever runs it.
    command = f"ssh -F none -i {tmp_path}/key -o IdentitiesOnly=yes -o UserKnownHostsFile={tmp_path}/hosts"
    monkeypatch.setenv("GIT_SSH_COMMAND", command)
    server.allowed = [person, first]
    before = workloads(fleet)

    # A server that is not the one whose key is known is given nothing.
    other = server.known_hosts.replace(server.known_hosts.split()[-1], _public(stranger))
    private.put_for_all(url, {"sshKey": first.private}, other)
    private.settings(url, "sshKey", other)
    fleet.wait("the wrong host key is refused", lambda: every_message_tells(fleet, "key mismatch", "host key"))
    assert workloads(fleet) == before

    private.put_for_all(url, {"sshKey": first.private}, server.known_hosts)
    private.settings(url, "sshKey", server.known_hosts)
    commit = release(fleet, "5.5.1")
    fleet.wait("every tenant is at the commit", lambda: applied(fleet) == {commit})

    server.allowed = [person]
    commit = release(fleet, "5.5.2")
    fleet.wait("status tells of the login", lambda: every_message_tells(fleet, *REFUSED))
    assert workloads(fleet) == before

    server.allowed = [person, second]
    private.put_for_all(url, {"sshKey": second.private}, server.known_hosts)
    fleet.wait("every tenant is at the commit", lambda: applied(fleet) == {commit})
    assert workloads(fleet) == before
    fleet.wait_in_sync()
    for key in (first, second):
        assert_unlogged(fleet, key.private.splitlines()[2])


def test_a_repo_of_a_tenants_own_is_read_with_its_own_secret_and_with_no_other(
    private: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet, token = private.fleet, "planted-token-of-orders"
    url = make_repo(fleet, token)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{url.replace('://', f'://me:{token}@')}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", url)
    file = fleet.root / "tenants" / "orders.yaml"
    file.write_text(
        "name: orders\nowners: {team: shop, contact: shop@example.com}\nprofile: standard\n"
        "placements: [{environments: [local], clusters: [aws-local]}]\n"
        f"source: {{url: '{url}', secretName: orders-git}}\n"
    )
    try:
        fleet.berth("local", "deploy")

        def state() -> tuple[str, str]:
            row = fleet.status()["orders", "aws-local"]
            return row["state"], row["message"]

        def refused() -> bool:
            return state()[0] == "failing" and any(word in state()[1].lower() for word in (*REFUSED, "not found"))

        fleet.wait("without a Secret the repo stays closed", refused)
        put_login(private, url, token, "storefront")
        look_again(fleet, "aws-local", "orders")
        fleet.wait("another tenant's Secret does not open it", refused)
        put_login(private, url, token, "orders")
        look_again(fleet, "aws-local", "orders")
        fleet.wait("its own does", lambda: state()[0] == "in sync")
        assert fleet.get("aws-local", "configmap", "own", "--namespace", "orders")["data"] == {"from": "own"}
        # The others need no login, and were none the wiser.
        fleet.wait_in_sync()
        assert_unlogged(fleet, token)
    finally:
        file.unlink()
        with fleet.removal_approved("orders"):
            fleet.berth("local", "deploy")
        for namespace in ("orders", "berth-orders"):  # other tests compare what is there, and onboard one of this name
            fleet.wait(f"{namespace} is gone", lambda n=namespace: not fleet.get("aws-local", "ns", n))  # type: ignore[misc]


def look_again(fleet: TestFleet, cluster: str, tenant: str) -> None:
    """Has the agent look at a tenant's repo once more, and waits until it has."""
    if fleet.engine is ARGOCD:
        refresh(fleet, cluster, tenant)
        return
    asked, where = str(time.time()), ("gitrepository", tenant, "--namespace", f"berth-{tenant}")
    fleet.kubectl(cluster, "annotate", "--overwrite", *where, f"reconcile.fluxcd.io/requestedAt={asked}")

    def looked() -> bool:
        return bool(fleet.get(cluster, *where)["status"].get("lastHandledReconcileAt") == asked)

    fleet.wait(f"source-controller has looked at {tenant} in {cluster}", looked)


def put_login(private: Private, url: str, token: str, tenant: str) -> None:
    """The token, for the repo, as a Secret of one tenant: in its sync namespace, or of its project."""
    if private.fleet.engine is ARGOCD:
        private.put("aws-local", "argocd", "orders-git", {**for_argocd(url, {"token": token}), "project": tenant})
    else:
        private.put("aws-local", f"berth-{tenant}", "orders-git", for_flux({"token": token}, ""))


def make_repo(fleet: TestFleet, token: str) -> str:
    """A second repo on the fleet's Git server, which asks for a token. Returns its URL."""
    paths = FleetPaths.of(fleet.root)
    bare, work = paths.repos / "orders.git", fleet.root / "orders-repo"
    shutil.rmtree(bare, ignore_errors=True)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    (work / "own.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\ndata: {from: own}\n")
    (work / "kustomization.yaml").write_text("resources: [own.yaml]\n")
    fleet.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    fleet.git("-C", str(work), "init", "--quiet", "--initial-branch=main")
    fleet.git("-C", str(work), "add", ".")
    fleet.git("-C", str(work), "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "One")
    fleet.git("-C", str(work), "push", "--quiet", str(bare), "main")
    paths.logins.write_text(f"orders.git {token}\n")
    return f"http://127.0.0.1:{Ports(paths.ports, {})[GIT_SERVER]}/orders.git"


def assert_unlogged(fleet: TestFleet, value: str) -> None:
    """No log of the fleet holds the value, nor does what `berth` prints."""
    for path in FleetPaths.of(fleet.root).log("").parent.iterdir():
        assert value not in path.read_text(errors="replace"), f"{path.name} holds a credential"
    for command in (("status", "--stack", "local"), ("validate",), ("render", "--stack", "local")):
        done = fleet.berth(*command, ok=False)
        assert value not in done.stdout + done.stderr


def _public(key: SshKey) -> str:
    return base64.b64encode(key.public).decode()
