"""A token of the deploy repo's under Argo CD: it is given to the deploy repo's host, and to none that a commit names.

With each attempt goes the same one on an agent without its locks, which does give the token away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from berth.local.paths import FleetPaths
from components.gitops.credentials import for_argocd
from tests.e2e.attempts.model import Commit
from tests.e2e.git_hosts import MOVED, Asked, GithubApi, Stranger
from tests.e2e.harness import ARGOCD, CLUSTERS, TestFleet
from tests.e2e.opened import GIT_IN_KUSTOMIZE, SUBMODULES, opened
from tests.e2e.rounds import DeployRepo, Verdict, prepare, verdict
from tests.e2e.test_credentials import SECRET, Private, applied, assert_unlogged, release

pytestmark = [pytest.mark.e2e, pytest.mark.engine(ARGOCD)]

AWS, GCP, AZURE = CLUSTERS
TOKEN = "planted-token-of-the-deploy-repo"  # noqa: S105 - planted, to be looked for


def git_attempts(host: str) -> list[Commit]:
    """What has the agent ask a host by Git; each names a path of its own there."""
    repo = f"{host}/base.git//apps?ref=main"
    component = {"kustomize": {"components": [f"{host}/component.git//apps?ref=main"]}}
    moved = f"{host}{MOVED}moved.git//apps?ref=main"
    return [
        Commit("token-remote-base", "a remote base", {}, AWS, resources=(repo,)),
        Commit("token-component", "parameters that name a component", {}, GCP,
               files={".argocd-source.yaml": component}),
        Commit("token-moved", "a remote base that has moved to another host", {}, AZURE, resources=(moved,)),
    ]  # fmt: skip


def other_attempts(host: str) -> list[Commit]:
    """What has the agent ask by HTTP, and what it fetches before it builds."""

    def generator(path: str) -> dict[str, Any]:
        return {"configMapGenerator": [{"name": "stolen", "files": [f"listing={host}{path}"]}]}

    return [
        Commit("token-file", "a file by URL", {}, AWS, more=generator("/file")),
        Commit("token-submodule", "a submodule", {}, GCP, resources=("module/apps",),
               modules={"module": f"{host}/module.git"}),
        Commit("token-file-moved", "a file by URL that has moved", {}, AZURE, more=generator(f"{MOVED}moved-file")),
    ]  # fmt: skip


BY_GIT = "/info/refs"
"""Part of the first path that Git asks for. kustomize itself first tries a remote base as a file, over HTTP."""
REPOS = ("/base.git", "/component.git", "/moved.git", "/module.git")
"""What these attempts ask for by Git."""


def app_of(api: GithubApi) -> dict[str, Any]:
    """A GitHub App whose GitHub is on this machine."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return {"appId": 12, "installationId": 34, "privateKey": text.decode(), "apiUrl": api.url}


@dataclass
class LoggedIn:
    """A fleet that logs in to its deploy repo with a token, and a host that would like to have it."""

    fleet: TestFleet
    repo: DeployRepo
    stranger: Stranger

    def try_all(self) -> dict[str, Verdict]:
        """What the agent says of each attempt."""
        self.stranger.asked.clear()
        found: dict[str, Verdict] = {}
        for attempts in (git_attempts(self.stranger.url), other_attempts(self.stranger.url)):
            for item in attempts:
                prepare(self.fleet, item)
            commit = self.repo.commit(attempts)
            found |= {item.id: verdict(self.fleet, item, commit) for item in attempts}
        return found

    @property
    def given(self) -> list[Asked]:
        return [each for each in self.stranger.asked if each.password]


@pytest.fixture(scope="module", params=["token", "githubApp"])
def logged_in(fleet: TestFleet, request: pytest.FixtureRequest) -> Iterator[LoggedIn]:
    fleet.wait_in_sync()
    private, repo, stranger, api = Private(fleet), DeployRepo(fleet), Stranger(), GithubApi(TOKEN)
    credential = {"token": TOKEN} if request.param == "token" else {"githubApp": app_of(api)}
    with pytest.MonkeyPatch.context() as patch:
        # What `berth status` asks Git with: the credential of whoever runs it.
        patch.setenv("GIT_CONFIG_COUNT", "1")
        patch.setenv("GIT_CONFIG_KEY_0", f"url.{repo.url.replace('://', f'://me:{TOKEN}@')}.insteadOf")
        patch.setenv("GIT_CONFIG_VALUE_0", repo.url)
        try:
            FleetPaths.of(fleet.root).logins.write_text(f"deploy.git {TOKEN}\n")
            for cluster in CLUSTERS:
                private.put(cluster, "argocd", SECRET, for_argocd(repo.url, credential))
            yield LoggedIn(fleet, repo, stranger)
        finally:
            repo.restore()
            private.restore()
            stranger.close()
            api.close()


def test_it_opens_the_deploy_repo(logged_in: LoggedIn) -> None:
    commit = release(logged_in.fleet, "7.7.7")
    logged_in.fleet.wait("every tenant is at the commit", lambda: applied(logged_in.fleet) == {commit})


def test_no_host_that_a_commit_names_is_given_it(logged_in: LoggedIn) -> None:
    said = logged_in.try_all()
    assert logged_in.given == []
    assert [id for id, each in said.items() if not each.failed] == []
    for id in ("token-remote-base", "token-moved"):
        assert "transport 'http' not allowed" in said[id].message
    # By Git the host is not even asked. A file by URL of the own pod's address is, without a login.
    asked = [each.path for each in logged_in.stranger.asked]
    assert [path for path in asked if BY_GIT in path] == []
    assert {"/file", "/moved-file"} <= set(asked)
    assert_unlogged(logged_in.fleet, TOKEN)


def test_without_the_locks_every_host_that_is_asked_by_git_is_given_it(logged_in: LoggedIn) -> None:
    with opened(logged_in.fleet, GIT_IN_KUSTOMIZE, SUBMODULES):
        logged_in.try_all()
        logged_in.repo.restore()
    assert {each.password for each in logged_in.given} == {TOKEN}
    for repo in REPOS:
        assert [each for each in logged_in.given if each.path.startswith(f"{repo}{BY_GIT}")], f"{repo}: not given"
