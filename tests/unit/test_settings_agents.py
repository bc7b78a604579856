"""The agent's settings: versions, sizes, shards, and what means nothing to an engine; and what Git cannot deliver."""

from __future__ import annotations

import pytest

from berth.settings import Engine, Size
from tests.support import Sandbox


def agent(sandbox: Sandbox, stack: str, cluster: str = "") -> None:
    """Writes the agent's settings of the stack, and of its first cluster."""
    sandbox.setting(f"berth:gitops: {stack}")
    if cluster:
        sandbox.stack("      region: eu-west-1", f"      region: eu-west-1\n      gitops: {cluster}")


@pytest.mark.parametrize("version", ["2.7.5", "2.7.x", "2.x", "2.7.*", "~2.7.0", "^2.7", ">=2.7.0 <2.8.0", ">2.7"])
def test_flux_has_a_version_or_a_range(sandbox: Sandbox, version: str) -> None:
    agent(sandbox, f'{{version: "{version}"}}')
    assert sandbox.cluster().gitops.installed_version == version


@pytest.mark.parametrize("version", ["latest", "v2.7.5", "2.7.5-rc.1", ">=2.7 <2.8 <2.9", "2.7.5,2.8", "x", ""])
def test_what_is_no_version_is_told(sandbox: Sandbox, version: str) -> None:
    agent(sandbox, f'{{version: "{version}"}}')
    assert "a range such as" in sandbox.problem().expected


@pytest.mark.parametrize("version", ["3.4.x", "3.4", ">=3.4.0"])
def test_argo_cd_has_one_version_and_no_range(sandbox: Sandbox, version: str) -> None:
    agent(sandbox, f'{{engine: argocd, version: "{version}"}}')
    problem = sandbox.problem()
    assert problem.path == "config.berth:gitops.version"
    assert problem.expected == 'one version, such as "3.4.4"'


def test_a_cluster_has_the_agent_of_its_stack_but_for_what_it_says(sandbox: Sandbox) -> None:
    agent(sandbox, "{size: large, sharding: {shards: [a, b]}, registry: registry.example.com/flux}", "{size: small}")
    own, other = sandbox.cluster().gitops, sandbox.cluster("gcp-dev").gitops
    assert (own.installed_size, other.installed_size) == (Size.SMALL, Size.LARGE)
    assert own.sharding == other.sharding
    assert own.registry == "registry.example.com/flux"


def test_a_cluster_with_another_engine_inherits_nothing_that_is_the_first_one_s(sandbox: Sandbox) -> None:
    agent(sandbox, '{version: "2.8.x", size: large, sharding: {shards: [a]}, install: none}', "{engine: argocd}")
    gitops = sandbox.cluster().gitops
    assert gitops.engine is Engine.ARGOCD
    assert (gitops.version, gitops.size, gitops.sharding) == (None, None, None)
    assert gitops.install.value == "none"


DIGEST = f"sha256:{'0' * 64}"


def test_a_cluster_with_another_engine_has_another_chart(sandbox: Sandbox) -> None:
    agent(sandbox, f'{{chartDigest: "{DIGEST}"}}', "{engine: argocd}")
    assert sandbox.cluster().gitops.chart_digest is None
    assert sandbox.cluster("gcp-dev").gitops.chart_digest == DIGEST


def test_a_digest_of_a_chart_that_is_not_installed_is_refused(sandbox: Sandbox) -> None:
    agent(sandbox, f'{{install: none, chartDigest: "{DIGEST}"}}')
    problem = sandbox.problem()
    assert (problem.path, problem.expected) == ("config.berth:gitops.chartDigest", "none, as no chart is installed")


def test_a_digest_in_part_is_none(sandbox: Sandbox) -> None:
    agent(sandbox, '{chartDigest: "sha256:abc"}')
    assert sandbox.problem().path == "config.berth:gitops.chartDigest"


FLUX_ONLY = {"sharding": "{shards: [a]}", "registry": "registry.example.com/flux", "imagePullSecret": "registry"}


@pytest.mark.parametrize("key", list(FLUX_ONLY))
def test_a_setting_of_flux_is_refused_with_argo_cd_and_the_reason_is_told(sandbox: Sandbox, key: str) -> None:
    agent(sandbox, f"{{engine: argocd, {key}: {FLUX_ONLY[key]}}}", "{size: large}")
    problem = sandbox.problem()
    assert (problem.path, problem.expected) == (f"config.berth:gitops.{key}", "no such setting with Argo CD")
    assert problem.fix.startswith("remove it: ")


def test_a_setting_of_flux_is_refused_in_a_cluster_with_argo_cd(sandbox: Sandbox) -> None:
    agent(sandbox, "{sharding: {shards: [a]}}", "{engine: argocd, sharding: {shards: [b]}}")
    assert sandbox.problem().path == "config.berth:clusters[0].gitops.sharding"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{size: huge}", "size"),
        ("{sharding: {shards: []}}", "sharding.shards"),
        ("{sharding: {shards: [a, a]}}", "sharding.shards"),
        ("{sharding: {shards: [A_B]}}", "sharding.shards[0]"),
        ("{registry: https://registry.example.com}", "registry"),
    ],
)
def test_a_wrong_value_is_told_at_its_path(sandbox: Sandbox, text: str, path: str) -> None:
    agent(sandbox, text)
    assert sandbox.problem().path == f"config.berth:gitops.{path}"


def git_delivery(sandbox: Sandbox, *more: str) -> None:
    sandbox.setting("berth:delivery: git", *more)


def test_git_delivers_where_no_secret_is_needed(sandbox: Sandbox) -> None:
    git_delivery(sandbox)
    assert sandbox.cluster().delivery.value == "git"


def test_git_does_not_deliver_the_secret_that_flux_needs(sandbox: Sandbox) -> None:
    git_delivery(sandbox, "berth:deployRepoToken: {secure: v1:x}")
    problem = sandbox.problem()
    assert problem.path == "config.berth:delivery"
    assert "Git must not hold it: name a Secret that is there already" in problem.fix


def test_a_secret_that_is_there_already_does_for_flux(sandbox: Sandbox) -> None:
    git_delivery(sandbox, "berth:deployRepoSecret: {name: from-vault, kind: token}")
    assert sandbox.cluster().delivery.value == "git"


def test_argo_cd_keeps_the_secret_itself(sandbox: Sandbox) -> None:
    sandbox.stack("https://git.example.com/deploy.git", "ssh://git@git.example.com/deploy.git")
    git_delivery(
        sandbox, "berth:gitops: {engine: argocd}", "berth:deployRepoSshKey: {secure: v1:x}", "berth:knownHosts: a host"
    )
    assert sandbox.cluster().delivery.value == "git"
