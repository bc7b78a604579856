"""The fleet's own Go programs, by their own tests."""

from __future__ import annotations

import os
import subprocess

import pytest

from berth.local import build
from tests.e2e.harness import ROOT

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(("module", "package"), [("git-server", "./..."), ("kubernetes", "./internal/...")])
def test_a_go_module_passes_its_own_tests(module: str, package: str) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
    command = [build.go_command(), "test", "-trimpath", package]
    done = subprocess.run(command, cwd=ROOT / "local" / module, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok" in done.stdout
