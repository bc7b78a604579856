"""`make bench`: every figure is of a whole process, the median of the runs, with the memory it needed at most."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from bench.generate import ROOT, generate

SIZES = (100, 300, 1000)
RUNS = 3
CLUSTERS = 3
BERTH = (sys.executable, "-m", "berth")


@dataclass(frozen=True)
class Measured:
    """Seconds (median, least, most) and megabytes (most) of some runs of one command."""

    seconds: float
    least: float
    most: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.least:.2f} to {self.most:.2f}), {self.megabytes:.0f} MB"


def measure(command: tuple[str, ...], folder: Path, runs: int) -> Measured:
    """Runs a command as a process of its own, so many times."""
    seconds, megabytes = [], 0.0
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(runs):
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - began)
        process.returncode = os.waitstatus_to_exitcode(status)
        megabytes = max(megabytes, usage.ru_maxrss / 1024)
        if process.returncode:
            assert process.stderr is not None  # noqa: S101
            raise SystemExit(f"{' '.join(command)}: {process.stderr.read().decode()[-2000:]}")
    return Measured(statistics.median(seconds), min(seconds), max(seconds), megabytes)


def main() -> None:
    results: dict[int, dict[str, Measured]] = {}
    objects = {}
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as temporary:
        jobs = [(size, way) for size in SIZES for way in ("validate", "render", "mocked")]
        for size, way in track(jobs, description="measuring"):
            project = Path(temporary) / str(size)
            if not project.exists():
                generate(project, size)
            command = {
                "validate": (*BERTH, "validate"),
                "render": (*BERTH, "render", "--stack", "local", "--out", str(project / "out")),
                "mocked": (sys.executable, str(ROOT / "bench" / "mocked.py")),
            }[way]
            results.setdefault(size, {})[way] = measure(command, project, 1 if way == "mocked" else RUNS)
            if way == "render":
                files = (project / "out").glob("**/*.yaml")
                objects[size] = sum(path.read_text("utf-8").count("\n---\n") for path in files)
    page = ROOT / "docs" / "benchmarks.md"
    page.write_text(_page(results, objects), "utf-8")
    sys.stdout.write(page.read_text("utf-8"))


def _page(results: dict[int, dict[str, Measured]], objects: dict[int, int]) -> str:
    largest = results[SIZES[-1]]
    ratio = largest["mocked"].seconds / largest["render"].seconds
    growth = {way: largest[way].seconds / results[SIZES[0]][way].seconds for way in largest}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
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
# Benchmarks

    make bench

writes this page. It generates projects of {", ".join(map(str, SIZES))} tenants, each in {CLUSTERS} clusters, and runs
on the same files: `berth validate`, `berth render --out`, and the Pulumi program under Pulumi's mocks, which registers
every object but talks to no engine. Each figure is of a whole process, start-up included: the median of {RUNS} runs
(least to most), of the mocked program one run, and the most memory that a run had. Read the ratios: they compare ways
within one run on one machine.

Measured on {os.cpu_count()} cores with {memory:.0f} GiB, Python {sys.version.split()[0]}.

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


if __name__ == "__main__":
    main()
