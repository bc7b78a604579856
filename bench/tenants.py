"""Many tenants: `berth validate` and `berth render` beside the program under mocks, which registers every object."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rich.progress import track

from bench.generate import generate
from bench.measure import ROOT, Measured, measure

SIZES = (100, 300, 1000)
RUNS = 3
CLUSTERS = 3
BERTH = (sys.executable, "-m", "berth")


def section() -> str:
    """Measures, and tells it as a section of the page."""
    results: dict[int, dict[str, Measured]] = {}
    objects = {}
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as temporary:
        jobs = [(size, way) for size in SIZES for way in ("validate", "render", "mocked")]
        for size, way in track(jobs, description="tenants "):
            project = Path(temporary) / str(size)
            if not project.exists():
                generate(project, size)
            command = {
                "validate": (*BERTH, "validate"),
                "render": (*BERTH, "render", "--stack", "local", "--out", str(project / "out")),
                "mocked": (sys.executable, str(ROOT / "bench" / "mocked.py"), "local"),
            }[way]
            results.setdefault(size, {})[way] = measure(command, project, 1 if way == "mocked" else RUNS)
            if way == "render":
                files = (project / "out").glob("**/*.yaml")
                objects[size] = sum(path.read_text("utf-8").count("\n---\n") for path in files)
    return _section(results, objects)


def _section(results: dict[int, dict[str, Measured]], objects: dict[int, int]) -> str:
    largest = results[SIZES[-1]]
    ratio = largest["mocked"].seconds / largest["render"].seconds
    growth = {way: largest[way].seconds / results[SIZES[0]][way].seconds for way in largest}
    rows = "\n".join(
        f"| {size} | {objects[size]} | {ways['validate']} | {ways['render']} | {ways['mocked']} |"
        for size, ways in results.items()
    )
    goals = [
        ("`validate`, 1,000 tenants", "under 1.5 s", f"{largest['validate'].seconds:.2f} s",
         largest["validate"].seconds < 1.5),
        ("`render` to files", "under 10 s", f"{largest['render'].seconds:.2f} s", largest["render"].seconds < 10),
        ("`render`, memory", "under 500 MB", f"{largest['render'].megabytes:.0f} MB",
         largest["render"].megabytes < 500),
        ("the mocked program takes longer than `render`", "at least 4 times", f"{ratio:.1f} times", ratio >= 4),
    ]  # fmt: skip
    table = "\n".join(f"| {what} | {aim} | {got} | {'yes' if met else '**no**'} |" for what, aim, got, met in goals)
    return f"""\
## Tenants

Projects of {", ".join(map(str, SIZES))} tenants, each in {CLUSTERS} existing clusters. On the same files: `berth
validate`, `berth render --out`, and the Pulumi program under Pulumi's mocks, which registers every object but talks to
no engine (one run).

| tenants | objects | validate | render | mocks |
| --- | --- | --- | --- | --- |
{rows}

From {SIZES[0]} to {SIZES[-1]} tenants, ten times as many, `validate` takes {growth["validate"]:.1f} times as long,
`render` {growth["render"]:.1f} times and the mocked program {growth["mocked"]:.1f} times: start-up weighs less, and the
cost of a tenant stays the same.

| what | aim | measured | met |
| --- | --- | --- | --- |
{table}
"""
