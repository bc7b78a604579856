"""`berth plan` of many tenants: all of them, and one that changed against a base, beside the program under mocks and,
with the pulumi command on PATH, the engine's own preview."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.progress import track

from bench import workloads
from bench.generate import committed, generate
from bench.measure import ROOT, Measured, measure

SIZES = (100, 1000)
RUNS = 3
PREVIEWED = 100
"""Tenants of the engine's preview, which takes a process and memory for each object."""
BERTH = (sys.executable, "-m", "berth", "plan", "--stack", "local")


def section() -> str:
    """Measures, and tells it as a section of the page."""
    found: dict[tuple[int, str], Measured] = {}
    preview: Measured | None = None
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as temporary:
        for size, way in track([(s, w) for s in SIZES for w in ("whole", "one", "mocked")], description="plans   "):
            project = Path(temporary) / str(size)
            if not project.exists():
                _changed(generate(project, size))
            command = {
                "whole": BERTH,
                "one": (*BERTH, "--base", "HEAD"),
                "mocked": (sys.executable, str(ROOT / "bench" / "mocked.py"), "local"),
            }[way]
            found[size, way] = measure(command, project, 1 if way == "mocked" else RUNS)
            if way == "one" and "tenant-0000" not in found[size, way].printed:
                raise SystemExit("the plan of one changed tenant does not tell of it")
        if shutil.which("pulumi"):
            preview = _preview(Path(temporary) / str(PREVIEWED), Path(temporary) / "state")
        largest = Path(temporary) / str(SIZES[-1])
        built = workloads.told(largest, SIZES[-1], Path(temporary) / "deploy")
    return _section(found, preview, built)


def _changed(project: Path) -> None:
    """Commits the project, then changes one tenant."""
    committed(project)
    changed = project / "tenants" / "tenant-0000.yaml"
    changed.write_text(changed.read_text("utf-8").replace('pods: "50"', 'pods: "51"'), "utf-8")


def _preview(project: Path, state: Path) -> Measured:
    """The engine's preview of a first deployment, with a state of its own. It reaches no cluster."""
    state.mkdir()
    engine = {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_SKIP_UPDATE_CHECK": "1"}
    os.environ.update(engine)
    (project / ".venv").symlink_to(ROOT / ".venv")
    for folder in ("berth", "components"):
        (project / folder).symlink_to(ROOT / folder)
    subprocess.run(("pulumi", "stack", "init", "local"), cwd=project, check=True, capture_output=True)  # noqa: S607
    return measure(("pulumi", "preview", "--stack", "local", "--non-interactive", "--color=never"), project, 1)


def _section(found: dict[tuple[int, str], Measured], preview: Measured | None, built: str) -> str:
    largest = SIZES[-1]
    whole, one, mocked = (found[largest, way] for way in ("whole", "one", "mocked"))
    rows = "\n".join(
        f"| {size} | {found[size, 'whole']} | {found[size, 'one']} | {found[size, 'mocked']} |" for size in SIZES
    )
    goals = [
        ("the whole plan", "under 20 s", f"{whole.seconds:.2f} s", whole.seconds < 20),
        ("one changed tenant", "under 3 s", f"{one.seconds:.2f} s", one.seconds < 3),
        ("the mocked program takes longer than the whole plan", "at least 4 times",
         f"{mocked.seconds / whole.seconds:.1f} times", mocked.seconds >= 4 * whole.seconds),
    ]  # fmt: skip
    told = "`pulumi` was not on PATH: the engine's preview was not measured."
    if preview is not None:
        planned = found[PREVIEWED, "whole"]
        times = preview.seconds / planned.seconds
        told = (
            f"The engine's preview of a first deployment of {PREVIEWED} tenants took {preview}, their "
            f"whole plan {planned.seconds:.2f} s."
        )
        goals.append(
            (f"the engine's preview, {PREVIEWED} tenants, takes longer", "at least 15 times", f"{times:.1f} times",
             times >= 15)
        )  # fmt: skip
    table = "\n".join(f"| {what} | {aim} | {got} | {'yes' if met else '**no**'} |" for what, aim, got, met in goals)
    return f"""\
## Plans

The projects of the section above: `berth plan` of all there is, `berth plan --base` with one changed tenant, and the
Pulumi program under Pulumi's mocks, which registers every object (one run).

| tenants | whole plan | one changed tenant | mocks |
| --- | --- | --- | --- |
{rows}

From {SIZES[0]} to {largest} tenants, ten times as many, the plan of one changed tenant takes \
{one.seconds / found[SIZES[0], "one"].seconds:.1f} times as long: all tenant files are read
and checked, one is rendered.

{told}

{built}

| what, at {largest} tenants | aim | measured | met |
| --- | --- | --- | --- |
{table}
"""
