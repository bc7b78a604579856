"""The scripts that the jobs run, with stand-ins for what they call, and with the real engine where it is there."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from berth.settings.guards import EXIT_CODES, Guard
from scripts.forge.text import PLAN
from tests.e2e.harness import copy_project, edit
from tests.support import Outcome
from tests.workflows.checkout import Checkout
from tests.workflows.support import ROOT, run


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_pull_request_is_validated_and_planned_against_where_it_left_the_branch(checkout: Checkout) -> None:
    base = checkout.git("rev-parse", "HEAD~1")
    checkout.git("branch", "target", "HEAD~1")
    ended = checkout.plan("target")
    assert (ended.code, ended.out) == (0, "2 tenants\n")
    outs = " ".join(f"--out out/plan/plan.{kind}" for kind in ("md", "html", "json"))
    assert checkout.read("calls") == f"validate\nschema --check\nplan --base {base} {outs}\n"
    assert checkout.read("out/plan/plan.txt") == "2 tenants\n"


@pytest.mark.parametrize("base", [(), ("",), ("0" * 40,)], ids=["none", "empty", "of a first push"])
def test_without_a_base_the_whole_plan_is_made(checkout: Checkout, base: tuple[str, ...]) -> None:
    assert checkout.plan(*base).code == 0
    assert "plan --out" in checkout.read("calls")


def test_a_wrong_file_fails_the_job_and_is_what_the_comment_says(checkout: Checkout) -> None:
    (checkout.root / "broken").touch()
    ended = checkout.plan()
    assert ended.code == 2
    assert "acme.yaml:3" in ended.out
    assert checkout.read("calls") == "validate\n"
    assert "There is no plan" in checkout.read("out/plan/plan.md")
    assert "````text\ntenants/acme.yaml:3: ``` wrong\n````" in checkout.read("out/plan/plan.md")


def test_a_guard_fails_the_job_with_its_own_code_and_keeps_the_report(checkout: Checkout) -> None:
    (checkout.root / "guarded").touch()
    assert checkout.plan().code == 21
    assert checkout.read("out/plan/plan.md") == "report\n"


@pytest.mark.parametrize("base", ["nowhere", "b" * 40])
def test_a_base_that_is_not_there_says_what_to_fetch(checkout: Checkout, base: str) -> None:
    ended = checkout.plan(base)
    assert (ended.code, ended.out) == (2, "")
    assert "fetch-depth: 0" in ended.err.splitlines()[-1]


def test_a_plan_of_an_earlier_run_is_not_taken_for_this_one(checkout: Checkout) -> None:
    checkout.plan()
    (checkout.root / "broken").touch()
    checkout.plan()
    assert checkout.read("out/plan/plan.md") != "report\n"
    assert not (checkout.root / "out/plan/plan.html").exists()


def test_a_deploy_repo_that_anybody_may_read_is_cloned_with_its_tags_and_looked_at(
    checkout: Checkout, tmp_path_factory: pytest.TempPathFactory
) -> None:
    deploy = Checkout(tmp_path_factory.mktemp("deploy"))
    deploy.git("tag", "v1")
    for _ in range(2):  # what an earlier run has cloned is in the way of none
        ended = checkout.plan("HEAD~1", BERTH_DEPLOY_REPO=f"file://{deploy.root}")
        assert ended.code == 0, ended.everything
    assert " --deploy-repo out/deploy-repo --out out/plan/plan.md" in checkout.read("calls")
    assert "--deploy-base" not in checkout.read("calls")
    assert run("git", "tag", cwd=checkout.root / "out/deploy-repo").out == "v1\n"


@pytest.mark.parametrize("address", ["file:///nowhere", "ssh://git@localhost:1/deploy.git", "--upload-pack=id"])
def test_one_that_is_not_to_be_read_fails_the_job_and_says_so_in_the_comment(checkout: Checkout, address: str) -> None:
    ended = checkout.plan(BERTH_DEPLOY_REPO=address)
    assert ended.code == 2
    assert "without a credential" in checkout.read("out/plan/plan.md")
    assert "plan --out" not in checkout.read("calls")


@pytest.mark.parametrize("base", [(), ("HEAD~1",)], ids=["whole", "compared"])
def test_a_repository_that_is_its_own_deploy_repo_is_not_cloned(checkout: Checkout, base: tuple[str, ...]) -> None:
    assert checkout.plan(*base, BERTH_DEPLOY_REPO=".").code == 0
    compared = f" --deploy-base {checkout.git('rev-parse', 'HEAD~1')}" if base else ""
    assert f" --deploy-repo .{compared} --out" in checkout.read("calls")
    assert not (checkout.root / "out/deploy-repo").exists()


def test_no_deploy_repo_is_looked_at_where_none_is_named(checkout: Checkout) -> None:
    assert checkout.plan(BERTH_DEPLOY_REPO="").code == 0
    assert "--deploy-repo" not in checkout.read("calls")


def test_the_plan_is_the_summary_of_the_job(checkout: Checkout) -> None:
    checkout.plan(GITHUB_STEP_SUMMARY=str(checkout.root / "summary"))
    assert checkout.read("summary") == "report\n"


def test_the_real_berth_plans_a_change_of_the_project(tmp_path: Path) -> None:
    checkout = Checkout(copy_project(tmp_path / "project"))
    shutil.copytree(ROOT / "schemas", checkout.root / "schemas")
    checkout.commit("three")
    edit(checkout.root / "tenants/ledger.yaml", r"labels: {", "labels: {floor: third, ")
    ended = run("scripts/ci/plan.sh", "HEAD", cwd=checkout.root)
    # A tenant of dev and prod, changed in both at once: planned, and stopped.
    assert ended.code == EXIT_CODES[Guard.SEVERAL_ENVIRONMENTS], ended.everything
    assert checkout.read("out/plan/plan.md").startswith(PLAN)
    assert "ledger" in checkout.read("out/plan/plan.txt")
    assert "storefront" not in checkout.read("out/plan/plan.txt")
    assert (checkout.root / "out/plan/plan.html").stat().st_size > 0


# stack.sh -----------------------------------------------------------------------------------------------------------


_PLAIN = "--non-interactive --color never --suppress-progress"


@pytest.mark.parametrize(
    ("command", "called"),
    [
        ("preview", "preview --stack dev"),
        ("up", "up --yes --stack dev"),
        ("drift", "refresh --preview-only --expect-no-changes --stack dev"),
    ],
)
def test_a_command_is_one_of_pulumi(checkout: Checkout, command: str, called: str) -> None:
    ended = checkout.stack(command, "dev")
    assert ended.code == 0, ended.err
    assert checkout.read("calls") == f"{called} {_PLAIN}\n"
    assert checkout.read("out/stacks/dev.txt") == f"{called} {_PLAIN}\nsaid aside\n"


@pytest.mark.parametrize("command", ["preview", "up"])
def test_what_fails_in_pulumi_fails_the_job(checkout: Checkout, command: str) -> None:
    assert checkout.stack(command, "dev", ends=255).code == 255


@pytest.mark.parametrize(("ends", "outcome", "code"), [(0, "clean", 0), (7, "drift", 0), (255, "failed", 255)])
def test_drift_is_told_from_not_having_looked(checkout: Checkout, ends: int, outcome: str, code: int) -> None:
    assert checkout.stack("drift", "dev", ends=ends).code == code
    assert checkout.read("out/stacks/dev.outcome") == f"{outcome}\n"


_OUTPUTS = "stack output --json --show-secrets --stack dev --non-interactive --color never"


@pytest.mark.parametrize(
    ("ends", "asked", "outcome", "code"),
    [
        (0, 0, "clean", 0),
        (0, 7, "drift", 0),
        (7, 0, "drift", 0),
        (7, 1, "drift", 1),
        (255, 7, "drift", 255),
        (0, 1, "failed", 1),
        (255, 0, "failed", 255),
    ],
)
def test_the_clusters_are_asked_too_where_the_night_is_to(
    checkout: Checkout, ends: int, asked: int, outcome: str, code: int
) -> None:
    """Not all looked at is a failure, and what was found by the other is told all the same."""
    script = f'#!/bin/sh\necho "$@" >>asked\ncat >>asked\necho 2 objects compared\nexit {asked}\n'
    berth = checkout.program("berth", script)
    pulumi = f'case $1 in stack) echo "a kubeconfig"; exit 0 ;; esac; exit {ends}'
    ended = checkout.stack("drift", "dev", does=pulumi, BERTH_NIGHT="drift", BERTH=berth)
    assert (ended.code, checkout.read("out/stacks/dev.outcome")) == (code, f"{outcome}\n"), ended.everything
    assert _OUTPUTS in checkout.read("calls")
    assert checkout.read("asked").startswith("drift --stack dev --outputs -\n")
    assert "a kubeconfig" in checkout.read("asked")
    for kept in (ended.everything, checkout.read("out/stacks/dev.txt")):
        assert "2 objects compared" in kept
        assert "a kubeconfig" not in kept


@pytest.mark.parametrize(("command", "night"), [("drift", ""), ("drift", "preview"), ("up", "drift")])
def test_the_clusters_are_asked_by_no_other_run(checkout: Checkout, command: str, night: str) -> None:
    berth = checkout.program("berth", "#!/bin/sh\ntouch asked\n")
    assert checkout.stack(command, "dev", BERTH_NIGHT=night, BERTH=berth).code == 0
    assert not (checkout.root / "asked").exists()


def test_the_summary_of_the_job_says_what_pulumi_said(checkout: Checkout) -> None:
    checkout.stack("drift", "dev", ends=7, GITHUB_STEP_SUMMARY=str(checkout.root / "summary"))
    assert checkout.read("summary").startswith("### Drift of dev: drift\n\n```text\nrefresh")


@pytest.mark.parametrize(
    "arguments", [(), ("destroy", "dev"), ("up",), ("up", "../dev"), ("up", "--stack"), ("up", "a b"), ("up", "$(id)")]
)
def test_a_wrong_call_runs_nothing(checkout: Checkout, arguments: tuple[str, ...]) -> None:
    assert checkout.stack(*arguments).code == 2
    assert not (checkout.root / "calls").exists()


def test_without_a_place_for_the_state_nothing_runs(checkout: Checkout) -> None:
    ended = checkout.stack("preview", "dev", PULUMI_BACKEND_URL="")
    assert ended.code == 2
    assert "no PULUMI_BACKEND_URL" in ended.err


_PROGRAM = """\
import os
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider

