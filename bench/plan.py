"""`berth plan` of many tenants: all of them, and one that changed against a base, beside the program under mocks and,
with the pulumi command on PATH, the engine's own preview."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from rich.progress import track

from bench import preview, workloads
from bench.generate import committed, generate
from bench.measure import ROOT, Measured, measure

SIZES = (100, 1000)
RUNS = 3
BERTH = (sys.executable, "-m", "berth", "plan", "--stack", "local")


def section() -> str:
    """Measures, and tells it as a section of the page."""
    found: dict[tuple[int, str], Measured] = {}
    previews: list[preview.Preview] = []
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
            previews = preview.previews(Path(temporary), {size: found[size, "whole"].seconds for size in SIZES})
        largest = Path(temporary) / str(SIZES[-1])
        built = workloads.told(largest, SIZES[-1], Path(temporary) / "deploy")
    return _section(found, previews, built)


def _changed(project: Path) -> None:
    """Commits the project, then changes one tenant."""
    committed(project)
    changed = project / "tenants" / "tenant-0000.yaml"
    changed.write_text(changed.read_text("utf-8").replace('pods: "50"', 'pods: "51"'), "utf-8")


def _section(found: dict[tuple[int, str], Measured], previews: list[preview.Preview], built: str) -> str:
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
        *preview.goals(previews),
    ]  # fmt: skip
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

{preview.told(previews)}

{built}

| what, at {largest} tenants | aim | measured | met |
| --- | --- | --- | --- |
{table}
"""
