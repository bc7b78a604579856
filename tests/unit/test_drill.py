"""`berth drill`: where it refuses to begin, how it takes the time, and that it puts back what it did."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest

from berth.cli.drill import show
from berth.drill import Ground, Step, find_ground, ground, hand, run, watch
from berth.drill.hand import ByHand, Fault, _other_tag
from berth.drill.watch import Wait, until
from berth.errors import InvalidInput, OperationFailed
from berth.local.fleet import Member
from berth.settings import Engine
from berth.status import Row, State
from tests.support import Sandbox

RUN = sys.modules["berth.drill.run"]
"""The module: its function has the same name."""
LOCAL = "url: http://127.0.0.1:7480/deploy.git"


class Told:
    """Keeps what a drill reports."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps: list[Step] = []

    def doing(self, what: str) -> None:
        self.lines.append(what)

    def done(self, step: Step) -> None:
        self.steps.append(step)


# ---- taking the time ----------------------------------------------------------------------------------------------


def test_each_cluster_is_a_step_when_it_is_seen_and_a_missed_one_has_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = count(5.0)  # one more with each look at the clock
    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=lambda: next(seconds), sleep=lambda _: None))
    answers = iter([{}, {"aws": "one"}, {"aws": "one"}])
    waits = [Wait("seen", "aws", 60, 0.0, "Git every 2s"), Wait("seen", "gcp", 6, 0.0)]
    first, second = until(waits, lambda: next(answers, {}))
    assert (first.cluster, first.pace, first.told, first.good) == ("aws", "Git every 2s", "one", True)
    assert first.seconds == 6
    assert (second.cluster, second.seconds, second.told, second.good) == ("gcp", None, "not within 6 s", False)


@pytest.mark.parametrize(("engine", "seconds"), [("flux", 1.05 * (30 + 60) + 120 + 90), ("argocd", 90)])
def test_a_change_by_hand_has_the_time_of_a_sync_that_fails_once(sandbox: Sandbox, engine: str, seconds: float) -> None:
    # A Deployment that goes between applying and the look at workloads is waited for until the sync's timeout.
    sandbox.tenant("sync: {interval: 30s, timeout: 2m}\n")
    fleet: Any = SimpleNamespace(agent=SimpleNamespace(engine=Engine(engine)))
    found = Ground(fleet, sandbox.load(), "dev", "acme", {"aws-dev": sandbox.placed()})
    assert found.heal_seconds("aws-dev") == pytest.approx(seconds)


@pytest.mark.parametrize(("engine", "seconds"), [("flux", 400 + 1.05 * 60 + 120), ("argocd", 60 + 1.05 * 60 + 120)])
def test_all_of_the_fleet_has_the_time_of_a_sync_that_fails_once(sandbox: Sandbox, engine: str, seconds: float) -> None:
    sandbox.tenant("sync: {timeout: 10s}\n")
    sandbox.tenant("sync: {timeout: 400s}\n", name="slow")
    fleet: Any = SimpleNamespace(agent=SimpleNamespace(engine=Engine(engine)))
    found = Ground(fleet, sandbox.load(), "dev", "acme", {"aws-dev": sandbox.placed()})
    assert found.settle_seconds == pytest.approx(seconds)


def test_what_is_undone_after_a_sync_that_fails_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda _: now.__setitem__(0, now[0] + 10), time=lambda: 0.0)
    monkeypatch.setattr(hand, "time", clock)
    monkeypatch.setattr(ByHand, "_ask_for_sync", lambda *_: None)
    part = ByHand(cast(Ground, SimpleNamespace(heal_seconds=lambda _: 218.0)))
    part._open = [Fault("deletion by hand undone", "aws-dev", "Deployment web", lambda: now[0] >= 130)]
    part.undo()
    part._open = [Fault("deletion by hand undone", "aws-dev", "Deployment web", lambda: False)]
    with pytest.raises(OperationFailed, match="Deployment web in aws-dev is not undone"):
        part.undo()
    assert now[0] < 400


@pytest.mark.parametrize(
    ("image", "other"),
    [
        ("registry.example.com:5000/shop/web:1.2", "registry.example.com:5000/shop/web:berth-drill"),
        ("registry.example.com/web@sha256:00", "registry.example.com/web:berth-drill"),
        ("web", "web:berth-drill"),
    ],
)
def test_a_change_by_hand_stays_in_the_registry_that_the_tenant_may_use(image: str, other: str) -> None:
    assert _other_tag(image) == other


# ---- where it begins ----------------------------------------------------------------------------------------------


@pytest.fixture
def fleet(sandbox: Sandbox) -> Any:
    """What of a fleet is asked: its processes."""
    member = Member("git-server", SimpleNamespace())  # type: ignore[arg-type]
    return SimpleNamespace(members=lambda: [member], former=None, stack=sandbox.load().stack("dev"))


def rows(monkeypatch: pytest.MonkeyPatch, *states: State) -> None:
    found = [Row("acme", "aws-dev", "aws", "dev", state, "b", "a") for state in states]
    monkeypatch.setattr(ground, "collect_all", lambda *_: SimpleNamespace(rows=found))


