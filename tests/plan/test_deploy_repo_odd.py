"""Manifests of shapes that nobody expects, built by the real kustomize: a problem or told, and no secret in either."""

from __future__ import annotations

from dataclasses import replace

import pytest

from berth.errors import InvalidInput
from berth.plan.deploy_repo import Pull
from berth.settings import Engine
from berth.tenants.must_hold import patch_of
from tests.plan.deploy_repo import ACME_PULL, DeployRepo

pytestmark = pytest.mark.e2e  # kustomize is built as the local fleet's
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"  # noqa: S105 - a manifest
HELD = SECRET + "stringData: {a: SUPERSECRET}\n"


def outcome(deploy: DeployRepo, pull: Pull = ACME_PULL) -> str:
    """All that is told of acme's manifests: what changes, or what is wrong with them."""
    try:
        looked = deploy.look([pull], [pull])
    except InvalidInput as error:
        return " ".join(str(problem) for problem in error.problems)
    return repr(looked.changes)


@pytest.mark.parametrize(
    "manifest",
    [
        SECRET + "data: SUPERSECRET\n",
        SECRET + "data: [SUPERSECRET]\nstringData: 5\n",
        SECRET + "data: {1: YQ==, p: SUPERSECRET}\n",
        SECRET + "data: {p: *SUPERSECRET }\n",
        SECRET + "data: {p: !!int SUPERSECRET}\n",
        SECRET + "data: null\nstatus: {a: SUPERSECRET}\n",
        SECRET.replace("{name: s}", "{name: s, annotations: {last: SUPERSECRET}}"),
        SECRET.replace("{name: s}", "{name: s, annotations: [SUPERSECRET, b]}"),
        SECRET.replace("{name: s}", "{name: s, annotations: SUPERSECRET}"),
        SECRET.replace("{name: s}", "{annotations: {last: SUPERSECRET}}"),
        SECRET.replace("{name: s}", "[SUPERSECRET]"),
        HELD.replace("kind: Secret", "kind: SecretList"),
        HELD.replace("kind: Secret", "kind: 5"),
        HELD.replace("kind: Secret", "kind: [Secret]"),
        HELD.replace("apiVersion: v1\n", ""),
        HELD.replace("apiVersion: v1", "apiVersion: [v1]"),
        HELD.replace("name: s", "name: 5"),
        HELD.replace("{name: s}", "{name: s, labels: [a]}"),
        HELD.replace("{name: s}", "{name: s, namespace: {a: b}}"),
        "apiVersion: v1\nkind: FooList\nmetadata: {}\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: s}\nspec: null\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: s}\nspec: {template: {spec: {containers: a}}}\n",
        "apiVersion: a/v1\nkind: A\nmetadata: {name: s}\nspec: {a: 2024-13-45, b: 2024-01-01, c: =}\n",
        f"apiVersion: a/v1\nkind: A\nmetadata: {{name: s}}\nspec: {{a: {'9' * 5000}}}\n",
        f"apiVersion: a/v1\nkind: A\nmetadata: {{name: s}}\nspec: {'[' * 3000}{']' * 3000}\n",
    ],
    ids=lambda text: text[-60:],
)
def test_an_odd_manifest_is_a_problem_or_is_told(deploy: DeployRepo, manifest: str) -> None:
    deploy.write("apps/acme/base/odd.yaml", manifest)
    deploy.write("apps/acme/base/kustomization.yaml", "resources: [web.yaml, odd.yaml]\n")
    found = outcome(deploy)
    assert "SUPERSECRET" not in found
    assert "dev-" in found or "acme in aws-dev: found " in found


@pytest.mark.parametrize(
    "kustomization",
    [
        "secretGenerator: [{name: g, literals: [SUPERSECRET]}]\n",
        "secretGenerator: [{name: g, literals: [a=SUPERSECRET]}]\n",
        "secretGenerator: [{name: g, envs: [env]}]\n",
        "secretGenerator: SUPERSECRET\n",
        "patches: [{patch: 'a: SUPERSECRET'}]\n",
        "patches: [{path: a, patch: 'a: SUPERSECRET'}]\n",
        "patches: [{patch: '[{op: add, path: /a, value: SUPERSECRET}]'}]\n",
        "patches: [{patch: '{apiVersion: v1, kind: Secret, metadata: {name: s}, data: [SUPERSECRET]}'}]\n",
        "patches: 5\n",
        "patches: {a: SUPERSECRET}\n",
        "patchesJson6902: [{target: {version: v1, kind: Secret, name: s}, patch: '[SUPERSECRET: a'}]\n",
        "patchesStrategicMerge: ['{kind: Secret, stringData: {a: SUPERSECRET}}']\n",
        "labels: 5\n",
        "labels: {a: b}\n",
        'generators: ["apiVersion: builtin\\nkind: SecretGenerator\\nmetadata: {name: g}\\nliterals: [SUPERSECRET]"]\n',
        "commonAnnotations: {a: 2024-13-45, b: =, c: !own d}\n",
        "commonAnnotations: {a: !!bool planted}\n",
        "configMapGenerator: &a [*a]\n",
        "components: [5, null, {a: b}]\n",
        f"patches: {'[' * 100_000}\n",
    ],
    ids=lambda text: text[:60],
)
@pytest.mark.parametrize("engine", [Engine.FLUX, Engine.ARGOCD])
def test_an_odd_kustomization_is_a_problem_or_is_told(deploy: DeployRepo, kustomization: str, engine: Engine) -> None:
    pull = replace(ACME_PULL, engine=engine, must_hold=(patch_of("ConfigMap/web")["patch"],), path="apps/acme/base")
    deploy.write("apps/acme/base/secret.yaml", HELD)
    (deploy.root / "apps/acme/base/env").write_bytes(b"SUPERSECRET\xff=a\n")
    deploy.write("apps/acme/base/kustomization.yaml", f"resources: [web.yaml, secret.yaml]\n{kustomization}")
    found = outcome(deploy, pull)
    assert "SUPERSECRET" not in found
    assert "name='s'" in found or "'name': 's'" in found or "acme in aws-dev: found " in found


def test_a_kustomization_that_only_kustomize_can_read_leads_nowhere(deploy: DeployRepo) -> None:
    deploy.write("outside/kustomization.yaml", "resources: []\n")
    hidden = "commonAnnotations: {a: !own b, c: =}\nresources: [../../../outside]\n"
    deploy.write("apps/acme/base/kustomization.yaml", hidden)
    assert "outside of what the agent sees" in deploy.problems([ACME_PULL])[0]
    deploy.write("apps/acme/base/kustomization.yaml", f"openapi: {'[' * 200}{']' * 200}\n{hidden}")
    assert "values inside each other" in deploy.problems([ACME_PULL])[0]
