"""A tenant's file that is deleted while the tenant was deployed as active, and a cluster that goes with tenants in it:
the program refuses before it registers anything. What was deployed, the stack's own outputs tell."""

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
    deployed(monkeypatch, **{"aws-test": {"tenants": {"orders": "active"}}})
    assert run(sample("eks"), config={"berth:delivery": "git"}).recorded


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
