"""A deploy repo with a history, and a project whose stacks follow it, for the tests of `berth rollback`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support import Sandbox

URL = "https://git.example.com/deploy.git"
"""What the stack file names; Git is told to go to the folder instead."""
OVERLAY = "resources: [../../environments/{0}]\n"


def isolate_git(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Git knows who commits, nothing of the person's own settings, and the repo in `folder` by its address."""
    for role in ("AUTHOR", "COMMITTER"):
        for part in ("NAME", "EMAIL"):
            monkeypatch.setenv(f"GIT_{role}_{part}", "tester")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{folder}/deploy.git.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", URL)


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class History:
    """A bare repo, and a checkout to add commits from: a tenant acme with two environments, and a tenant other."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.path = folder / "deploy.git", folder / "checkout"
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare), cwd=folder)
        run("git", "clone", "--quiet", str(self.bare), str(self.path), cwd=folder)
        for environment in ("dev", "prod"):
            self.write(f"apps/acme/{environment}/aws/kustomization.yaml", OVERLAY.format(environment))
            self.write(f"apps/acme/environments/{environment}/kustomization.yaml", "resources: [../../base]\n")
        self.write("apps/acme/base/kustomization.yaml", "resources: []\n")
        self.write("apps/other/kustomization.yaml", "resources: []\n")
        self.first = self.commit("Start")

    def git(self, *arguments: str) -> str:
        return run("git", *arguments, cwd=self.path)

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")

    def release(self, version: str, environment: str = "dev") -> str:
        """One more commit of acme, in one environment."""
        text = f"resources: [../../base]\nimages: [{{name: web, newTag: {version}}}]\n"
        self.write(f"apps/acme/environments/{environment}/kustomization.yaml", text)
        return self.commit(f"Release {version} to {environment}")

    def pushed(self, *arguments: str) -> str:
        """What git says of the repo that is served."""
        return run("git", *arguments, cwd=self.bare)

    def show(self, rev: str, path: str) -> str:
        return self.pushed("show", f"{rev}:{path}")


def add_prod(project: Sandbox) -> None:
    """A second stack that follows the same branch, with the tenant in it."""
    text = (project.root / "Pulumi.dev.yaml").read_text().replace("environment: dev", "environment: prod")
    project.write("Pulumi.prod.yaml", text.replace("-dev", "-prod").replace("10.10.", "10.20."))
    project.edit("tenants/acme.yaml", "environments: [dev]", "environments: [dev, prod]")
