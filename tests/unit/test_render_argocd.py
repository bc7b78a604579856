"""The sync objects of Argo CD: what bounds a tenant, what is applied as whom, and what never deletes anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from berth.render import Object
from tests.support import PLACEMENTS, Sandbox, one, pick

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def argocd(sandbox: Sandbox) -> Sandbox:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant()
    sandbox.edit("tenants/acme.yaml", "com}", "com, groups: [acme-devs]}")
    return sandbox


def project(objects: list[Object]) -> dict[str, Any]:
    spec: dict[str, Any] = one(objects, "AppProject")["spec"]
    return spec


def application(objects: list[Object]) -> dict[str, Any]:
    spec: dict[str, Any] = one(objects, "Application")["spec"]
    return spec


def test_the_project_allows_the_tenant_s_repo_and_namespaces_and_nothing_else(argocd: Sandbox) -> None:
    argocd.tenant('namespaces: ["", jobs]\n')
    spec = project(argocd.objects())
    assert spec["sourceRepos"] == ["https://git.example.com/deploy.git"]
    assert [item["namespace"] for item in spec["destinations"]] == ["acme", "acme-jobs"]
    assert {item["server"] for item in spec["destinations"]} == {"https://kubernetes.default.svc"}
    assert spec["clusterResourceWhitelist"] == spec["sourceNamespaces"] == []
    assert "*" not in str(spec)


def test_argo_cd_acts_as_the_tenant_s_reconciler_in_each_of_its_namespaces(argocd: Sandbox) -> None:
    argocd.tenant('namespaces: ["", jobs]\n')
    accounts = project(argocd.objects())["destinationServiceAccounts"]
    assert {item["defaultServiceAccount"] for item in accounts} == {"berth-acme:reconciler"}
    assert [item["namespace"] for item in accounts] == ["acme", "acme-jobs"]


def test_guard_rails_are_no_tenant_s_to_bring(argocd: Sandbox) -> None:
    refused = {item["kind"] for item in project(argocd.objects())["namespaceResourceBlacklist"]}
    assert refused == {"LimitRange", "NetworkPolicy", "ResourceQuota", "Role", "RoleBinding"}


def test_what_has_vanished_from_git_is_never_read_as_delete_all(argocd: Sandbox) -> None:
    assert "allowEmpty" not in application(argocd.objects())["syncPolicy"]["automated"]


def test_an_application_that_goes_takes_no_workload_with_it(argocd: Sandbox) -> None:
    assert "finalizers" not in one(argocd.objects(), "Application")["metadata"]


def test_each_render_has_a_checkout_of_its_own(argocd: Sandbox) -> None:
    # Argo CD lets applications without parameters share one, and a tenant can write into it.
    parameters = application(argocd.objects())["source"]["kustomize"]
    (patch,) = parameters["patches"]
    assert patch["target"] == {"kind": ".*"}
    assert json.loads(patch["patch"])["metadata"]["labels"] == {"berth.dev/tenant": "acme"}


def test_what_the_manifests_must_hold_is_a_patch_that_must_find_it(argocd: Sandbox) -> None:
    argocd.tenant("sync: {mustHold: [Deployment/web]}\n")
    (_, patch) = application(argocd.objects())["source"]["kustomize"]["patches"]
    assert list(patch) == ["patch"], "what has a target may match nothing"
    held = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    assert json.loads(patch["patch"]) == held


def test_changes_made_by_hand_are_undone_and_what_leaves_git_leaves_the_cluster(argocd: Sandbox) -> None:
    automated = application(argocd.objects())["syncPolicy"]["automated"]
    assert (automated["selfHeal"], automated["prune"]) == (True, True)
    argocd.tenant("sync: {prune: false}\n")
    assert application(argocd.objects())["syncPolicy"]["automated"]["prune"] is False


def test_a_sync_that_fails_is_tried_again_on_the_newest_commit(argocd: Sandbox) -> None:
    retry = application(argocd.objects())["syncPolicy"]["retry"]
    assert retry["refresh"] is True


@pytest.mark.parametrize("lifecycle", ["suspended", "offboarding"])
def test_a_tenant_that_is_not_active_is_not_synced(argocd: Sandbox, lifecycle: str) -> None:
    argocd.tenant(f"lifecycle: {lifecycle}\n")
    assert "automated" not in application(argocd.objects())["syncPolicy"]


def test_an_agent_that_is_to_rest_syncs_no_tenant_of_its_cluster(sandbox: Sandbox) -> None:
    sandbox.setting("berth:gitops: {engine: argocd, suspended: true}")
    assert "automated" not in application(sandbox.objects())["syncPolicy"]


@pytest.mark.parametrize(
    ("ref", "revision"), [("tag: v1", "v1"), (f"commit: {COMMIT}", COMMIT), ('semver: ">=1.0.0"', ">=1.0.0")]
)
def test_every_kind_of_ref_is_a_target_revision(argocd: Sandbox, ref: str, revision: str) -> None:
    argocd.tenant(f"source: {{ref: {{{ref}}}}}\n")
    assert application(argocd.objects())["source"]["targetRevision"] == revision


def test_owners_see_their_own_sync_objects_by_name(argocd: Sandbox) -> None:
    (rule,) = one(argocd.objects(), "Role")["rules"]
    assert rule["resourceNames"] == ["acme"]
    assert rule["verbs"] == ["get", "watch"]
    binding = one(argocd.objects(), "RoleBinding", "berth-acme-sync-viewer", "argocd")
    assert [subject["name"] for subject in binding["subjects"]] == ["acme-devs"]


def test_the_engine_changes_the_sync_objects_and_nothing_else(argocd: Sandbox) -> None:
    with_argocd = argocd.objects()
    argocd.edit("Pulumi.dev.yaml", "engine: argocd", "engine: flux")
    kinds = ("AppProject", "Application", "GitRepository", "Kustomization")
    own = [item for item in with_argocd if item["metadata"].get("namespace") != "argocd"]
    assert own == [item for item in argocd.objects() if item["kind"] not in kinds]


def test_one_cluster_may_have_another_engine_than_its_stack(sandbox: Sandbox) -> None:
    sandbox.stack("region: local", "region: local\n      gitops: {engine: argocd, version: 3.2.0}")
    sandbox.tenant(placements=PLACEMENTS.replace("[aws]", "[aws, gcp]"))
    assert len(pick(sandbox.objects(), "Kustomization")) == 1
    assert len(pick(sandbox.objects(cluster="gcp-dev"), "Application")) == 1
    assert sandbox.cluster("gcp-dev").gitops.installed_version == "3.2.0"
    assert sandbox.cluster("aws-dev").gitops.installed_version == "2.7.5"


@pytest.mark.parametrize("where", ["stack", "cluster"])
def test_a_token_is_refused_where_argo_cd_would_give_it_away(sandbox: Sandbox, where: str) -> None:
    sandbox.setting("berth:deployRepoToken: {secure: v1:AAAA}")
    assert sandbox.load()
    if where == "stack":
        sandbox.setting("berth:gitops: {engine: argocd, install: none}")
    else:
        sandbox.stack("region: local", "region: local\n      gitops: {engine: argocd, install: none}")
    problem = sandbox.problem()
    assert (problem.path, problem.found) == ("config.berth:deployRepoToken", "a token")


def test_another_engine_does_not_take_the_version_of_the_stack_s(sandbox: Sandbox) -> None:
    sandbox.setting('berth:gitops: {version: "2.7.9"}')
    sandbox.stack("region: local", "region: local\n      gitops: {engine: argocd}")
    assert sandbox.cluster("aws-dev").gitops.installed_version == "2.7.9"
    assert sandbox.cluster("gcp-dev").gitops.installed_version == "3.4.4"
