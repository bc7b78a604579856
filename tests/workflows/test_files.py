"""The workflow files themselves: what they pin, what they may do, and that no stranger's text becomes a command."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflows.forges import HEAD, TOKEN, FakeGitHub
from tests.workflows.support import ROOT, run

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
GITLAB = ROOT / "docs/examples/gitlab-ci.yml"
BIN = Path(sys.executable).parent

each_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)


def _load(file: Path) -> dict[str, Any]:
    data = yaml.safe_load(file.read_text("utf-8"))
    return {**data, "on": data[True]}  # YAML 1.1 reads the word as a boolean


def _jobs(file: Path) -> list[dict[str, Any]]:
    return list(_load(file)["jobs"].values())


def _steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in _jobs(file) for step in job.get("steps", [])]


@each_workflow
def test_every_action_is_pinned_by_a_commit_and_tells_its_version(file: Path) -> None:
    used = re.findall(r"^\s*(?:- )?uses: (.*)$", file.read_text("utf-8"), re.MULTILINE)
    assert used
    for line in used:
        assert re.fullmatch(r"\./\.github/workflows/stack\.yml|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_an_action_has_the_same_pin_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for file in WORKFLOWS:
        for name, pin in re.findall(r"uses: ([\w/-]+)@(.*)", file.read_text("utf-8")):
            pins.setdefault(name, set()).add(pin)
    assert {name: found for name, found in pins.items() if len(found) > 1} == {}


@each_workflow
def test_a_workflow_has_no_right_but_what_each_job_states(file: Path) -> None:
    assert _load(file)["permissions"] == {}
    for job in _jobs(file):
        assert job["permissions"]


WRITES = {
    "plan-comment": {"pull-requests"},
    "drift": {"issues", "id-token"},
    "plan": {"id-token"},
    "deploy": {"id-token"},
    "stack": {"id-token"},
    "test": set(),
}


@each_workflow
def test_a_workflow_may_write_what_it_is_for_and_nothing_else(file: Path) -> None:
    assert {right for job in _jobs(file) for right, level in job["permissions"].items() if level != "read"} == WRITES[
        file.stem
    ]


@each_workflow
def test_who_logs_in_to_a_cloud_writes_nothing_to_the_forge(file: Path) -> None:
    for job in _jobs(file):
        if "id-token" in job["permissions"]:
            assert job["permissions"] == {"contents": "read", "id-token": "write"}


@each_workflow
def test_no_workflow_runs_a_forks_code_with_the_repositorys_rights(file: Path) -> None:
    data = _load(file)
    assert "pull_request_target" not in data["on"]
    if "workflow_run" in data["on"]:
        for step in _steps(file):
            assert (
                step.get("uses", "").startswith("actions/checkout@")
                or step["run"] == "python3 -m scripts.forge comment"
            )
            assert "ref" not in step.get("with", {})


@each_workflow
def test_no_expression_is_part_of_a_command(file: Path) -> None:
    for step in _steps(file):
        assert "${{" not in step.get("run", ""), step


@each_workflow
def test_a_command_that_fails_in_a_pipe_fails_its_step(file: Path) -> None:
    """Where GitHub is told no shell, it runs bash without pipefail; where it is told bash, with."""
    data = _load(file)
    for job in data["jobs"].values():
        shell = job.get("defaults", data["defaults"])["run"]["shell"]
        for step in job.get("steps", []):
            assert step.get("shell", shell) == "bash"


@each_workflow
def test_no_workflow_needs_a_stored_secret(file: Path) -> None:
    assert "secrets." not in file.read_text("utf-8")


@each_workflow
def test_a_checkout_leaves_no_token_behind(file: Path) -> None:
    for step in _steps(file):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@each_workflow
def test_every_job_ends(file: Path) -> None:
    for job in _jobs(file):
        assert "uses" in job or job["timeout-minutes"] <= 180


def test_previews_are_not_for_forks_and_skipped_where_not_configured() -> None:
    condition = _load(ROOT / ".github/workflows/plan.yml")["jobs"]["preview"]["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in condition
    assert "vars.BERTH_PREVIEW_STACKS != ''" in condition


def test_a_plan_gets_the_deploy_repos_address_and_nothing_to_log_in_with() -> None:
    plan = _load(ROOT / ".github/workflows/plan.yml")["jobs"]["plan"]
    assert [step["env"] for step in plan["steps"] if "env" in step] == [
        {"BERTH_DEPLOY_REPO": "${{ vars.BERTH_DEPLOY_REPO }}"}
    ]
    assert plan["permissions"] == {"contents": "read"}


def test_a_pull_request_and_the_night_have_environments_of_their_own() -> None:
    night = "${{ matrix.stack }}-${{ vars.BERTH_NIGHT || 'preview' }}"
    for name, command, environment in (("plan", "preview", "${{ matrix.stack }}-preview"), ("drift", "drift", night)):
        for job in _jobs(ROOT / f".github/workflows/{name}.yml"):
            if "uses" in job:
                assert job["with"]["command"] == command
                assert job["with"]["environment"] == environment


def test_prod_comes_after_dev_and_behind_its_environment() -> None:
    jobs = _load(ROOT / ".github/workflows/deploy.yml")["jobs"]
    assert [(name, job.get("needs")) for name, job in jobs.items()] == [
        ("plan", None), ("dev", "plan"), ("prod-preview", "dev"), ("prod", "prod-preview")
    ]  # fmt: skip
    assert jobs["prod"]["with"] == {"command": "up", "stack": "prod", "environment": "prod"}
    assert _load(ROOT / ".github/workflows/stack.yml")["jobs"]["stack"]["environment"] == "${{ inputs.environment }}"


def test_what_is_deployed_is_planned_against_and_not_what_was_pushed_before() -> None:
    jobs = _load(ROOT / ".github/workflows/deploy.yml")["jobs"]
    assert jobs["dev"]["with"] == {"command": "up", "stack": "dev", "environment": "dev", "first": True}
    steps = _steps(ROOT / ".github/workflows/stack.yml")
    assert steps[0]["with"]["fetch-depth"] == "${{ inputs.command == 'up' && '0' || '1' }}"
    assert next(step for step in steps if step["name"] == "Run")["env"]["BERTH_FIRST"] == "${{ inputs.first }}"
    gitlab = _gitlab()
    assert gitlab[".up"]["variables"]["GIT_DEPTH"] == "0"
    assert gitlab["up dev"]["variables"] == {"STACK": "dev", "BERTH_FIRST": "true"}
    assert gitlab["up prod"]["variables"] == {"STACK": "prod"}
    for file in (*WORKFLOWS, GITLAB):
        assert not re.search(r"event\.before|CI_COMMIT_BEFORE_SHA", file.read_text("utf-8"))


def test_two_deploys_of_a_stack_never_run_at_once_and_none_is_stopped() -> None:
    jobs = _load(ROOT / ".github/workflows/deploy.yml")["jobs"]
    groups = {name: job["concurrency"] for name, job in jobs.items() if job.get("with", {}).get("command") == "up"}
    assert {name: group["cancel-in-progress"] for name, group in groups.items()} == {"dev": False, "prod": False}
    assert len({group["group"] for group in groups.values()}) == 2


_NEWEST = "steps.newest.outputs.superseded == 'false'"


def test_nothing_is_set_up_or_deployed_without_the_answer_that_the_branch_has_not_moved_on() -> None:
    steps = _steps(ROOT / ".github/workflows/stack.yml")
    newest = next(number for number, step in enumerate(steps) if step.get("id") == "newest")
    assert [step["name"] for step in steps[:newest]] == ["Check out"]
    assert "if" not in steps[newest]
    after = [step for step in steps[newest + 1 :] if step["name"] != "Keep what was printed"]
    assert "Run" in [step["name"] for step in after]
    for step in after:  # what is not said is equal to no text: one false part of these closes the step
        assert _NEWEST in step["if"].split(" && ")
        assert "||" not in step["if"]
        assert not re.search(r"\b(always|failure|cancelled)\(", step["if"])


@pytest.mark.parametrize(
    ("command", "main", "token", "code", "said"),
    [
        ("up", HEAD, TOKEN, 0, "superseded=false\n"),
        ("up", "b" * 40, TOKEN, 0, "superseded=true\n"),
        ("up", HEAD, "refused", 1, ""),
        ("preview", "b" * 40, "refused", 0, "superseded=false\n"),
    ],
)
def test_the_look_at_the_branch_fails_with_what_asks(
    tmp_path: Path, command: str, main: str, token: str, code: int, said: str
) -> None:
    script = next(step["run"] for step in _steps(ROOT / ".github/workflows/stack.yml") if step.get("id") == "newest")
    output = tmp_path / "output"
    output.touch()
    with FakeGitHub(main=main).up() as job:
        given = {**job, "COMMAND": command, "GITHUB_TOKEN": token, "GITHUB_OUTPUT": str(output)}
        ended = run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script, cwd=ROOT, **given)
    assert (ended.code, output.read_text("utf-8")) == (code, said), ended.everything


def test_the_comment_waits_for_the_workflow_that_plans() -> None:
    plan = _load(ROOT / ".github/workflows/plan.yml")
    comment = _load(ROOT / ".github/workflows/plan-comment.yml")
    assert comment["on"]["workflow_run"]["workflows"] == [plan["name"]]


def test_pulumi_is_the_version_that_the_program_is_pinned_to() -> None:
    pinned = re.search(r"^pulumi==(.*)$", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    step = next(step for step in _steps(ROOT / ".github/workflows/stack.yml") if "pulumi/" in step.get("uses", ""))
    assert pinned is not None
    assert step["with"]["pulumi-version"] == pinned[1]


# GitLab -------------------------------------------------------------------------------------------------------------


def _gitlab() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(GITLAB.read_text("utf-8"))
    return data


def test_gitlab_runs_the_same_scripts() -> None:
    def scripts(text: str) -> set[str]:
        return set(re.findall(r"scripts/ci/(?:plan|stack)\.sh|scripts\.forge (?:drift|note)", text))

    on_github = scripts("".join(file.read_text("utf-8") for file in WORKFLOWS))
    assert scripts(GITLAB.read_text("utf-8")) == on_github | {"scripts.forge note"}


def test_gitlabs_jobs_that_read_name_the_environments_that_only_read() -> None:
    jobs = {name: job for name, job in _gitlab().items() if isinstance(job, dict) and "environment" in job}
    nightly = {name for name, job in jobs.items() if job["environment"]["name"].endswith("-$BERTH_NIGHT")}
    assert nightly == {name for name, job in jobs.items() if job["extends"] == ".drift"} == {"drift dev", "drift prod"}
    assert _gitlab()["variables"]["BERTH_NIGHT"] == "preview"
    writing = {name for name, job in jobs.items() if not job["environment"]["name"].endswith("-preview")} - nightly
    assert writing == {"up dev", "up prod"}
    assert all(jobs[name]["extends"] == ".up" for name in writing)


def test_gitlab_deploys_prod_by_hand_one_at_a_time() -> None:
    data = _gitlab()
    assert data["up prod"]["rules"][0]["when"] == "manual"
    assert data["up prod"]["needs"] == ["preview prod again"]
    assert (data[".up"]["resource_group"], data[".up"]["interruptible"]) == ("$STACK", False)


# Other programs' opinions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.dependabot", [ROOT / ".github/dependabot.yml"]),
        ("vendor.gitlab-ci", [GITLAB]),
    ],
    ids=["github", "dependabot", "gitlab"],
)
def test_the_files_are_of_the_forges_schemas(schema: str, files: list[Path]) -> None:
    ended = run(str(BIN / "check-jsonschema"), "--builtin-schema", schema, *map(str, files))
    assert ended.code == 0, ended.everything


def test_actionlint_finds_nothing() -> None:
    actionlint = BIN / "actionlint"
    if not actionlint.exists():
        pytest.skip("actionlint is not built: make lint builds it")
    ended = run(str(actionlint), "-shellcheck", str(BIN / "shellcheck"), "-pyflakes", "", *map(str, WORKFLOWS))
    assert ended.code == 0, ended.everything


def test_zizmor_finds_nothing_and_would_find_a_moved_tag(tmp_path: Path) -> None:
    zizmor = (str(BIN / "zizmor"), "--offline", "--no-progress", "--persona=auditor")
    ended = run(*zizmor, str(ROOT / ".github"))
    assert ended.code == 0, ended.everything
    broken = tmp_path / "plan.yml"
    text = (ROOT / ".github/workflows/plan.yml").read_text("utf-8")
    broken.write_text(re.sub(r"checkout@\S+ # \S+", "checkout@v7", text), "utf-8")
    assert run(*zizmor, str(broken)).code != 0
