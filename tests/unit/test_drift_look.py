"""How drift is looked for and mended where an API server does not answer as one would like. What a real one says of
real changes: tests/e2e/test_drift.py."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from berth.drift.declared import declared_in
from berth.drift.look import Orders, drift
from berth.drift.model import Looked, What
from berth.errors import OperationFailed
from berth.status.api import Api
from berth.status.collect import Scope
from berth.tenants.resolve import merge
from tests.support import Sandbox

Object = dict[str, Any]
QUOTA = "/api/v1/namespaces/acme/resourcequotas/berth"


class FakeServer:
    """An API server that holds what was declared, and takes patches: objects by their paths."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.objects: dict[str, Object] = {}
        self.asked: Counter[str] = Counter()
        self.answer: Callable[[httpx.Request], httpx.Response | None] = lambda _: None
        """What is answered in place of the truth."""
        self.kinds: dict[tuple[str, str, str], tuple[str, bool]] = {}
        for (group, kind, namespace, name), (_, item) in declared_in(sandbox.load(), sandbox.cluster()).items():
            version = item["apiVersion"].rpartition("/")[2]
            plural = f"{kind.lower()}s".replace("ys", "ies")
            self.kinds[group, version, kind] = plural, bool(namespace)
            root = f"/apis/{group}/{version}" if group else f"/api/{version}"
            path = f"{root}/namespaces/{namespace}/{plural}/{name}" if namespace else f"{root}/{plural}/{name}"
            about = {"managedFields": [], "uid": path, "resourceVersion": "1"}
            self.objects[path] = merge(item, {"metadata": about})

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked[f"{request.method} {path}"] += 1
        if (answer := self.answer(request)) is not None:
            return answer
        if path in ("/api", "/apis"):
            return httpx.Response(200, json={"items": self._discovery(grouped=path == "/apis")})
        if request.method == "DELETE":
            del self.objects[path]
            return httpx.Response(200, json={})
        if request.method == "PATCH":
            return self._patch(request)
        if path in self.objects:
            return httpx.Response(200, json=self.objects[path])
        plural = path.rpartition("/")[2]
        root = path.removesuffix(f"/{plural}")
        if not any(known == plural for known, _ in self.kinds.values()):
            return refused(404, "not found")
        items = [item for at, item in self.objects.items() if at.startswith(root) and at.split("/")[-2] == plural]
        selector = request.url.params.get("labelSelector", "")
        items = [item for item in items if _selected(item["metadata"].get("labels") or {}, selector)]
        return httpx.Response(200, json={"metadata": {}, "items": items})

    def _discovery(self, *, grouped: bool) -> list[Object]:
        return [
            {
                "metadata": {"name": group} if group else {},
                "versions": [
                    {
                        "version": version,
                        "resources": [
                            {"resource": plural, "responseKind": {"kind": kind}, "verbs": ["list"],
                             "scope": "Namespaced" if namespaced else "Cluster"}
                        ],
                    }
                ],
            }
            for (group, version, kind), (plural, namespaced) in self.kinds.items()
            if bool(group) is grouped
        ]  # fmt: skip

    def _patch(self, request: httpx.Request) -> httpx.Response:
        path, before = request.url.path, self.objects.get(request.url.path, {})
        if "json-patch" in request.headers["content-type"]:
            after = json.loads(json.dumps(before))
            after["spec"]["hard"].pop("secrets")
        else:
            after = merge(before, json.loads(request.content))
        if request.url.params.get("dryRun") != "All":
            self.objects[path] = after
        return httpx.Response(200, json=after)


def _selected(labels: dict[str, str], selector: str) -> bool:
    name, some, values = selector.partition(" in ")
    if some:
        return labels.get(name) in values.strip("()").split(",")
    name, equals, value = selector.partition("=")
    return labels.get(name) == value if equals else not name or name in labels


def refused(code: int, message: str) -> httpx.Response:
    return httpx.Response(code, json={"kind": "Status", "message": message})


