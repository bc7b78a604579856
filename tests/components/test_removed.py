"""A tenant's file that is deleted while the tenant was deployed as active, a cluster that goes with tenants in it, and
tenants that Git is to deliver while Pulumi holds them: the program refuses before it registers anything. What was
deployed, the stack's own outputs tell."""

from __future__ import annotations

from typing import Any

import grpc
import pulumi
import pytest
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack

from berth.plan import stand_ins
from tests.components.stacks import run, sample, tenant


class Unreadable(grpc.RpcError):
    """As the engine says it."""

    def details(self) -> str:
        return str(self)


READ = "pulumi:pulumi:readStackOutputs"


def deployed(monkeypatch: pytest.MonkeyPatch, **outputs: Any) -> list[dict[str, Any]]:
    """The last update left these outputs. Returns what will have been asked."""
    asked: list[dict[str, Any]] = []

    def answer(arguments: dict[str, Any]) -> dict[str, Any]:
        asked.append(arguments)
        return {"outputs": outputs}

    monkeypatch.setitem(stand_ins.ANSWERS, READ, answer)
    return asked


def test_a_tenant_that_was_active_and_has_no_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch, **{"aws-test": {"tenants": {"acme": "active", "orders": "active", "shop": "suspended"}}})
    with pytest.raises(pulumi.RunError) as refused:
        run(sample("eks"), tenants=(tenant(),))
    told = str(refused.value)
    assert "2 problems" in told
    assert "tenants/orders.yaml: found no file, while there is still orders in aws-test (active)" in told
    assert "shop in aws-test (suspended)" in told
    assert "approve it in Pulumi.test.yaml: {guard: tenant-removed, subject: orders" in told
    assert "acme" not in told


def test_a_tenant_that_was_offboarding_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch, **{"aws-test": {"tenants": {"orders": "offboarding"}}})
    assert run(sample("eks")).recorded


def test_a_removal_that_the_stack_file_approves_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch, **{"aws-test": {"tenants": {"orders": "active"}}})
    approval = {"guard": "tenant-removed", "subject": "orders", "reason": "It never went live"}
    assert run(sample("eks"), config={"berth:guards": {"approvals": [approval]}}).recorded


def test_where_git_delivers_tenants_come_and_go_without_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch, **{"aws-test": {"delivery": "git", "tenants": {"acme": "active", "orders": "active"}}})
    assert run(sample("eks"), tenants=(tenant(),), config={"berth:delivery": "git"}).recorded


BY_PULUMI = {"aws-test": {"delivery": "pulumi", "tenants": {"acme": "active", "shop": "offboarding"}}}
BEFORE_IT_WAS_TOLD = {"aws-test": {"tenants": {"acme": "active", "shop": "offboarding"}}}


@pytest.mark.parametrize("outputs", [BY_PULUMI, BEFORE_IT_WAS_TOLD], ids=["told", "not told"])
def test_tenants_that_pulumi_holds_are_not_handed_to_git_by_one_line(
    monkeypatch: pytest.MonkeyPatch, outputs: dict[str, Any]
) -> None:
    deployed(monkeypatch, **outputs)
    with pytest.raises(pulumi.RunError) as refused:
        run(sample("eks"), tenants=(tenant(), tenant("shop")), config={"berth:delivery": "git"})
    told = str(refused.value)
    assert "1 problem" in told
    assert "Pulumi.test.yaml:15:19: config.berth:delivery: found git, while Pulumi holds acme, shop in aws-test" in told
    assert "set it back, see docs/delivery.md" in told
    assert "approve it in Pulumi.test.yaml: {guard: mass-removal, subject: test, reason: ...}" in told


def test_each_cluster_whose_tenants_would_go_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    left = {"delivery": "pulumi", "tenants": {"acme": "active"}}
    deployed(monkeypatch, **{"aws-test": left, "gcp-test": left, "azure-test": {**left, "delivery": "git"}})
    with pytest.raises(pulumi.RunError, match="2 problems") as refused:
        run(*map(sample, ("eks", "gke", "aks")), tenants=(tenant(),), config={"berth:delivery": "git"})
    assert "acme in gcp-test" in str(refused.value)
    assert "azure-test" not in str(refused.value)


