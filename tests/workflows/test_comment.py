"""The comment on a pull request: one, updated in place, on the right pull request, whatever the run's code wrote."""

from __future__ import annotations

import pytest

from scripts.forge.text import GITHUB_LIMIT, PLAN
from tests.workflows.forges import BOT, FakeGitHub, packed, pull
from tests.workflows.support import forge


def _comment(github: FakeGitHub) -> str:
    """The one comment, after the job ran and said nothing wrong."""
    with github.up() as job:
        ended = forge(job, "comment")
    assert (ended.code, ended.err) == (0, "")
    assert len(github.comments) == 1
    return str(github.comments[0]["body"])


def test_the_plan_is_put_on_the_pull_request() -> None:
    github = FakeGitHub(artifacts={"plan-comment": packed(plan_md=f"{PLAN}\n**2 tenants**\n", plan_txt="2 tenants")})
    body = _comment(github)
    assert body.startswith(f"{PLAN}\n**2 tenants**\n")
    assert body.count(PLAN) == 1


def test_a_second_run_updates_the_comment_in_place() -> None:
    github = FakeGitHub()
    _comment(github)
    github.artifacts = {"plan-comment": packed(plan_md="**later**", plan_txt="later")}
    assert "**later**" in _comment(github)
    assert [call.method for call in github.written()] == ["POST", "PATCH"]


def test_the_own_comment_is_found_behind_a_hundred_others() -> None:
    github = FakeGitHub()
    others = [{"id": number, "user": {"login": "someone"}, "body": "hello"} for number in range(150)]
    github.comments = [*others, {"id": 200, "user": BOT, "body": f"{PLAN}\nold"}]
    with github.up() as job:
        assert forge(job, "comment").code == 0
    assert "**m**" in github.comments[-1]["body"]
    assert len(github.comments) == 151


@pytest.mark.parametrize(
    "theirs",
    [
        {"id": 1, "user": {"login": "someone"}, "body": f"{PLAN}\nmine"},
        {"id": 1, "user": BOT, "body": f"quoted: {PLAN}"},
        {"id": 1, "user": None, "body": f"{PLAN}\nof a deleted account"},
    ],
)
def test_a_comment_that_is_not_its_own_is_left_alone(theirs: dict[str, object]) -> None:
    github = FakeGitHub(comments=[dict(theirs)])
    with github.up() as job:
        assert forge(job, "comment").code == 0
    assert [call.method for call in github.written()] == ["POST"]
    assert github.comments[0] == theirs


def test_the_report_is_linked_by_what_github_says_of_it() -> None:
    github = FakeGitHub()
    github.artifacts["plan-report"] = packed(plan_html="<p>")
    assert "[full report](https://forge.example.com/us/berth/actions/runs/7/artifacts/1)" in _comment(github)


def test_a_run_that_left_no_plan_is_said() -> None:
    assert "There is no plan of this commit" in _comment(FakeGitHub(artifacts={}))


# Which pull request ------------------------------------------------------------------------------------------------


def test_a_run_of_an_older_commit_says_nothing() -> None:
    github = FakeGitHub(pulls=[pull(5, sha="b" * 40)])
    with github.up() as job:
        ended = forge(job, "comment")
    assert (ended.code, github.written()) == (0, [])
    assert "no open pull request stands at" in ended.out


def test_a_pull_request_of_another_repository_with_that_branch_is_not_meant() -> None:
    github = FakeGitHub(pulls=[pull(5, repo=2)])
    with github.up() as job:
        assert forge(job, "comment").code == 0
    assert github.written() == []


def test_what_the_run_wrote_cannot_choose_the_pull_request() -> None:
    github = FakeGitHub()
    github.from_fork()
    wrote = packed(plan_txt="t", number="4", pr_txt="4", event_json='{"number": 4}')
    github.artifacts = {"plan-comment": wrote}
    _comment(github)
    assert {call.path for call in github.written()} == {"/repos/us/berth/issues/5/comments"}


def test_two_pull_requests_with_one_head_are_refused() -> None:
    github = FakeGitHub(pulls=[pull(5), pull(6)])
    with github.up() as job:
        ended = forge(job, "comment")
    assert (ended.code, github.written()) == (3, [])
    assert "pull requests 5, 6 have the same head" in ended.err


@pytest.mark.parametrize(
    ("key", "value"),
    [("event", "push"), ("path", ".github/workflows/other.yml"), ("path", ".github/workflows/plan.yml2")],
)
def test_a_run_of_something_else_is_refused(key: str, value: str) -> None:
    github = FakeGitHub()
    github.run[key] = value
    with github.up() as job:
        ended = forge(job, "comment")
    assert (ended.code, github.written()) == (3, [])


