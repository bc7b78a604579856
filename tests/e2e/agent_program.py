"""A program of its own that looks at a cluster's agent, run by the real engine: what it takes for good and what not."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth.settings import Engine
from tests.e2e.harness import ROOT, TestFleet

CLUSTER = "aws-local"
PROGRAM = """\
import pulumi, pulumi_kubernetes as kubernetes
from berth.settings import Engine
from components.gitops.installed import Access, Expected, check_agent

provider = kubernetes.Provider("cluster", kubeconfig={path!r}, context={cluster!r})
agent = pulumi.ComponentResource("test:Agent", "agent")
expected = Expected(Engine({engine!r}), {expected})
check_agent("agent", Access({cluster!r}, {path!r}, {cluster!r}), expected, agent, [provider])
kubernetes.core.v1.ConfigMap(
    "of-a-tenant",
    metadata=kubernetes.meta.v1.ObjectMetaArgs(name="of-a-tenant", namespace="default"),
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[agent]),
)
"""


@dataclass(frozen=True)
class Program:
    """Looks at the agent of a fleet's cluster and then makes one object there."""

    folder: Path
    fleet: TestFleet

    @classmethod
    def create(cls, folder: Path, fleet: TestFleet) -> Program:
        """A program that expects the fleet's engine, locked down."""
        for name in ("berth", "components", ".venv"):
            (folder / name).symlink_to(ROOT / name)
        (folder / "state").mkdir()
        (folder / "Pulumi.yaml").write_text(
            "name: looks\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
            "config: {'pulumi:disable-default-providers': {value: ['*']}}\n"
        )
        made = cls(folder, fleet)
        made.write("lockdown=True")
        assert made.pulumi("stack", "init").returncode == 0
        return made

    def write(self, expected: str) -> None:
        """`expected` is what is looked for besides the engine's kinds, as arguments of `Expected`."""
        path, engine = str(self.fleet.root / ".local" / "kubeconfig"), Engine(self.fleet.engine.name)
        text = PROGRAM.format(path=path, cluster=CLUSTER, engine=engine.value, expected=expected)
        (self.folder / "__main__.py").write_text(text)

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{self.folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--stack=test"],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=900,
        )  # fmt: skip

    def up(self) -> subprocess.CompletedProcess[str]:
        return self.pulumi("up", "--yes", "--skip-preview")

    def made(self) -> bool:
        return self.fleet.get(CLUSTER, "configmap", "of-a-tenant", "-n", "default") is not None


def apply(fleet: TestFleet, item: dict[str, Any]) -> None:
    fleet.kubectl(CLUSTER, "apply", "--server-side", "--force-conflicts", "--filename=-", stdin=json.dumps(item))


def controller(namespace: str, name: str, labels: dict[str, str], *flags: str) -> dict[str, Any]:
    """A Deployment as an agent's own manifests have it, at a scale of nothing."""
    container = {"name": "manager", "image": f"registry.example.com/{name}", "args": list(flags)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {**labels, "app": name}}, "spec": {"containers": [container]}},
        },
    }
