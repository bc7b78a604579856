"""A `pulumi` on PATH that the local fleet cannot be deployed with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from berth.errors import OperationFailed
from berth.local.build import Binaries
from berth.local.fleet import Fleet
from berth.local.paths import FleetPaths
from berth.local.pulumi import deploy_with_pulumi
from berth.project import Project
from berth.settings import Engine

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("version", ["v2.0.0", ""])
def test_one_of_a_wrong_version_is_said_so_and_nothing_else(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "bin" / "pulumi"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\necho {version}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent), prepend=":")
    root = tmp_path / "project"
    root.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", root)
    stack = shutil.copy(ROOT / "Pulumi.local.yaml", root)
    project = Project.load(root)
    fleet = Fleet(root, project.stack("local"), FleetPaths.of(root), Binaries(()), Engine.FLUX)
    with pytest.raises(OperationFailed) as refused:
        deploy_with_pulumi(fleet, project, "local")
    assert "version" in str(refused.value)
    assert "--with kubectl" in str(refused.value)
    assert Path(stack).read_text() == (ROOT / "Pulumi.local.yaml").read_text()
