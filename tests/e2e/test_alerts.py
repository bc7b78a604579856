"""Whom a tenant names is told of a bad commit and of its end, by each cluster with its own name, in the form that each
kind of receiver takes. The receivers and the forge are a real server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from berth.local.stack import with_fleet
from berth.project import Project
from tests.e2e.harness import ARGOCD, FLUX, PLACED, TestFleet, operation_of
from tests.e2e.receiver import STATES, Receiver

pytestmark = pytest.mark.e2e

TENANT, OTHER = "telemetry", "ledger"
CLUSTERS = PLACED[TENANT]
NAMES = {f"berth/{cluster}/{TENANT}" for cluster in CLUSTERS}
FILE = """\
source: {{url: '{url}/group/deploy.git', path: 'apps/telemetry/local/{{cloud}}'}}
notify:
  - {{type: webhook, secretName: on-call}}
  - {{type: webhook, secretName: log, events: all}}
  - {{type: slack, secretName: channel}}
  - {{type: teams, secretName: chat}}
  - {{type: commitStatus, secretName: github, host: github}}
  - {{type: commitStatus, secretName: gitlab, host: gitlab}}
  - {{type: commitStatus, secretName: gitea, host: gitea}}
"""
OTHERS_FILE = "notify: [{type: webhook, secretName: on-call, events: all}]\n"
HOOKS = {"on-call": ("webhook", "/hook"), "log": ("webhook", "/log"), "channel": ("slack", "/slack"),
         "chat": ("teams", "/teams")}  # fmt: skip
"""Type and address by the name of the Secret. The forges' are called like the forge."""
TOKENS = {host: f"token-of-{host}" for host in STATES}
LOGINS = {"github": "Bearer token-of-github", "gitlab": "token-of-gitlab", "gitea": "token token-of-gitea"}
FAILED = {"github": "failure", "gitlab": "failed", "gitea": "failure"}
GOOD = dict.fromkeys(STATES, "success")
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: more-rights}
rules: []
"""
REFUSED = "- role.yaml"
"""What no tenant may bring, as an entry of resources."""
UNRENDERED = "patches: [{path: no-such-file.yaml}]"


def _secrets(fleet: TestFleet, url: str) -> list[dict[str, Any]]:
    """What the platform's people make: with Flux one for each receiver, beside the sync; with Argo CD one for all."""
    if fleet.engine is ARGOCD:
        data = {f"{TENANT}__{kind}-{name}": url + path for name, (kind, path) in HOOKS.items()}
        data |= {f"{TENANT}__commit-status-{name}": token for name, token in TOKENS.items()}
        data |= {f"{OTHER}__webhook-on-call": f"{url}/other"}
        return [_secret("argocd-notifications-secret", "argocd", data)]
    return [
        _secret("on-call", f"berth-{OTHER}", {"address": f"{url}/other"}),
        *(_secret(name, f"berth-{TENANT}", {"address": url + path}) for name, (_, path) in HOOKS.items()),
        *(_secret(name, f"berth-{TENANT}", {"token": token}) for name, token in TOKENS.items()),
    ]


def _secret(name: str, namespace: str, data: dict[str, str]) -> dict[str, Any]:
    place = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": place, "stringData": data}


@pytest.fixture(scope="module")
def receiver(fleet: TestFleet) -> Iterator[Receiver]:
    """Told by the agents of all clusters that have one of the two tenants."""
    (first, *_) = with_fleet(Project.load(fleet.root), "local").stack("local").clusters
    receiver = Receiver(first.deploy_repo.url)
    added = {TENANT: FILE.format(url=receiver.url), OTHER: OTHERS_FILE}
    files = {name: fleet.root / "tenants" / f"{name}.yaml" for name in added}
    before = {name: path.read_text() for name, path in files.items()}
    secrets = [
        (cluster, item)
        for item in _secrets(fleet, receiver.url)
        for cluster in sorted({*CLUSTERS, *PLACED[OTHER]})
        if fleet.get(cluster, "namespace", item["metadata"]["namespace"])
    ]
    try:
        for name, path in files.items():
            path.write_text(before[name] + added[name])
        for cluster, item in secrets:
            fleet.kubectl(cluster, "apply", "-f", "-", stdin=json.dumps(item))
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()
        yield receiver
    finally:
        for name, path in files.items():
            path.write_text(before[name])
        fleet.berth("local", "deploy")
        for cluster, item in secrets:
            place = item["metadata"]
            fleet.kubectl(cluster, "delete", "secret", place["name"], "-n", place["namespace"], ok=False)
        receiver.close()
        fleet.wait_in_sync()


@contextmanager
def broken(fleet: TestFleet, line: str) -> Iterator[str]:
    """The commit that adds a line to the tenant's kustomization.yaml: an entry of its resources, or another field. It
    is reverted in the end, if not before."""
    folder = fleet.worktree / "apps" / TENANT / "environments" / "local"
    (folder / "role.yaml").write_text(ROLE)
    file = folder / "kustomization.yaml"
    lines = f"resources:\n{line}\n" if line == REFUSED else f"{line}\nresources:\n"
    file.write_text(file.read_text().replace("resources:\n", lines))
    commit = fleet.push("Break a tenant")
    try:
        yield commit
    finally:
        if fleet.git("rev-parse", "HEAD") == commit:
            fleet.revert()
        fleet.wait_in_sync()


