"""`delivery: git` in the program: roots in place of tenants, and what stays Pulumi's."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from berth.project import Project
from berth.render import render_cluster, render_root
from berth.settings import stack_from_config
from tests.components.recording import ROOT, Recorder, config_of, run_program

CLUSTERS = ("aws-local", "azure-local", "gcp-local")


def config(engine: str) -> dict[str, str]:
    gitops = json.dumps({"engine": engine, "install": "none"})
    return {**config_of(ROOT / "Pulumi.local.yaml"), "berth:delivery": "git", "berth:gitops": gitops}


@cache
def recorded(engine: str) -> Recorder:
    return run_program("local", config=config(engine))


@cache
def project(engine: str) -> Project:
    values: dict[str, str | None] = {key.removeprefix("berth:"): text for key, text in config(engine).items()}
    return Project.load(ROOT, {"local": stack_from_config("local", values, ROOT / "Pulumi.local.yaml", ROOT)})


def key(item: dict[str, Any]) -> tuple[str, str, str]:
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_each_cluster_gets_its_guard_rails_and_its_root_and_nothing_else(engine: str) -> None:
    for cluster in project(engine).stack("local").clusters:
        inside = [
            item.inputs
            for item in recorded(engine).recorded
            if item.type.startswith("kubernetes:") and item.provider.split("::")[-2] == cluster.name
        ]
        expected = [*render_cluster(cluster), *render_root(cluster)]
        assert sorted(inside, key=key) == sorted(expected, key=key)


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_a_tenant_adds_no_resource(engine: str) -> None:
    names = " ".join(item.urn for item in recorded(engine).recorded)
    assert recorded(engine).of_type("berth:tenancy:Tenant") == []
    assert not any(tenant in names for tenant in project(engine).tenants)


@pytest.mark.parametrize(("engine", "sync"), [("flux", "Kustomization"), ("argocd", "Application")])
def test_the_root_sync_starts_when_its_account_and_its_bounds_are_there(engine: str, sync: str) -> None:
    recorder = recorded(engine)
    syncs = [item for item in recorder.recorded if item.inputs.get("kind") == sync]
    assert len(syncs) == len(CLUSTERS)
    for item in syncs:
        others = {other.urn for other in recorder.below(item.parent)} - {item.urn}
        assert len(others) >= 8
        assert others <= set(item.depends_on)


def test_the_root_waits_for_the_guard_rails() -> None:
    recorder = recorded("flux")
    for root in recorder.of_type("berth:tenancy:RootSync"):
        cluster = root.name.removesuffix("-root")
        guard_rails = next(item for item in recorder.recorded if item.name == f"{cluster}-guard-rails")
        policies = {item.urn for item in recorder.below(guard_rails.urn)}
        assert len(policies) >= 15
        assert policies <= set(root.depends_on)
