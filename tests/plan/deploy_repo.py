"""A deploy repo with two tenants, to be changed by a test."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from berth.errors import InvalidInput
from berth.plan.deploy_repo import Looked, Pull, look_at
from berth.settings import Engine
from tests.plan.project import ROOT

URL = "https://git.example.com/deploy.git"
ACME_PULL = Pull("aws-dev", "acme", Engine.FLUX, URL, ("branch", "main"), "apps/acme/dev/aws", "apps/acme", "acme")
GLOBEX_PULL = replace(
    ACME_PULL, tenant="globex", path="apps/globex/dev/aws", directory="apps/globex", namespace="globex"
)
DEPLOYMENT = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {colour: blue}
"""


class DeployRepo:
    """A Git repo, committed and tagged: two tenants, each with a base and an overlay for dev in aws."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main")
        for tenant in ("acme", "globex"):
            self.write(f"apps/{tenant}/base/web.yaml", DEPLOYMENT)
            self.write(f"apps/{tenant}/base/kustomization.yaml", "resources: [web.yaml]\n")
            self.write(f"apps/{tenant}/dev/aws/kustomization.yaml", "resources: [../../base]\nnamePrefix: dev-\n")
        self.commit("base")

    def write(self, path: str, text: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")

    def commit(self, tag: str) -> None:
        self.git("add", ".")
        self.git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", tag)
        self.git("tag", tag)

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=self.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    def look(self, before: list[Pull], after: list[Pull], base: str | None = "base") -> Looked:
        return look_at(self.root, base, before, after, modules=ROOT / "local")

    def problems(self, pulls: list[Pull], base: str | None = "base") -> list[str]:
        with pytest.raises(InvalidInput) as caught:
            self.look(pulls, pulls, base)
        return [str(problem) for problem in caught.value.problems]
