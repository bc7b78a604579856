"""Two descriptions become a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from berth.plan.compare import compare
from berth.plan.desired import DesiredCluster, DesiredStack, Resource
from berth.plan.difference import differences
from berth.plan.model import ABSENT, SECRET, Action, Base, Plan, ResourceChange, StackPlan
from berth.plan.radius import blast
from berth.render import Object

SIGNED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"


def namespace(name: str, **labels: str) -> Object:
    metadata = {"name": name, "labels": {"berth.dev/namespace-role": "workloads", **labels}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def stack(
    *resources: Resource, name: str = "dev", **tenants: dict[str, list[Object] | None]
) -> dict[str, DesiredStack]:
    """A stack whose clusters are named by keyword, each with its tenants' objects."""
    clusters = {key: DesiredCluster(key, name, "aws", "local", [], placed) for key, placed in tenants.items()}
    return {name: DesiredStack(name, name, clusters, list(resources))}


def resource(kind: str, name: str, *, uses: dict[str, list[str]] | None = None, **more: Any) -> Resource:
    inputs = more.pop("inputs", {})
    return Resource(f"urn::{kind}::{name}", kind, name, "", inputs, id=f"{name}-id", uses=uses or {}, **more)


def changed(before: dict[str, DesiredStack], after: dict[str, DesiredStack]) -> StackPlan:
    (plan,) = compare(before, after)
    return plan


def changed_resource(before: Resource, after: Resource) -> ResourceChange:
    (change,) = changed(stack(before), stack(after)).resources
    return change


def test_each_value_that_differs_is_told_by_its_path() -> None:
    before = {"a": {"b": [1, 2], "gone": None}, "same": "x"}
    found = list(differences(before, {"a": {"b": [1, 3, 4]}, "same": "x"}))
    told = [(change.path, change.before, change.after) for change in found]
    assert told == [(("a", "b", 1), 2, 3), (("a", "b", 2), ABSENT, 4), (("a", "gone"), None, ABSENT)]


def test_true_is_not_one() -> None:
    assert len(list(differences({"a": 1}, {"a": True}))) == 1


def test_of_a_secret_only_that_it_differs_is_told() -> None:
    (change,) = differences({"a": SIGNED | {"value": "one"}}, {"a": SIGNED | {"value": "two"}})
    assert (change.before, change.after) == (SECRET, SECRET)


def test_a_tenant_that_is_known_to_be_the_same_is_in_the_plan_without_objects() -> None:
    plan = changed(stack(c1={"acme": None}), stack(c1={"acme": None}))
    (tenant,) = plan.clusters[0].tenants
    assert (tenant.name, tenant.action, tenant.objects, plan.action) == ("acme", Action.NONE, (), Action.NONE)


def test_a_tenant_that_leaves_a_cluster_and_enters_another_is_moved_and_its_namespace_is_lost() -> None:
    objects = [namespace("acme")]
    plan = changed(stack(c1={"acme": objects}, c2={}), stack(c1={}, c2={"acme": objects}))
    left, entered = (cluster.tenants[0] for cluster in plan.clusters)
    assert (left.action, left.leaves, left.other_clusters) == (Action.MOVE, True, ("c2",))
    assert (entered.action, entered.leaves, entered.other_clusters) == (Action.MOVE, False, ("c1",))
    assert left.lost_namespaces == ("acme",)
    assert entered.lost_namespaces == ()


def test_the_sync_namespace_holds_no_data_that_could_be_lost() -> None:
    sync = namespace("berth-acme", **{"berth.dev/namespace-role": "sync"})
    (tenant,) = changed(stack(c1={"acme": [sync]}), stack(c1={})).clusters[0].tenants
    assert tenant.lost_namespaces == ()


