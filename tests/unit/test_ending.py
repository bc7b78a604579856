"""A run of tests that is told to end leaves nothing running."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

FIXTURE = """
import time
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def fleet():
    Path("up").touch()
    yield
    Path("down").touch()


def test_it(fleet):
    time.sleep(60)
"""


def test_a_run_that_is_told_to_end_takes_down_what_it_started(tmp_path: Path) -> None:
    (tmp_path / "test_fleet.py").write_text(FIXTURE, "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "--rootdir", str(tmp_path), "test_fleet.py"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        end = time.monotonic() + 30
        while not (tmp_path / "up").exists():
            assert run.poll() is None, run.stdout.read() if run.stdout else ""
            assert time.monotonic() < end
            time.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        printed, _ = run.communicate(timeout=30)
    assert (tmp_path / "down").exists(), printed
