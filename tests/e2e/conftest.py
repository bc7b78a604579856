"""The fleets of the end-to-end tests, each started once a session and gone at its end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import TestFleet, copy_project


def _without_pulumi() -> str:
    """PATH without the folders that have a pulumi in them: these tests are of the way that needs none."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not (Path(folder) / "pulumi").exists())


def _run(fleet: TestFleet) -> Iterator[TestFleet]:
    try:
        fleet.build()
        fleet.berth("local", "up")
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()
        yield fleet
    finally:
        fleet.berth("local", "down", "--delete", ok=False)


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestFleet]:
    """A fleet with the sample tenants in sync, deployed with kubectl."""
    root = copy_project(tmp_path_factory.mktemp("fleet") / "project")
    yield from _run(TestFleet(root, _without_pulumi()))


@pytest.fixture(scope="session")
def pulumi_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestFleet]:
    """A fleet with the sample tenants in sync, deployed with `pulumi up`."""
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH: what the engine itself does is not tried")
    root = copy_project(tmp_path_factory.mktemp("pulumi") / "project")
    yield from _run(TestFleet(root))