@pytest.mark.parametrize(
    ("policy", "shielded", "lost"),
    [("keep", True, False), ("", True, False), ("delete", True, True), ("keep", False, True)],
)
def test_a_namespace_keeps_its_volumes_where_the_api_server_refuses_to_delete_it(
    policy: str, shielded: bool, lost: bool
) -> None:
    annotations = {"berth.dev/deletion-policy": policy} if policy else {}
    there = namespace("acme")
    there["metadata"]["annotations"] = annotations
    api = "admissionregistration.k8s.io/v1"
    binding = {
        "apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "berth-volumes"},
    }  # fmt: skip
    before = DesiredCluster("c1", "dev", "aws", "local", [binding] if shielded else [], {"acme": [there]})
    after = replace(before, tenants={})
    stacks = [{"dev": DesiredStack("dev", "dev", {"c1": each}, [])} for each in (before, after)]
    (tenant,) = changed(*stacks).clusters[0].tenants
    assert (tenant.lost_namespaces, tenant.kept_namespaces) == ((("acme",), ()) if lost else ((), ("acme",)))
    (alarm,) = (each for each in blast(Plan(None, compare(*stacks))).alarms if "acme" in each)
    assert alarm.startswith("DATA LOSS" if lost else "NAMESPACE REMOVED")


def test_an_alias_makes_a_rename_of_what_would_be_a_removal_and_an_addition() -> None:
    old, new = resource(VPC, "old"), resource(VPC, "new", aliases=(f"urn::{VPC}::old",))
    (change,) = changed(stack(old), stack(new)).resources
    assert (change.action, change.name, change.former_urn) == (Action.RENAME, "new", old.urn)


def test_without_an_alias_it_is_a_removal_and_an_addition() -> None:
    found = changed(stack(resource(VPC, "old")), stack(resource(VPC, "new"))).resources
    assert [(change.name, change.action) for change in found] == [("new", Action.ADD), ("old", Action.REMOVE)]


def test_what_the_engine_passes_over_is_no_change() -> None:
    def pool(size: int) -> Resource:
        return resource("aws:eks/nodeGroup:NodeGroup", "pool", inputs={"x": {"size": size}}, ignore_changes=("x",))

    assert changed_resource(pool(1), pool(2)).action is Action.NONE


def test_protection_that_is_lifted_is_a_change() -> None:
    found = changed_resource(resource(VPC, "net", protect=True), resource(VPC, "net"))
    assert (found.action, found.changes[0].path) == (Action.CHANGE, ("protect",))


def test_who_uses_what_is_replaced_is_replaced_too_where_its_property_cannot_change() -> None:
    def both(cidr: str) -> dict[str, DesiredStack]:
        net = resource(VPC, "net", inputs={"cidrBlock": cidr})
        subnet = resource(SUBNET, "sub", inputs={"vpcId": "net-id"}, uses={"vpcId": [net.urn]})
        other = resource(SUBNET, "other", inputs={"vpcId": "elsewhere"})
        return stack(net, subnet, other)

    found = {change.name: change for change in changed(both("10.0.0.0/16"), both("10.1.0.0/16")).resources}
    assert {name: change.action for name, change in found.items()} == {
        "net": Action.REPLACE,
        "sub": Action.REPLACE,
        "other": Action.NONE,
    }
    assert "net is replaced" in found["sub"].changes[0].after


def test_a_type_that_nothing_is_known_of_may_be_replaced() -> None:
    found = changed_resource(resource("x:y/z:Z", "a", inputs={"b": 1}), resource("x:y/z:Z", "a", inputs={"b": 2}))
    assert (found.action, found.changes[0].replaces) == (Action.MAY_REPLACE, Action.MAY_REPLACE)
    assert found.changes[0].reason


def test_the_line_to_decide_on_says_the_worst() -> None:
    lost = compare(stack(c1={"acme": [namespace("acme")]}), stack(c1={}))
    found = blast(Plan(Base("main", "0"), lost))
    assert found.line.startswith("Deletes for good what Git cannot bring back")
    assert found.alarms[0].startswith("DATA LOSS: the namespace acme of acme is deleted in c1")


def test_production_and_every_cluster_are_alarms() -> None:
    before = stack(name="prod", c1={"a": [namespace("a")]}, c2={"a": [namespace("a")]})
    after = stack(name="prod", c1={"a": [namespace("a", x="y")]}, c2={"a": [namespace("a", x="y")]})
    alarms = blast(Plan(None, compare(before, after))).alarms
    assert alarms == ("Touches every cluster that was planned: all 2.", "Touches production: c1, c2.")
