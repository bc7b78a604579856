"""The engine's own preview of a first deployment, in front of clusters that answer: the API servers of a local
fleet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.generate import generate
from bench.limited import Limited, run_limited
from bench.measure import ROOT
from bench.status import real

LIMIT = 10 * 60.0
"""Seconds after which a preview is ended."""
AT_LEAST = 15
"""How many times as long as the whole plan it is to take."""


@dataclass(frozen=True)
class Preview:
    """The preview of so many tenants, beside their plan."""

    tenants: int
    run: Limited
    asked: int
    """What the API servers were asked meanwhile: what would become of an object."""
    plan: float
    """Seconds of `berth plan` of the same files."""

    @property
    def times(self) -> float:
        return self.run.seconds / self.plan

    @property
    def more(self) -> str:
        """What to say before a figure that is not known to its end."""
        return "" if self.run.ended else "more than "


def previews(folder: Path, plans: dict[int, float]) -> list[Preview]:
    """The previews of projects of so many tenants, smallest first, each with the seconds of its plan."""
    found = []
    with real.running() as clusters:
        for tenants, plan in sorted(plans.items()):
            project = generate(folder / f"preview-{tenants}", tenants)
            clusters.reach(project)
            before = clusters.dry_runs()
            run = _preview(project)
            found.append(Preview(tenants, run, clusters.dry_runs() - before, plan))
    return found


def _preview(project: Path) -> Limited:
    """With a state of its own, in which nothing is."""
    state = project / "state"
    state.mkdir()
    engine = {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_SKIP_UPDATE_CHECK": "1"}
    for name in (".venv", "berth", "components"):
        (project / name).symlink_to(ROOT / name)
    run_limited(("pulumi", "stack", "init", real.STACK), project, 60, **engine)
    command = ("pulumi", "preview", "--stack", real.STACK, "--non-interactive", "--color=never", "--suppress-progress")
    return run_limited(command, project, LIMIT, **engine)


def told(found: Sequence[Preview]) -> str:
    """The previews as a part of the section on plans."""
    if not found:
        return "`pulumi` was not on PATH: the engine's preview was not measured."
    rows = "\n".join(
        f"| {each.tenants} | {_took(each)}, {each.run.megabytes:.0f} MB | {_planned(each)} | {each.asked} "
        f"| {each.plan:.2f} s | {each.more}{each.times:.0f} times |"
        for each in found
    )
    silent = [str(each.tenants) for each in found if not each.asked]
    note = f"\nWith {' and '.join(silent)} tenants no cluster answered.\n" if silent else ""
    return f"""\
The engine's preview of a first deployment of such a project, one run, in front of three clusters that answer: the API
servers of a local fleet, with nothing else of it. It asks them what each object would become, as a dry run, which the
API servers counted. The memory is of all its processes together. After {LIMIT / 60:.0f} minutes a preview is ended.

| tenants | the engine's preview | resources | dry runs | whole plan | takes longer |
| --- | --- | --- | --- | --- | --- |
{rows}
{note}"""


def goals(found: Sequence[Preview]) -> list[tuple[str, str, str, bool]]:
    """What was aimed at, with what was measured for the most tenants."""
    if not found:
        return []
    largest = found[-1]
    what = f"the engine's preview, {largest.tenants} tenants, takes longer"
    got = f"{largest.more}{largest.times:.1f} times"
    return [(what, f"at least {AT_LEAST} times", got, largest.times >= AT_LEAST)]


def _took(preview: Preview) -> str:
    return f"{preview.more}{preview.run.seconds:.0f} s"


def _planned(preview: Preview) -> str:
    """How many resources the engine said it would make."""
    match = re.search(r"^\s*\+ (\d+) to create", preview.run.printed, re.MULTILINE)
    return match[1] if match else "-"
