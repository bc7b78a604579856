"""`berth publish`: one commit with exactly what is rendered, and nothing of anybody else's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from berth.errors import OperationFailed
from berth.publish import prepare
from berth.render import render
from tests.support import Outcome, Sandbox

WHO = {f"GIT_{role}_{part}": "tester" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
FOLDER = "clusters/aws-dev"
TENANT = f"{FOLDER}/tenants/acme/objects.yaml"
INDEX = f"{FOLDER}/index/kustomization.yaml"


@pytest.fixture(autouse=True)
def _identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in WHO.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


class Repo:
    """A bare repo, and a checkout of it with one commit."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.path = folder / "deploy.git", folder / "deploy"
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare), cwd=folder)
        run("git", "clone", "--quiet", str(self.bare), str(self.path), cwd=folder)
        self.write("apps/acme/kustomization.yaml", "resources: []\n")
        self.commit("Start")
        self.git("push", "--quiet", "origin", "main")

    def git(self, *arguments: str) -> str:
        return run("git", *arguments, cwd=self.path)

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def remote(self) -> dict[str, str]:
        """The commit of each branch of the bare repo."""
        listed = run("git", "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads", cwd=self.bare)
        return dict(line.split(" ") for line in listed.splitlines())

    @property
    def files(self) -> list[str]:
        return self.git("ls-tree", "-r", "--name-only", "HEAD").splitlines()


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    sandbox.setting("berth:delivery: git")
    return sandbox


def publish(project: Sandbox, repo: Repo, *more: str) -> Outcome:
    return project.run("publish", "--stack", "dev", "--deploy-repo", str(repo.path), *more)


def test_the_files_hold_what_render_returns_and_an_index_of_them(project: Sandbox, repo: Repo) -> None:
    ended = publish(project, repo)
    assert ended.code == 0, ended.everything
    objects = list(yaml.safe_load_all((repo.path / TENANT).read_text()))
    assert objects == render(project.cluster(), project.placed())
    assert yaml.safe_load((repo.path / FOLDER / "tenants/acme/kustomization.yaml").read_text())["resources"] == [
        "objects.yaml"
    ]
    index = yaml.safe_load((repo.path / INDEX).read_text())
    assert index["resources"] == ["../tenants/acme"]
    assert index["configMapGenerator"][0]["literals"] == ["tenants=acme"]


def test_what_a_cluster_without_tenants_is_told_to_apply_is_not_nothing(project: Sandbox, repo: Repo) -> None:
    publish(project, repo)
    other = yaml.safe_load((repo.path / "clusters/gcp-dev/index/kustomization.yaml").read_text())
    assert other["resources"] == []
    assert [each["name"] for each in other["configMapGenerator"]] == ["berth-published"]


def test_the_folder_that_is_applied_holds_one_file_so_that_it_goes_with_it(project: Sandbox, repo: Repo) -> None:
    publish(project, repo)
    assert [name for name in repo.files if name.startswith(f"{FOLDER}/index/")] == [INDEX]


def test_it_is_one_commit_that_says_what_happens_to_which_tenant(project: Sandbox, repo: Repo) -> None:
    before = repo.head
    publish(project, repo)
    assert repo.git("rev-list", f"{before}..HEAD").count("\n") == 0
    assert repo.git("rev-parse", "HEAD^") == before
    assert repo.git("log", "-1", "--format=%B") == "Publish dev: 1 added\n\nadded    acme in aws-dev"
    assert repo.git("status", "--porcelain") == ""
    assert (repo.path / TENANT).is_file()


def test_nothing_is_committed_when_nothing_changed(project: Sandbox, repo: Repo) -> None:
    publish(project, repo)
    before = repo.head
    assert publish(project, repo).out == "nothing to publish: the deploy repo has it all\n"
    assert repo.head == before


def test_a_tenant_that_is_gone_leaves_the_repo_and_what_is_not_publish_s_stays(project: Sandbox, repo: Repo) -> None:
    project.tenant(name="other")
    publish(project, repo)
    mine = (f"{FOLDER}/README.md", "clusters/of-another-stack/tenants/acme/objects.yaml", "apps/other/x.yaml")
    for name in mine:
        repo.write(name, "# of somebody else\n")
    repo.write(f"{FOLDER}/tenants/stray.yaml", "# in the folder that is publish's\n")
    repo.commit("Add files by hand")
    approve(project, "other")
    (project.root / "tenants" / "other.yaml").unlink()
    ended = publish(project, repo)
    assert ended.code == 0, ended.everything
    assert f"removed  {FOLDER}/tenants/other/objects.yaml" in ended.out
    assert set(mine) <= set(repo.files)
    left = {name for name in repo.files if name.startswith(f"{FOLDER}/tenants/")}
    assert left == {TENANT, f"{FOLDER}/tenants/acme/kustomization.yaml"}


