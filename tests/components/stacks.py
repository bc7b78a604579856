"""Stacks of new clusters for tests: the least that is valid of each provider, and the program run for any of them."""

from __future__ import annotations

import shutil
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from berth.tenants.resolve import merge
from tests.components.recording import ROOT, Recorder, config_of, run_program

Settings = dict[str, Any]

SAMPLES: dict[str, Settings] = {
    "eks": {
        "name": "aws-test",
        "provider": "eks",
        "account": "111122223333",
        "region": "eu-west-1",
        "kubernetesVersion": "1.35",
        "network": {"cidr": "10.10.0.0/16"},
        "admins": ["arn:aws:iam::111122223333:role/platform"],
        "nodePools": [{"name": "general", "instanceType": "m7i.large"}],
    },
    "gke": {
        "name": "gcp-test",
        "provider": "gke",
        "project": "berth-test",
        "region": "europe-west1",
        "kubernetesVersion": "1.35",
        "network": {"cidr": "10.20.0.0/16"},
        "admins": ["group:platform@example.com"],
        "nodePools": [{"name": "general", "instanceType": "n2-standard-4"}],
        "securityGroup": "gke-security-groups@example.com",
    },
    "aks": {
        "name": "azure-test",
        "provider": "aks",
        "subscription": "00000000-0000-0000-0000-00000000aaaa",
        "entraTenant": "00000000-0000-0000-0000-00000000bbbb",
        "region": "westeurope",
        "kubernetesVersion": "1.35",
        "network": {"cidr": "10.30.0.0/16"},
        "admins": ["00000000-0000-0000-0000-000000000001"],
        "nodePools": [{"name": "general", "instanceType": "Standard_D4ds_v5"}],
    },
}
"""One cluster of each provider, valid in both security profiles."""

PUBLIC = {"api": {"public": True, "allowedCidrs": ["203.0.113.0/24"]}}
"""What only the profile dev lets a cluster say."""


def sample(provider: str, **more: Any) -> Settings:
    """A cluster of a provider, with more settings or others: maps merge, everything else is replaced."""
    return merge(deepcopy(SAMPLES[provider]), more)


def stack(*clusters: Settings, profile: str = "strict", install: str = "none") -> Settings:
    """The content of a stack file."""
    return {
        "config": {
            "berth:environment": "test",
            "berth:securityProfile": profile,
            "berth:gitops": {"engine": "flux", "install": install},
            "berth:deployRepo": {"url": "https://git.example.com/deploy.git"},
            "berth:clusters": list(clusters),
        }
    }


def tenant(name: str = "acme", **more: Any) -> Settings:
    """The content of a tenant file: the tenant is in every cluster of the stack."""
    placements = [{"environments": ["test"], "clouds": ["aws", "gcp", "azure"]}]
    owners = {"team": name, "contact": f"{name}@example.com"}
    return {"name": name, "owners": owners, "profile": "standard", "placements": placements, **more}


def run(
    *clusters: Settings,
    profile: str = "strict",
    tenants: tuple[Settings, ...] = (),
    preview: bool = False,
    install: str = "none",
    config: Settings | None = None,
) -> Recorder:
    """Runs the program for a stack of these clusters, with more `config` if given. Raises what the program raises."""
    with tempfile.TemporaryDirectory(prefix="berth-stack-") as folder:
        root = Path(folder)
        (root / "tenants").mkdir()
        shutil.copytree(ROOT / "tenants" / "profiles", root / "tenants" / "profiles")
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, root / name)
        for content in tenants:
            (root / "tenants" / f"{content['name']}.yaml").write_text(yaml.safe_dump(content), "utf-8")
        content = stack(*clusters, profile=profile, install=install)
        content["config"] |= config or {}
        (root / "Pulumi.test.yaml").write_text(yaml.safe_dump(content), "utf-8")
        return run_program("test", root, config_of(root / "Pulumi.test.yaml"), preview=preview)
