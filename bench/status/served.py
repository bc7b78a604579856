"""A `berth serve` of a project, for as long as something is measured with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from bench.measure import ROOT

_PATIENCE = 120.0


@contextmanager
def serving(project: Path) -> Iterator[tuple[psutil.Process, str]]:
    """`berth serve` of all stacks on a free port, that has found every tenant in sync: its process and its address."""
    command = (sys.executable, "-m", "berth", "serve", "--port", "0")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    with subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            printed = server.stdout.readline() if server.stdout else ""
            address = re.search(r"http://[^/\s]+", printed)
            if address is None:
                raise SystemExit(f"berth serve says: {printed}")
            _until_in_sync(address[0])
            yield psutil.Process(server.pid), address[0]
        finally:
            server.terminate()


def _until_in_sync(address: str) -> None:
    end = time.monotonic() + _PATIENCE
    with httpx.Client(base_url=address, timeout=_PATIENCE, trust_env=False) as client:
        while {row["state"] for row in client.get("/api/state").json()["rows"]} != {"in sync"}:
            if time.monotonic() > end:
                raise SystemExit("berth serve does not find every tenant in sync")
            time.sleep(0.5)
