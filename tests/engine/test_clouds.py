"""What the real engine makes of clusters in three clouds: previews, updates, additions, removals and the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.components.stacks import SAMPLES, sample, tenant
from tests.engine.conftest import Engine, Step

pytestmark = pytest.mark.pulumi_cli

IDENTITY = [
    {
        "serviceAccount": "api",
        "aws": {"policyArns": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]},
        "gcp": {"roles": ["roles/storage.objectViewer"]},
        "azure": {"roles": ["Reader"], "scope": "/subscriptions/00000000-0000-0000-0000-00000000aaaa"},
    }
]
UNPROTECTED = {"deletionProtection": False}


def of(steps: list[Step], operation: str) -> list[Step]:
    return [step for step in steps if step.operation == operation]


def first(steps: list[Step], kind: str) -> int:
    """When something of a kind was first touched."""
    return next(index for index, step in enumerate(steps) if kind in step.type)


def last(steps: list[Step], kind: str) -> int:
    return max(index for index, step in enumerate(steps) if kind in step.type)


@pytest.mark.parametrize("profile", ["dev", "strict"])
def test_a_first_preview_knows_every_resource_and_reaches_nothing(engine: Engine, profile: str) -> None:
    engine.write(*(sample(provider) for provider in SAMPLES), profile=profile, install="chart")
    engine.tenants(tenant(identity=IDENTITY))
    planned = {step["urn"] for step in engine.preview()}
    engine.write(*(sample(provider, **UNPROTECTED) for provider in SAMPLES), profile=profile, install="chart")
    done = {step.name for step in engine.up()}
    assert {urn.rpartition("::")[2] for urn in planned} >= done
    assert len(done) > 150


@pytest.mark.parametrize("provider", list(SAMPLES))
def test_a_second_update_changes_nothing(engine: Engine, provider: str) -> None:
    engine.write(sample(provider), install="chart")
    engine.tenants(tenant(identity=IDENTITY))
    assert of(engine.up(), "create")
    assert engine.up() == []
    assert {step["op"] for step in engine.preview()} == {"same"}


@pytest.mark.parametrize("provider", list(SAMPLES))
def test_one_more_cluster_touches_nothing_of_the_first_and_neither_does_its_removal(
    engine: Engine, provider: str
) -> None:
    one = sample(provider, **UNPROTECTED)
    other = sample(provider, **UNPROTECTED, name="another", network={"cidr": "10.99.0.0/16"})
    engine.write(one)
    engine.up()
    engine.write(one, other)
    added = engine.up()
    assert {step.operation for step in added} == {"create"}
    assert all("another" in step.name for step in added)
    engine.write(one)
    removed = engine.up()
    assert {step.operation for step in removed} == {"delete"}
    assert sorted(step.name for step in removed) == sorted(step.name for step in added)


def test_a_tenant_s_file_is_not_simply_deleted(engine: Engine) -> None:
    engine.write(sample("eks", **UNPROTECTED))
    engine.tenants(tenant(), tenant("orders"))
    engine.up()
    engine.tenants(tenant())
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        refused = engine.pulumi(*command, "--stack", "test", ok=False)
        told = refused.stdout + refused.stderr
        assert refused.returncode != 0
        assert "tenants/orders.yaml: found no file, while there is still orders in aws-test (active)" in told
        assert "Traceback" not in told
    engine.tenants(tenant(), tenant("orders", lifecycle="offboarding"))
    assert not of(engine.up(), "delete"), "nothing was lost on the way"
    engine.tenants(tenant())
    assert {(step.operation, "orders" in step.name) for step in engine.up()} == {("delete", True)}


LAST_OF_ALL = {
    "eks": ("aws:eks/nodeGroup:NodeGroup", "aws:eks/cluster:Cluster", "aws:ec2/vpc:Vpc"),
    "gke": ("gcp:container/nodePool:NodePool", "gcp:container/cluster:Cluster", "gcp:compute/network:Network"),
    "aks": ("containerservice:AgentPool", "containerservice:ManagedCluster", "resources:ResourceGroup"),
}


@pytest.mark.parametrize("provider", list(SAMPLES))
def test_everything_goes_in_order_tenants_agent_nodes_cluster_network(engine: Engine, provider: str) -> None:
    engine.write(sample(provider, **UNPROTECTED), install="chart")
    engine.tenants(tenant(identity=IDENTITY))
    created = engine.up()
    deleted = engine.destroy()
    # What is in a namespace goes with it, and is not asked for by itself.
    spared = {step.name for step in created} - {step.name for step in deleted}
    assert all("/acme/" in name for name in spared)
    assert not any(step.name in spared and not step.type.startswith("kubernetes:") for step in created)
    nodes, cluster, network = LAST_OF_ALL[provider]
    order = [last(deleted, "core/v1:Namespace"), first(deleted, "FluxInstance"), first(deleted, nodes)]
    order += [first(deleted, cluster), first(deleted, network)]
    assert order == sorted(order)


@pytest.mark.parametrize("provider", list(SAMPLES))
def test_a_protected_cluster_is_not_destroyed(engine: Engine, provider: str) -> None:
    engine.write(sample(provider))
    engine.up()
    done = engine.pulumi("destroy", "--yes", "--skip-preview", "--stack", "test", ok=False)
    assert done.returncode != 0
    assert "protect" in done.stdout + done.stderr


def test_a_resource_without_a_provider_of_its_own_is_refused_by_the_engine(engine: Engine) -> None:
    engine.write(sample("eks"))
    program = engine.root / "__main__.py"
    program.write_text(program.read_text() + '\nimport pulumi_aws\npulumi_aws.s3.Bucket("anywhere")\n')
    done = engine.pulumi("preview", "--stack", "test", ok=False)
    assert done.returncode != 0
    assert "Default provider for 'aws' disabled" in done.stdout + done.stderr


def test_a_missing_credential_ends_the_program_before_anything_is_registered(engine: Engine) -> None:
    engine.write(*(sample(provider) for provider in SAMPLES))
    for name in ("AWS_ACCESS_KEY_ID", "GOOGLE_OAUTH_ACCESS_TOKEN", "ARM_USE_OIDC"):
        del engine.environment[name]
    engine.environment["HOME"] = str(engine.root)
    done = engine.pulumi("up", "--yes", "--skip-preview", "--stack", "test", ok=False)
    printed = done.stdout + done.stderr
    assert done.returncode != 0
    assert "3 problems in the settings" in printed
    assert "Traceback" not in printed
    assert not engine.steps_so_far()


def test_the_kubeconfigs_are_secrets_in_the_stack_s_outputs(engine: Engine) -> None:
    engine.write(*(sample(provider) for provider in SAMPLES))
    engine.up()
    shown = engine.pulumi("stack", "output", "--json", "--stack", "test").stdout
    assert "certificate-authority-data" not in shown


def test_berth_kubeconfig_takes_the_clusters_from_the_engine(engine: Engine, tmp_path: Path) -> None:
    engine.write(*(sample(provider) for provider in SAMPLES))
    engine.up()
    target = tmp_path / "config"
    command = [sys.executable, "-m", "berth", "kubeconfig", "--stack", "test", "--file", str(target)]
    done = subprocess.run(command, cwd=engine.root, env=engine.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    contexts = yaml.safe_load(target.read_text("utf-8"))["contexts"]
    assert [context["name"] for context in contexts] == ["aws-test", "gcp-test", "azure-test"]
