"""Argo CD without one of its locks. What an attempt comes to then shows that it is one: with the lock it fails because
of the lock, and not because it is written wrongly."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from berth.local.paths import FleetPaths
from tests.e2e.harness import TestFleet, edit

SUBMODULES = ("local/argocd.py", 'ARGOCD_GIT_MODULES_ENABLED="false"', 'ARGOCD_GIT_MODULES_ENABLED="true"')
GIT_IN_KUSTOMIZE = ("egress.py", '"GIT_ALLOW_PROTOCOL": "none"', '"GIT_ALLOW_PROTOCOL": "http"')
"""A lock: where it is in the fleet's own copy of Berth, and what is written there with it and without."""


@contextmanager
def opened(fleet: TestFleet, *locks: tuple[str, str, str]) -> Iterator[None]:
    """The fleet's repo servers without these locks; with them again at the end."""
    package = fleet.root / "berth"
    before = {package / file: (package / file).read_text("utf-8") for file, _, _ in locks}
    try:
        for file, locked, unlocked in locks:
            edit(package / file, locked, unlocked)
        _restart(fleet)
        yield
    finally:
        for path, text in before.items():
            path.write_text(text, "utf-8")
        _restart(fleet)


def _restart(fleet: TestFleet) -> None:
    """A process keeps the environment that it was started with, and a checkout the submodules that it was once given:
    all that the repo servers have started ends with them, and their checkouts go."""
    pids = {name: pid for name, pid in fleet.pids().items() if name.endswith("/argocd-repo-server") and pid}
    for pid in pids.values():
        server = psutil.Process(pid)
        for process in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
    fleet.wait("the repo servers have ended", lambda: not any(fleet.pids()[name] == pids[name] for name in pids))
    for checkouts in FleetPaths.of(fleet.root).state.rglob("_argocd-repo"):
        shutil.rmtree(checkouts, ignore_errors=True)
    fleet.berth("local", "up")