def test_a_run_of_a_fork_that_is_gone_says_nothing() -> None:
    github = FakeGitHub()
    github.run["head_repository"] = None
    with github.up() as job:
        ended = forge(job, "comment")
    assert (ended.code, github.written()) == (0, [])


# What the run's code wrote ------------------------------------------------------------------------------------------


def test_the_plan_of_a_fork_is_plain_text_that_nothing_in_it_ends() -> None:
    github = FakeGitHub()
    github.from_fork()
    attack = "```\n<img src=x>\n````\n@someone [approved](https://evil.example.com)\x1b[31m"
    github.artifacts = {"plan-comment": packed(plan_md="# rendered", plan_txt=attack)}
    body = _comment(github)
    assert "of a fork's branch" in body
    assert "# rendered" not in body
    block = body.split("`````")
    assert len(block) == 3  # one fence that opens, one that closes, and the attack between them
    assert "@someone" in block[1]
    assert "\x1b" not in body


def test_nobody_is_called_by_a_plan() -> None:
    plan = "owners: @team/payments, `@someone`, pay@example.com"
    body = _comment(FakeGitHub(artifacts={"plan-comment": packed(plan_md=plan, plan_txt="t")}))
    assert "@team" not in body
    assert "@someone" not in body
    assert "pay@example.com" in body


@pytest.mark.parametrize("fork", [False, True])
def test_a_plan_that_is_too_long_is_cut_to_what_github_takes(fork: bool) -> None:
    github = FakeGitHub()
    if fork:
        github.from_fork()
    long = "<details><summary>all</summary>\n\n```diff\n" + "+ a line of the plan\n" * 9000
    github.artifacts = {"plan-comment": packed(plan_md=long, plan_txt=long)}
    body = _comment(github)
    assert GITHUB_LIMIT - 500 < len(body) <= GITHUB_LIMIT
    assert "rest is in the" in body
    assert body.rstrip().endswith("</sub>")


def test_a_cut_plan_closes_what_was_open() -> None:
    long = "<details><summary>all</summary>\n\n```diff\n" + "+ a line of the plan\n" * 9000
    body = _comment(FakeGitHub(artifacts={"plan-comment": packed(plan_md=long, plan_txt="t")}))
    assert body.count("```") == 2
    assert body.count("</details>") == 1


@pytest.mark.parametrize("said", [None, 1000])
def test_files_that_are_too_large_are_refused_whatever_their_size_is_said_to_be(said: int | None) -> None:
    github = FakeGitHub(artifacts={"plan-comment": b"x" * 2_000_001}, said_size=said)
    with github.up() as job:
        ended = forge(job, "comment")
    assert (ended.code, github.written()) == (3, [])
    assert "larger than 2000000 bytes" in ended.err


def test_a_small_file_that_unpacks_to_a_large_one_is_refused() -> None:
    github = FakeGitHub(artifacts={"plan-comment": packed(plan_txt=b"\0" * 50_000_000)})
    with github.up() as job:
        ended = forge(job, "comment")
    assert (ended.code, github.written()) == (3, [])
    assert "plan.txt is larger than" in ended.err


def test_an_artifact_that_is_no_zip_file_is_refused() -> None:
    github = FakeGitHub(artifacts={"plan-comment": b"hello"})
    with github.up() as job:
        ended = forge(job, "comment")
    assert (ended.code, github.written()) == (3, [])
    assert "cannot be read" in ended.err


# What fails ---------------------------------------------------------------------------------------------------------


def test_a_token_that_is_refused_is_one_line_without_the_token() -> None:
    with FakeGitHub().up() as job:
        ended = forge({**job, "GITHUB_TOKEN": "wrong-token"}, "comment")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert "401" in ended.err
    assert "wrong-token" not in ended.err


def test_a_forge_that_does_not_answer_is_one_line() -> None:
    with FakeGitHub().up() as job:
        pass
    ended = forge(job, "comment")
    assert (ended.code, ended.err.count("\n")) == (1, 1)


def test_outside_of_a_workflow_it_says_what_is_missing() -> None:
    ended = forge({}, "comment")
    assert (ended.code, ended.err) == (1, "error: GITHUB_API_URL is not set: run this in a workflow\n")


@pytest.mark.parametrize(("main", "answer"), [("a" * 40, "false"), ("b" * 40, "true")])
def test_a_commit_that_the_branch_has_left_is_superseded(main: str, answer: str) -> None:
    with FakeGitHub(main=main).up() as job:
        assert forge(job, "superseded").out == f"superseded={answer}\n"
