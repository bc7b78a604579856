"""The kinds of credential for the deploy repo: what each needs beside it, and which cluster has which."""

from __future__ import annotations

import pytest

from berth.errors import InvalidInput
from berth.settings import stack_from_config
from berth.settings.credentials import CredentialKind, GitCredential
from berth.settings.load import without_secrets
from tests.support import PLACEMENTS, Sandbox, one

SECRET = "hunter2-s3cr3t"  # noqa: S105 - planted, to be looked for
MARK = "{secure: v1:AAAA}"
APP = f"{{appId: 12, installationId: 34, privateKey: {MARK}}}"
HTTPS, SSH = "https://git.example.com/deploy.git", "ssh://git@git.example.com/deploy.git"
KINDS = {
    "token": (f"berth:deployRepoToken: {MARK}", HTTPS, GitCredential(CredentialKind.TOKEN)),
    "key": (f"berth:deployRepoSshKey: {MARK}", SSH, GitCredential(CredentialKind.SSH_KEY)),
    "app": (f"berth:deployRepoGithubApp: {APP}", HTTPS, GitCredential(CredentialKind.GITHUB_APP)),
    "secret with a token": ("berth:deployRepoSecret: {name: git, kind: token}", HTTPS,
                            GitCredential(CredentialKind.TOKEN, "git")),
    "secret with a key": ("berth:deployRepoSecret: {name: git, kind: sshKey}", SSH,
                          GitCredential(CredentialKind.SSH_KEY, "git")),
    "secret with an app": ("berth:deployRepoSecret: {name: git, kind: githubApp}", HTTPS,
                           GitCredential(CredentialKind.GITHUB_APP, "git")),
}  # fmt: skip


def with_url(sandbox: Sandbox, url: str) -> None:
    sandbox.stack(HTTPS, url)


def source(sandbox: Sandbox, cluster: str = "aws-dev") -> dict[str, object]:
    spec: dict[str, object] = one(sandbox.objects(cluster=cluster), "GitRepository")["spec"]
    return spec


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_the_credential_of_every_cluster(sandbox: Sandbox, kind: str) -> None:
    line, url, expected = KINDS[kind]
    with_url(sandbox, url)
    sandbox.setting(line, "berth:knownHosts: git.example.com ssh-ed25519 AAAA")
    assert [cluster.credential for cluster in sandbox.load().clusters()] == [expected, expected]
    assert source(sandbox)["secretRef"] == {"name": expected.existing or "deploy-repo"}
    assert source(sandbox).get("provider") == ("github" if "app" in kind else None)


def test_without_a_credential_a_source_names_none(sandbox: Sandbox) -> None:
    assert sandbox.cluster().credential is None
    assert {"secretRef", "provider"} & set(source(sandbox)) == set()


def test_a_cluster_s_own_credential_goes_before_the_stack_s(sandbox: Sandbox) -> None:
    sandbox.tenant(placements=PLACEMENTS.replace("[aws]", "[aws, gcp]"))
    own = "{gcp-dev: {secret: {name: own-git, kind: githubApp}}}"
    sandbox.setting(f"berth:deployRepoToken: {MARK}", f"berth:clusterCredentials: {own}")
    assert sandbox.cluster("aws-dev").credential == GitCredential(CredentialKind.TOKEN)
    assert sandbox.cluster("gcp-dev").credential == GitCredential(CredentialKind.GITHUB_APP, "own-git", own=True)
    assert source(sandbox)["secretRef"] == {"name": "deploy-repo"}
    assert source(sandbox, "gcp-dev")["secretRef"] == {"name": "own-git"}


@pytest.mark.parametrize("own", [f"token: {MARK}", f"githubApp: {APP}", "secret: {name: git, kind: token}"])
def test_a_cluster_may_have_a_credential_where_the_stack_has_none(sandbox: Sandbox, own: str) -> None:
    sandbox.setting(f"berth:clusterCredentials: {{aws-dev: {{{own}}}}}")
    assert sandbox.cluster("aws-dev").credential is not None
    assert sandbox.cluster("gcp-dev").credential is None


