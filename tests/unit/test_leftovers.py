"""What a cluster still holds of Berth, and what is said to keep it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from lightkube import ApiError, AsyncClient, KubeConfig
from lightkube.config.models import Cluster, User

from berth.cli.main import cli
from berth.leftovers import Answer, Leftover, ask, leftovers, places, why
from berth.project import Project
from tests.support import Sandbox

REMAIN = {"type": "NamespaceContentRemaining", "status": "True", "message": "Some resources are remaining: configmaps."}
PARSED = {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "All resources discovered"}
GOING = {"name": "acme", "deletionTimestamp": "2026-11-24T00:00:00Z"}


def test_what_nobody_deletes_has_no_reason() -> None:
    assert why({"metadata": {"name": "acme", "finalizers": ["example.com/any"]}}) == ""


def test_a_namespace_says_what_it_waits_for_and_not_what_went_well() -> None:
    assert why({"metadata": GOING, "status": {"conditions": [PARSED, REMAIN]}}) == REMAIN["message"]


def test_an_object_that_is_held_names_its_finalizers() -> None:
    item = {"metadata": GOING | {"finalizers": ["example.com/any"]}}
    assert why(item) == "held by the finalizer example.com/any"


def test_an_object_that_is_on_its_way_says_so() -> None:
    assert why({"metadata": GOING}) == "is being deleted"


def test_a_cluster_that_cannot_be_asked_is_told_by_name_and_is_no_success(sandbox: Sandbox) -> None:
    project = Project.load(sandbox.root)
    stack = next(iter(project.stacks))
    found, unreachable = leftovers(project, stack, 1)
    assert found == []
    assert set(unreachable) == {cluster.name for cluster in project.stack(stack).clusters}
    done = CliRunner().invoke(
        cli, ["--project", str(sandbox.root), "leftovers", "--stack", stack], standalone_mode=False
    )
    assert done.return_value == 1
    assert "could not be asked" in done.output


def test_leftovers_are_sorted_by_cluster_and_kind() -> None:
    one = Leftover("a", "Namespace", "", "z")
    assert sorted([Leftover("b", "ClusterRole", "", "a"), one])[0] == one


class Server:
    """Lists objects by kind, and by namespace where one is asked for; an error code in place of them is an error."""

    def __init__(self, **objects: Any) -> None:
        self.objects = objects

    async def list(self, resource: Any, labels: dict[str, str], namespace: str = "*") -> AsyncIterator[Any]:
        assert labels == {"app.kubernetes.io/managed-by": "berth"}
        held = self.objects.get(resource.__name__, [])
        if isinstance(held, int):
            raise ApiError(status={"code": held, "message": f"code {held}"})
        for item in held:
            if namespace in ("*", item["metadata"].get("namespace")):
                yield SimpleNamespace(to_dict=lambda item=item: item)


def held(name: str, namespace: str = "") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}}


@pytest.mark.parametrize(
    ("kind", "namespace"),
    [
        ("ClusterRole", ""),
        ("ClusterRoleBinding", ""),
        ("ValidatingAdmissionPolicy", ""),
        ("ValidatingAdmissionPolicyBinding", ""),
        ("Kustomization", "flux-system"),
        ("GitRepository", "berth-acme"),
        ("FluxInstance", "flux-system"),
        ("Application", "argocd"),
        ("AppProject", "argocd"),
        ("Role", "argocd"),
        ("RoleBinding", "argocd"),
        ("Secret", "argocd"),
        ("ServiceAccount", "flux-system"),
        ("ConfigMap", "flux-system"),
    ],
)
def test_what_is_in_no_namespace_of_berth_is_listed_by_itself(kind: str, namespace: str) -> None:
    told = asyncio.run(ask(Server(**{kind: [held("any", namespace)]}), "one", places()))
    assert told == Answer((Leftover("one", kind, namespace, "any"),))


def test_what_goes_with_a_namespace_that_is_listed_is_not_listed_too() -> None:
    server = Server(Namespace=[held("berth-acme")], Kustomization=[held("acme", "berth-acme")])
    assert asyncio.run(ask(server, "one", places())).found == (Leftover("one", "Namespace", "", "berth-acme"),)


def test_kinds_that_have_gone_with_their_agent_hold_nothing() -> None:
    assert asyncio.run(ask(Server(Kustomization=404, GitRepository=404, FluxInstance=404), "one", places())) == Answer()


def test_what_may_not_be_read_is_told_beside_what_was_found() -> None:
    told = asyncio.run(ask(Server(Namespace=[held("acme")], Secret=403, Role=403), "one", places()))
    assert [item.name for item in told.found] == ["acme"]
    assert told.untold == "you may not list Role, Secret: code 403"


def test_any_other_refusal_of_the_api_server_is_not_taken_for_an_answer() -> None:
    with pytest.raises(ApiError):
        asyncio.run(ask(Server(Namespace=500), "one", places()))


def answered(code: int, group: str) -> Answer:
    """What is told of a cluster that has a namespace, and answers in plain text for what is in a group."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith(f"/apis/{group}."):
            return httpx.Response(code, text="page not found\n")
        namespaces = request.url.path == "/api/v1/namespaces"
        return httpx.Response(200, json={"items": [held("acme")] if namespaces else []})

    async def asked() -> Answer:
        config = KubeConfig.from_one(cluster=Cluster(server="http://127.0.0.1"), user=User()).get()
        client = AsyncClient(config=config, transport=httpx.MockTransport(answer))
        try:
            return await ask(client, "one", places())
        finally:
            await client.close()

    return asyncio.run(asked())


@pytest.mark.parametrize("group", ["kustomize.toolkit", "source.toolkit", "fluxcd", "argoproj"])
def test_a_group_that_a_cluster_does_not_know_is_answered_in_plain_text_and_holds_nothing(group: str) -> None:
    assert answered(404, group) == Answer((Leftover("one", "Namespace", "", "acme"),))


def test_any_other_answer_in_plain_text_is_not_taken_for_an_answer() -> None:
    with pytest.raises(httpx.HTTPStatusError):
        answered(502, "argoproj")
