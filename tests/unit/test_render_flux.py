"""The sync objects: where a tenant's manifests come from, and as whom they are applied."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support import PLACEMENTS, Sandbox, one

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def source(sandbox: Sandbox, cluster: str = "aws-dev") -> dict[str, Any]:
    spec: dict[str, Any] = one(sandbox.objects(cluster=cluster), "GitRepository")["spec"]
    return spec


def sync(sandbox: Sandbox, cluster: str = "aws-dev") -> dict[str, Any]:
    spec: dict[str, Any] = one(sandbox.objects(cluster=cluster), "Kustomization")["spec"]
    return spec


def test_an_active_tenant_is_not_suspended(sandbox: Sandbox) -> None:
    assert "suspend" not in source(sandbox)
    assert "suspend" not in sync(sandbox)


@pytest.mark.parametrize("lifecycle", ["suspended", "offboarding"])
def test_a_tenant_that_is_not_active_is_suspended_and_keeps_its_guard_rails(sandbox: Sandbox, lifecycle: str) -> None:
    before = guard_rails(sandbox)
    sandbox.tenant(f"lifecycle: {lifecycle}\n")
    assert source(sandbox)["suspend"] is True
    assert sync(sandbox)["suspend"] is True
    assert guard_rails(sandbox) == before


def guard_rails(sandbox: Sandbox) -> list[Any]:
    """All but the sync objects, and but for what says how the tenant is."""
    found = [item for item in sandbox.objects() if item["kind"] not in ("GitRepository", "Kustomization")]
    del one(found, "Namespace", "acme")["metadata"]["annotations"]["berth.dev/lifecycle"]
    return found


def test_an_agent_that_is_to_rest_suspends_every_tenant_of_its_cluster_and_changes_nothing_else(
    sandbox: Sandbox,
) -> None:
    kinds = ("GitRepository", "Kustomization")
    before = [item for item in sandbox.objects() if item["kind"] not in kinds]
    sandbox.setting("berth:gitops: {suspended: true}")
    assert source(sandbox)["suspend"] is sync(sandbox)["suspend"] is True
    assert [item for item in sandbox.objects() if item["kind"] not in kinds] == before


def test_what_the_manifests_must_hold_is_a_patch_that_must_find_it(sandbox: Sandbox) -> None:
    assert "patches" not in sync(sandbox)
    sandbox.tenant('namespaces: ["", jobs]\nsync: {mustHold: [Deployment/web, CronJob/acme-jobs/nightly]}\n')
    patches = sync(sandbox)["patches"]
    assert [list(patch) for patch in patches] == [["patch"], ["patch"]], "what has a target may match nothing"
    assert [json.loads(patch["patch"]) for patch in patches] == [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}},
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "namespace": "acme-jobs"}},
    ]


def test_one_namespace_is_the_target_of_everything(sandbox: Sandbox) -> None:
    assert sync(sandbox)["targetNamespace"] == "acme"


def test_one_namespace_with_a_suffix_is_the_target(sandbox: Sandbox) -> None:
    sandbox.tenant("namespaces: [web]\n")
    assert sync(sandbox)["targetNamespace"] == "acme-web"


def test_of_several_namespaces_none_is_the_target(sandbox: Sandbox) -> None:
    sandbox.tenant('namespaces: ["", jobs]\n')
    assert "targetNamespace" not in sync(sandbox)


def test_it_is_applied_as_the_reconciler_from_the_source_beside_it(sandbox: Sandbox) -> None:
    spec = sync(sandbox)
    assert spec["serviceAccountName"] == "reconciler"
    assert spec["sourceRef"] == {"kind": "GitRepository", "name": "acme"}
    assert "kubeConfig" not in spec
    names = {item["metadata"]["namespace"] for item in sandbox.objects() if "fluxcd" in item["apiVersion"]}
    assert names == {"berth-acme"}


@pytest.mark.parametrize(
    ("path", "directory"),
    [("apps/{tenant}/{environment}/{cloud}", "apps/acme"), ("{environment}/{tenant}", "dev/acme"),
     ("{tenant}", "acme"), ("all/x-{tenant}/{cluster}", "all/x-acme")],
)  # fmt: skip
def test_of_the_deploy_repo_only_the_tenant_s_directory_is_fetched(sandbox: Sandbox, path: str, directory: str) -> None:
    sandbox.stack("deploy.git}", f'deploy.git, path: "{path}"}}')
    assert source(sandbox)["sparseCheckout"] == [directory]
    assert f"{sync(sandbox)['path']}/".startswith(f"./{directory}/")


def test_a_repo_of_its_own_is_fetched_whole(sandbox: Sandbox) -> None:
    sandbox.tenant("source: {url: https://git.example.com/acme.git}\n")
    spec = source(sandbox)
    assert "sparseCheckout" not in spec
    assert (spec["url"], spec["ref"]) == ("https://git.example.com/acme.git", {"branch": "main"})
    assert sync(sandbox)["path"] == "./"


def test_the_path_in_a_repo_of_its_own_is_filled_in(sandbox: Sandbox) -> None:
    sandbox.tenant('source: {url: https://x.example/y, path: "{environment}/{cloud}/{cluster}/{region}/{tenant}"}\n')
    assert sync(sandbox)["path"] == "./dev/aws/aws-dev/eu-west-1/acme"


@pytest.mark.parametrize(
    ("ref", "rendered"),
    [("branch: release/1", {"branch": "release/1"}), ("tag: v1.4.2", {"tag": "v1.4.2"}),
     ("semver: '>=1.4.0 <2.0.0'", {"semver": ">=1.4.0 <2.0.0"}), (f'commit: "{COMMIT}"', {"commit": COMMIT})],
    ids=["branch", "tag", "semver", "commit"],
)  # fmt: skip
@pytest.mark.parametrize("where", ["source", "placement"])
def test_a_ref_of_each_kind_is_followed(sandbox: Sandbox, where: str, ref: str, rendered: dict[str, str]) -> None:
    if where == "source":
        sandbox.tenant(f"source: {{ref: {{{ref}}}}}\n")
    else:
        sandbox.tenant(placements=PLACEMENTS + f"    ref: {{{ref}}}\n")
    assert source(sandbox)["ref"] == rendered


def test_a_placement_s_ref_wins_over_the_source_s_and_holds_there_only(sandbox: Sandbox) -> None:
    other = "  - {environments: [dev], clouds: [gcp]}\n"
    sandbox.tenant("source: {ref: {branch: next}}\n", placements=PLACEMENTS + "    ref: {tag: v1}\n" + other)
    assert source(sandbox)["ref"] == {"tag": "v1"}
    assert source(sandbox, "gcp-dev")["ref"] == {"branch": "next"}


def test_without_a_ref_the_deploy_repo_s_branch_is_followed(sandbox: Sandbox) -> None:
    sandbox.stack("deploy.git}", "deploy.git, branch: trunk}")
    assert source(sandbox)["ref"] == {"branch": "trunk"}


def test_a_public_deploy_repo_needs_no_secret(sandbox: Sandbox) -> None:
    assert "secretRef" not in source(sandbox)


def test_a_private_deploy_repo_s_secret_goes_to_no_repo_of_a_tenant(sandbox: Sandbox) -> None:
    sandbox.setting("berth:deployRepoToken: {secure: v1:x}")
    assert source(sandbox)["secretRef"] == {"name": "deploy-repo"}
    sandbox.tenant("source: {url: https://git.example.com/acme.git}\n")
    assert "secretRef" not in source(sandbox)


def test_a_tenant_s_own_secret_is_used_for_its_own_repo(sandbox: Sandbox) -> None:
    sandbox.tenant("source: {url: https://git.example.com/acme.git, secretName: acme-git}\n")
    assert source(sandbox)["secretRef"] == {"name": "acme-git"}


def test_sync_settings_are_those_of_the_tenant(sandbox: Sandbox) -> None:
    sandbox.tenant("sync: {interval: 7m, timeout: 3m, prune: false, wait: false}\n")
    spec = sync(sandbox)
    assert [spec[key] for key in ("interval", "timeout", "prune", "wait")] == ["7m", "3m", False, False]


def test_the_source_s_url_is_the_only_one_its_namespace_allows(sandbox: Sandbox) -> None:
    namespace = one(sandbox.objects(), "Namespace", "berth-acme")["metadata"]
    assert namespace["annotations"]["berth.dev/allowed-sources"] == source(sandbox)["url"]
    assert namespace["annotations"]["berth.dev/namespaces"] == "acme"
