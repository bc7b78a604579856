"""What cannot change in place: the tables know all that the program registers, and say what providers publish."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

import pytest
from azure.mgmt.containerservice import models

from berth.plan.replacement import Certainty, Order, consequence, knowledge, order, replaces, sources
from tests.components.stacks import SAMPLES, Settings, run, sample, tenant
from tests.published.aws_schemas import FORMS, WITHOUT_A_SCHEMA, validator

VPC, CLUSTER = "aws:ec2/vpc:Vpc", "aws:eks/cluster:Cluster"
IDENTITY = [
    {
        "serviceAccount": "api",
        "aws": {"policyArns": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]},
        "gcp": {"roles": ["roles/storage.objectViewer"]},
        "azure": {"roles": ["Reader"], "scope": "/subscriptions/00000000-0000-0000-0000-00000000aaaa"},
    }
]
MACHINES = {"eks": "m7i.large", "gke": "n2-standard-4", "aks": "Standard_D4ds_v5"}


def pools(provider: str) -> list[Settings]:
    machine = MACHINES[provider]
    taints = [{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}]
    return [
        {"name": "general", "instanceType": machine},
        {"name": "spare", "instanceType": machine, "spot": True, "labels": {"disk": "ssd"}, "taints": taints},
    ]


@cache
def registered() -> dict[str, set[tuple[str, ...]]]:
    """Every property that the program states of each type, in both profiles, with and without the agent's chart."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for profile, install in (("strict", "chart"), ("dev", "none")):
        clusters = [sample(provider, nodePools=pools(provider)) for provider in SAMPLES]
        for item in run(*clusters, profile=profile, install=install, tenants=(tenant(identity=IDENTITY),)).recorded:
            found.setdefault(item.type, set()).update(leaves(item.inputs))
    return found


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for inner in value:
            yield from leaves(inner, path)
    elif path:
        yield path


def test_the_tables_know_every_property_of_every_type_that_the_program_registers() -> None:
    unknown = [
        f"{kind}: {'.'.join(path)}"
        for kind, paths in registered().items()
        for path in sorted(paths)
        if replaces(kind, path).reason.startswith("nothing is known")
    ]
    assert unknown == []
    assert len(registered()) > 70


def test_every_type_in_the_tables_of_the_clouds_is_one_that_the_program_registers() -> None:
    named = {kind for source in sources() if source.provider != "kubernetes" for kind in source.types}
    assert named - set(registered()) == set()


def test_the_tables_are_of_the_packages_that_are_installed() -> None:
    assert {source.package: version(source.package) for source in sources()} == {
        source.package: source.version for source in sources()
    }


DIFFERENT_IN_THE_PROVIDER = {
    ("aws:eks/cluster:Cluster", "encryptionConfig"),  # the provider adds it to a cluster in place
    ("aws:ec2/routeTableAssociation:RouteTableAssociation", "routeTableId"),  # EC2 has a call that exchanges it
    *(
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", name)  # and one that changes rules
        for name in ("cidrIpv4", "fromPort", "ipProtocol", "toPort")
    ),
}
"""What CloudFormation makes anew and Pulumi's provider does not, or not always."""


@pytest.mark.parametrize("kind", sorted(FORMS))
def test_what_cloudformation_says_is_for_creation_only_replaces(kind: str) -> None:
    form = FORMS[kind]
    names = {published: own for own, published in form.names.items()}
    schema = validator(form.kind).schema
    assert isinstance(schema, dict)
    for published in sorted(schema.get("createOnlyProperties", ())):
        steps = published.removeprefix("/properties/").split("/")
        own = names.get(steps[0], steps[0][:1].lower() + steps[0][1:])
        path = (own, *(step[:1].lower() + step[1:] for step in steps[1:]))
        if path not in registered().get(kind, ()) or (kind, own) in DIFFERENT_IN_THE_PROVIDER:
            continue
        assert replaces(kind, path).certainty is Certainty.CERTAIN, (kind, path)


def test_types_without_a_schema_are_in_the_table_too() -> None:
    assert all(knowledge(kind) for kind in WITHOUT_A_SCHEMA)


def test_what_aks_takes_at_creation_only_replaces() -> None:
    at_creation = [
        name
        for base in models.ManagedCluster.__mro__
        for name, field in vars(base).items()
        if "create" in (getattr(field, "_visibility", None) or ()) and "update" not in field._visibility
    ]
    assert at_creation == ["location"]
    assert replaces("azure-native:containerservice:ManagedCluster", ("location",)).certainty is Certainty.CERTAIN


def test_another_range_of_a_vpc_replaces_it_and_its_name_tag_does_not() -> None:
    assert replaces(VPC, ("cidrBlock",)).certainty is Certainty.CERTAIN
    assert replaces(VPC, ("tags", "Name")).certainty is Certainty.NO