@pytest.fixture
def server(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """The cluster aws-dev, in which all is as declared."""
    fake = FakeServer(sandbox)
    serving(fake, monkeypatch)
    return fake


def serving(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of a cluster, it answers."""

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[Api]:
        transport = httpx.MockTransport(fake.handle)
        async with httpx.AsyncClient(transport=transport, base_url="https://cluster") as client:
            yield Api(client)

    monkeypatch.setattr("berth.drift.look.open_api", opened)


def look(sandbox: Sandbox, orders: Orders = Orders(), **scope: Any) -> Looked:  # noqa: B008 - frozen
    return drift(sandbox.load(), Scope(["dev"], clusters={"aws-dev"}, **scope), orders)


def test_what_is_as_declared_is_no_drift_and_nothing_is_written(sandbox: Sandbox, server: FakeServer) -> None:
    before = json.dumps(server.objects)
    found = look(sandbox)
    assert (found.drifts, found.unread, found.checked) == ((), (), len(server.objects))
    assert json.dumps(server.objects) == before


def test_what_is_missing_is_told_and_made(sandbox: Sandbox, server: FakeServer) -> None:
    item = server.objects.pop(QUOTA)
    (found,) = look(sandbox).drifts
    assert (found.kind, found.namespace, found.name, found.what) == ("ResourceQuota", "acme", "berth", What.MISSING)
    (found,) = look(sandbox, Orders(fix=True)).drifts
    assert found.fixed
    assert server.objects[QUOTA]["spec"] == item["spec"]


def test_an_object_that_changes_under_the_hand_is_mended_all_the_same(sandbox: Sandbox, server: FakeServer) -> None:
    fields: Object = {"f:spec": {"f:hard": {"f:secrets": {}}}}
    by_hand = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": fields}
    quota = server.objects[QUOTA]
    quota["metadata"]["managedFields"] = [by_hand]
    quota["spec"]["hard"]["secrets"] = "3"
    meanwhile = iter([refused(422, "the test failed"), refused(409, "modified")])
    server.answer = lambda request: (
        next(meanwhile, None) if "json-patch" in request.headers.get("content-type", "") else None
    )
    (found,) = look(sandbox, Orders(fix=True)).drifts
    assert (found.fixed, found.message) == (True, "")
    assert "secrets" not in server.objects[QUOTA]["spec"]["hard"]


def test_what_the_server_would_not_take_is_told_with_its_words_and_not_tried(
    sandbox: Sandbox, server: FakeServer
) -> None:
    server.answer = lambda request: (
        refused(422, "roleRef: cannot change") if request.method == "PATCH" and request.url.path == QUOTA else None
    )
    (found,) = look(sandbox, Orders(fix=True)).drifts
    assert (found.what, found.message, found.fixed) == (What.REFUSED, "roleRef: cannot change", False)
    assert server.asked[f"PATCH {QUOTA}"] == 1


def test_who_may_not_apply_is_told_once_a_kind(sandbox: Sandbox, server: FakeServer) -> None:
    told = 'resourcequotas is forbidden: User "x" cannot patch resource "resourcequotas"'
    server.answer = lambda request: refused(403, told) if request.method == "PATCH" else None
    found = look(sandbox)
    assert found.drifts == ()
    assert all("no right to apply" in why for _, why in found.unread)
    assert len(found.unread) == len(server.kinds)


def test_what_may_not_be_listed_is_asked_for_by_name(sandbox: Sandbox, server: FakeServer) -> None:
    server.objects[QUOTA]["spec"]["hard"]["pods"] = "99"
    server.answer = lambda request: (
        refused(403, "no list") if request.url.path == "/api/v1/resourcequotas" else None
    )  # fmt: skip
    found = look(sandbox)
    assert [(each.kind, each.fields[0].path) for each in found.drifts] == [("ResourceQuota", "spec.hard.pods")]
    assert "ResourceQuota: could not be listed: no list" in [why for _, why in found.unread]


def test_a_kind_that_is_not_served_costs_that_kind(sandbox: Sandbox, server: FakeServer) -> None:
    key = ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization")
    del server.kinds[key]
    found = look(sandbox)
    told = "Kustomization: the API server does not serve kustomize.toolkit.fluxcd.io/v1"
    assert found.unread == (("aws-dev", told),)
    assert found.checked == len(server.objects) - 1


def test_what_was_found_before_a_cluster_went_away_is_kept(sandbox: Sandbox, server: FakeServer) -> None:
    del server.objects[QUOTA]

    def away(request: httpx.Request) -> None:
        if "kustomizations" in request.url.path:
            raise httpx.ConnectError("gone")

    server.answer = away
    found = look(sandbox)
    assert [each.what for each in found.drifts] == [What.MISSING]
    assert found.unread == (("aws-dev", "gone"),)


def test_an_undeclared_object_goes_only_when_that_is_said_and_a_namespace_never(
    sandbox: Sandbox, server: FakeServer
) -> None:
    labels = {"app.kubernetes.io/managed-by": "berth", "berth.dev/tenant": "gone"}
    stray, ghost = "/api/v1/namespaces/x/resourcequotas/stray", "/api/v1/namespaces/ghost"
    for path, about in ((stray, {"namespace": "x", "name": "stray"}), (ghost, {"name": "ghost"})):
        server.objects[path] = {"metadata": {**about, "labels": labels, "uid": path}}
    found = look(sandbox, Orders(fix=True)).drifts
    assert {(each.tenant, each.name, each.what, each.fixed) for each in found} == {
        ("gone", "stray", What.UNDECLARED, False), ("gone", "ghost", What.UNDECLARED, False)
    }  # fmt: skip
    found = look(sandbox, Orders(fix=True, prune=True)).drifts
    assert {(each.name, each.fixed) for each in found} == {("stray", True), ("ghost", False)}
    assert stray not in server.objects
    assert ghost in server.objects


def test_what_controllers_made_from_others_is_not_undeclared(sandbox: Sandbox, server: FakeServer) -> None:
    path = "/api/v1/namespaces/acme/resourcequotas/made"
    server.objects[path] = {
        "metadata": {"namespace": "acme", "name": "made", "uid": "1", "ownerReferences": [{"kind": "ReplicaSet"}],
                     "labels": {"berth.dev/tenant": "acme"}}
    }  # fmt: skip
    assert look(sandbox).drifts == ()


def test_an_api_server_that_is_in_trouble_says_nothing_about_objects(sandbox: Sandbox, server: FakeServer) -> None:
    server.answer = lambda request: refused(429, "too many requests") if request.method == "PATCH" else None
    found = look(sandbox, Orders(fix=True))
    assert found.drifts == ()
    assert ("aws-dev", "ResourceQuota: could not be compared: too many requests") in found.unread


# ---- what the agent applied ---------------------------------------------------------------------------------------

STRAY = "/api/v1/namespaces/acme/resourcequotas/stray"
SYNC = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/berth-acme/kustomizations/acme"
APPLICATION = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/acme"


def add_stray(server: FakeServer, **labels: str) -> None:
    metadata = {"namespace": "acme", "name": "stray", "labels": {"berth.dev/tenant": "acme", **labels}}
    server.objects[STRAY] = {"metadata": {**metadata, "uid": "1"}}


def of_flux(server: FakeServer, **condition: object) -> None:
    """An object that carries Flux's labels, and a Kustomization with such a condition that does not know of it."""
    add_stray(
        server,
        **{"kustomize.toolkit.fluxcd.io/name": "acme", "kustomize.toolkit.fluxcd.io/namespace": "berth-acme"},
    )
    server.objects[SYNC]["metadata"]["generation"] = 2
    server.objects[SYNC]["status"] = {
        "inventory": {"entries": []},
        "conditions": [{"type": "Ready", "observedGeneration": 2, **condition}],
    }


def prune(sandbox: Sandbox) -> Looked:
    return look(sandbox, Orders(fix=True, prune=True))


def test_what_a_settled_flux_does_not_know_is_undeclared(sandbox: Sandbox, server: FakeServer) -> None:
    of_flux(server, status="True")
    assert [(each.name, each.fixed) for each in prune(sandbox).drifts] == [("stray", True)]
    assert STRAY not in server.objects


@pytest.mark.parametrize(
    "condition", [{"status": "False"}, {"status": "Unknown"}, {"status": "True", "observedGeneration": 1}]
)
def test_what_flux_may_have_applied_in_a_try_that_is_not_through_stays(
    sandbox: Sandbox, server: FakeServer, condition: Object
) -> None:
    of_flux(server, **condition)
    found = prune(sandbox)
    told = "Kustomization berth-acme/acme is not settled: what is undeclared of what it applied is not known"
    assert (found.drifts, found.unread) == ((), (("aws-dev", told),))
    assert STRAY in server.objects
    add_stray(server)  # made by hand: it is nobody's
    assert [each.name for each in prune(sandbox).drifts] == ["stray"]


@pytest.mark.parametrize("code", [403, 429, 503])
def test_nothing_is_undeclared_where_what_the_agent_applied_cannot_be_read(
    sandbox: Sandbox, server: FakeServer, code: int
) -> None:
    add_stray(server)
    listed = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"
    server.answer = lambda request: refused(code, "not now") if request.url.path == listed else None
    found = prune(sandbox)
    assert found.drifts == ()
    assert "Kustomization: what the agent applied is not known, so what is undeclared is not: not now" in [
        why for _, why in found.unread
    ]
    assert STRAY in server.objects


@pytest.fixture
def argocd(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """The same cluster with Argo CD, and an object of the tenant that Berth did not declare."""
    sandbox.setting("berth:gitops: {engine: argocd}")
    server = FakeServer(sandbox)
    serving(server, monkeypatch)
    add_stray(server)
    return server


def holds(server: FakeServer, status: str, condition: str = "", **about: object) -> None:
    resource = {"kind": "ResourceQuota", "namespace": "acme", "name": "stray", **about}
    server.objects[APPLICATION]["status"] = {
        "sync": {"status": status},
        "resources": [resource],
        "conditions": [{"type": condition}] if condition else [],
    }


@pytest.mark.parametrize("about", [{}, {"hook": True, "requiresPruning": True}])
def test_what_argo_cd_holds_for_declared_is_no_drift(sandbox: Sandbox, argocd: FakeServer, about: Object) -> None:
    holds(argocd, "OutOfSync", **about)
    assert prune(sandbox) == look(sandbox)
    assert look(sandbox).drifts == ()


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"sync": {"status": "Unknown"}, "conditions": [{"type": "InvalidSpecError"}]},
        {"sync": {"status": "OutOfSync"}, "conditions": [{"type": "ComparisonError"}]},
    ],
    ids=["new", "with an error", "not compared"],
)
def test_nothing_of_a_tenant_is_undeclared_while_argo_cd_knows_nothing_of_it(
    sandbox: Sandbox, argocd: FakeServer, status: Object
) -> None:
    argocd.objects[APPLICATION]["status"] = status
    found = prune(sandbox)
    told = "Application argocd/acme is not settled: what is undeclared of what it applied is not known"
    assert (found.drifts, found.unread) == ((), (("aws-dev", told),))


