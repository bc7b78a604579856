"""Plans for the page to show, made from what render returns and by the comparison that makes real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from berth.plan.compare import compare
from berth.plan.desired import DesiredCluster, DesiredStack, Resource
from berth.plan.model import Base, Plan
from berth.render.objects import Object

HOSTILE = '</script><img src="x" onerror="document.title=1"> `|` {{'
CLUSTERS = {"aws-dev": ("dev", "aws"), "gcp-dev": ("dev", "gcp"), "aws-prod": ("prod", "aws")}

Tenants = Mapping[str, Mapping[str, list[Object] | None]]
"""Objects by cluster and tenant; None for those that were not rendered as nothing changes."""


def small() -> Plan:
    """One tenant comes, one changes, one goes, one stays; a network is replaced in aws-dev."""
    before: dict[str, dict[str, list[Object] | None]] = {
        "aws-dev": {"changed": tenant("changed", pods="7"), "gone": tenant("gone"), "same": None},
        "gcp-dev": {"changed": tenant("changed", pods="7"), "same": None},
        "aws-prod": {"same": None},
    }
    after: dict[str, dict[str, list[Object] | None]] = {
        "aws-dev": {"changed": tenant("changed", pods="9"), "come": tenant("come"), "same": None},
        "gcp-dev": {"changed": tenant("changed", pods="9"), "same": None},
        "aws-prod": {"come": tenant("come", note=HOSTILE), "same": None},
    }
    notes = (f"1 file is not committed: {HOSTILE}",)
    stacks = compare(_stacks(before, "10.1.0.0/16"), _stacks(after, "10.2.0.0/16"))
    return Plan(Base("origin/main", "0123456789abcdef"), stacks, notes)


def large(tenants: int) -> Plan:
    """The whole plan of this many tenants, each in every cluster."""
    placed = {cluster: {f"t-{n:04}": tenant(f"t-{n:04}") for n in range(tenants)} for cluster in CLUSTERS}
    return Plan(None, compare({}, _stacks(placed, "10.1.0.0/16"), whole=("dev", "prod")))


def tenant(name: str, *, pods: str = "5", note: str = "") -> list[Object]:
    """Twelve objects, as many as the least that a tenant has."""
    inside: dict[str, Any] = {"namespace": name, **({"annotations": {"note": note}} if note else {})}
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"berth.dev/namespace-role": "workloads", "berth.dev/tenant": name}},
    }
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "berth", **inside},
        "spec": {"hard": {f"count/thing-{n}": "1" for n in range(12)} | {"pods": pods}},
    }
    bindings = [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": f"binding-{n}", "namespace": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        }
        for n in range(10)
    ]
    return [namespace, quota, *bindings]


def _stacks(placed: Tenants, network: str) -> dict[str, DesiredStack]:
    stacks = {}
    for environment in ("dev", "prod"):
        clusters = {
            name: DesiredCluster(name, environment, cloud, "here", [], dict(placed[name]))
            for name, (of, cloud) in CLUSTERS.items()
            if of == environment
        }
        resources = [item for name in clusters for item in _resources(name, network)]
        stacks[environment] = DesiredStack(environment, environment, clusters, resources)
    return stacks


def _resources(cluster: str, network: str) -> list[Resource]:
    top, vpc = f"urn::{cluster}", f"urn::{cluster}-vpc"
    block = network if cluster == "aws-dev" else "10.9.0.0/16"
    return [
        Resource(top, "berth:cluster:EksCluster", cluster, "", {}),
        Resource(vpc, "aws:ec2/vpc:Vpc", f"{cluster}-vpc", top, {"cidrBlock": block}, protect=True),
        Resource(f"{vpc}-flow", "aws:ec2/flowLog:FlowLog", f"{cluster}-flow", top, {"trafficType": "ALL"}),
    ]
