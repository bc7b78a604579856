"""The fleets of the end-to-end tests, each started once a session and gone at its end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.settings import Engine as Kind
from tests.e2e.harness import ARGOCD, FLUX, Engine, TestFleet, copy_project


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "engine(engine): about one engine alone")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is about one engine is no test of the other. A fleet that tests share runs until the session ends, and takes
    time from all that come after: those that use one come last."""
    items[:] = sorted(filter(_concerns, items), key=_uses)


def _uses(item: pytest.Item) -> int:
    """The place in the order: no fleet, one of its own, the shared one of each engine, those of `pulumi up`."""
    if item.get_closest_marker("e2e") is None:
        return 0
    if item.get_closest_marker("pulumi_cli") is not None:
        return 3
    return 2 if isinstance(_params(item).get("fleet"), Engine) else 1


def _concerns(item: pytest.Item) -> bool:
    params = _params(item)
    engine = params.get("fleet")
    if not isinstance(engine, Engine):
        return True
    marker = item.get_closest_marker("engine")
    others = [value for value in params.values() if hasattr(value, "concerns")]
    return (marker is None or marker.args == (engine,)) and all(each.concerns(Kind(engine.name)) for each in others)


def _params(item: pytest.Item) -> dict[str, object]:
    return item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}


def _without_pulumi() -> str:
    """PATH without the folders that have a pulumi in them: these tests are of the way that needs none."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not (Path(folder) / "pulumi").exists())


def _run(fleet: TestFleet) -> Iterator[TestFleet]:
    try:
        fleet.build()
        fleet.berth("local", "up", "--engine", fleet.engine.name)
        fleet.berth("local", "deploy")
        fleet.wait_in_sync()
        yield fleet
    finally:
        fleet.berth("local", "down", "--delete", ok=False)


@pytest.fixture(scope="session", params=[FLUX, ARGOCD], ids=lambda engine: engine.name)
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestFleet]:
    """A fleet with the sample tenants in sync, deployed with kubectl: one after the other for each engine."""
    root = copy_project(tmp_path_factory.mktemp("fleet") / "project")
    yield from _run(TestFleet(root, _without_pulumi(), request.param))


@pytest.fixture(scope="session")
def pulumi_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestFleet]:
    """A fleet with the sample tenants in sync, deployed with `pulumi up`."""
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH: what the engine itself does is not tried")
    root = copy_project(tmp_path_factory.mktemp("pulumi") / "project")
    yield from _run(TestFleet(root))