THERE_ALREADY = "berth:gitops: {engine: argocd, install: none}"
WRONG = {
    "two": ([f"berth:deployRepoToken: {MARK}", f"berth:deployRepoGithubApp: {APP}"], HTTPS,
            "berth:deployRepoGithubApp", "one credential"),
    "token and reference": ([f"berth:deployRepoToken: {MARK}", "berth:deployRepoSecret: {name: git, kind: token}"],
                            HTTPS, "berth:deployRepoSecret", "one credential"),
    "key without hosts": ([f"berth:deployRepoSshKey: {MARK}"], SSH, "berth:deployRepoSshKey", "knownHosts"),
    "key over https": ([f"berth:deployRepoSshKey: {MARK}", "berth:knownHosts: x y z"], HTTPS,
                       "berth:deployRepoSshKey", "a credential for https"),
    "token over ssh": ([f"berth:deployRepoToken: {MARK}"], SSH, "berth:deployRepoToken", "a credential for ssh"),
    "app over ssh": ([f"berth:deployRepoGithubApp: {APP}"], SSH, "berth:deployRepoGithubApp", "a credential for ssh"),
    "token over http": ([f"berth:deployRepoToken: {MARK}"], "http://git.example.com/deploy.git",
                        "berth:deployRepoToken", "an https URL"),
    "no credential over ssh": ([], SSH, "berth:deployRepo.url", "a credential beside an ssh URL"),
    "token for an Argo CD that is there": ([f"berth:deployRepoToken: {MARK}", THERE_ALREADY], HTTPS,
                                           "berth:deployRepoToken", "an SSH key where Argo CD is there already"),
    "app for an Argo CD that is there": ([f"berth:deployRepoGithubApp: {APP}", THERE_ALREADY], HTTPS,
                                         "berth:deployRepoGithubApp", "an SSH key where Argo CD is there already"),
    "reference to a token for an Argo CD that is there": (
        ["berth:deployRepoSecret: {name: git, kind: token}", THERE_ALREADY], HTTPS,
        "berth:deployRepoSecret", "an SSH key where Argo CD is there already"),
    "reference to a key under Argo CD without hosts": (
        ["berth:deployRepoSecret: {name: git, kind: sshKey}", "berth:gitops: {engine: argocd}"], SSH,
        "berth:deployRepoSecret", "knownHosts"),
    "Berth's own Secret": (["berth:deployRepoSecret: {name: deploy-repo, kind: token}"], HTTPS,
                           "berth:deployRepoSecret", "another name than deploy-repo"),
    "unknown kind": (["berth:deployRepoSecret: {name: git, kind: sshkey}"], HTTPS, "berth:deployRepoSecret.kind",
                     "one of token, sshKey, githubApp"),
    "unknown cluster": ([f"berth:clusterCredentials: {{aws-dv: {{token: {MARK}}}}}"], HTTPS,
                        "berth:clusterCredentials.aws-dv", "the name of a cluster of this stack"),
    "a cluster with two": ([f"berth:clusterCredentials: {{aws-dev: {{token: {MARK}, sshKey: {MARK}}}}}"], HTTPS,
                           "berth:clusterCredentials.aws-dev", "one of token, sshKey, githubApp, secret"),
    "a cluster with none": (["berth:clusterCredentials: {aws-dev: {}}"], HTTPS,
                            "berth:clusterCredentials.aws-dev", "one of token, sshKey, githubApp, secret"),
    "app without an id": ([f"berth:deployRepoGithubApp: {{appId: 12, privateKey: {MARK}}}"], HTTPS,
                          "berth:deployRepoGithubApp.installationId", "a value here"),
    "API over http": ([f"berth:deployRepoGithubApp: {APP[:-1]}, apiUrl: http://github.example.com/api/v3}}"], HTTPS,
                      "berth:deployRepoGithubApp.apiUrl", "a URL"),
    "API in half an address": ([f"berth:deployRepoGithubApp: {APP[:-1]}, apiUrl: 'https://[::1/api'}}"], HTTPS,
                               "berth:deployRepoGithubApp.apiUrl", "a host name or an IP address"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_work_is_told_at_its_path(sandbox: Sandbox, name: str) -> None:
    lines, url, path, expected = WRONG[name]
    with_url(sandbox, url)
    if lines:
        sandbox.setting(*lines)
    found = sandbox.problem()
    assert found.path == f"config.{path}"
    assert expected in found.expected
    assert found.line


def test_a_token_for_a_git_server_of_this_machine_need_not_be_encrypted_on_its_way(sandbox: Sandbox) -> None:
    with_url(sandbox, "http://127.0.0.1:7480/deploy.git")
    sandbox.setting(f"berth:deployRepoToken: {MARK}")
    assert sandbox.load()


@pytest.mark.parametrize("kind", KINDS)
def test_an_argo_cd_that_is_installed_here_may_have_each_kind(sandbox: Sandbox, kind: str) -> None:
    line, url, expected = KINDS[kind]
    with_url(sandbox, url)
    sandbox.setting(line, "berth:knownHosts: git.example.com ssh-ed25519 AAAA", "berth:gitops: {engine: argocd}")
    assert {cluster.credential for cluster in sandbox.load().clusters()} == {expected}


def test_of_two_argo_cds_the_one_that_is_there_already_is_told(sandbox: Sandbox) -> None:
    sandbox.stack("context: gcp-dev", "context: gcp-dev\n      gitops: {install: none}")
    sandbox.setting("berth:gitops: {engine: argocd}", f"berth:clusterCredentials: {{aws-dev: {{token: {MARK}}}}}")
    assert sandbox.load()
    sandbox.stack("{aws-dev: {token", "{gcp-dev: {token")
    assert sandbox.problem().path == "config.berth:clusterCredentials.gcp-dev"


def test_a_secret_that_is_there_brings_known_hosts_for_flux(sandbox: Sandbox) -> None:
    with_url(sandbox, SSH)
    sandbox.setting("berth:deployRepoSecret: {name: git, kind: sshKey}")
    assert sandbox.load()


PLANTED = {
    "private key": f"berth:deployRepoGithubApp: {{appId: 12, installationId: 34, privateKey: {SECRET}}}",
    "key for an id": f"berth:deployRepoGithubApp: {{appId: {SECRET}, installationId: 34, privateKey: {MARK}}}",
    "key for a URL": f"berth:deployRepoGithubApp: {{appId: 1, installationId: 3, apiUrl: {SECRET}, privateKey: v}}",
    "key for an app": f"berth:deployRepoGithubApp: {SECRET}",
    "cluster's token": f"berth:clusterCredentials: {{aws-dev: {{token: {SECRET}}}}}",
    "cluster's key": f"berth:clusterCredentials: {{aws-dev: {{sshKey: {SECRET}}}}}",
    "cluster's app": f"berth:clusterCredentials: {{aws-dev: {{githubApp: {{privateKey: {SECRET}}}}}}}",
    "token for a cluster": f"berth:clusterCredentials: {{aws-dev: {SECRET}}}",
    "token for all": f"berth:clusterCredentials: {SECRET}",
    "misspelt kind": f"berth:clusterCredentials: {{aws-dev: {{tokn: {SECRET}}}}}",
    "token for a name": f"berth:clusterCredentials: {{aws-dev: {{secret: {{name: '{SECRET} ', kind: token}}}}}}",
    "token for a kind": f"berth:clusterCredentials: {{aws-dev: {{secret: {{name: git, kind: {SECRET}}}}}}}",
}


@pytest.mark.parametrize("line", PLANTED.values(), ids=list(PLANTED))
def test_a_planted_secret_is_refused_and_not_shown(sandbox: Sandbox, line: str) -> None:
    sandbox.setting(line)
    for arguments in (("validate",), ("validate", "--json"), ("render", "--stack", "dev")):
        ended = sandbox.run(*arguments)
        assert ended.code == 2
        assert SECRET not in ended.everything


@pytest.mark.parametrize(
    ("key", "text", "inside"),
    [
        ("deployRepoToken", SECRET, '{"secure": ""}'),
        ("deployRepoGithubApp", f'{{"appId": 1, "privateKey": "{SECRET}"}}', '"appId": 1'),
        ("deployRepoGithubApp", SECRET, '{"secure": ""}'),
        ("clusterCredentials", f'{{"token": {{"token": "{SECRET}"}}}}', '{"token": {"token": {"secure": ""}}}'),
        ("clusterCredentials", f'{{"a": {{"githubApp": {{"privateKey": "{SECRET}"}}}}}}', '"secure"'),
    ],
)
def test_what_the_engine_decrypted_does_not_reach_the_model(key: str, text: str, inside: str) -> None:
    masked = without_secrets(key, text, encrypted=True)
    assert SECRET not in masked
    assert inside in masked


@pytest.mark.parametrize("key", ["deployRepoGithubApp", "clusterCredentials"])
def test_the_engine_s_path_refuses_what_is_not_encrypted(sandbox: Sandbox, key: str) -> None:
    app = f'{{"appId": 12, "installationId": 34, "privateKey": "{SECRET}"}}'
    text = app if key == "deployRepoGithubApp" else f'{{"a": {{"githubApp": {app}}}}}'
    values = {
        "environment": "dev",
        "deployRepo": f'{{"url": "{HTTPS}"}}',
        "clusters": '[{"name": "a", "provider": "existing", "cloud": "aws", "region": "local", "kubeconfig": "k", '
        '"context": "c"}]',
    }
    path = sandbox.root / "Pulumi.dev.yaml"
    good = {**values, key: without_secrets(key, text, encrypted=True)}
    (cluster,) = stack_from_config("dev", good, path, sandbox.root).clusters
    assert cluster.credential is not None
    with pytest.raises(InvalidInput) as raised:
        stack_from_config("dev", {**values, key: without_secrets(key, text, encrypted=False)}, path, sandbox.root)
    assert [problem.found for problem in raised.value.problems] == ["a value that is not encrypted"]
    assert SECRET not in str(raised.value)
