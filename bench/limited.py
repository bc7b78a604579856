"""Time and memory of one command and all that it starts, ended where it takes too long."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.measure import ROOT

_LOOK = 0.5
"""Seconds between two looks at the memory."""


@dataclass(frozen=True)
class Limited:
    """Seconds of one run, megabytes of all its processes together at their most, and what it printed."""

    seconds: float
    megabytes: float
    ended: bool
    """By itself; else it was ended after so many seconds."""
    printed: str


def run_limited(command: tuple[str, ...], folder: Path, limit: float, **environment: str) -> Limited:
    """Runs a command once, for at most so many seconds. Nothing that it started is left. Raises SystemExit where it
    fails."""
    output, megabytes, ended = folder / "printed", 0.0, True
    environment = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
    with output.open("wb") as file:
        began = time.perf_counter()
        process = psutil.Popen(command, cwd=folder, env=environment, stdout=file, stderr=subprocess.STDOUT)
        tree: list[psutil.Process] = [process]
        try:
            while not _over(process):
                tree = [process, *process.children(recursive=True)]
                megabytes = max(megabytes, sum(map(_megabytes, tree)))
                if time.perf_counter() - began > limit:
                    ended = False
                    break
            seconds = time.perf_counter() - began
        finally:
            _end(tree)
    printed = output.read_text("utf-8", errors="replace")
    if ended and process.wait():
        raise SystemExit(f"{' '.join(command)}: {printed[-2000:]}")
    return Limited(seconds, megabytes, ended, printed)


def _over(process: psutil.Popen) -> bool:
    try:
        process.wait(_LOOK)
    except psutil.TimeoutExpired:
        return False
    return True


def _megabytes(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def _end(tree: list[psutil.Process]) -> None:
    """The first is the one that starts others, so it goes first."""
    for process in tree:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(tree, 10)
