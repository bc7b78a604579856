"""The real engine, with stand-ins for every provider."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.components.stacks import Settings, stack
from tests.engine.standin import LOG

ROOT = Path(__file__).parents[2]
PACKAGES = ("aws", "gcp", "azure-native", "kubernetes", "pulumi-python")
PROGRAMS = ("aws", "gke-gcloud-auth-plugin", "kubelogin")
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "GOOGLE_OAUTH_ACCESS_TOKEN": "none",
    "ARM_USE_OIDC": "true",
}  # fmt: skip
"""What the program looks for before it begins. Nothing is ever sent anywhere."""


@dataclass(frozen=True)
class Step:
    """One thing that a provider was asked to do."""

    operation: str
    type: str
    name: str


@dataclass(frozen=True)
class Engine:
    """A project, and the engine to run it with."""

    root: Path
    environment: dict[str, str]

    @property
    def _log(self) -> Path:
        return Path(self.environment[LOG])

    def write(self, *clusters: Settings, profile: str = "strict", install: str = "none") -> None:
        """Writes the stack file."""
        path = self.root / "Pulumi.test.yaml"
        salt = yaml.safe_load(path.read_text("utf-8")).get("encryptionsalt") if path.is_file() else None
        content = stack(*clusters, profile=profile, install=install) | ({"encryptionsalt": salt} if salt else {})
        path.write_text(yaml.safe_dump(content), "utf-8")

    def agent(self, **settings: Any) -> None:
        """Changes what the stack file says about the agent."""
        path = self.root / "Pulumi.test.yaml"
        content = yaml.safe_load(path.read_text("utf-8"))
        content["config"]["berth:gitops"] |= settings
        path.write_text(yaml.safe_dump(content), "utf-8")

    def tenants(self, *contents: Settings) -> None:
        """Writes the tenant files, and removes all others."""
        for path in (self.root / "tenants").glob("*.yaml"):
            path.unlink()
        for content in contents:
            (self.root / "tenants" / f"{content['name']}.yaml").write_text(yaml.safe_dump(content), "utf-8")

    def pulumi(self, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        if ok:
            assert done.returncode == 0, f"pulumi {' '.join(arguments)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done

    def up(self) -> list[Step]:
        """Deploys, and tells what was done, in order."""
        return self._steps("up", "--yes", "--skip-preview", "--stack", "test")

    def destroy(self) -> list[Step]:
        return self._steps("destroy", "--yes", "--skip-preview", "--stack", "test")

    def _steps(self, *arguments: str) -> list[Step]:
        self._log.unlink(missing_ok=True)
        self.pulumi(*arguments)
        return self.steps_so_far()

    def steps_so_far(self) -> list[Step]:
        """What providers were asked to do since the last update began."""
        lines = self._log.read_text("utf-8").splitlines() if self._log.is_file() else []
        return [Step(**json.loads(line)) for line in lines]

    def preview(self) -> list[dict[str, Any]]:
        """The steps that the engine would take."""
        done = self.pulumi("preview", "--json", "--stack", "test")
        steps: list[dict[str, Any]] = json.loads(done.stdout)["steps"]
        return steps


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A project without tenants, and a backend of its own."""
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH: what the engine makes of the clouds' components is not tried")
    root, bin_folder = tmp_path / "project", tmp_path / "bin"
    for folder in (root, bin_folder, tmp_path / "home", tmp_path / "state"):
        folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py", "requirements.txt", "constraints.txt"):
        shutil.copy(ROOT / name, root / name)
    for folder_name in ("components", "berth"):
        (root / folder_name).symlink_to(ROOT / folder_name)
    (root / ".venv").symlink_to(ROOT / ".venv")
    (root / "tenants").mkdir()
    shutil.copytree(ROOT / "tenants" / "profiles", root / "tenants" / "profiles")
    for package in PACKAGES:
        _script(bin_folder / f"pulumi-resource-{package}", f'exec {sys.executable} -m tests.engine.standin "$@"')
    for program in PROGRAMS:
        _script(bin_folder / program, "exit 1")
    environment = {
        **os.environ,
        **CREDENTIALS,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        LOG: str(tmp_path / "log"),
    }
    made = Engine(root, environment)
    made.write()
    made.pulumi("stack", "init", "test")
    return made


def _script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
