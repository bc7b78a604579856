"""Time and memory of whole processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Measured:
    """Seconds (median, least, most) and megabytes (most) of some runs of one command, and what the last one printed."""

    seconds: float
    least: float
    most: float
    megabytes: float
    printed: str

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.least:.2f} to {self.most:.2f}), {self.megabytes:.0f} MB"


_LAUNCH = """\
import os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[2:], stdout=open("stdout", "wb"), stderr=open("stderr", "wb"))
_, status, usage = os.wait4(process.pid, 0)
took = time.perf_counter() - began
open(sys.argv[1], "w").write(f"{took} {usage.ru_maxrss / 1024} {os.waitstatus_to_exitcode(status)}")
"""
"""A process counts the memory of the one that started it as its own, so a small one does."""


def measure(command: tuple[str, ...], folder: Path, runs: int) -> Measured:
    """Runs a command as a process of its own, so many times."""
    return in_turn([command], folder, runs)[0]


def in_turn(commands: Sequence[tuple[str, ...]], folder: Path, runs: int) -> list[Measured]:
    """Runs each of some commands once, and all of them again, so many times: a machine that is slower for a minute is
    slower for all of them."""
    rounds = [[_run(command, folder) for command in commands] for _ in range(runs)]
    return [_measured(list(found)) for found in zip(*rounds, strict=True)]


def _run(command: tuple[str, ...], folder: Path) -> tuple[float, float, str]:
    """Seconds, megabytes, and what was printed. Python keeps what it compiled, as it does for everybody who has not
    asked it not to: else each run would compile all of its modules anew."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    told = folder / "measured"
    launch = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(told), *command]
    subprocess.run(launch, cwd=folder, env=environment, check=True)  # noqa: S603
    seconds, megabytes, code = told.read_text("utf-8").split()
    if int(code):
        errors = (folder / "stderr").read_text("utf-8", errors="replace")
        raise SystemExit(f"{' '.join(command)}: {errors[-2000:]}")
    return float(seconds), float(megabytes), (folder / "stdout").read_text("utf-8", errors="replace")


def _measured(runs: list[tuple[float, float, str]]) -> Measured:
    seconds = [each for each, _, _ in runs]
    return Measured(
        statistics.median(seconds), min(seconds), max(seconds), max(most for _, most, _ in runs), runs[-1][2]
    )
