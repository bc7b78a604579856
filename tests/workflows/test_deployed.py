"""Before a deploy, the plan of what has come since the last one: what a guard stopped, the next push does not free."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from berth.settings.guards import EXIT_CODES, Guard
from scripts.ci.deployed import PAGE
from tests.e2e.harness import copy_project, edit
from tests.support import Outcome
from tests.workflows.checkout import Checkout
from tests.workflows.support import ROOT, run


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def _update(commit: str, *, kind: str = "update", result: str = "succeeded", **flags: str) -> dict[str, Any]:
    """An entry of `pulumi stack history`."""
    named = {"git.head": commit} if commit else {}
    return {"kind": kind, "result": result, "environment": named | {f"pulumi.flag.{flag}": "set" for flag in flags}}


def _up(checkout: Checkout, **environment: str) -> Outcome:
    return checkout.stack("up", "dev", ends=0, does="", BERTH=checkout.berth(), **environment)


def _did(checkout: Checkout) -> list[str]:
    """What was called, a line each, without what is always there."""
    calls = checkout.root / "calls"
    lines = calls.read_text("utf-8").splitlines() if calls.exists() else []
    return [line.partition(" --out ")[0].partition(" --non-interactive")[0] for line in lines]


UP = "up --yes --stack dev"


def test_a_deploy_is_planned_against_the_commit_that_is_deployed(checkout: Checkout) -> None:
    deployed = checkout.git("rev-parse", "HEAD~1")
    checkout.deployed(_update(deployed))
    assert _up(checkout).code == 0
    assert _did(checkout) == [f"plan --base {deployed} --stack dev", UP]
    assert checkout.read("out/stacks/dev.plan.txt") == "2 tenants\n"


def test_for_the_stack_that_a_change_comes_to_first_the_plan_is_of_all_stacks(checkout: Checkout) -> None:
    deployed = checkout.git("rev-parse", "HEAD~1")
    checkout.deployed(_update(deployed))
    assert _up(checkout, BERTH_FIRST="true").code == 0
    assert _did(checkout) == [f"plan --base {deployed}", UP]


def test_a_guard_stops_the_deploy_with_its_own_code_and_the_summary_says_why(checkout: Checkout) -> None:
    checkout.deployed(_update(checkout.git("rev-parse", "HEAD~1")))
    (checkout.root / "guarded").touch()
    ended = _up(checkout, GITHUB_STEP_SUMMARY=str(checkout.root / "summary"))
    assert ended.code == 21
    assert UP not in _did(checkout)
    assert "nothing was deployed" in ended.err
    assert checkout.read("summary") == "report\n"


@pytest.mark.parametrize("command", ["preview", "drift"])
def test_what_deploys_nothing_is_not_planned(checkout: Checkout, command: str) -> None:
    checkout.deployed(_update(""))
    (checkout.root / "guarded").touch()
    assert checkout.stack(command, "dev", BERTH=checkout.berth()).code == 0
    assert [line for line in _did(checkout) if line.startswith("plan")] == []


# What is deployed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("updates", [[], [_update("b" * 40, kind="destroy")]], ids=["never", "destroyed"])
def test_where_nothing_is_deployed_there_is_nothing_to_compare_with(
    checkout: Checkout, updates: list[dict[str, Any]]
) -> None:
    checkout.deployed(*updates, resources=0)
    ended = _up(checkout)
    assert (ended.code, _did(checkout)) == (0, [UP])
    assert "nothing is deployed to dev yet" in ended.out


def test_what_failed_was_of_a_part_or_only_looked_is_not_what_is_deployed(checkout: Checkout) -> None:
    deployed, other = checkout.git("rev-parse", "HEAD~1"), checkout.git("rev-parse", "HEAD")
    others = [
        _update(other, result="failed"),
        _update(other, target="one"),
        _update(other, exclude="one"),
        _update(other, **{"target-replace": "one"}),
        _update(other, kind="refresh"),
    ]
    checkout.deployed(*others * PAGE, _update(deployed), _update(other))
    assert _up(checkout).code == 0
    assert _did(checkout)[0] == f"plan --base {deployed} --stack dev"


def test_where_no_deploy_ever_succeeded_it_is_the_last_one_that_began(checkout: Checkout) -> None:
    begun, before = checkout.git("rev-parse", "HEAD"), checkout.git("rev-parse", "HEAD~1")
    checkout.deployed(_update(begun, result="failed"), _update(before, result="failed"))
    assert _up(checkout).code == 0
    assert _did(checkout)[0] == f"plan --base {begun} --stack dev"


@pytest.mark.parametrize("updates", [[], [_update("")], [_update("", result="failed")]])
def test_a_stack_that_does_not_tell_its_commit_is_not_deployed(
    checkout: Checkout, updates: list[dict[str, Any]]
) -> None:
    checkout.deployed(*updates)
    ended = _up(checkout)
    assert (ended.code, _did(checkout)) == (1, [])
    assert "deploy once by hand" in ended.err


def test_a_commit_that_is_not_in_the_history_here_is_told(checkout: Checkout) -> None:
    checkout.deployed(_update("b" * 40))
    ended = _up(checkout)
    assert (ended.code, _did(checkout)) == (2, [])
    assert f"dev was deployed with {'b' * 40}, which is not here" in ended.err


@pytest.mark.parametrize("what", ["export", "history-1"])
@pytest.mark.parametrize("said", [None, "", "no JSON", "{}", "[0]"], ids=["fails", "nothing", "no JSON", "{}", "[0]"])
def test_where_pulumi_does_not_say_what_is_deployed_nothing_is(checkout: Checkout, what: str, said: str | None) -> None:
    checkout.deployed(_update(checkout.git("rev-parse", "HEAD")))
    told = checkout.root / "state" / what
    told.unlink()
    told.mkdir() if said is None else told.write_text(said, "utf-8")  # a folder cannot be printed
    ended = _up(checkout)
    assert (ended.code, _did(checkout)) == (1, [])
    assert "deployed.py: " in ended.err
    assert "Traceback" not in ended.err


# With the real programs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("approved", "code"), [(False, EXIT_CODES[Guard.TENANT_REMOVED]), (True, 0)])
def test_what_a_guard_stopped_is_stopped_still_after_the_next_push(tmp_path: Path, approved: bool, code: int) -> None:
    checkout = Checkout(copy_project(tmp_path / "project"))
    checkout.commit("deployed")
    checkout.deployed(_update(checkout.git("rev-parse", "HEAD")))
    (checkout.root / "tenants/telemetry.yaml").unlink()
    checkout.commit("stopped")
    assert checkout.stack("up", "dev").code == EXIT_CODES[Guard.TENANT_REMOVED]
    (checkout.root / "README.md").write_text("Another change.\n", "utf-8")
    if approved:
        approval = "{guard: tenant-removed, subject: telemetry, reason: It is meant}"
        edit(checkout.root / "Pulumi.dev.yaml", r"config:\n", f"config:\n  berth:guards: {{approvals: [{approval}]}}\n")
    checkout.commit("the next push")
    ended = checkout.stack("up", "dev")
    assert ended.code == code, ended.everything
    assert (UP in _did(checkout)) is approved


_PROGRAM = """\
import os
import pulumi

