"""Names of Secrets in a tenant file: none with the deploy repo's credential, which the agent would send to the tenant's
own address."""

from __future__ import annotations

import pytest

from tests.support import PLACEMENTS, Sandbox, one

OWN = "https://git.attacker.example/x.git"
REFERENCE = "berth:deployRepoSecret: {name: git-login, kind: token}"
OF_A_CLUSTER = "berth:clusterCredentials: {gcp-dev: {secret: {name: git-gcp, kind: token}}}"


def test_the_deploy_repo_s_secret_goes_to_no_address_of_a_tenant(sandbox: Sandbox) -> None:
    sandbox.setting(REFERENCE)
    sandbox.tenant(f"source: {{url: '{OWN}', secretName: git-login}}\n")
    found = sandbox.problem()
    assert (found.file, found.line, found.path) == ("tenants/acme.yaml", 7, "source.secretName")
    assert (found.found, found.expected) == ('"git-login"', "a Secret of the tenant's own")
    assert "reads every tenant's manifests (Pulumi.dev.yaml)" in found.fix


def test_each_place_that_names_one_is_told_at_once(sandbox: Sandbox) -> None:
    sandbox.setting(REFERENCE, OF_A_CLUSTER)
    sandbox.tenant(
        f"source: {{url: '{OWN}', secretName: git-login}}\n"
        "notify:\n"
        "  - {type: webhook, secretName: git-gcp}\n"
        "  - {type: slack, secretName: channel}\n"
        "  - {type: commitStatus, secretName: deploy-repo, host: github}\n"
    )
    found = sandbox.problems()
    assert [p.path for p in found] == ["source.secretName", "notify[0].secretName", "notify[2].secretName"]
    assert [p.line for p in found] == [7, 9, 11]


@pytest.mark.parametrize("engine", ["flux", "argocd"])
@pytest.mark.parametrize("name", ["deploy-repo", "berth-deploy-repo", "argocd-notifications-secret"])
def test_what_is_the_platform_s_in_every_cluster_is_not_a_tenant_s_to_name(
    sandbox: Sandbox, name: str, engine: str
) -> None:
    sandbox.setting(f"berth:gitops: {{engine: {engine}}}")
    sandbox.tenant(f"source: {{url: '{OWN}', secretName: {name}}}\n")
    assert sandbox.problem().path == "source.secretName"
    sandbox.tenant(f"notify: [{{type: teams, secretName: {name}}}]\n")
    assert sandbox.problem().path == "notify[0].secretName"


def test_a_tenant_that_pulls_from_the_deploy_repo_has_its_secret_as_before(sandbox: Sandbox) -> None:
    sandbox.setting(REFERENCE)
    sandbox.tenant("notify: [{type: webhook, secretName: on-call}]\n")
    assert one(sandbox.objects(), "GitRepository")["spec"]["secretRef"] == {"name": "git-login"}


def test_a_secret_of_a_stack_that_has_nothing_of_the_tenant_may_have_the_same_name(sandbox: Sandbox) -> None:
    sandbox.setting(REFERENCE)
    text = (sandbox.root / "Pulumi.dev.yaml").read_text("utf-8").replace("environment: dev", "environment: prod")
    sandbox.write("Pulumi.prod.yaml", text.replace("aws-dev", "aws-prod").replace("gcp-dev", "gcp-prod"))
    sandbox.stack("name: git-login", "name: other")
    sandbox.tenant(f"source: {{url: '{OWN}', secretName: git-login}}\n")
    assert sandbox.load()
    both = PLACEMENTS.replace("[dev]", "[dev, prod]")
    sandbox.tenant(f"source: {{url: '{OWN}', secretName: git-login}}\n", placements=both)
    assert "Pulumi.prod.yaml" in sandbox.problem().fix