def test_a_tenant_is_taken_that_is_in_the_most_clusters(
    sandbox: Sandbox, fleet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows(monkeypatch, State.IN_SYNC)
    sandbox.tenant(name="wide", placements="placements:\n  - environments: [dev]\n    clouds: [aws, gcp]\n")
    assert find_ground(fleet, sandbox.load(), "dev").tenant == "wide"
    assert find_ground(fleet, sandbox.load(), "dev", "acme").clusters == ["aws-dev"]


@pytest.mark.parametrize("state", [State.FAILING, State.SYNCING, State.MISSING, State.UNREACHABLE, State.UNKNOWN])
def test_a_fleet_that_is_not_in_sync_is_left_alone(
    sandbox: Sandbox, fleet: Any, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    rows(monkeypatch, State.IN_SYNC, state)
    with pytest.raises(OperationFailed, match=f"acme in aws-dev is {state.value}"):
        find_ground(fleet, sandbox.load(), "dev")


def test_a_fleet_of_which_a_process_is_gone_is_left_alone(sandbox: Sandbox, fleet: Any) -> None:
    fleet.members = lambda: [Member("aws-local/kwok", None)]
    with pytest.raises(OperationFailed, match="aws-local/kwok does not run"):
        find_ground(fleet, sandbox.load(), "dev")


@pytest.mark.parametrize("more", ["lifecycle: suspended\n", "source: {ref: {tag: v1}}\n"])
def test_a_tenant_that_follows_no_branch_or_is_suspended_is_no_tenant_for_it(
    sandbox: Sandbox, fleet: Any, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    rows(monkeypatch, State.IN_SYNC)
    sandbox.tenant(name="other")
    sandbox.tenant(more, name="acmes")
    with pytest.raises(InvalidInput) as wrong:
        find_ground(fleet, sandbox.load(), "dev", "acmes")
    assert "one of acme, other" in str(wrong.value)


def test_without_a_fleet_it_says_how_to_start_one(sandbox: Sandbox) -> None:
    other = sandbox.run("drill", "--stack", "dev")
    assert (other.code, other.err.splitlines()[0]) == (1, "error: the stack dev does not describe a local fleet")
    text = (sandbox.root / "Pulumi.dev.yaml").read_text()
    clusters = text[text.index("    - name: gcp-dev") :]
    sandbox.write(
        "Pulumi.dev.yaml",
        f"config:\n  berth:environment: dev\n  berth:deployRepo: {{{LOCAL}}}\n  berth:clusters:\n{clusters}",
    )
    sandbox.edit("tenants/acme.yaml", "clouds: [aws]", "clouds: [gcp]")
    ended = sandbox.run("drill", "--stack", "dev", "--json")
    assert ended.code == 1
    assert ended.err.splitlines() == ["error: there is no local fleet here to try it on", "  try: berth local demo"]


# ---- the way back -------------------------------------------------------------------------------------------------


class Part:
    """A part of a drill that says what is asked of it."""

    def __init__(self, name: str, log: list[str], *outcome: Step | BaseException) -> None:
        self.name, self.log, self.outcome = name, log, outcome

    def __call__(self, _: Ground) -> Part:
        return self

    def steps(self, _: Told) -> Iterator[Step]:
        for each in self.outcome:
            if isinstance(each, BaseException):
                raise each
            yield each

    def undo(self) -> None:
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN, "a Ctrl-C waits until it is undone"
        self.log.append(f"undo {self.name}")


GROUND = cast(Ground, SimpleNamespace(settle_seconds=1.0))
GOOD = Step("seen", "aws", 1.0)
MISSED = replace(GOOD, seconds=None)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is done on the way back. SIGINT is heard, also where the tests run in the background."""
    found: list[str] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(RUN, "check_in_sync", lambda _: found.append("in sync"))
    yield found
    signal.signal(signal.SIGINT, before)


def parts(monkeypatch: pytest.MonkeyPatch, *three: Part) -> None:
    for name, part in zip(("BadCommit", "ByHand", "Outage"), three, strict=True):
        monkeypatch.setattr(RUN, name, part)


def test_each_part_is_undone_and_all_is_in_sync_before_the_next(
    monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    parts(monkeypatch, *(Part(name, log, GOOD) for name in "abc"))
    told = Told()
    steps = run(GROUND, told)
    assert steps == told.steps == [GOOD] * 3
    assert log == ["undo a", "in sync", "undo b", "in sync", "undo c", "in sync"]


def test_a_part_with_a_step_that_was_missed_is_the_last(monkeypatch: pytest.MonkeyPatch, log: list[str]) -> None:
    parts(monkeypatch, Part("a", log, MISSED, GOOD), Part("b", log, GOOD), Part("c", log, GOOD))
    assert run(GROUND, Told()) == [MISSED, GOOD]
    assert log == ["undo a", "in sync"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OperationFailed("kubectl")])
def test_whatever_ends_it_what_was_done_is_undone(
    monkeypatch: pytest.MonkeyPatch, log: list[str], error: BaseException
) -> None:
    before = signal.getsignal(signal.SIGINT)
    parts(monkeypatch, Part("a", log, GOOD), Part("b", log, error), Part("c", log, GOOD))
    with pytest.raises(type(error)):
        run(GROUND, Told())
    assert log == ["undo a", "in sync", "undo b", "in sync"]
    assert signal.getsignal(signal.SIGINT) is before


def test_the_table_says_how_long_each_step_took_and_what_was_missed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show([replace(GOOD, pace="Git every 2s", told="failing"), MISSED])
    assert capsys.readouterr().out.splitlines() == [
        "STEP\tCLUSTER\tTOOK\tPACE\tSEEN",
        "seen\taws\t1.0 s\tGit every 2s\tfailing",
        "seen\taws\t-\t-\t",
    ]
    assert json.dumps(MISSED.as_dict())
    assert MISSED.as_dict()["good"] is False
