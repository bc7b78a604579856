"""What a change does to workloads: real Git repos, built by the real kustomize."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from berth.errors import InvalidInput, OperationFailed
from berth.plan.deploy_repo import Looked, look_at, pulls_of, pulls_of_objects
from berth.plan.deploy_repo.build import find_kustomize
from berth.plan.model import SECRET, Action
from berth.render import render
from berth.settings import Engine
from berth.tenants.must_hold import patch_of
from tests.plan.deploy_repo import ACME_PULL, DEPLOYMENT, GLOBEX_PULL, DeployRepo
from tests.plan.project import ROOT
from tests.support import Sandbox

pytestmark = pytest.mark.e2e  # kustomize is built as the local fleet's


def told(looked: Looked) -> dict[str, list[str]]:
    return {
        f"{tenant} in {cluster}": [f"{one.action} {one.kind} {one.namespace}/{one.name}" for one in found]
        for (cluster, tenant), found in looked.changes.items()
    }


def test_a_changed_base_shows_in_the_overlay_of_its_tenant_and_nothing_else_is_built(deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    looked = deploy.look([ACME_PULL, GLOBEX_PULL], [ACME_PULL, GLOBEX_PULL])
    assert told(looked) == {"acme in aws-dev": ["change ConfigMap acme/dev-web"]}
    (change,) = looked.changes["aws-dev", "acme"][0].changes
    assert (change.path, change.before, change.after) == (("data", "colour"), "blue", "green")
    assert looked.built == 2


def test_one_path_of_two_clusters_is_built_once(deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    other = replace(ACME_PULL, cluster="aws-dev-2")
    looked = deploy.look([ACME_PULL, other], [ACME_PULL, other])
    assert len(looked.changes) == 2
    assert looked.built == 2


def test_no_change_in_files_is_no_build(deploy: DeployRepo) -> None:
    assert deploy.look([ACME_PULL, GLOBEX_PULL], [ACME_PULL, GLOBEX_PULL]) == Looked({})


def test_without_a_base_every_path_is_built_and_nothing_changes(deploy: DeployRepo) -> None:
    looked = deploy.look([ACME_PULL, GLOBEX_PULL], [ACME_PULL, GLOBEX_PULL], base=None)
    assert (looked.changes, looked.built) == ({}, 2)


def test_a_new_tag_shows_what_it_brings_whatever_is_checked_out(deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    deploy.commit("v2")
    deploy.git("checkout", "--quiet", "base")
    before, after = replace(ACME_PULL, ref=("tag", "base")), replace(ACME_PULL, ref=("tag", "v2"))
    looked = deploy.look([before], [after], base=None)
    assert told(looked) == {"acme in aws-dev": ["change ConfigMap acme/dev-web"]}


def test_a_new_tenant_adds_and_one_that_leaves_removes(deploy: DeployRepo) -> None:
    looked = deploy.look([GLOBEX_PULL], [ACME_PULL])
    assert told(looked) == {
        "acme in aws-dev": ["add ConfigMap acme/dev-web"],
        "globex in aws-dev": ["remove ConfigMap globex/dev-web"],
    }


def test_a_suspended_tenant_changes_nothing(deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    assert deploy.look([ACME_PULL], [replace(ACME_PULL, active=False)]).changes == {}


def test_files_that_git_does_not_know_yet_count_and_ignored_ones_do_not(deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/more.yaml", DEPLOYMENT.replace("web", "more"))
    deploy.write("apps/acme/base/kustomization.yaml", "resources: [web.yaml, more.yaml]\n")
    assert told(deploy.look([ACME_PULL], [ACME_PULL])) == {"acme in aws-dev": ["add ConfigMap acme/dev-more"]}
    deploy.write(".gitignore", "more.yaml\n")
    assert "more.yaml" in deploy.problems([ACME_PULL])[0]


def test_the_clone_is_left_as_it_was(deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))

    def state() -> tuple[str, bytes, list[Path]]:
        files = sorted(path for path in (deploy.root / ".git").rglob("*") if path.is_file())
        return (
            deploy.git("--no-optional-locks", "status", "--porcelain"),
            (deploy.root / ".git/index").read_bytes(),
            files,
        )

    before = state()
    deploy.look([ACME_PULL], [ACME_PULL])
    assert state() == before


def test_a_path_that_is_missing_is_told_with_its_tenant_and_cluster(deploy: DeployRepo) -> None:
    nowhere = replace(ACME_PULL, cluster="gcp-dev", path="apps/acme/dev/gcp")
    assert deploy.problems([ACME_PULL, nowhere]) == [
        "apps/acme/dev/gcp: acme in gcp-dev: found nothing; expected a path that the agent can build"
    ]


def test_every_path_that_does_not_build_is_told_with_the_message_of_kustomize(deploy: DeployRepo) -> None:
    for tenant in ("acme", "globex"):
        deploy.write(f"apps/{tenant}/base/kustomization.yaml", "resources: [wbe.yaml]\n")
    first, second = deploy.problems([ACME_PULL, GLOBEX_PULL])
    assert first.startswith("apps/acme/dev/aws: acme in aws-dev: found ")
    assert "wbe.yaml" in first
    assert "no such file" in first
    assert "/tmp" not in first  # noqa: S108 - where it was built is no business of the reader
    assert "globex in aws-dev" in second


@pytest.mark.parametrize("engine", [Engine.FLUX, Engine.ARGOCD])
def test_what_no_longer_holds_what_it_must_is_told(deploy: DeployRepo, engine: Engine) -> None:
    pull = replace(ACME_PULL, engine=engine, must_hold=(patch_of("ConfigMap/web")["patch"],))
    deploy.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    assert len(deploy.look([pull], [pull]).changes) == 1
    deploy.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("web", "other"))
    (problem,) = deploy.problems([pull])
    assert "no resource matches strategic merge patch" in problem
    assert "ConfigMap.v1.[noGrp]/web" in problem


def test_a_base_that_does_not_build_is_a_note(deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/kustomization.yaml", "resources: [wbe.yaml]\n")
    deploy.commit("broken")
    deploy.write("apps/acme/base/kustomization.yaml", "resources: [web.yaml]\n")
    looked = deploy.look([ACME_PULL], [ACME_PULL], base="broken")
    assert told(looked) == {"acme in aws-dev": ["add ConfigMap acme/dev-web"]}
    assert "does not build" in looked.notes[0]


@pytest.mark.parametrize(
    "named",
    [
        "https://example.com/web.yaml",
        "github.com/example/base?ref=v1",
        "git@example.com:a/b.git",
        "HTTP://127.0.0.1:1/a",
    ],
)
def test_what_is_on_a_network_is_refused_with_the_file_that_names_it(deploy: DeployRepo, named: str) -> None:
    deploy.write("apps/acme/base/kustomization.yaml", f"resources: ['{named}']\n")
    (problem,) = deploy.problems([ACME_PULL])
    assert f"apps/acme/base/kustomization.yaml names {named}, which is on a network" in problem


def test_a_file_of_a_generator_that_is_on_a_network_is_refused(deploy: DeployRepo) -> None:
    generator = "configMapGenerator: [{name: a, files: ['key=https://example.com/a']}]\n"
    deploy.write("apps/acme/base/kustomization.yaml", generator)
    assert "names https://example.com/a, which is on a network" in deploy.problems([ACME_PULL])[0]


def test_a_link_in_an_annotation_is_no_reference(deploy: DeployRepo) -> None:
    text = "resources: [web.yaml]\ncommonAnnotations: {runbook: https://example.com/a}\n"
    deploy.write("apps/acme/base/kustomization.yaml", text)
    assert told(deploy.look([ACME_PULL], [ACME_PULL])) == {"acme in aws-dev": ["change ConfigMap acme/dev-web"]}


def test_flux_sees_no_other_tenant_and_argo_cd_builds_from_the_whole_repo(deploy: DeployRepo) -> None:
    deploy.write("apps/acme/dev/aws/kustomization.yaml", "resources: [../../../globex/base]\n")
    assert "outside of what the agent sees, apps/acme" in deploy.problems([ACME_PULL])[0]
    argo = replace(ACME_PULL, engine=Engine.ARGOCD, namespace="")
    assert told(deploy.look([argo], [argo]))["acme in aws-dev"][0] == "add ConfigMap /web"
    deploy.commit("leaves")
    deploy.write("apps/globex/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    assert told(deploy.look([argo], [argo], base="leaves")) == {"acme in aws-dev": ["change ConfigMap /web"]}


@pytest.mark.parametrize("engine", [Engine.FLUX, Engine.ARGOCD])
def test_nothing_outside_the_repo_is_read(deploy: DeployRepo, tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "kustomization.yaml").write_text("resources: []\n")
    deploy.write("apps/acme/dev/aws/kustomization.yaml", "resources: [../../../../../secret]\n")
    pull = replace(ACME_PULL, engine=engine)
    assert "outside of what the agent sees" in deploy.problems([pull])[0]


def test_a_link_out_of_the_repo_is_in_no_artifact_and_stops_argo_cd(deploy: DeployRepo) -> None:
    (deploy.root / "apps/acme/base/host").symlink_to("/etc/hostname")
    text = "resources: [web.yaml]\nconfigMapGenerator: [{name: host, files: [host]}]\n"
    deploy.write("apps/acme/base/kustomization.yaml", text)
    assert "host" in deploy.problems([ACME_PULL])[0]
    argo = replace(ACME_PULL, engine=Engine.ARGOCD)
    assert "apps/acme/base/host leads to /etc/hostname" in deploy.problems([argo])[0]


def test_flux_applies_plain_yaml_and_argo_cd_wants_a_kustomization(deploy: DeployRepo) -> None:
    deploy.write("apps/acme/dev/gcp/one.yaml", DEPLOYMENT.replace("web", "one"))
    deploy.write("apps/acme/dev/gcp/more/two.yml", DEPLOYMENT.replace("web", "two"))
    deploy.write("apps/acme/dev/gcp/over/kustomization.yaml", "resources: [../../../base]\n")
    deploy.write("apps/acme/dev/gcp/readme.md", "no manifest")
    plain = replace(ACME_PULL, path="apps/acme/dev/gcp")
    names = sorted(change.name for change in deploy.look([], [plain]).changes["aws-dev", "acme"])
    assert names == ["one", "two", "web"]
    argo = replace(plain, engine=Engine.ARGOCD, namespace="")
    assert "no kustomization.yaml, without which Argo CD builds nothing" in deploy.problems([argo])[0]


def test_a_file_beside_the_overlay_is_in_the_artifact_and_closed_to_argo_cd(deploy: DeployRepo) -> None:
    deploy.write("apps/acme/dev/aws/kustomization.yaml", "resources: [../../base/web.yaml]\n")
    assert told(deploy.look([], [ACME_PULL])) == {"acme in aws-dev": ["add ConfigMap acme/web"]}
    assert "security" in deploy.problems([replace(ACME_PULL, engine=Engine.ARGOCD, namespace="")])[0]


def test_argo_cd_labels_what_it_builds_with_the_tenant(deploy: DeployRepo) -> None:
    argo = replace(ACME_PULL, engine=Engine.ARGOCD, namespace="")
    (change,) = deploy.look([], [argo]).changes["aws-dev", "acme"]
    assert change.object["metadata"]["labels"] == {"berth.dev/tenant": "acme"}


def test_what_a_secret_holds_is_told_nowhere(deploy: DeployRepo) -> None:
    manifest = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: hunter2}\n"
    deploy.write("apps/acme/base/secret.yaml", manifest)
    deploy.write("apps/acme/base/kustomization.yaml", "resources: [secret.yaml]\n")
    deploy.commit("secret")
    deploy.write("apps/acme/base/secret.yaml", manifest.replace("hunter2", "hunter3"))
    looked = deploy.look([ACME_PULL], [ACME_PULL], base="secret")
    assert "hunter" not in repr(looked)
    (change,) = looked.changes["aws-dev", "acme"]
    assert change.action is Action.CHANGE
    assert change.object["stringData"] == {"a": SECRET}


def test_a_selector_is_a_change_that_the_api_server_may_refuse(deploy: DeployRepo) -> None:
    service = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {selector: {matchLabels: {a: x}}}\n"
    deploy.write("apps/acme/base/web.yaml", service)
    deploy.commit("one")
    deploy.write("apps/acme/base/web.yaml", service.replace("a: x", "a: y"))
    (change,) = deploy.look([ACME_PULL], [ACME_PULL], base="one").changes["aws-dev", "acme"]
    assert change.action is Action.CHANGE
    assert "refuse" in change.changes[0].reason


def test_a_tag_that_is_not_there_is_told(deploy: DeployRepo) -> None:
    deploy.git("tag", "v1.4.2")
    (problem,) = deploy.problems([replace(ACME_PULL, ref=("tag", "v1.4.3"))])
    assert 'found "v1.4.3"; expected a tag of the deploy repo; did you mean "v1.4.2"?' in problem


def test_a_range_of_versions_is_left_to_the_agent_and_said_so(deploy: DeployRepo) -> None:
    ranged = replace(ACME_PULL, ref=("semver", ">=1.0.0"))
    assert "the agent decides" in deploy.look([ranged], [ranged]).notes[0]


def test_a_base_that_is_not_there_and_a_shallow_clone_are_told(deploy: DeployRepo, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match='--deploy-base: found "nope"'):
        deploy.look([ACME_PULL], [ACME_PULL], base="nope")
    deploy.write("more", "")
    deploy.commit("second")
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{deploy.root}", str(tmp_path / "s")], check=True)
    with pytest.raises(InvalidInput, match=r"shallow.*fetch-depth: 0"):
        look_at(tmp_path / "s", "base", [ACME_PULL], [ACME_PULL], modules=ROOT / "local")


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_what_is_no_clone_is_told(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match=r"--deploy-repo: found .*; expected a clone of the deploy repo"):
        look_at(tmp_path / folder, None, [], [], modules=ROOT / "local")


def test_a_folder_of_the_clone_stands_for_the_whole_and_a_missing_path_says_so(deploy: DeployRepo) -> None:
    deploy.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    looked = look_at(deploy.root / "apps", "base", [ACME_PULL], [ACME_PULL], modules=ROOT / "local")
    assert told(looked) == {"acme in aws-dev": ["change ConfigMap acme/dev-web"]}
    nowhere = replace(ACME_PULL, path="acme/dev/aws", directory="acme")
    with pytest.raises(InvalidInput, match="paths are from the top of the repo, and --deploy-repo is apps/ in it"):
        look_at(deploy.root / "apps", None, [], [nowhere], modules=ROOT / "local")


def test_tenants_with_a_repo_of_their_own_are_left_out_and_said_so(deploy: DeployRepo) -> None:
    own = replace(ACME_PULL, url="https://git.example.com/own.git", directory=None, path="nowhere")
    looked = deploy.look([own, GLOBEX_PULL], [own, GLOBEX_PULL])
    assert looked.notes == ("Tenants with another repo than this deploy repo were not looked at.",)


def test_without_kustomize_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(OperationFailed, match="kustomize, which is not on PATH"):
        find_kustomize(ROOT / "local")


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_what_is_pulled_is_the_same_told_from_the_project_and_from_its_objects(tmp_path: Path, engine: str) -> None:
    sandbox = Sandbox.create(tmp_path)
    sandbox.setting(f"berth:gitops: {{engine: {engine}}}")
    project = sandbox.load()
    pulls = list(pulls_of(project, ["dev"]))
    assert pulls
    for pull in pulls:
        cluster = next(cluster for cluster in project.clusters() if cluster.name == pull.cluster)
        tenant = project.place(project.tenants[pull.tenant], cluster)
        assert tenant is not None
        found = pulls_of_objects(pull.cluster, pull.tenant, render(cluster, tenant))
        assert found is not None
        ref = pull.ref if engine == "flux" else ("", pull.ref[1])
        assert found == replace(pull, ref=ref)