def test_changes_elsewhere_in_the_checkout_stay_as_they_are(project: Sandbox, repo: Repo) -> None:
    repo.write("apps/acme/kustomization.yaml", "resources: [half-done.yaml]\n")
    repo.write("apps/acme/staged.yaml", "a: 1\n")
    repo.git("add", "apps/acme/staged.yaml")
    repo.write("notes.txt", "untracked\n")
    before = repo.git("status", "--porcelain")
    assert publish(project, repo).code == 0
    assert repo.git("status", "--porcelain") == before
    assert "apps/acme/staged.yaml" not in repo.files


@pytest.mark.parametrize("name", [TENANT, f"{FOLDER}/tenants/new.yaml", INDEX])
def test_changes_at_its_own_paths_are_refused(project: Sandbox, repo: Repo, name: str) -> None:
    publish(project, repo)
    before = repo.head
    repo.write(name, "# by hand\n")
    ended = publish(project, repo)
    assert ended.code == 1
    assert f"has changes that are in no commit: {name}" in ended.err
    assert (repo.head, (repo.path / name).read_text()) == (before, "# by hand\n")


def test_a_push_goes_first_and_where_it_is_refused_nothing_has_happened(project: Sandbox, repo: Repo) -> None:
    elsewhere = repo.path.parent / "elsewhere"
    run("git", "clone", "--quiet", str(repo.bare), str(elsewhere), cwd=repo.path.parent)
    run("git", "commit", "--quiet", "--allow-empty", "--message", "Meanwhile", cwd=elsewhere)
    run("git", "push", "--quiet", "origin", "main", cwd=elsewhere)
    before = repo.head
    ended = publish(project, repo, "--push")
    assert ended.code == 1
    assert f"main of origin has commits that {repo.path} has not\n  try: git pull --rebase origin main\n" in ended.err
    assert repo.head == before
    assert not (repo.path / "clusters").exists()
    repo.git("pull", "--quiet", "--rebase")
    assert publish(project, repo, "--push").code == 0
    assert run("git", "rev-parse", "main", cwd=repo.bare) == repo.head


def test_a_branch_of_its_own_leaves_the_checkout_alone(project: Sandbox, repo: Repo) -> None:
    before = repo.head
    ended = publish(project, repo, "--branch", "publish-dev", "--push")
    assert ended.code == 0, ended.everything
    assert repo.head == before
    assert not (repo.path / "clusters").exists()
    made = repo.git("rev-parse", "publish-dev")
    assert run("git", "rev-parse", "publish-dev", cwd=repo.bare) == made
    again = publish(project, repo, "--branch", "publish-dev")
    assert (again.code, repo.git("rev-parse", "publish-dev")) == (1, made)
    assert "the branch publish-dev is there already" in again.err


@pytest.mark.parametrize("more", [(), ("--branch", "pull-request")], ids=["followed", "branch"])
def test_commits_that_are_not_its_own_are_not_pushed_along(project: Sandbox, repo: Repo, more: tuple[str, ...]) -> None:
    pushed = repo.head
    for number in range(5):
        repo.write("notes.txt", f"{number}\n")
        repo.commit(f"WIP {number} not reviewed")
    before, refs = repo.head, repo.git("for-each-ref")
    ended = publish(project, repo, "--push", *more)
    assert (ended.code, repo.head, repo.git("for-each-ref")) == (1, before, refs)
    assert f"{repo.path} has 5 commits that main of origin has not: {before[:7]} WIP 4 not reviewed, " in ended.err
    assert "WIP 2 not reviewed, and 2 more\n  try: push that to main first" in ended.err
    assert repo.remote() == {"main": pushed}
    repo.git("push", "--quiet", "origin", "main")
    assert publish(project, repo, "--push", *more).code == 0


def test_a_commit_that_was_not_pushed_is_told_where_there_is_nothing_to_publish(project: Sandbox, repo: Repo) -> None:
    assert publish(project, repo).code == 0
    ended = publish(project, repo, "--push")
    assert ended.code == 1
    assert "has 1 commit that main of origin has not: " in ended.err
    assert "Publish dev: 1 added\n  try: push that to main first" in ended.err