@pytest.mark.parametrize("path", [SYNC, APPLICATION])
def test_a_sync_that_was_deleted_and_comes_back_takes_no_workload_along(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    sandbox.setting(f"berth:gitops: {{engine: {'argocd' if path == APPLICATION else 'flux'}}}")
    server = FakeServer(sandbox)
    serving(server, monkeypatch)
    add_stray(server)
    gone = server.objects.pop(path)
    found = look(sandbox)
    assert [each.what for each in found.drifts] == [What.MISSING]
    assert "is not there: what is undeclared" in found.unread[0][1]
    assert [each.what for each in prune(sandbox).drifts] == [What.MISSING], "it is made first, and knows nothing yet"
    assert server.objects[path]["spec"] == gone["spec"]
    assert STRAY in server.objects


def test_what_has_no_tenant_in_the_files_is_undeclared_whatever_its_sync_says(
    sandbox: Sandbox, argocd: FakeServer
) -> None:
    argocd.objects[STRAY]["metadata"]["labels"]["berth.dev/tenant"] = "gone"
    assert [(each.tenant, each.fixed) for each in prune(sandbox).drifts] == [("gone", True)]


def test_what_argo_cd_would_prune_is_undeclared(sandbox: Sandbox, argocd: FakeServer) -> None:
    holds(argocd, "OutOfSync", requiresPruning=True)
    assert [(each.name, each.fixed) for each in prune(sandbox).drifts] == [("stray", True)]


@pytest.mark.parametrize(("status", "condition"), [("Unknown", ""), ("OutOfSync", "ComparisonError")])
def test_what_argo_cd_cannot_compare_stays(sandbox: Sandbox, argocd: FakeServer, status: str, condition: str) -> None:
    holds(argocd, status, condition, requiresPruning=True)
    found = prune(sandbox)
    told = "Application argocd/acme is not settled: what is undeclared of what it applied is not known"
    assert (found.drifts, found.unread) == ((), (("aws-dev", told),))
    assert STRAY in argocd.objects


def test_only_the_tenants_that_are_meant_are_looked_at(sandbox: Sandbox, server: FakeServer) -> None:
    role = next(path for path in server.objects if "clusterroles/" in path)
    server.objects[role]["rules"] = []
    assert [each.kind for each in look(sandbox).drifts] == ["ClusterRole"]
    assert look(sandbox, tenants={"acme"}).drifts == ()


def test_a_way_that_is_not_there_is_told(sandbox: Sandbox, server: FakeServer) -> None:
    found = look(sandbox, entries={"aws-dev": OperationFailed("no context aws-dev")})
    assert (found.checked, found.unread) == (0, (("aws-dev", "no context aws-dev"),))
    assert not server.asked


def test_the_command_ends_with_7_for_drift_and_1_where_it_could_not_look(sandbox: Sandbox, server: FakeServer) -> None:
    options = ("drift", "--cluster", "aws-dev")
    assert sandbox.run(*options).code == 0
    item = server.objects.pop(QUOTA)
    ended = sandbox.run(*options)
    assert ended.code == 7
    assert ended.out.splitlines()[1].split("\t")[:4] == ["aws-dev", "acme", "ResourceQuota acme/berth", "missing"]
    data = json.loads(sandbox.run(*options, "--json").out)
    assert (data["version"], data["drifts"][0]["what"]) == (1, "missing")
    assert sandbox.run(*options, "--fix").code == 0
    assert server.objects[QUOTA]["spec"] == item["spec"]
    server.answer = lambda request: refused(500, "broken") if request.url.path == "/apis" else None
    ended = sandbox.run(*options)
    assert ended.code == 1
    first, last = ended.out.splitlines()
    assert "aws-dev could not be looked at: broken" in first
    assert last == "nothing was compared"


def test_pruning_goes_with_fixing(sandbox: Sandbox) -> None:
    assert sandbox.run("drift", "--prune").code == 2


NOTIFICATIONS = "/api/v1/namespaces/argocd/configmaps/argocd-notifications-cm"


def test_what_argo_cd_tells_tenants_with_is_declared_and_its_secret_is_not_asked_for(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    sandbox.tenant("notify: [{type: webhook, secretName: on-call}]\n")
    server = FakeServer(sandbox)
    serving(server, monkeypatch)
    assert NOTIFICATIONS in server.objects
    # Of the platform, and of no tenant: neither declared nor undeclared.
    server.objects["/api/v1/namespaces/argocd/secrets/argocd-notifications-secret"] = {"metadata": {"name": "x"}}
    assert look(sandbox).drifts == ()
    assert not [asked for asked in server.asked if "argocd-notifications-secret" in asked]
    del server.objects[NOTIFICATIONS]
    (found,) = look(sandbox).drifts
    assert (found.what, found.kind, found.name) == (What.MISSING, "ConfigMap", "argocd-notifications-cm")
    server.objects[NOTIFICATIONS] = {"metadata": {"name": "argocd-notifications-cm", "managedFields": []}, "data": {}}
    (found,) = look(sandbox).drifts
    assert found.what is What.CHANGED
