"""Applying with kubectl, where it fails half-way: what is said, and what is tried again."""

from __future__ import annotations

from typing import Any, cast

import pytest

from berth.local import deploy
from berth.local.controlplane import ControlPlane
from berth.local.fleet import Fleet
from berth.local.kubectl import KubectlFailed
from berth.render import render, render_cluster
from tests.support import Sandbox

GONE = 'aws-local: kubectl apply: error: pruning Namespace berth-orders: namespaces "berth-orders" not found\n'
PLANE = cast(ControlPlane, None)


class Scripted:
    """A fleet whose kubectl answers with what it is given: text, or a failure."""

    def __init__(self, *answers: str | KubectlFailed) -> None:
        self.answers = list(answers)

    def kubectl(self, *_: Any, **__: Any) -> str:
        answer = self.answers.pop(0)
        if isinstance(answer, KubectlFailed):
            raise answer
        return answer


def apply(*answers: str | KubectlFailed) -> int:
    fleet = Scripted(*answers)
    pruned = deploy._apply_set(cast(Fleet, fleet), PLANE, "")
    assert not fleet.answers
    return pruned


def test_what_is_gone_before_it_is_pruned_stops_nothing_and_what_was_pruned_counts() -> None:
    failure = KubectlFailed(GONE, "namespace/a serverside-applied\nnamespace/orders pruned\n")
    assert apply(failure, "namespace/a serverside-applied\nrolebinding/b pruned\n") == 2


def test_it_is_not_tried_for_ever() -> None:
    with pytest.raises(KubectlFailed, match="berth-orders"):
        apply(*[KubectlFailed(GONE, "")] * 10)


@pytest.mark.parametrize(
    "message",
    [
        'error: pruning Namespace berth-orders: namespaces "berth-orders" is forbidden',
        'Error from server (NotFound): namespaces "orders" not found',
    ],
)
def test_any_other_failure_is_told_at_once(message: str) -> None:
    with pytest.raises(KubectlFailed):
        apply(KubectlFailed(message, ""))


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_no_agent_is_told_to_sync_before_what_all_tenants_syncs_need_is_there(sandbox: Sandbox, engine: str) -> None:
    sandbox.setting(f"berth:gitops: {{engine: {engine}}}")
    sandbox.edit("tenants/acme.yaml", "com}", "com, groups: [acme-devs]}")
    sandbox.tenant(name="globex")
    cluster = sandbox.cluster()
    objects = deploy.objects_of(sandbox.load(), cluster)
    tenants = [item for name in ("acme", "globex") for item in render(cluster, sandbox.placed(name))]
    kind = {"flux": "Kustomization", "argocd": "Application"}[engine]
    syncs = [item for item in tenants if item["kind"] == kind]
    assert len(syncs) == 2
    assert objects == [*render_cluster(cluster), *(item for item in tenants if item["kind"] != kind), *syncs]
