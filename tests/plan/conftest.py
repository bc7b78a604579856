"""What the tests of a deploy repo share."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth.local.build import build_kustomize
from tests.plan.deploy_repo import DeployRepo
from tests.plan.project import ROOT


@pytest.fixture(scope="session")
def kustomize() -> Path:
    """The local fleet's, built if it is not."""
    return build_kustomize(ROOT / "local")


@pytest.fixture
def deploy(kustomize: Path, tmp_path: Path) -> DeployRepo:
    """A deploy repo, which the real kustomize can build."""
    del kustomize
    return DeployRepo(tmp_path / "deploy")
