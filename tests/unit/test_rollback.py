"""`berth rollback`: one commit that puts a tenant's part of a repo back, and nothing of anybody else's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import Outcome, Sandbox
from tests.unit.rollbacks import URL, History, add_prod, isolate_git, run

DEV = "apps/acme/environments/dev/kustomization.yaml"
PROD = "apps/acme/environments/prod/kustomization.yaml"


@pytest.fixture(autouse=True)
def _git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate_git(monkeypatch, tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def rollback(project: Sandbox, *more: str) -> Outcome:
    return project.run("rollback", "acme", *more)


def test_the_last_change_is_taken_back_in_one_commit_on_a_branch(sandbox: Sandbox, history: History) -> None:
    good = history.release("1.0.0")
    bad = history.release("2.0.0")
    ended = rollback(sandbox, "--push")
    assert ended.code == 0, ended.everything
    branch = f"rollback/acme-{good[:8]}"
    assert history.pushed("rev-parse", f"{branch}^") == bad
    assert history.show(branch, DEV) == history.show(good, DEV)
    assert history.pushed("rev-parse", "main") == bad, "the branch that the clusters follow is not moved"
    assert f"back to    {good[:8]} Release 1.0.0 to dev" in ended.out
    assert f"reverts    {bad[:8]} Release 2.0.0 to dev" in ended.out
    assert f"changes    {DEV}" in ended.out


def test_the_message_names_every_commit_that_it_takes_back(sandbox: Sandbox, history: History) -> None:
    first = history.release("1.0.0")
    between = history.release("2.0.0")
    last = history.release("3.0.0")
    rollback(sandbox, "--to", first, "--push")
    message = history.pushed("log", "-1", "--format=%B", f"rollback/acme-{first[:8]}")
    assert message.splitlines()[0] == f"Roll back acme to {first[:8]}"
    assert f"    {between} Release 2.0.0 to dev" in message
    assert f"    {last} Release 3.0.0 to dev" in message
    assert first in message
    assert history.first not in message


def test_what_a_commit_did_to_another_tenant_stays_and_is_told(sandbox: Sandbox, history: History) -> None:
    good = history.release("1.0.0")
    history.write("apps/other/kustomization.yaml", "resources: [new.yaml]\n")
    both = history.release("2.0.0")
    ended = rollback(sandbox, "--push")
    branch = f"rollback/acme-{good[:8]}"
    assert history.show(branch, "apps/other/kustomization.yaml") == "resources: [new.yaml]"
    assert history.show(branch, DEV) == history.show(good, DEV)
    assert f"{both[:8]} also changed apps/other/kustomization.yaml: that stays." in ended.out
    assert "(what it changed elsewhere stays)" in history.pushed("log", "-1", "--format=%B", branch)


def test_a_file_that_came_since_goes_and_one_that_went_returns(sandbox: Sandbox, history: History) -> None:
    history.write("apps/acme/base/old.yaml", "a: 1\n")
    good = history.commit("Add old")
    history.git("rm", "--quiet", "apps/acme/base/old.yaml")
    history.write("apps/acme/base/new.yaml", "a: 1\n")
    history.commit("Replace old by new")
    ended = rollback(sandbox, "--push")
    files = history.pushed("ls-tree", "-r", "--name-only", f"rollback/acme-{good[:8]}").splitlines()
    assert "apps/acme/base/old.yaml" in files
    assert "apps/acme/base/new.yaml" not in files
    assert "adds       apps/acme/base/old.yaml" in ended.out
    assert "removes    apps/acme/base/new.yaml" in ended.out


def test_without_push_nothing_leaves_this_machine_and_the_command_that_is_printed_pushes(
    sandbox: Sandbox, history: History
) -> None:
    good = history.release("1.0.0")
    history.release("2.0.0")
    ended = rollback(sandbox)
    branch = f"rollback/acme-{good[:8]}"
    assert history.pushed("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    command = re.search(r"git -C (\S+) push origin \S+", ended.out)
    assert command
    run(*command.group().split(), cwd=history.path)
    assert history.show(branch, DEV) == history.show(good, DEV)


def test_a_clone_stays_only_where_its_commit_is_nowhere_else(
    sandbox: Sandbox, history: History, tmp_path: Path
) -> None:
    history.release("1.0.0")
    history.release("2.0.0")
    rollback(sandbox, "--push")
    rollback(sandbox, "--to", "nothing")
    assert list((tmp_path / "scratch").iterdir()) == []
    rollback(sandbox)
    assert len(list((tmp_path / "scratch").iterdir())) == 1


def test_the_branch_that_clusters_follow_can_be_named(sandbox: Sandbox, history: History) -> None:
    good = history.release("1.0.0")
    bad = history.release("2.0.0")
    ended = rollback(sandbox, "--branch", "main", "--push")
    assert ended.code == 0, ended.everything
    assert history.pushed("rev-parse", "main^") == bad
    assert history.show("main", DEV) == history.show(good, DEV)
    assert "to main, which the clusters follow" in ended.out


def test_a_branch_that_is_there_already_is_not_overwritten(sandbox: Sandbox, history: History) -> None:
    history.release("1.0.0")
    history.release("2.0.0")
    history.git("push", "--quiet", "origin", f"{history.first}:refs/heads/mine")
    ended = rollback(sandbox, "--branch", "mine", "--push")
    assert ended.code == 1
    assert "the branch mine is there already" in ended.err
    assert history.pushed("rev-parse", "mine") == history.first


def test_one_stack_alone_goes_back_and_what_others_build_from_stays(sandbox: Sandbox, history: History) -> None:
    add_prod(sandbox)
    good = history.release("1.0.0", "prod")
    history.release("2.0.0", "prod")
    newer = history.release("3.0.0", "dev")
    ended = rollback(sandbox, "--stack", "prod", "--push")
    assert ended.code == 0, ended.everything
    branch = f"rollback/acme-{good[:8]}"
    assert history.show(branch, PROD) == history.show(good, PROD)
    assert history.show(branch, DEV) == history.show(newer, DEV)
    assert "aws-dev" not in ended.out


def test_what_another_stack_builds_from_as_well_is_told(sandbox: Sandbox, history: History) -> None:
    add_prod(sandbox)
    history.write("apps/acme/base/kustomization.yaml", "resources: []\nnamePrefix: x-\n")
    history.commit("Prefix all names")
    ended = rollback(sandbox, "--stack", "prod")
    assert "aws-dev (dev) builds from apps/acme/base/kustomization.yaml as well." in ended.out


def test_a_build_that_is_broken_now_goes_back_with_all_that_it_was_built_from(
    sandbox: Sandbox, history: History
) -> None:
    add_prod(sandbox)
    good = history.release("1.0.0", "prod")
    history.write(PROD, "not: [a kustomization\n")
    history.write("apps/acme/base/kustomization.yaml", "resources: [missing.yaml]\n")
    history.commit("Break prod")
    rollback(sandbox, "--stack", "prod", "--push")
    branch = f"rollback/acme-{good[:8]}"
    assert history.show(branch, PROD) == history.show(good, PROD)
    assert history.show(branch, "apps/acme/base/kustomization.yaml") == "resources: []"


def test_a_change_of_a_base_that_was_fine_stays_though_the_build_is_broken_now(
    sandbox: Sandbox, history: History
) -> None:
    add_prod(sandbox)
    history.release("1.0.0", "prod")
    history.write("apps/acme/base/kustomization.yaml", "resources: []\nnamePrefix: x-\n")
    good = history.commit("Prefix all names")
    history.write(PROD, "not: [a kustomization\n")
    history.commit("Break prod")
    rollback(sandbox, "--stack", "prod", "--push")
    branch = f"rollback/acme-{good[:8]}"
    assert history.show(branch, PROD) == history.show(good, PROD)
    assert history.show(branch, "apps/acme/base/kustomization.yaml") == "resources: []\nnamePrefix: x-"


def test_what_is_built_from_outside_of_the_tenants_folder_is_told_and_stays(sandbox: Sandbox, history: History) -> None:
    history.write("apps/common/kustomization.yaml", "resources: []\n")
    history.write("apps/acme/base/kustomization.yaml", "resources: [../../common]\n")
    good = history.release("1.0.0")
    history.write("apps/common/kustomization.yaml", "resources: [more.yaml]\n")
    history.release("2.0.0")
    ended = rollback(sandbox, "--push")
    assert "apps/common, outside of apps/acme, is built from, has changed since, and stays as it is." in ended.out
    assert history.show(f"rollback/acme-{good[:8]}", "apps/common/kustomization.yaml") == "resources: [more.yaml]"


def test_a_repo_of_the_tenants_own_goes_back_below_its_path(sandbox: Sandbox, history: History) -> None:
    sandbox.tenant(f"source: {{url: {URL}, path: 'apps/other/{{environment}}'}}\n")
    history.write("apps/other/dev/kustomization.yaml", "resources: [../base]\n")
    good = history.commit("Start")
    history.write("apps/other/base/kustomization.yaml", "resources: []\n")
    history.write("src/main.py", "print()\n")
    history.commit("Code and manifests")
    ended = rollback(sandbox, "--push")
    assert ended.code == 0, ended.everything
    files = history.pushed("ls-tree", "-r", "--name-only", f"rollback/acme-{good[:8]}").splitlines()
    assert "apps/other/base/kustomization.yaml" not in files
    assert "src/main.py" in files


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["acmee"], 'TENANT: found "acmee"; expected a tenant of this project; did you mean "acme"?'),
        (["acme", "--stack", "dve"], 'did you mean "dev"?'),
        (["acme", "--to", "feedbeef"], '--to: found "feedbeef"; expected a commit in the history of main'),
        (["acme", "--branch", "a..b"], '--branch: found "a..b"; expected the name of a branch'),
        (["acme", "--branch", "-x"], '--branch: found "-x"; expected the name of a branch'),
    ],
)
def test_what_cannot_be_is_told_with_what_would_be_right(
    sandbox: Sandbox, history: History, arguments: list[str], told: str
) -> None:
    history.release("1.0.0")
    ended = sandbox.run("rollback", *arguments)
    assert ended.code == 2, ended.everything
    assert told in ended.err
    assert history.pushed("for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_a_commit_of_another_history_is_no_commit_to_go_back_to(sandbox: Sandbox, history: History) -> None:
    history.release("1.0.0")
    history.git("checkout", "--quiet", "-b", "aside", history.first)
    history.write("apps/acme/base/kustomization.yaml", "namePrefix: x-\n")
    history.git("commit", "--quiet", "--all", "--message", "Aside")
    history.git("push", "--quiet", "origin", "aside")
    ended = rollback(sandbox, "--to", history.git("rev-parse", "HEAD"))
    assert ended.code == 2
    assert "expected a commit in the history of main" in ended.err


def test_going_back_to_what_is_there_is_nothing_to_revert(sandbox: Sandbox, history: History) -> None:
    head = history.release("1.0.0")
    history.write("apps/other/more.yaml", "a: 1\n")
    history.commit("Another tenant's")
    ended = rollback(sandbox, "--to", head)
    assert ended.code == 2
    assert "there is nothing to revert" in ended.err


def test_a_first_content_has_nothing_before_it(sandbox: Sandbox, history: History) -> None:
    del history
    ended = rollback(sandbox)
    assert ended.code == 2
    assert "there is nothing to go back to" in ended.err


def test_a_commit_at_which_a_clusters_path_was_missing_is_refused(sandbox: Sandbox, history: History) -> None:
    history.git("rm", "--quiet", "-r", "apps/acme/dev")
    before = history.commit("Leave aws")
    history.write("apps/acme/dev/aws/kustomization.yaml", "resources: [../../environments/dev]\n")
    history.commit("Come back")
    ended = rollback(sandbox, "--to", before)
    assert ended.code == 2
    assert "expected a commit at which apps/acme/dev/aws was there" in ended.err


def test_by_itself_it_passes_over_commits_at_which_a_clusters_path_was_missing(
    sandbox: Sandbox, history: History
) -> None:
    good = history.release("1.0.0")
    history.git("rm", "--quiet", "-r", "apps/acme/dev")
    history.commit("Leave aws")
    history.write("apps/acme/dev/aws/kustomization.yaml", "resources: [../../environments/dev, ../../base]\n")
    history.commit("Come back")
    ended = rollback(sandbox)
    assert ended.code == 0, ended.everything
    assert f"back to    {good[:8]}" in ended.out


def test_a_repo_that_is_shallow_says_why_a_commit_is_not_found(
    sandbox: Sandbox, history: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = history.release("1.0.0")
    history.release("2.0.0")
    shallow = tmp_path / "shallow.git"
    run("git", "clone", "--quiet", "--bare", "--depth=1", f"file://{history.bare}", str(shallow), cwd=tmp_path)
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{shallow}.insteadOf")
    ended = rollback(sandbox, "--to", old)
    assert ended.code == 2
    assert f"{URL} is a shallow clone" in ended.err


def test_a_repo_that_is_not_there_is_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    ended = rollback(sandbox)
    assert ended.code == 1
    assert ended.err.splitlines()[0].startswith(f"error: {URL}: ")
    assert len(ended.err.splitlines()) == 2
    assert list((tmp_path / "scratch").iterdir()) == []


def unknown_to_git(monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    monkeypatch.setenv("EMAIL", "")


def test_the_repo_of_a_local_fleet_is_a_folder_here_in_which_nobody_has_to_be_known(
    sandbox: Sandbox, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = history.release("1.0.0")
    history.release("2.0.0")
    text = (sandbox.root / "Pulumi.dev.yaml").read_text()
    local = text.replace(URL, "http://127.0.0.1:7480/deploy.git")
    start, end = local.index("    - name: aws-dev"), local.index("    - name: gcp-dev")
    sandbox.write("Pulumi.dev.yaml", local[:start] + local[end:].replace("cloud: gcp", "cloud: aws"))
    (sandbox.root / ".local/git").mkdir(parents=True)
    (sandbox.root / ".local/git/deploy.git").symlink_to(history.bare)
    unknown_to_git(monkeypatch)
    ended = rollback(sandbox, "--branch", "main", "--push")
    assert ended.code == 0, ended.everything
    assert history.show("main", DEV) == history.show(good, DEV)
    assert history.pushed("log", "-1", "--format=%an", "main") == "Berth"


def test_somebody_whom_git_does_not_know_is_told_what_to_set(
    sandbox: Sandbox, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.release("1.0.0")
    unknown_to_git(monkeypatch)
    ended = rollback(sandbox)
    assert ended.code == 1
    assert "error: Git does not know who commits" in ended.err
    assert "user.email" in ended.err


TAGGED = """\
placements:
  - environments: [dev]
    clouds: [aws]
    ref: {tag: v1.4.2}
