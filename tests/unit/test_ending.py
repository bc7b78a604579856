"""A run of tests that is told to end leaves nothing running."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.support import until

FIXTURE = """
import time
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def fleet():
    yield
    Path("down").touch()


def test_it(fleet):
    Path("up").touch()
    time.sleep(600)
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
        try:
            until("it runs, or has ended", lambda: (tmp_path / "up").exists() or run.poll() is not None)
            run.send_signal(signal.SIGTERM)
            printed, _ = run.communicate(timeout=60)
        finally:
            run.kill()
    assert (tmp_path / "down").exists(), printed
