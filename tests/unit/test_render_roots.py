"""What pulls tenants' objects from Git: one source and one sync a cluster, and what they may do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from berth.render import Object, render_cluster, render_root
from berth.render.roots import published
from tests.support import Sandbox, one, pick


def roots(sandbox: Sandbox, engine: str) -> list[Object]:
    sandbox.setting("berth:delivery: git", f"berth:gitops: {{engine: {engine}}}")
    return render_root(sandbox.cluster())


def kinds_of(rules: list[dict[str, Any]]) -> set[str]:
    return {plural for rule in rules if "bind" not in rule["verbs"] for plural in rule["resources"]}


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_the_root_may_write_the_kinds_that_render_returns_and_no_other(sandbox: Sandbox, engine: str) -> None:
    objects = roots(sandbox, engine)
    sandbox.tenant("notify: [{type: webhook, secretName: on-call}]\n")
    sandbox.edit("tenants/acme.yaml", "pay@example.com}", "pay@example.com, groups: [devs]}")
    rules = one(objects, "ClusterRole")["rules"]
    rendered = {f"{item['kind'].lower()}s".replace("policys", "policies").replace("repositorys", "repositories")
                for item in sandbox.objects()}  # fmt: skip
    assert kinds_of(rules) == rendered


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_the_root_may_bind_the_tenants_roles_and_no_other(sandbox: Sandbox, engine: str) -> None:
    rules = one(roots(sandbox, engine), "ClusterRole")["rules"]
    binds = [rule for rule in rules if "bind" in rule["verbs"]]
    roles = {item["metadata"]["name"] for item in pick(render_cluster(sandbox.cluster()), "ClusterRole")}
    assert [set(rule["resourceNames"]) for rule in binds] == [roles]
    assert all("*" not in (*rule["verbs"], *rule["resources"], *rule["apiGroups"]) for rule in rules)
    assert not any({"impersonate", "escalate"} & set(rule["verbs"]) for rule in rules)


def test_flux_pulls_the_cluster_s_folder_and_acts_as_the_root_s_own_account(sandbox: Sandbox) -> None:
    objects = roots(sandbox, "flux")
    source, sync = one(objects, "GitRepository"), one(objects, "Kustomization")
    assert source["spec"]["sparseCheckout"] == ["clusters/aws-dev"]
    assert source["spec"]["ref"] == {"branch": "main"}
    assert "secretRef" not in source["spec"]
    spec = sync["spec"]
    assert (spec["path"], spec["prune"], spec["deletionPolicy"]) == ("./clusters/aws-dev/index", True, "Orphan")
    assert spec["serviceAccountName"] == one(objects, "ServiceAccount")["metadata"]["name"]
    assert {item["metadata"]["namespace"] for item in (source, sync)} == {"flux-system"}


def test_flux_s_root_logs_in_with_the_secret_that_is_there(sandbox: Sandbox) -> None:
    sandbox.setting("berth:delivery: git", "berth:deployRepoSecret: {name: from-vault, kind: token}")
    source = one(render_root(sandbox.cluster()), "GitRepository")
    assert source["spec"]["secretRef"] == {"name": "from-vault"}


def test_argo_cd_pulls_the_cluster_s_folder_and_acts_as_the_root_s_own_account(sandbox: Sandbox) -> None:
    objects = roots(sandbox, "argocd")
    project, application = one(objects, "AppProject"), one(objects, "Application")
    assert project["spec"]["destinationServiceAccounts"] == [
        {
            "defaultServiceAccount": "argocd:berth-root",
            "namespace": "argocd",
            "server": "https://kubernetes.default.svc",
        }
    ]
    assert project["spec"]["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace"}]
    spec = application["spec"]
    assert spec["project"] == project["metadata"]["name"]
    assert spec["source"]["path"] == "clusters/aws-dev/index"
    assert "allowEmpty" not in spec["syncPolicy"]["automated"]
    assert "finalizers" not in application["metadata"]


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_a_root_without_what_publish_always_writes_does_not_build(sandbox: Sandbox, engine: str) -> None:
    objects = roots(sandbox, engine)
    if engine == "flux":
        (patch,) = one(objects, "Kustomization")["spec"]["patches"]
    else:
        # And with a parameter it is rendered from a checkout of its own, in which no tenant's links lead into it.
        (patch,) = one(objects, "Application")["spec"]["source"]["kustomize"]["patches"]
    always = published(sandbox.cluster(), [])
    assert "target" not in patch, "what has a target may match nothing"
    assert json.loads(patch["patch"]) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {key: always["metadata"][key] for key in ("name", "namespace")},
    }


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_the_bounds_are_for_the_root_s_account_wherever_it_writes(sandbox: Sandbox, engine: str) -> None:
    objects = roots(sandbox, engine)
    account = one(objects, "ServiceAccount")["metadata"]
    spec = one(objects, "ValidatingAdmissionPolicy")["spec"]
    user = f"system:serviceaccount:{account['namespace']}:{account['name']}"
    assert [each["expression"] for each in spec["matchConditions"]] == [f"request.userInfo.username == '{user}'"]
    assert spec["matchConstraints"]["resourceRules"][0]["operations"] == ["CREATE", "UPDATE", "DELETE"]
    assert "matchResources" not in one(objects, "ValidatingAdmissionPolicyBinding")["spec"]


def test_no_tenant_can_have_the_root_s_name(sandbox: Sandbox) -> None:
    sandbox.tenant(name="berth-root")
    assert "not the platform's" in sandbox.problem().expected