class Thing(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("test:Thing", "thing")

Thing()
if os.environ.get("FAILS"):
    raise Exception("as it is to")
"""


@pytest.mark.pulumi_cli
def test_the_real_engine_tells_the_commit_of_the_last_deploy_that_succeeded(checkout: Checkout) -> None:
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH: what the engine itself does is not tried")
    runtime = f"{{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}"
    (checkout.root / "Pulumi.yaml").write_text(f"name: test\nruntime: {runtime}\n", "utf-8")
    (checkout.root / "__main__.py").write_text(_PROGRAM, "utf-8")
    (checkout.root / ".gitignore").write_text("state\nhome\nout\n", "utf-8")
    (checkout.root / "state").mkdir()
    job = {
        "PULUMI_BACKEND_URL": f"file://{checkout.root / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_HOME": str(checkout.root / "home"),
    }

    def pulumi(*arguments: str, good: bool = True, **environment: str) -> None:
        ended = run("pulumi", *arguments, "--non-interactive", cwd=checkout.root, **job, **environment)
        assert (ended.code == 0) is good, ended.everything

    def deployed() -> str:
        ended = run(sys.executable, "-S", "scripts/ci/deployed.py", "dev", cwd=checkout.root, **job)
        assert (ended.code, ended.err) == (0, "")
        return ended.out.strip()

    pulumi("stack", "init", "dev")
    assert deployed() == ""
    checkout.commit("three")
    pulumi("up", "--yes", "--stack", "dev")
    three = checkout.git("rev-parse", "HEAD")
    assert deployed() == three
    checkout.commit("four")
    pulumi("up", "--yes", "--stack", "dev", good=False, FAILS="true")
    assert deployed() == three
    pulumi("up", "--yes", "--stack", "dev", "--target", "urn:pulumi:dev::test::test:Thing::thing")
    assert deployed() == three
    pulumi("up", "--yes", "--stack", "dev")
    assert deployed() == checkout.git("rev-parse", "HEAD")
    pulumi("destroy", "--yes", "--stack", "dev")
    assert deployed() == ""


def test_a_stack_that_is_not_there_is_not_one_without_a_deploy(checkout: Checkout) -> None:
    checkout.deployed()
    checkout.program("pulumi", '#!/bin/sh\necho "error: no stack named dev" >&2\nexit 6\n')
    path = f"{checkout.root / 'bin'}:/usr/bin:/bin"
    ended = run(sys.executable, str(ROOT / "scripts/ci/deployed.py"), "dev", cwd=checkout.root, PATH=path)
    assert (ended.code, ended.out) == (1, "")