class Cloud(ResourceProvider):
    def create(self, props):
        return CreateResult("it", props)
    def read(self, id_, props):
        state = os.environ.get("CLOUD", "1")
        if state == "down":
            raise Exception("cannot be reached")
        return ReadResult(id_, {**props, "size": state})
    def diff(self, id_, olds, news):
        return DiffResult(changes=olds.get("size") != news.get("size"))

class Thing(Resource):
    def __init__(self, name, size):
        super().__init__(Cloud(), name, {"size": size})

Thing("thing", "1")
"""


@pytest.mark.pulumi_cli
def test_the_real_engine_tells_drift_by_the_code_that_the_script_knows(checkout: Checkout) -> None:
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH: what the engine itself does is not tried")
    runtime = f"{{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}"
    (checkout.root / "Pulumi.yaml").write_text(f"name: test\nruntime: {runtime}\n", "utf-8")
    (checkout.root / "__main__.py").write_text(_PROGRAM, "utf-8")
    state = checkout.root / "state"
    state.mkdir()
    job = {
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_HOME": str(checkout.root / "home"),
    }

    def stack(command: str, cloud: str) -> Outcome:
        return run("scripts/ci/stack.sh", command, "dev", cwd=checkout.root, CLOUD=cloud, **job)

    made = run("pulumi", "stack", "init", "dev", cwd=checkout.root, **job)
    assert made.code == 0, made.everything
    assert stack("up", "1").code == 0
    for cloud, outcome, good in (("1", "clean", True), ("2", "drift", True), ("down", "failed", False)):
        ended = stack("drift", cloud)
        assert (ended.code == 0, checkout.read("out/stacks/dev.outcome")) == (good, f"{outcome}\n"), ended.everything