def clusters_of(messages: list[dict[str, Any]], severity: str = "error") -> set[str]:
    """The clusters that messages of the generic webhook are of."""
    told = [each for each in messages if each["severity"] == severity]
    return {str(each.get("cluster") or each["metadata"]["cluster"]) for each in told}


def wait_for_states(fleet: TestFleet, receiver: Receiver, commit: str, states: dict[str, str]) -> None:
    """Waits until each cluster has given the commit this state, at each of the forges."""
    wanted = {host: dict.fromkeys(NAMES, state) for host, state in states.items()}
    fleet.wait(f"{commit} is {states}", lambda: {host: receiver.states(host, commit) for host in states} == wanted)


def test_a_refused_commit_is_told_by_each_cluster_under_its_name_and_so_is_its_end(
    fleet: TestFleet, receiver: Receiver
) -> None:
    def of_role() -> list[dict[str, Any]]:
        return [message for message in receiver.sent_to("/hook") if "more-rights" in message["message"]]

    with broken(fleet, REFUSED) as commit:
        fleet.wait("each cluster tells", lambda: clusters_of(of_role()) == {*CLUSTERS})
        wait_for_states(fleet, receiver, commit, FAILED)
        told = len(receiver.sent_to("/log"))
        good = fleet.revert()
        fleet.wait("each tells the end", lambda: clusters_of(receiver.sent_to("/log")[told:], "info") == {*CLUSTERS})
        wait_for_states(fleet, receiver, good, GOOD)
        wait_for_states(fleet, receiver, commit, FAILED)
    assert {host: receiver.logins(host) for host in STATES} == {host: {login} for host, login in LOGINS.items()}
    assert {message["severity"] for message in receiver.sent_to("/hook")} == {"error"}
    for message in of_role():
        if fleet.engine is FLUX:
            assert message["metadata"]["environment"] == "local"
            assert message["involvedObject"]["name"] == TENANT
            assert message["involvedObject"]["namespace"] == f"berth-{TENANT}"
        else:
            assert (message["environment"], message["tenant"], message["revision"]) == ("local", TENANT, commit)


def test_channels_get_what_they_take(fleet: TestFleet, receiver: Receiver) -> None:
    begin = {path: len(receiver.sent_to(path)) for path in ("/slack", "/teams")}
    with broken(fleet, REFUSED):
        for path, seen in begin.items():
            fleet.wait(f"{path} is told", lambda p=path, n=seen: len(receiver.sent_to(p)) > n)  # type: ignore[misc]
    slack, teams = receiver.sent_to("/slack")[-1], receiver.sent_to("/teams")[-1]
    if fleet.engine is FLUX:
        (attachment,) = slack["attachments"]
        assert attachment["color"] == "danger"
        assert {"cluster", "environment"} <= {field["title"] for field in attachment["fields"]}
    else:
        assert any(slack["text"].startswith(f"{TENANT} in {cluster} (local): failed\n") for cluster in CLUSTERS)
        assert "more-rights" in slack["text"]
    assert teams["type"] == "message"
    (card,) = teams["attachments"]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert card["content"]["type"] == "AdaptiveCard"
    told = json.dumps(card["content"]["body"])
    assert "more-rights" in told
    assert any(cluster in told for cluster in CLUSTERS)


@pytest.mark.parametrize("time", ["first", "second"])
def test_manifests_that_cannot_be_rendered_are_told_each_time(fleet: TestFleet, receiver: Receiver, time: str) -> None:
    del time
    begin = len(receiver.sent_to("/log"))

    def of_file() -> list[dict[str, Any]]:
        return [message for message in receiver.sent_to("/log")[begin:] if "no-such-file.yaml" in message["message"]]

    with broken(fleet, UNRENDERED):
        fleet.wait("each cluster tells", lambda: clusters_of(of_file()) == {*CLUSTERS})
        told = len(receiver.sent_to("/log"))
        good = fleet.revert()
        fleet.wait("each tells the end", lambda: clusters_of(receiver.sent_to("/log")[told:], "info") == {*CLUSTERS})
        wait_for_states(fleet, receiver, good, GOOD)


def test_a_commit_that_changes_nothing_of_the_tenant_is_good_too(fleet: TestFleet, receiver: Receiver) -> None:
    (fleet.worktree / "README.md").write_text("Changed.\n")
    wait_for_states(fleet, receiver, fleet.push("Change the text"), GOOD)


@pytest.mark.engine(ARGOCD)
def test_a_sync_that_is_tried_again_and_again_is_told_once(fleet: TestFleet, receiver: Receiver) -> None:
    cluster = CLUSTERS[0]

    def tries() -> int:
        return int(operation_of(fleet.get(cluster, *fleet.engine.sync_of(TENANT))).get("retryCount") or 0)

    with broken(fleet, REFUSED) as commit:
        fleet.wait("Argo CD has tried three times", lambda: tries() >= 3)
        told = [m for m in receiver.sent_to("/hook") if m["revision"] == commit and m["cluster"] == cluster]
        assert len(told) == 1


def test_nobody_is_told_of_another_tenant(receiver: Receiver) -> None:
    """After all that befell the one tenant."""
    others = receiver.sent_to("/other")
    assert not clusters_of(others, "error")
    assert not [message for message in others if TENANT in json.dumps(message)]
    for _, path in HOOKS.values():
        assert receiver.sent_to(path)
        assert not [message for message in receiver.sent_to(path) if OTHER in json.dumps(message)]
