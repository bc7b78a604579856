"""Options and fixtures that all tests share."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import Sandbox

# The machine that runs the tests runs a fleet as well: how long an example takes says nothing.
settings.register_profile("berth", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("berth")


def pytest_configure() -> None:
    """A run that is told to end, as one of CI that takes too long, takes its fleets down as one that is interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


@pytest.fixture(scope="session", autouse=True)
def runtime_folder() -> Iterator[Path]:
    """Where `berth serve` and `berth status` meet: not where those of the person do that runs the tests."""
    with tempfile.TemporaryDirectory(prefix="berth-", dir="/tmp") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)  # short, as the path of a socket must be
        yield Path(folder)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A project of one stack, one profile and one tenant, all valid, for a test to change."""
    return Sandbox.create(tmp_path / "project")