@pytest.mark.parametrize(("guard", "subject"), [("mass-removal", "test"), ("tenant-removed", "acme")])
def test_tenants_are_handed_to_git_where_the_stack_file_approves_of_it(
    monkeypatch: pytest.MonkeyPatch, guard: str, subject: str
) -> None:
    deployed(monkeypatch, **{"aws-test": {"delivery": "pulumi", "tenants": {"acme": "active"}}})
    approval = {"guard": guard, "subject": subject, "reason": "Nothing runs there yet"}
    config = {"berth:delivery": "git", "berth:guards": {"approvals": [approval]}}
    assert run(sample("eks"), tenants=(tenant(),), config=config).recorded


def test_an_approval_of_another_removal_hands_no_tenant_to_git(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch, **BY_PULUMI)
    approvals = [
        {"guard": "mass-removal", "subject": "prod", "reason": "Of another stack"},
        {"guard": "tenant-removed", "subject": "shop", "reason": "Of one tenant"},
    ]
    config = {"berth:delivery": "git", "berth:guards": {"approvals": approvals}}
    with pytest.raises(pulumi.RunError, match="while Pulumi holds acme in aws-test"):
        run(sample("eks"), tenants=(tenant(), tenant("shop")), config=config)


def test_a_file_that_is_gone_is_refused_while_the_delivery_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(
        monkeypatch, **{"aws-test": {"delivery": "pulumi", "tenants": {"orders": "active", "shop": "offboarding"}}}
    )
    with pytest.raises(pulumi.RunError, match=r"1 problem .*\n.*tenants/orders.yaml: found no file"):
        run(sample("eks"), config={"berth:delivery": "git"})


def test_what_git_delivered_is_pulumi_s_to_register_from_now_on(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch, **{"aws-test": {"delivery": "git", "tenants": {"acme": "active"}}})
    assert run(sample("eks"), tenants=(tenant(),)).of_type("berth:tenancy:Tenant")


def test_a_cluster_that_goes_with_tenants_in_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch, **{"eu": {"tenants": {"acme": "active"}}, "us": {"tenants": {}}})
    with pytest.raises(pulumi.RunError) as refused:
        run(sample("eks"), tenants=(tenant(),))
    told = str(refused.value)
    assert "Pulumi.test.yaml:3:3: config.berth:clusters: found no cluster eu, while it still holds acme" in told
    assert "no cluster us" not in told
    approval = {"guard": "cluster-removed", "subject": "eu", "reason": "It moves"}
    assert run(sample("eks"), tenants=(tenant(),), config={"berth:guards": {"approvals": [approval]}}).recorded


def test_the_outputs_are_those_of_this_stack_and_of_whatever_form(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = deployed(monkeypatch, note="text", **{"aws-test": {"tenants": ["orders"]}, "gone": {"cloud": "gcp"}})
    assert run(sample("eks")).recorded
    assert asked == [{"name": "test"}]


def test_the_next_update_is_told_of_each_tenant_and_its_lifecycle() -> None:
    run(sample("eks"), tenants=(tenant(), tenant("orders", lifecycle="suspended")))
    stack = get_root_resource()
    assert isinstance(stack, Stack)
    assert stack.outputs["aws-test"]["tenants"] == {"acme": "active", "orders": "suspended"}


@pytest.mark.parametrize("delivery", ["pulumi", "git"])
def test_the_next_update_is_told_what_delivers_the_tenants(delivery: str) -> None:
    run(sample("eks"), tenants=(tenant(),), config={"berth:delivery": delivery})
    stack = get_root_resource()
    assert isinstance(stack, Stack)
    assert stack.outputs["aws-test"]["delivery"] == delivery


def test_outputs_that_are_just_being_written_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def answer(_: dict[str, Any]) -> dict[str, Any]:
        tries.append(1)
        if len(tries) < 3:
            raise Unreadable("failed to load checkpoint: EOF")
        return {"outputs": {"aws-test": {"tenants": {"orders": "active"}}}}

    monkeypatch.setattr("components.deployed._PAUSE", 0)
    monkeypatch.setitem(stand_ins.ANSWERS, READ, answer)
    with pytest.raises(pulumi.RunError, match=r"orders in aws-test"):
        run(sample("eks"))


def test_outputs_that_cannot_be_read_end_the_program_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: dict[str, Any]) -> dict[str, Any]:
        raise Unreadable("no such bucket")

    monkeypatch.setattr("components.deployed._PAUSE", 0)
    monkeypatch.setitem(stand_ins.ANSWERS, READ, answer)
    with pytest.raises(pulumi.RunError, match=r"the outputs of the last update cannot be read: .*no such bucket"):
        run(sample("eks"))