def test_what_a_branch_of_its_own_begins_with_is_the_followed_branch(project: Sandbox, repo: Repo) -> None:
    repo.git("switch", "--quiet", "--create", "feature")
    assert publish(project, repo, "--push", "--branch", "first").code == 0
    repo.write("notes.txt", "mine\n")
    repo.commit("Begin a feature")
    repo.git("push", "--quiet", "origin", "feature")
    ended = publish(project, repo, "--push", "--branch", "second")
    assert ended.code == 1
    assert "1 commit that main of origin has not" in ended.err
    assert repo.remote().keys() == {"main", "feature", "first"}


def test_a_branch_that_only_origin_has_is_not_written_to(project: Sandbox, repo: Repo) -> None:
    start = repo.head
    repo.git("push", "--quiet", "origin", "main:prod")
    ended = publish(project, repo, "--branch", "prod", "--push")
    assert ended.code == 1
    assert "origin has a branch prod already\n  try: delete it there, or name another one: --branch NAME\n" in ended.err
    assert repo.remote() == {"main": start, "prod": start}
    assert repo.git("branch", "--list", "prod") == ""


def test_a_followed_branch_that_is_forced_back_meanwhile_is_not_written_to(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = repo.head
    repo.write("notes.txt", "a secret\n")
    before = repo.commit("Commit a secret")
    repo.git("push", "--quiet", "origin", "main")
    publication = prepare(repo.path, {"clusters/a/x.yaml": "a: 1\n"}, ["clusters/a"])
    real = subprocess.run

    def overtaken(command: list[str], **rest: object) -> object:
        if "push" in command:
            real(["git", "update-ref", "refs/heads/main", start], cwd=repo.bare, check=True)
        return real(command, **rest)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", overtaken)
    with pytest.raises(OperationFailed, match="main of origin has moved meanwhile"):
        publication.commit("Publish", push=True)
    monkeypatch.undo()
    assert (repo.head, repo.remote()) == (before, {"main": start})


def test_where_origin_has_no_such_branch_it_is_told(project: Sandbox, repo: Repo) -> None:
    run("git", "update-ref", "-d", "refs/heads/main", cwd=repo.bare)
    ended = publish(project, repo, "--push")
    assert (ended.code, repo.remote()) == (1, {})
    assert "origin has no branch main" in ended.err


def test_check_changes_nothing_and_says_whether_there_is_something(project: Sandbox, repo: Repo) -> None:
    before = repo.head
    ended = publish(project, repo, "--check")
    assert (ended.code, repo.head) == (1, before)
    assert f"added    {TENANT}" in ended.out
    publish(project, repo)
    assert publish(project, repo, "--check").code == 0


def test_to_remove_the_last_tenant_of_a_cluster_it_has_to_be_asked_twice(project: Sandbox, repo: Repo) -> None:
    publish(project, repo)
    before = repo.head
    approve(project, "acme")
    (project.root / "tenants" / "acme.yaml").unlink()
    refused = publish(project, repo)
    assert (refused.code, repo.head) == (1, before)
    assert "this would remove every tenant of aws-dev" in refused.err
    assert publish(project, repo, "--remove-all").code == 0
    assert TENANT not in repo.files
    assert INDEX in repo.files


@pytest.mark.parametrize("more", [(), ("--check",), ("--branch", "pull-request"), ("--remove-all",)])
def test_a_tenant_whose_file_is_gone_before_it_was_offboarding_is_not_taken_away(
    project: Sandbox, repo: Repo, more: tuple[str, ...]
) -> None:
    for name in ("acme", "other"):
        project.tenant("lifecycle: suspended\n" if name == "other" else "", name=name)
    publish(project, repo)
    before = repo.head
    for name in ("acme", "other"):
        (project.root / "tenants" / f"{name}.yaml").unlink()
    ended = publish(project, repo, *more)
    assert (ended.code, repo.head) == (2, before)
    holds = "no file, while there is still"
    assert f"tenants/acme.yaml: found {holds} acme in {FOLDER}/tenants/acme (active)" in ended.err
    assert f"tenants/other.yaml: found {holds} other in {FOLDER}/tenants/other (suspended)" in ended.err
    assert "lifecycle: offboarding" in ended.err
    assert "in Pulumi.dev.yaml: {guard: tenant-removed, subject: acme, reason: ...}" in ended.err


def test_a_tenant_that_was_published_as_offboarding_goes_with_its_file(project: Sandbox, repo: Repo) -> None:
    project.tenant(name="other")
    publish(project, repo)
    project.tenant("lifecycle: offboarding\n", name="other")
    publish(project, repo)
    (project.root / "tenants" / "other.yaml").unlink()
    ended = publish(project, repo)
    assert ended.code == 0, ended.everything
    assert f"removed  {FOLDER}/tenants/other/objects.yaml" in ended.out


def test_objects_that_do_not_say_how_their_tenant_was_count_as_if_it_was_active(project: Sandbox, repo: Repo) -> None:
    for text in ("kind: [\n", "- no object\n", "kind: Namespace\n"):
        project.tenant(name="other")
        publish(project, repo)
        (project.root / "tenants" / "other.yaml").unlink()
        repo.write(f"{FOLDER}/tenants/other/objects.yaml", text)
        repo.commit("Break it")
        ended = publish(project, repo)
        assert ended.code == 2
        assert "objects.yaml in clusters/aws-dev/tenants/other (unknown)" in ended.err


def test_a_tenant_that_leaves_one_cluster_has_a_file_still(project: Sandbox, repo: Repo) -> None:
    project.tenant(name="other")
    publish(project, repo)
    project.tenant(name="other", placements="placements: [{environments: [dev], clouds: [gcp]}]\n")
    assert publish(project, repo).code == 0


def approve(project: Sandbox, tenant: str) -> None:
    """Says in the stack's file that the tenant's end is meant."""
    approval = f"{{guard: tenant-removed, subject: {tenant}, reason: it is meant}}"
    project.setting(f"berth:guards: {{approvals: [{approval}]}}")


def test_a_stack_that_pulumi_delivers_is_not_published(sandbox: Sandbox, repo: Repo) -> None:
    ended = publish(sandbox, repo)
    assert ended.code == 2
    assert "berth:delivery" in ended.err


def test_the_checkout_is_on_the_branch_that_the_agents_follow(project: Sandbox, repo: Repo) -> None:
    repo.git("switch", "--quiet", "--create", "feature")
    ended = publish(project, repo)
    assert ended.code == 1
    assert "is on the branch feature, and the agents follow main" in ended.err


def test_a_folder_that_is_no_checkout_is_told(project: Sandbox, repo: Repo, tmp_path: Path) -> None:
    for folder, says in (
        (tmp_path / "nowhere", "is no folder"),
        (repo.path / "apps", "is not the top of a checkout"),
        (tmp_path, "it is no checkout of a Git repo"),
    ):
        ended = project.run("publish", "--stack", "dev", "--deploy-repo", str(folder))
        assert ended.code == 1
        assert says in ended.err


def test_a_deploy_repo_has_to_be_named(project: Sandbox) -> None:
    ended = project.run("publish", "--stack", "dev")
    assert ended.code == 2
    assert "--deploy-repo is missing" in ended.err


def test_an_interrupt_before_the_commit_is_whole_leaves_no_trace(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    before = repo.head
    publication = prepare(repo.path, {"clusters/a/x.yaml": "a: 1\n"}, ["clusters/a"])
    real = subprocess.run

    def interrupted(command: list[str], **rest: object) -> object:
        if "push" in command:
            raise KeyboardInterrupt
        return real(command, **rest)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publication.commit("Publish", push=True)
    monkeypatch.undo()
    assert (repo.head, repo.git("status", "--porcelain")) == (before, "")


def test_what_git_leaves_half_written_on_a_full_disk_is_taken_back(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("clusters/a/x.yaml", "a: 1\n")
    repo.write("clusters/a/gone.yaml", "b: 1\n")
    before = repo.commit("Add")
    repo.write("apps/acme/mine.yaml", "c: 1\n")
    repo.git("add", "apps")
    files = {"clusters/a/x.yaml": "a: 2\n", "clusters/a/new/y.yaml": "d: 1\n"}
    publication = prepare(repo.path, files, ["clusters/a"])
    real = subprocess.run

    def full(command: list[str], **rest: object) -> object:
        if "merge" not in command:
            return real(command, **rest)  # type: ignore[call-overload]
        repo.write("clusters/a/x.yaml", "a:")
        repo.write("clusters/a/new/y.yaml", "")
        (repo.path / "clusters/a/gone.yaml").unlink()
        told = b"error: unable to write file clusters/a/x.yaml\nerror: unable to write file clusters/a/new/y.yaml\n"
        return subprocess.CompletedProcess(command, 1, b"", told)

    monkeypatch.setattr(subprocess, "run", full)
    with pytest.raises(OperationFailed, match=r"^git merge: .*x\.yaml error: .*y\.yaml$"):
        publication.commit("Publish")
    monkeypatch.undo()
    assert (repo.head, repo.git("status", "--porcelain")) == (before, "A  apps/acme/mine.yaml")


def test_what_somebody_writes_meanwhile_is_not_taken_back(repo: Repo) -> None:
    repo.write("clusters/a/x.yaml", "a: 1\n")
    before = repo.commit("Add")
    publication = prepare(repo.path, {"clusters/a/x.yaml": "a: 2\n", "clusters/a/y.yaml": "b: 1\n"}, ["clusters/a"])
    repo.write("clusters/a/x.yaml", "a: mine\n")
    repo.write("clusters/a/y.yaml", "b: mine\n")
    with pytest.raises(OperationFailed, match="git merge: "):
        publication.commit("Publish")
    assert repo.head == before
    assert [(repo.path / f"clusters/a/{name}.yaml").read_text() for name in "xy"] == ["a: mine\n", "b: mine\n"]


def test_a_commit_that_came_meanwhile_is_not_taken_back(repo: Repo) -> None:
    repo.write("clusters/a/x.yaml", "a: 1\n")
    repo.commit("Add")
    publication = prepare(repo.path, {"clusters/a/x.yaml": "a: 2\n"}, ["clusters/a"])
    repo.write("clusters/a/x.yaml", "a: 3\n")
    other = repo.commit("Change")
    with pytest.raises(OperationFailed, match="git merge: "):
        publication.commit("Publish")
    assert (repo.head, repo.git("status", "--porcelain")) == (other, "")
    assert (repo.path / "clusters/a/x.yaml").read_text() == "a: 3\n"


def test_while_git_moves_the_branch_a_ctrl_c_waits(repo: Repo) -> None:
    hook = repo.path / ".git" / "hooks" / "post-merge"
    hook.write_text(f"#!/bin/sh\nkill -INT {os.getpid()}\n")
    hook.chmod(0o755)
    publication = prepare(repo.path, {"clusters/a/x.yaml": "a: 1\n"}, ["clusters/a"])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
    try:
        made = publication.commit("Publish")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert (repo.head, repo.git("status", "--porcelain")) == (made, "")


def test_a_checkout_without_a_commit_is_told(tmp_path: Path) -> None:
    run("git", "init", "--quiet", "--initial-branch=main", str(tmp_path / "new"), cwd=tmp_path)
    with pytest.raises(OperationFailed, match="it has no commit yet"):
        prepare(tmp_path / "new", {}, [])


AZURE = """\
    - name: azure-dev
      provider: aks
      subscription: 00000000-0000-0000-0000-0000000000d0
      entraTenant: 00000000-0000-0000-0000-0000000000f0
      admins: [00000000-0000-0000-0000-000000000001]
      region: westeurope
      kubernetesVersion: "1.35"
      network: {cidr: 10.30.0.0/16}
      nodePools: [{name: general, instanceType: Standard_D4ds_v5}]
"""
RIGHTS = """\
placements: [{environments: [dev], clouds: [azure]}]
identity:
  - serviceAccount: api
    azure: {roles: [Reader], scope: /subscriptions/00000000-0000-0000-0000-0000000000d0/resourceGroups/acme}
"""


@pytest.fixture
def with_azure(project: Sandbox) -> Sandbox:
    project.write("Pulumi.dev.yaml", (project.root / "Pulumi.dev.yaml").read_text() + AZURE)
    project.tenant(placements=RIGHTS)
    return project


def test_an_id_that_azure_gave_out_comes_from_the_stack_s_outputs(with_azure: Sandbox, repo: Repo) -> None:
    outputs = with_azure.write("outputs.json", json.dumps({"azure-dev": {"clientIds": {"acme/api": "an-id"}}}))
    ended = publish(with_azure, repo, "--outputs", str(outputs))
    assert ended.code == 0, ended.everything
    text = (repo.path / "clusters/azure-dev/tenants/acme/objects.yaml").read_text()
    assert "azure.workload.identity/client-id: an-id" in text


def test_an_id_that_is_not_in_the_outputs_is_told_and_nothing_is_published(with_azure: Sandbox, repo: Repo) -> None:
    before = repo.head
    outputs = with_azure.write("outputs.json", json.dumps({"azure-dev": {}}))
    ended = publish(with_azure, repo, "--outputs", str(outputs))
    assert (ended.code, repo.head) == (1, before)
    assert "do not name the client id of acme/api in azure-dev" in ended.err


@pytest.mark.parametrize("text", ["", "[]", "no JSON"])
def test_outputs_that_are_something_else_are_told(with_azure: Sandbox, repo: Repo, text: str) -> None:
    outputs = with_azure.write("outputs.json", text)
    ended = publish(with_azure, repo, "--outputs", str(outputs))
    assert ended.code == 2
    assert "pulumi stack output --json" in ended.err
