"""`berth plan --deploy-repo` of many tenants: every path built, and one tenant's manifests changed against a base."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bench.generate import committed
from bench.measure import ROOT, Measured, measure
from berth.local.build import built_kustomize

CLOUDS = ("aws", "gcp", "azure")
_BERTH = (sys.executable, "-m", "berth", "plan", "--stack", "local", "--base", "HEAD", "--deploy-repo")
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: registry.example.com/web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


def told(project: Path, tenants: int, repo: Path) -> str:
    """Measures on a project of so many tenants, with a deploy repo that is made at `repo`, and tells it."""
    if built_kustomize(ROOT / "local") is None and shutil.which("kustomize") is None:
        return "There was no kustomize: plans with the deploy repo were not measured."
    _deploy_repo(repo, tenants)
    (project / "local").symlink_to(ROOT / "local")
    every = measure((*_BERTH, str(repo)), project, 1)
    one = measure((*_BERTH, str(repo), "--deploy-base", "HEAD"), project, 1)
    if "registry.example.com/changed" not in one.printed:
        raise SystemExit("the plan of one tenant's changed manifests does not tell of them")
    return _sentence(tenants, every, one)


def _sentence(tenants: int, every: Measured, one: Measured) -> str:
    return (
        f"With `--deploy-repo`, {tenants} tenants (one run each): all {tenants * len(CLOUDS)} paths built "
        f"{every.seconds:.1f} s, {every.megabytes:.0f} MB; one tenant's manifests changed against a base "
        f"{one.seconds:.2f} s, {one.megabytes:.0f} MB."
    )


def _deploy_repo(repo: Path, tenants: int) -> None:
    """A base and three overlays a tenant, committed; then the manifests of one tenant changed."""
    for index in range(tenants):
        folder = repo / "apps" / f"tenant-{index:04}"
        _write(folder / "base" / "web.yaml", _DEPLOYMENT)
        _write(folder / "base" / "kustomization.yaml", "resources: [web.yaml]\n")
        for cloud in CLOUDS:
            image = f"images: [{{name: registry.example.com/web, newTag: v1.{index}.0}}]\n"
            _write(folder / "local" / cloud / "kustomization.yaml", f"resources: [../../base]\n{image}")
    committed(repo)
    changed = repo / "apps" / "tenant-0000" / "base" / "web.yaml"
    changed.write_text(_DEPLOYMENT.replace("example.com/web", "example.com/changed"), "utf-8")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
