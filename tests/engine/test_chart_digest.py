"""A chart's digest as the agents' components state it, with the real provider, its Helm, and a registry on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from components.gitops.chart import pinned
from tests.engine.registry import Registry, serving

pytestmark = pytest.mark.pulumi_cli

ROOT = Path(__file__).parents[2]
PROGRAM = """\
import json, pathlib, pulumi, pulumi_kubernetes
cluster = pulumi_kubernetes.Provider("cluster", kubeconfig=pathlib.Path("kubeconfig").read_text())
chart = json.loads(pulumi.Config().require("chart"))
pulumi_kubernetes.helm.v3.Release(
    "small", namespace="small", opts=pulumi.ResourceOptions(provider=cluster), **chart
)
"""
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "none", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "none", "user": {}}],
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "current-context": "none",
}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH: what the provider makes of a chart's digest is not tried")
    with serving(tmp_path / "certificates", "1.0.0", "2.0.0") as made:
        yield made


def preview(folder: Path, registry: Registry, version: str, digest: str | None) -> subprocess.CompletedProcess[str]:
    """The engine's preview of the chart in a cluster that does not answer: the chart is fetched all the same."""
    for name in ("project", "home", "state"):
        (folder / name).mkdir()
    runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
    (folder / "project" / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "digest", "runtime": runtime}))
    (folder / "project" / "__main__.py").write_text(PROGRAM)
    (folder / "project" / "kubeconfig").write_text(yaml.safe_dump(KUBECONFIG))
    chart = {"chart": pinned(registry.chart, digest), "version": version}
    (folder / "project" / "Pulumi.test.yaml").write_text(yaml.safe_dump({"config": {"digest:chart": chart}}))
    environment = {
        **os.environ,
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "SSL_CERT_FILE": str(registry.authority),
        "HELM_CACHE_HOME": str(folder / "home" / "helm"),
    }
    command = ["pulumi", "preview", "--stack", "test", "--non-interactive", "--color=never"]
    subprocess.run(
        ["pulumi", "stack", "init", "test"], cwd=folder / "project", env=environment, check=True, capture_output=True
    )
    return subprocess.run(command, cwd=folder / "project", env=environment, capture_output=True, text=True, timeout=300)


def test_the_chart_of_the_stated_digest_is_taken(tmp_path: Path, registry: Registry) -> None:
    done = preview(tmp_path, registry, "1.0.0", registry.digests["1.0.0"])
    assert done.returncode == 0, done.stdout
    assert "3 to create" in done.stdout


def test_another_chart_under_the_version_is_refused_before_anything_is_changed(
    tmp_path: Path, registry: Registry
) -> None:
    done = preview(tmp_path, registry, "1.0.0", registry.digests["2.0.0"])
    assert done.returncode != 0
    assert f"digest mismatch: {registry.digests['1.0.0']} is not {registry.digests['2.0.0']}" in done.stdout


def test_a_digest_that_the_registry_does_not_have_is_refused(tmp_path: Path, registry: Registry) -> None:
    done = preview(tmp_path, registry, "1.0.0", f"sha256:{'0' * 64}")
    assert done.returncode != 0
    assert "1 errored" in done.stdout
