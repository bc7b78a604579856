"""The plan of a local fleet's stack: of the fleet as it was started, whatever engine the stack's file names."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth.local.engines import record
from berth.local.paths import FleetPaths
from berth.plan.model import Action
from berth.settings import Engine
from tests.plan.project import Repo

LOCAL = """\
config:
  berth:environment: local
  berth:gitops: {engine: flux, install: none}
  berth:deployRepo: {url: "http://127.0.0.1:7480/deploy.git"}
  berth:clusters:
    - {name: aws-local, provider: existing, cloud: aws, region: local, kubeconfig: kubeconfig, context: aws-local}
"""
SYNCS = {Engine.FLUX: {"GitRepository", "Kustomization"}, Engine.ARGOCD: {"AppProject", "Application"}}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    found = Repo.start(tmp_path / "project")
    found.write("Pulumi.local.yaml", LOCAL)
    found.write(".gitignore", ".local/\n")
    found.edit("tenants/acme.yaml", "environments: [dev]", "environments: [dev, local]")
    found.commit()
    return found


@pytest.fixture(params=list(Engine))
def engine(request: pytest.FixtureRequest, repo: Repo) -> Engine:
    """The engine that the fleet was started with."""
    found: Engine = request.param
    (repo.root / ".local").mkdir()
    record(FleetPaths.of(repo.root), found)
    return found


def kinds(repo: Repo) -> set[str]:
    plan = repo.plan("local")
    return {change.kind for _, tenant in plan.tenants() for change in tenant.objects}


def test_a_change_is_told_of_the_objects_that_the_fleet_has(repo: Repo, engine: Engine) -> None:
    url = '"http://127.0.0.1:7480/deploy.git"'
    repo.edit("Pulumi.local.yaml", url, f"{url}, path: 'apps/{{tenant}}/{{environment}}'")
    told = kinds(repo) & (SYNCS[Engine.FLUX] | SYNCS[Engine.ARGOCD])
    assert told == {"Kustomization" if engine is Engine.FLUX else "Application"}


def test_a_new_tenant_has_them(repo: Repo, engine: Engine) -> None:
    repo.write("tenants/hooli.yaml", (repo.root / "tenants/acme.yaml").read_text("utf-8").replace("acme", "hooli"))
    assert kinds(repo) & (SYNCS[Engine.FLUX] | SYNCS[Engine.ARGOCD]) == SYNCS[engine]


@pytest.mark.usefixtures("engine")
def test_a_base_with_other_code_too(repo: Repo) -> None:
    repo.write("__main__.py", (repo.root / "__main__.py").read_text("utf-8") + "\n# The end.\n")
    plan = repo.plan("local")
    assert not plan.notes[1:], plan.notes
    assert {tenant.action for _, tenant in plan.tenants()} == {Action.NONE}