"""


def test_a_tag_is_rolled_back_in_the_tenant_file_on_the_line_that_is_told(sandbox: Sandbox) -> None:
    sandbox.tenant(placements=TAGGED)
    ended = rollback(sandbox)
    assert ended.code == 2
    assert "tenants/acme.yaml:7:16: placements[0].ref.tag" in ended.err
    assert 'found "v1.4.2"' in ended.err
    assert "change this line to the former tag, and deploy" in ended.err


def test_stacks_that_follow_a_tag_are_told_beside_those_that_follow_a_branch(
    sandbox: Sandbox, history: History
) -> None:
    add_prod(sandbox)
    history.release("1.0.0")
    text = TAGGED.replace("dev", "prod").removeprefix("placements:\n")
    sandbox.tenant(placements=f"placements:\n  - environments: [dev]\n    clouds: [aws]\n{text}")
    ended = rollback(sandbox)
    assert ended.code == 0, ended.everything
    assert "placements[1].ref.tag" in ended.out
    assert "not rolled back by this" in ended.out


def test_stacks_that_follow_different_branches_have_to_be_told_apart(sandbox: Sandbox) -> None:
    add_prod(sandbox)
    sandbox.edit("Pulumi.prod.yaml", "deploy.git}", "deploy.git, branch: release}")
    ended = rollback(sandbox)
    assert ended.code == 2
    assert "--stack: found 2 branches or folders" in ended.err
    assert f"dev: main of {URL}, apps/acme; prod: release of {URL}, apps/acme" in ended.err


def test_stacks_that_have_the_tenant_in_different_folders_have_to_be_told_apart(sandbox: Sandbox) -> None:
    add_prod(sandbox)
    sandbox.edit("Pulumi.prod.yaml", "deploy.git}", "deploy.git, path: 'prod/{tenant}'}")
    ended = rollback(sandbox)
    assert ended.code == 2
    assert f"dev: main of {URL}, apps/acme; prod: main of {URL}, prod/acme" in ended.err
