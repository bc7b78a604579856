"""`berth plan --deploy-repo`: what it says of workloads in every format, and how it ends."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path

import pytest

from tests.plan.deploy_repo import DEPLOYMENT, DeployRepo
from tests.plan.project import ACME, ROOT, Repo
from tests.support import Outcome

pytestmark = pytest.mark.e2e  # kustomize is built as the local fleet's

STACK = """\
config:
  berth:environment: dev
  berth:gitops: {engine: flux, install: none}
  berth:deployRepo: {url: https://git.example.com/deploy.git}
  berth:clusters:
    - {name: aws-dev, provider: existing, cloud: aws, region: local, kubeconfig: kubeconfig, context: aws-dev}
"""
ENDINGS = {"text": "txt", "markdown": "md", "json": "json", "html": "html"}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A project with both tenants of the deploy repo in its one cluster."""
    found = Repo.start(tmp_path / "project")
    (found.root / "Pulumi.prod.yaml").unlink()
    found.write("Pulumi.dev.yaml", STACK)
    found.write(".gitignore", "out/\n")
    (found.root / "local").symlink_to(ROOT / "local")
    for name in ("acme", "globex"):
        placed = "\n".join(ACME.splitlines()[:3]) + "\nplacements: [{environments: [dev], clouds: [aws]}]\n"
        found.write(f"tenants/{name}.yaml", placed.replace("acme", name))
    found.commit()
    return found


def plan(repo: Repo, deploy: DeployRepo, *arguments: str) -> Outcome:
    return repo.run("plan", "--base", "main", "--deploy-repo", str(deploy.root), *arguments)


def reports(repo: Repo, deploy: DeployRepo, code: int = 0) -> dict[str, str]:
    """The report in each format, the page's data unpacked."""
    files = {form: repo.root / "out" / f"plan.{ending}" for form, ending in ENDINGS.items()}
    outs = [argument for file in files.values() for argument in ("--out", str(file))]
    ended = plan(repo, deploy, "--deploy-base", "base", *outs)
    assert ended.code == code, ended.everything
    told = {form: file.read_text("utf-8") for form, file in files.items()}
    packed = re.search(r'id="data">([^<]+)<', told["html"])
    assert packed is not None
    return told | {"html": zlib.decompress(base64.b64decode(packed[1])).decode("utf-8")}


def test_a_change_of_a_tenants_manifests_is_told_in_every_format(repo: Repo, deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    for form, told in reports(repo, deploy).items():
        assert "green" in told, form
        assert "dev-web" in told, form
    assert json.loads(reports(repo, deploy)["json"])["blast"]["workloads"] == {"change": 1}


def test_without_a_base_of_the_project_too(repo: Repo, deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    ended = repo.run("plan", "--deploy-repo", str(deploy.root), "--deploy-base", "base")
    assert ended.code == 0, ended.everything
    assert "+  colour: green" in ended.out


def test_a_path_that_is_missing_ends_the_plan(repo: Repo, deploy: DeployRepo) -> None:
    repo.edit("Pulumi.dev.yaml", "deploy.git}", "deploy.git, path: 'apps/{tenant}/{environment}/{region}'}")
    ended = plan(repo, deploy)
    assert (ended.code, ended.out) == (2, "")
    for tenant in ("acme", "globex"):
        assert f"apps/{tenant}/dev/local: {tenant} in aws-dev: found nothing" in ended.err


def test_a_path_that_does_not_build_ends_the_plan_and_leaves_no_report(repo: Repo, deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/kustomization.yaml", "resources: [wbe.yaml]\n")
    ended = plan(repo, deploy, "--deploy-base", "base", "--out", str(repo.root / "out" / "plan.md"))
    assert (ended.code, ended.out) == (2, "")
    assert "acme in aws-dev" in ended.err
    assert "wbe.yaml" in ended.err
    assert "globex" not in ended.err
    assert not (repo.root / "out").exists()


def test_a_new_tenant_without_a_folder_ends_the_plan(repo: Repo, deploy: DeployRepo) -> None:
    repo.write("tenants/hooli.yaml", (repo.root / "tenants/acme.yaml").read_text().replace("acme", "hooli"))
    ended = plan(repo, deploy)
    assert ended.code == 2
    assert "apps/hooli/dev/aws: hooli in aws-dev: found nothing" in ended.err


@pytest.mark.parametrize(
    ("engine", "sync", "consequence", "code"),
    [
        ("flux", "", "Flux deletes all that it has applied, volume claims with their data too", 27),
        ("flux", "sync: {prune: false}\n", "Flux deletes nothing", 0),
        ("argocd", "", "Argo CD refuses that", 0),
    ],
    ids=["flux", "flux without prune", "argocd"],
)
def test_manifests_that_come_to_nothing_are_shouted(
    repo: Repo, deploy: DeployRepo, engine: str, sync: str, consequence: str, code: int
) -> None:
    repo.edit("Pulumi.dev.yaml", "engine: flux", f"engine: {engine}")
    repo.write("tenants/acme.yaml", (repo.root / "tenants/acme.yaml").read_text() + sync)
    repo.commit()
    empty(deploy)
    for form, told in reports(repo, deploy, code).items():
        assert "NOTHING LEFT" in told, form
        assert consequence in told.replace("\\", ""), form
    assert "Deletes for good" in plan(repo, deploy, "--deploy-base", "base").out.splitlines()[0]


def empty(deploy: DeployRepo) -> None:
    """What acme has in the deploy repo comes to nothing, in no commit yet."""
    deploy.write("apps/acme/base/kustomization.yaml", "resources: [none.yaml]\n")
    deploy.write("apps/acme/base/none.yaml", "# nothing yet\n")


APPROVAL = "{guard: workloads-emptied, subject: acme, reason: It starts anew}"


def test_what_would_be_deleted_with_it_stops_the_plan_unless_the_change_says_that_it_is_meant(
    repo: Repo, deploy: DeployRepo
) -> None:
    empty(deploy)
    ended = plan(repo, deploy, "--deploy-base", "base")
    assert ended.code == 27
    assert "STOPPED (workloads-emptied, acme): what acme has in the deploy repo comes to no object" in ended.out
    repo.edit("Pulumi.dev.yaml", "config:\n", f"config:\n  berth:guards: {{approvals: [{APPROVAL}]}}\n")
    ended = plan(repo, deploy, "--deploy-base", "base")
    assert (ended.code, "It starts anew" in ended.out) == (0, True)
    repo.commit()
    assert plan(repo, deploy, "--deploy-base", "base").code == 27


def test_a_change_of_the_deploy_repo_alone_is_stopped_and_approved_of_without_a_base_too(
    repo: Repo, deploy: DeployRepo
) -> None:
    empty(deploy)
    alone = ("plan", "--deploy-repo", str(deploy.root), "--deploy-base", "base")
    assert repo.run(*alone).code == 27
    repo.edit("Pulumi.dev.yaml", "config:\n", f"config:\n  berth:guards: {{approvals: [{APPROVAL}]}}\n")
    repo.commit()
    assert repo.run(*alone).code == 0


def test_what_was_nothing_already_is_not(repo: Repo, deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/kustomization.yaml", "resources: [none.yaml]\n")
    deploy.write("apps/acme/base/none.yaml", "# nothing yet\n")
    deploy.commit("nothing")
    ended = plan(repo, deploy, "--deploy-base", "nothing")
    assert (ended.code, ended.out.splitlines()[0]) == (0, "No change.")


def test_nor_what_begins_with_nothing(repo: Repo, deploy: DeployRepo) -> None:
    deploy.write("apps/hooli/dev/aws/kustomization.yaml", "resources: [none.yaml]\n")
    deploy.write("apps/hooli/dev/aws/none.yaml", "# nothing yet\n")
    repo.write("tenants/hooli.yaml", (repo.root / "tenants/acme.yaml").read_text().replace("acme", "hooli"))
    ended = plan(repo, deploy, "--deploy-base", "base")
    assert ended.code == 0, ended.everything
    assert "+ tenant hooli  added" in ended.out
    assert "NOTHING LEFT" not in ended.out


def test_what_a_secret_of_a_tenant_holds_is_in_no_report_nor_how_long_it_is(repo: Repo, deploy: DeployRepo) -> None:
    told = []
    for secret in ("planted-7f3a9c1e5b", "planted-7f3a9c1e5b" * 7):
        manifest = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{a: {secret}}}\n"
        deploy.write("apps/acme/base/secret.yaml", manifest)
        deploy.write("apps/acme/base/kustomization.yaml", "resources: [web.yaml, secret.yaml]\n")
        told.append(reports(repo, deploy))
    assert told[0] == told[1]
    assert "planted" not in "".join(told[0].values())
    assert all("dev-s" in each for each in told[0].values())


def test_nor_what_kubectl_keeps_of_it_in_an_annotation(repo: Repo, deploy: DeployRepo) -> None:
    applied = 'kubectl.kubernetes.io/last-applied-configuration: \'{"data":{"p":"planted-7f3a9c1e5b"}}\''
    manifest = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    {applied}\n"
    deploy.write("apps/acme/base/secret.yaml", manifest)
    deploy.write("apps/acme/base/kustomization.yaml", "resources: [web.yaml, secret.yaml]\n")
    for form, told in reports(repo, deploy).items():
        assert "planted" not in told, form
        assert "last-applied-configuration" in told.replace("\\", ""), form


def test_a_secret_that_does_not_build_or_is_no_mapping_is_told_without_what_it_holds(
    repo: Repo, deploy: DeployRepo
) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: "  # noqa: S105 - a manifest
    deploy.write("apps/acme/base/kustomization.yaml", "resources: [web.yaml, secret.yaml]\n")
    deploy.write("apps/acme/base/secret.yaml", f"{secret}{{1: YQ==, p: cGxhbnRlZA==}}\n")
    ended = plan(repo, deploy, "--deploy-base", "base")
    assert ended.code == 2
    assert "cGxhbnRlZA" not in ended.everything
    assert "json: unsupported type" in ended.err
    deploy.write("apps/acme/base/secret.yaml", f"{secret}planted\n")
    assert all("planted" not in told and "dev-s" in told for told in reports(repo, deploy).values())


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_what_is_no_clone_is_one_sentence(repo: Repo, tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    ended = repo.run("plan", "--deploy-repo", str(tmp_path / "empty" / path))
    assert ended.code == 2
    assert "--deploy-repo" in ended.err


def test_a_ref_to_compare_with_needs_the_repo(repo: Repo) -> None:
    ended = repo.run("plan", "--deploy-base", "main")
    assert ended.code == 2
    assert "--deploy-base needs --deploy-repo" in ended.err