def test_a_newer_kubernetes_and_a_larger_node_pool_replace_nothing() -> None:
    for kind, path in (
        (CLUSTER, ("version",)),
        ("gcp:container/cluster:Cluster", ("minMasterVersion",)),
        ("azure-native:containerservice:ManagedCluster", ("kubernetesVersion",)),
        ("aws:eks/nodeGroup:NodeGroup", ("scalingConfig", "maxSize")),
        ("gcp:container/nodePool:NodePool", ("autoscaling", "totalMaxNodeCount")),
        ("azure-native:containerservice:AgentPool", ("maxCount",)),
    ):
        assert replaces(kind, path).certainty is Certainty.NO, kind


def test_items_of_a_list_are_as_the_list() -> None:
    assert replaces("aws:eks/nodeGroup:NodeGroup", ("subnetIds", 2)).certainty is Certainty.CERTAIN
    assert replaces("gcp:container/nodePool:NodePool", ("nodeConfig", "taints", 0, "key")).certainty is Certainty.NO


def test_what_no_table_knows_may_replace_and_says_why() -> None:
    for verdict in (replaces("aws:s3/bucket:Bucket", ("bucket",)), replaces(VPC, ("instanceTenancy",))):
        assert verdict.certainty is Certainty.POSSIBLE
        assert "nothing is known" in verdict.reason


def test_every_perhaps_has_a_reason() -> None:
    verdicts = [rule for source in sources() for known in source.types.values() for rule in known.rules.values()]
    assert [rule for rule in verdicts if rule.certainty is Certainty.POSSIBLE and not rule.reason] == []


def test_a_part_that_cannot_change_makes_the_whole_uncertain() -> None:
    verdict = replaces(CLUSTER, ("kubernetesNetworkConfig",))
    assert verdict.certainty is Certainty.POSSIBLE
    assert "kubernetesNetworkConfig.ipFamily" in verdict.reason


@pytest.mark.parametrize(
    ("before", "after", "certainty"),
    [
        ("10.0.0.0/20", "10.0.0.0/19", Certainty.NO),
        ("10.0.0.0/20", "10.0.0.0/21", Certainty.CERTAIN),
        ("10.0.0.0/20", "10.8.0.0/16", Certainty.CERTAIN),
        ("10.0.0.0/20", None, Certainty.POSSIBLE),
    ],
)
def test_a_subnet_of_google_grows_in_place_and_only_grows(before: str, after: str | None, certainty: Certainty) -> None:
    kind = "gcp:compute/subnetwork:Subnetwork"
    assert replaces(kind, ("ipCidrRange",), before, after).certainty is certainty


def test_components_are_never_replaced() -> None:
    assert replaces("berth:cluster:EksCluster", ("anything",)).certainty is Certainty.NO


def test_of_a_kubernetes_kind_that_no_table_names_the_name_and_the_namespace_replace() -> None:
    kind = "kubernetes:source.toolkit.fluxcd.io/v1:GitRepository"
    assert replaces(kind, ("metadata", "namespace")).certainty is Certainty.CERTAIN
    assert replaces(kind, ("spec", "url")).certainty is Certainty.NO
    assert replaces("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", ("roleRef", "name")).certainty is (
        Certainty.CERTAIN
    )


def test_a_changed_kubeconfig_replaces_no_provider_and_another_cluster_does() -> None:
    assert replaces("pulumi:providers:kubernetes", ("kubeconfig",)).certainty is Certainty.NO
    assert replaces("pulumi:providers:kubernetes", ("clusterIdentifier",)).certainty is Certainty.CERTAIN


def test_a_stated_name_has_the_old_one_deleted_first() -> None:
    assert order(CLUSTER, {"name": "aws-prod"}) is Order.OLD_GOES_FIRST
    assert order("aws:eks/nodeGroup:NodeGroup", {"nodeGroupNamePrefix": "a-"}) is Order.NEW_COMES_FIRST
    assert order(VPC, {"cidrBlock": "10.0.0.0/16"}) is Order.NEW_COMES_FIRST
    assert order(VPC, {}, deletes_first=True) is Order.OLD_GOES_FIRST
    assert order("kubernetes:v1:Namespace", {"metadata": {"name": "acme"}}) is Order.OLD_GOES_FIRST
    assert order("aws:s3/bucket:Bucket", {}) is Order.UNKNOWN


def test_the_worst_say_what_is_lost() -> None:
    for kind in (CLUSTER, "gcp:container/cluster:Cluster", "azure-native:containerservice:ManagedCluster"):
        assert consequence(kind).startswith("every workload")
    assert consequence(VPC)
    assert consequence("aws:ec2/route:Route") == ""
    assert consequence("aws:s3/bucket:Bucket") == ""
