"""The deploy repo's credential as a secret of the stack, by the real engine: never seen, and renewed by a change of it
and of nothing else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from berth.local.paths import FleetPaths
from tests.e2e.harness import PLACED, TestFleet, edit

pytestmark = [pytest.mark.e2e, pytest.mark.pulumi_cli]

FIRST, SECOND, OWN = "planted-first-token", "planted-second-token", "planted-token-of-gcp"
KEY = "planted-private-key"
SECRETS = sum(map(len, PLACED.values()))
"""One in the sync namespace of each tenant in each cluster."""


def pulumi(
    fleet: TestFleet, *arguments: str, stdin: str | None = None, ok: bool = True
) -> subprocess.CompletedProcess[str]:
    """The engine's own command, on the state that `berth local deploy` keeps."""
    state = fleet.root / ".local" / "pulumi"
    environment = {
        **fleet.environment,
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    config = () if arguments[:2] == ("stack", "export") else (f"--config-file={state}/Pulumi.local.yaml",)
    done = subprocess.run(
        ["pulumi", *arguments, "--non-interactive", "--stack=local", *config],
        cwd=fleet.root, env=environment, input=stdin, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    if ok:
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done


def set_secret(fleet: TestFleet, key: str, value: str) -> None:
    pulumi(fleet, "config", "set", "--secret", "--path", f"berth:{key}", stdin=value)


def logins(fleet: TestFleet, token: str) -> None:
    FleetPaths.of(fleet.root).logins.write_text(f"deploy.git {token}\n")


def assert_unseen(fleet: TestFleet, printed: str, *values: str) -> None:
    """No value is in what was printed, nor in what the engine keeps or hands out."""
    places = {"what was printed": printed, "the export": pulumi(fleet, "stack", "export").stdout}
    for folder in ("pulumi", "logs"):
        for path in (fleet.root / ".local" / folder).rglob("*"):
            if path.is_file():
                places[str(path)] = path.read_text(errors="replace")
    for value in values:
        assert [place for place, text in places.items() if value in text] == []


@pytest.fixture
def private(pulumi_fleet: TestFleet, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestFleet]:
    """The fleet with a Git server that asks for a token, and a stack that has it; open again afterwards."""
    fleet = pulumi_fleet
    # What `berth status` asks Git with is the credential of whoever runs it.
    repo = fleet.root / ".local" / "git" / "deploy.git"
    served = json.loads(pulumi(fleet, "config", "get", "berth:deployRepo", "--json").stdout)["value"]
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{repo}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", json.loads(served)["url"])
    try:
        logins(fleet, FIRST)
        set_secret(fleet, "deployRepoToken", FIRST)
        yield fleet
    finally:
        FleetPaths.of(fleet.root).logins.unlink()
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()


def steps(fleet: TestFleet) -> list[tuple[str, str]]:
    """What a preview is about to do: operation and type of each resource that is touched."""
    found = json.loads(pulumi(fleet, "preview", "--json").stdout)["steps"]
    return [
        (step["op"], step["urn"].split("::")[2].split("$")[-1]) for step in found if step["op"] not in ("same", "read")
    ]


def test_a_token_is_never_seen_and_renewed_in_place_by_its_change_alone(private: TestFleet) -> None:
    fleet, secret = private, "kubernetes:core/v1:Secret"
    printed = pulumi(fleet, "preview", "--diff").stdout
    assert steps(fleet).count(("create", secret)) == SECRETS
    printed += pulumi(fleet, "up", "--yes", "--diff").stdout
    assert_unseen(fleet, printed, FIRST)
    edit(fleet.worktree / "apps/storefront/environments/local/kustomization.yaml", r"newTag: .*", 'newTag: "7.7.1"')
    commit = fleet.push("Release storefront behind a login")
    fleet.wait_in_sync()
    assert {row["applied"] for row in fleet.status().values()} == {commit}

    before = {item["metadata"]["uid"] for item in made(fleet)}
    logins(fleet, SECOND)
    fleet.wait("status tells of the login", lambda: refused(fleet))
    set_secret(fleet, "deployRepoToken", SECOND)
    assert steps(fleet) == [("update", secret)] * SECRETS
    printed = pulumi(fleet, "preview", "--diff").stdout + pulumi(fleet, "up", "--yes", "--diff").stdout
    assert_unseen(fleet, printed, FIRST, SECOND)
    assert {item["metadata"]["uid"] for item in made(fleet)} == before
    commit = fleet.revert()
    fleet.wait_in_sync()
    assert {row["applied"] for row in fleet.status().values()} == {commit}

    # One cluster with a credential of its own: that of the others stays.
    set_secret(fleet, "clusterCredentials.gcp-local.token", OWN)
    assert steps(fleet) == [("update", secret)] * sum("gcp-local" in clusters for clusters in PLACED.values())
    assert_unseen(fleet, pulumi(fleet, "preview", "--diff").stdout, FIRST, SECOND, OWN)


def test_the_private_key_of_an_app_is_never_seen_either(private: TestFleet) -> None:
    fleet = private
    pulumi(fleet, "config", "rm", "berth:deployRepoToken")
    set_secret(fleet, "deployRepoGithubApp.privateKey", KEY)
    wrong = pulumi(fleet, "preview", ok=False)
    assert wrong.returncode != 0
    assert "berth:deployRepoGithubApp.appId" in wrong.stdout + wrong.stderr
    for name, value in (("appId", "12"), ("installationId", "34")):
        pulumi(fleet, "config", "set", "--path", f"berth:deployRepoGithubApp.{name}", value)
    done = pulumi(fleet, "preview", "--diff")
    assert "githubAppPrivateKey" not in done.stdout or "[secret]" in done.stdout
    assert_unseen(fleet, wrong.stdout + wrong.stderr + done.stdout + done.stderr, KEY)


def made(fleet: TestFleet) -> list[dict[str, dict[str, str]]]:
    return [
        fleet.get(cluster, "secret", "deploy-repo", "--namespace", f"berth-{tenant}")
        for tenant, clusters in PLACED.items()
        for cluster in clusters
    ]


def refused(fleet: TestFleet) -> bool:
    rows = fleet.status().values()
    return all(row["state"] == "failing" and "auth" in row["message"].lower() for row in rows)
