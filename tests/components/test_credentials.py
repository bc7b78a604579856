"""The deploy repo's credential: which Secrets are registered for each kind, and that no value is anywhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.gitops.credentials import for_argocd, for_flux
from tests.components.recording import ROOT, Recorder, config_of, run_program

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which the engine knows a secret value on the wire."""
PLANTED = "a-value-that-is-planted"
OTHER = "another-value-that-is-planted"
HTTPS, SSH = "https://git.example.com/deploy.git", "ssh://git@git.example.com/deploy.git"
APP = {"appId": 12, "installationId": 34, "privateKey": PLANTED}
KINDS = {
    "deployRepoToken": (HTTPS, PLANTED),
    "deployRepoSshKey": (SSH, PLANTED),
    "deployRepoGithubApp": (HTTPS, json.dumps(APP)),
    "clusterCredentials": (HTTPS, json.dumps({name: {"token": PLANTED} for name in ("aws-local", "gcp-local")})),
}


def run(key: str, value: str, url: str, **more: str) -> Recorder:
    config = {**config_of(ROOT / "Pulumi.local.yaml"), "berth:knownHosts": "a host", f"berth:{key}": value}
    config["berth:deployRepo"] = json.dumps({"url": url})
    config |= {f"berth:{name}": text for name, text in more.items()}
    secrets = [name for name in (*KINDS,) if f"berth:{name}" in config]
    return run_program("local", config=config, secrets=tuple(secrets))


def holders(recorder: Recorder, value: str = PLANTED) -> list[Any]:
    return [item for item in recorder.recorded if value in str(item)]


@pytest.mark.parametrize("key", KINDS)
def test_a_credential_is_in_secrets_of_sync_namespaces_and_nowhere_else(key: str) -> None:
    url, value = KINDS[key]
    recorder = run(key, value, url)
    found = holders(recorder)
    assert {item.type for item in found} == {"kubernetes:core/v1:Secret"}
    assert {item.inputs["metadata"]["name"] for item in found} == {"deploy-repo"}
    assert all(item.inputs["metadata"]["namespace"].startswith("berth-") for item in found)
    assert all(SIGNATURE in item.inputs["stringData"] for item in found)
    assert PLANTED not in str(recorder.outputs)


def test_a_source_waits_for_its_secret() -> None:
    recorder = run("deployRepoToken", PLANTED, HTTPS)
    secrets = {item.urn for item in recorder.of_type("kubernetes:core/v1:Secret")}
    sources = [item for item in recorder.recorded if item.inputs.get("kind") == "GitRepository"]
    assert len(sources) == len(secrets) == 7
    assert all(len(secrets & set(source.depends_on)) == 1 for source in sources)


def test_a_cluster_s_own_credential_is_in_that_cluster_only() -> None:
    own = json.dumps({"gcp-local": {"token": OTHER}})
    recorder = run("deployRepoToken", PLANTED, HTTPS, clusterCredentials=own)
    clusters = {
        value: {item.provider.split("::")[-2] for item in holders(recorder, value)} for value in (PLANTED, OTHER)
    }
    assert clusters == {PLANTED: {"aws-local", "azure-local"}, OTHER: {"gcp-local"}}


def test_of_a_secret_that_is_there_already_nothing_is_registered() -> None:
    reference = json.dumps({"name": "git-login", "kind": "githubApp"})
    recorder = run("deployRepoSecret", reference, HTTPS)
    assert recorder.of_type("kubernetes:core/v1:Secret") == []
    sources = [item.inputs["spec"] for item in recorder.recorded if item.inputs.get("kind") == "GitRepository"]
    assert {(spec["secretRef"]["name"], spec["provider"]) for spec in sources} == {("git-login", "github")}


def test_a_changed_secret_is_updated_in_place() -> None:
    providers = run("deployRepoToken", PLANTED, HTTPS).of_type("pulumi:providers:kubernetes")
    assert {item.inputs["enableSecretMutable"] for item in providers} == {"true"}


def test_flux_s_secret_has_the_keys_that_flux_reads() -> None:
    assert for_flux({"token": "t"}, "") == {"username": "git", "password": "t"}
    assert for_flux({"sshKey": "k"}, "h") == {"identity": "k\n", "known_hosts": "h\n"}
    app = {"githubAppID": "12", "githubAppInstallationID": "34", "githubAppPrivateKey": f"{PLANTED}\n"}
    assert for_flux({"githubApp": APP}, "") == app
    enterprise = {**APP, "apiUrl": "https://github.example.com/api/v3"}
    assert for_flux({"githubApp": enterprise}, "") == {**app, "githubAppBaseURL": "https://github.example.com/api/v3"}


def test_argo_cd_s_secret_has_the_keys_that_argo_cd_reads() -> None:
    repo = {"type": "git", "url": SSH}
    assert for_argocd(SSH, {"sshKey": "k"}) == {**repo, "sshPrivateKey": "k\n"}
    assert for_argocd(SSH, {"token": "t"}) == {**repo, "username": "git", "password": "t"}
    app = {"githubAppID": "12", "githubAppInstallationID": "34", "githubAppPrivateKey": f"{PLANTED}\n"}
    assert for_argocd(SSH, {"githubApp": APP}) == {**repo, **app}
    enterprise = {**APP, "apiUrl": "https://github.example.com/api/v3"}
    found = for_argocd(SSH, {"githubApp": enterprise})
    assert found["githubAppEnterpriseBaseUrl"] == "https://github.example.com/api/v3"
