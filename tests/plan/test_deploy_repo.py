"""What a change does to workloads: real Git repos, built by the real kustomize."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from berth.errors import InvalidInput, OperationFailed
from berth.local.build import build_kustomize
from berth.plan.deploy_repo import Looked, Pull, look_at, pulls_of, pulls_of_objects
from berth.plan.deploy_repo.build import find_kustomize
from berth.plan.model import SECRET, Action
from berth.render import render
from berth.settings import Engine
from berth.tenants.must_hold import patch_of
from tests.components.recording import ROOT
from tests.plan.deploy_repo import DEPLOYMENT, DeployRepo
from tests.support import Sandbox

pytestmark = pytest.mark.e2e  # kustomize is built as the local fleet's

URL = "https://git.example.com/deploy.git"
ACME = Pull("aws-dev", "acme", Engine.FLUX, URL, ("branch", "main"), "apps/acme/dev/aws", "apps/acme", "acme")
GLOBEX = replace(ACME, tenant="globex", path="apps/globex/dev/aws", directory="apps/globex", namespace="globex")


@pytest.fixture(scope="module", autouse=True)
def kustomize() -> Path:
    return build_kustomize(ROOT / "local")


@pytest.fixture
def repo(tmp_path: Path) -> DeployRepo:
    return DeployRepo(tmp_path / "deploy")


def told(looked: Looked) -> dict[str, list[str]]:
    return {
        f"{tenant} in {cluster}": [f"{one.action} {one.kind} {one.namespace}/{one.name}" for one in found]
        for (cluster, tenant), found in looked.changes.items()
    }


def test_a_changed_base_shows_in_the_overlay_of_its_tenant_and_nothing_else_is_built(repo: DeployRepo) -> None:
    repo.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    looked = repo.look([ACME, GLOBEX], [ACME, GLOBEX])
    assert told(looked) == {"acme in aws-dev": ["change ConfigMap acme/dev-web"]}
    (change,) = looked.changes["aws-dev", "acme"][0].changes
    assert (change.path, change.before, change.after) == (("data", "colour"), "blue", "green")
    assert looked.built == 2


def test_one_path_of_two_clusters_is_built_once(repo: DeployRepo) -> None:
    repo.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    other = replace(ACME, cluster="aws-dev-2")
    looked = repo.look([ACME, other], [ACME, other])
    assert len(looked.changes) == 2
    assert looked.built == 2


def test_no_change_in_files_is_no_build(repo: DeployRepo) -> None:
    assert repo.look([ACME, GLOBEX], [ACME, GLOBEX]) == Looked({})


def test_without_a_base_every_path_is_built_and_nothing_changes(repo: DeployRepo) -> None:
    looked = repo.look([ACME, GLOBEX], [ACME, GLOBEX], base=None)
    assert (looked.changes, looked.built) == ({}, 2)


def test_a_new_tag_shows_what_it_brings_whatever_is_checked_out(repo: DeployRepo) -> None:
    repo.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    repo.commit("v2")
    repo.git("checkout", "--quiet", "base")
    before, after = replace(ACME, ref=("tag", "base")), replace(ACME, ref=("tag", "v2"))
    looked = repo.look([before], [after], base=None)
    assert told(looked) == {"acme in aws-dev": ["change ConfigMap acme/dev-web"]}


def test_a_new_tenant_adds_and_one_that_leaves_removes(repo: DeployRepo) -> None:
    looked = repo.look([GLOBEX], [ACME])
    assert told(looked) == {
        "acme in aws-dev": ["add ConfigMap acme/dev-web"],
        "globex in aws-dev": ["remove ConfigMap globex/dev-web"],
    }


def test_a_suspended_tenant_changes_nothing(repo: DeployRepo) -> None:
    repo.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    assert repo.look([ACME], [replace(ACME, active=False)]).changes == {}


def test_files_that_git_does_not_know_yet_count_and_ignored_ones_do_not(repo: DeployRepo) -> None:
    repo.write("apps/acme/base/more.yaml", DEPLOYMENT.replace("web", "more"))
    repo.write("apps/acme/base/kustomization.yaml", "resources: [web.yaml, more.yaml]\n")
    assert told(repo.look([ACME], [ACME])) == {"acme in aws-dev": ["add ConfigMap acme/dev-more"]}
    repo.write(".gitignore", "more.yaml\n")
    assert "more.yaml" in repo.problems([ACME])[0]


def test_the_clone_is_left_as_it_was(repo: DeployRepo) -> None:
    repo.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))

    def state() -> tuple[str, bytes, list[Path]]:
        files = sorted(path for path in (repo.root / ".git").rglob("*") if path.is_file())
        return repo.git("--no-optional-locks", "status", "--porcelain"), (repo.root / ".git/index").read_bytes(), files

    before = state()
    repo.look([ACME], [ACME])
    assert state() == before


def test_a_path_that_is_missing_is_told_with_its_tenant_and_cluster(repo: DeployRepo) -> None:
    nowhere = replace(ACME, cluster="gcp-dev", path="apps/acme/dev/gcp")
    assert repo.problems([ACME, nowhere]) == [
        "apps/acme/dev/gcp: acme in gcp-dev: found nothing; expected a path that the agent can build"
    ]


def test_every_path_that_does_not_build_is_told_with_the_message_of_kustomize(repo: DeployRepo) -> None:
    for tenant in ("acme", "globex"):
        repo.write(f"apps/{tenant}/base/kustomization.yaml", "resources: [wbe.yaml]\n")
    first, second = repo.problems([ACME, GLOBEX])
    assert first.startswith("apps/acme/dev/aws: acme in aws-dev: found ")
    assert "wbe.yaml" in first
    assert "no such file" in first
    assert "/tmp" not in first  # noqa: S108 - where it was built is no business of the reader
    assert "globex in aws-dev" in second


@pytest.mark.parametrize("engine", [Engine.FLUX, Engine.ARGOCD])
def test_what_no_longer_holds_what_it_must_is_told(repo: DeployRepo, engine: Engine) -> None:
    pull = replace(ACME, engine=engine, must_hold=(patch_of("ConfigMap/web")["patch"],))
    repo.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    assert len(repo.look([pull], [pull]).changes) == 1
    repo.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("web", "other"))
    (problem,) = repo.problems([pull])
    assert "no resource matches strategic merge patch" in problem
    assert "ConfigMap.v1.[noGrp]/web" in problem


def test_a_base_that_does_not_build_is_a_note(repo: DeployRepo) -> None:
    repo.write("apps/acme/base/kustomization.yaml", "resources: [wbe.yaml]\n")
    repo.commit("broken")
    repo.write("apps/acme/base/kustomization.yaml", "resources: [web.yaml]\n")
    looked = repo.look([ACME], [ACME], base="broken")
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
def test_what_is_on_a_network_is_refused_with_the_file_that_names_it(repo: DeployRepo, named: str) -> None:
    repo.write("apps/acme/base/kustomization.yaml", f"resources: ['{named}']\n")
    (problem,) = repo.problems([ACME])
    assert f"apps/acme/base/kustomization.yaml names {named}, which is on a network" in problem


def test_a_file_of_a_generator_that_is_on_a_network_is_refused(repo: DeployRepo) -> None:
    generator = "configMapGenerator: [{name: a, files: ['key=https://example.com/a']}]\n"
    repo.write("apps/acme/base/kustomization.yaml", generator)
    assert "names https://example.com/a, which is on a network" in repo.problems([ACME])[0]


def test_a_link_in_an_annotation_is_no_reference(repo: DeployRepo) -> None:
    text = "resources: [web.yaml]\ncommonAnnotations: {runbook: https://example.com/a}\n"
    repo.write("apps/acme/base/kustomization.yaml", text)
    assert told(repo.look([ACME], [ACME])) == {"acme in aws-dev": ["change ConfigMap acme/dev-web"]}


def test_flux_sees_no_other_tenant_and_argo_cd_builds_from_the_whole_repo(repo: DeployRepo) -> None:
    repo.write("apps/acme/dev/aws/kustomization.yaml", "resources: [../../../globex/base]\n")
    assert "outside of what the agent sees, apps/acme" in repo.problems([ACME])[0]
    argo = replace(ACME, engine=Engine.ARGOCD, namespace="")
    assert told(repo.look([argo], [argo]))["acme in aws-dev"][0] == "add ConfigMap /web"
    repo.commit("leaves")
    repo.write("apps/globex/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    assert told(repo.look([argo], [argo], base="leaves")) == {"acme in aws-dev": ["change ConfigMap /web"]}


@pytest.mark.parametrize("engine", [Engine.FLUX, Engine.ARGOCD])
def test_nothing_outside_the_repo_is_read(repo: DeployRepo, tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "kustomization.yaml").write_text("resources: []\n")
    repo.write("apps/acme/dev/aws/kustomization.yaml", "resources: [../../../../../secret]\n")
    pull = replace(ACME, engine=engine)
    assert "outside of what the agent sees" in repo.problems([pull])[0]


def test_a_link_out_of_the_repo_is_in_no_artifact_and_stops_argo_cd(repo: DeployRepo) -> None:
    (repo.root / "apps/acme/base/host").symlink_to("/etc/hostname")
    text = "resources: [web.yaml]\nconfigMapGenerator: [{name: host, files: [host]}]\n"
    repo.write("apps/acme/base/kustomization.yaml", text)
    assert "host" in repo.problems([ACME])[0]
    argo = replace(ACME, engine=Engine.ARGOCD)
    assert "apps/acme/base/host leads to /etc/hostname" in repo.problems([argo])[0]


def test_flux_applies_plain_yaml_and_argo_cd_wants_a_kustomization(repo: DeployRepo) -> None:
    repo.write("apps/acme/dev/gcp/one.yaml", DEPLOYMENT.replace("web", "one"))
    repo.write("apps/acme/dev/gcp/more/two.yml", DEPLOYMENT.replace("web", "two"))
    repo.write("apps/acme/dev/gcp/over/kustomization.yaml", "resources: [../../../base]\n")
    repo.write("apps/acme/dev/gcp/readme.md", "no manifest")
    plain = replace(ACME, path="apps/acme/dev/gcp")
    names = sorted(change.name for change in repo.look([], [plain]).changes["aws-dev", "acme"])
    assert names == ["one", "two", "web"]
    argo = replace(plain, engine=Engine.ARGOCD, namespace="")
    assert "no kustomization.yaml, without which Argo CD builds nothing" in repo.problems([argo])[0]


def test_a_file_beside_the_overlay_is_in_the_artifact_and_closed_to_argo_cd(repo: DeployRepo) -> None:
    repo.write("apps/acme/dev/aws/kustomization.yaml", "resources: [../../base/web.yaml]\n")
    assert told(repo.look([], [ACME])) == {"acme in aws-dev": ["add ConfigMap acme/web"]}
    assert "security" in repo.problems([replace(ACME, engine=Engine.ARGOCD, namespace="")])[0]


def test_argo_cd_labels_what_it_builds_with_the_tenant(repo: DeployRepo) -> None:
    argo = replace(ACME, engine=Engine.ARGOCD, namespace="")
    (change,) = repo.look([], [argo]).changes["aws-dev", "acme"]
    assert change.object["metadata"]["labels"] == {"berth.dev/tenant": "acme"}


def test_what_a_secret_holds_is_told_nowhere(repo: DeployRepo) -> None:
    manifest = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: hunter2}\n"
    repo.write("apps/acme/base/secret.yaml", manifest)
    repo.write("apps/acme/base/kustomization.yaml", "resources: [secret.yaml]\n")
    repo.commit("secret")
    repo.write("apps/acme/base/secret.yaml", manifest.replace("hunter2", "hunter3"))
    looked = repo.look([ACME], [ACME], base="secret")
    assert "hunter" not in repr(looked)
    (change,) = looked.changes["aws-dev", "acme"]
    assert change.action is Action.CHANGE
    assert change.object["stringData"] == {"a": SECRET}


def test_a_selector_is_a_change_that_the_api_server_may_refuse(repo: DeployRepo) -> None:
    service = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {selector: {matchLabels: {a: x}}}\n"
    repo.write("apps/acme/base/web.yaml", service)
    repo.commit("one")
    repo.write("apps/acme/base/web.yaml", service.replace("a: x", "a: y"))
    (change,) = repo.look([ACME], [ACME], base="one").changes["aws-dev", "acme"]
    assert change.action is Action.CHANGE
    assert "refuse" in change.changes[0].reason


def test_a_tag_that_is_not_there_is_told(repo: DeployRepo) -> None:
    repo.git("tag", "v1.4.2")
    (problem,) = repo.problems([replace(ACME, ref=("tag", "v1.4.3"))])
    assert 'found "v1.4.3"; expected a tag of the deploy repo; did you mean "v1.4.2"?' in problem


def test_a_range_of_versions_is_left_to_the_agent_and_said_so(repo: DeployRepo) -> None:
    ranged = replace(ACME, ref=("semver", ">=1.0.0"))
    assert "the agent decides" in repo.look([ranged], [ranged]).notes[0]


def test_a_base_that_is_not_there_and_a_shallow_clone_are_told(repo: DeployRepo, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match='--deploy-base: found "nope"'):
        repo.look([ACME], [ACME], base="nope")
    repo.write("more", "")
    repo.commit("second")
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{repo.root}", str(tmp_path / "s")], check=True)
    with pytest.raises(InvalidInput, match=r"shallow.*fetch-depth: 0"):
        look_at(tmp_path / "s", "base", [ACME], [ACME], modules=ROOT / "local")


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_what_is_no_clone_is_told(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match=r"--deploy-repo: found .*; expected a clone of the deploy repo"):
        look_at(tmp_path / folder, None, [], [], modules=ROOT / "local")


def test_a_folder_of_the_clone_stands_for_the_whole_and_a_missing_path_says_so(repo: DeployRepo) -> None:
    repo.write("apps/acme/base/web.yaml", DEPLOYMENT.replace("blue", "green"))
    looked = look_at(repo.root / "apps", "base", [ACME], [ACME], modules=ROOT / "local")
    assert told(looked) == {"acme in aws-dev": ["change ConfigMap acme/dev-web"]}
    nowhere = replace(ACME, path="acme/dev/aws", directory="acme")
    with pytest.raises(InvalidInput, match="paths are from the top of the repo, and --deploy-repo is apps/ in it"):
        look_at(repo.root / "apps", None, [], [nowhere], modules=ROOT / "local")


def test_tenants_with_a_repo_of_their_own_are_left_out_and_said_so(repo: DeployRepo) -> None:
    own = replace(ACME, url="https://git.example.com/own.git", directory=None, path="nowhere")
    looked = repo.look([own, GLOBEX], [own, GLOBEX])
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
