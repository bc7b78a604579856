"""Emptying a tenant's namespaces: what goes when, what stays, what is waited for. The API server is a stand-in."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import chain, count, repeat
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from berth.errors import OperationFailed
from berth.offboarding import draining
from berth.offboarding import run as running
from berth.offboarding.draining import Draining
from berth.offboarding.model import Held, Result, State, gives_up_claims, not_offboarding, not_suspended, why
from berth.offboarding.run import _verify as verify
from berth.offboarding.run import drain
from berth.status.api import NotAllowed
from berth.status.observed import Refused
from tests.support import BERTH, Sandbox

NONE: Iterator[Exception | None] = iter(())
LABELS = {"berth.dev/tenant": "acme", "app.kubernetes.io/managed-by": "berth"}
DEPLOYED = {"berth.dev/lifecycle": "offboarding", "berth.dev/deletion-policy": "delete"}
KINDS = [
    ("", "ConfigMap", "configmaps"), ("", "PersistentVolumeClaim", "persistentvolumeclaims"), ("", "Pod", "pods"),
    ("", "ResourceQuota", "resourcequotas"), ("", "Service", "services"), ("", "ServiceAccount", "serviceaccounts"),
    ("", "Event", "events"), ("apps", "Deployment", "deployments"), ("metrics.k8s.io", "PodMetrics", "pods"),
]  # fmt: skip


class Server:
    """Namespaces of the tenant acme, and objects in them by path. `held` are paths whose objects do not go at once: by
    each, after how many looks it does, or what has to be gone first."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.volumes: list[dict[str, Any]] = []
        self.held: dict[str, int] = {}
        self.deleted: list[str] = []
        self.refused: dict[str, int] = {}
        self.syncs: dict[str, dict[str, Any]] = {
            "gitrepositories": {"suspend": True},
            "kustomizations": {"suspend": True},
        }
        self.namespaces = ["acme"]
        self.deployed: dict[str, dict[str, str]] = {}
        """Annotations by namespace, where they are not those of a tenant that is to go with its volumes."""
        self.deleting: set[str] = set()
        """Namespaces on their way out."""
        self.events: dict[str, list[dict[str, Any]]] = {}
        """Events by namespace; where there are none, they may not be read."""
        self.failures: dict[str, Iterator[Exception | None]] = {}
        """What one list after the other fails with, by path, and None where it does not; after the last none fails."""

    def put(self, plural: str, name: str, *, group: str = "", namespace: str = "acme", **metadata: Any) -> str:
        root = f"/apis/{group}/v1" if group else "/api/v1"
        path = f"{root}/namespaces/{namespace}/{plural}/{name}"
        self.objects[path] = {"name": name, "namespace": namespace, "uid": path, **metadata}
        return path

    async def get(self, path: str, query: Mapping[str, str] | None = None, accept: str = "") -> Any:
        del query, accept
        if path in ("/api", "/apis"):
            return {"items": [_group(*kind) for kind in KINDS if bool(kind[0]) == (path == "/apis")]}
        plural = path.split("/")[-2]
        if plural not in self.syncs:
            raise NotAllowed(Refused(404, "not found"))
        return {"metadata": {"name": "acme"}, "spec": self.syncs[plural]}

    async def pages(
        self, path: str, query: Mapping[str, str], accept: str = ""
    ) -> AsyncIterator[tuple[list[Any], str]]:
        del accept
        if failure := next(self.failures.get(path, NONE), None):
            raise failure
        if query.get("fieldSelector", "").startswith("type=Warning"):
            namespace = path.split("/")[-2]
            if namespace not in self.events:
                raise NotAllowed(Refused(403, "no"))
            yield self.events[namespace], ""
            return
        if path == "/api/v1/namespaces":
            yield [{"metadata": self._namespace(name)} for name in self.namespaces], ""
        elif path == "/api/v1/persistentvolumes":
            yield self.volumes, ""
        elif path in self.refused:
            raise NotAllowed(Refused(self.refused[path], "no"))
        else:
            yield [{"metadata": each} for key, each in self.objects.items() if key.rpartition("/")[0] == path], ""
            for key in [key for key in self.held if key.rpartition("/")[0] == path and key in self.deleted]:
                self.held[key] -= 1
                if self.held[key] <= 0:
                    self.objects.pop(key, None)

    def _namespace(self, name: str) -> dict[str, Any]:
        going = {"deletionTimestamp": "2026-11-24T00:00:00Z"} if name in self.deleting else {}
        return {"name": name, "annotations": self.deployed.get(name, DEPLOYED), **going}

    async def delete(self, path: str, body: bytes) -> None:
        assert b'"uid"' in body
        if "persistentvolumeclaims" in path:
            assert not [key for key in self.objects if "/pods/" in key], "a pod uses it"
        self.deleted.append(path)
        if self.held.get(path, 0) > 0:
            self.objects[path]["deletionTimestamp"] = "2026-11-24T00:00:00Z"
            return
        self.objects.pop(path)


def _group(group: str, kind: str, plural: str) -> dict[str, Any]:
    resource = {"resource": plural, "responseKind": {"kind": kind}, "scope": "Namespaced", "verbs": ["list", "delete"]}
    return {"metadata": {"name": group}, "versions": [{"version": "v1", "resources": [resource]}]}


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "_POLL", 0.0)
    monkeypatch.setattr(running, "AGAIN", 0.0)


def _nobody(message: str) -> None:
    del message


def run(
    sandbox: Sandbox,
    server: Server,
    *,
    volumes: bool = False,
    delete: bool = True,
    seconds: float = 60,
    tell: Callable[[str], None] = _nobody,
) -> Result:
    draining = Draining(sandbox.cluster(), "acme", volumes=volumes, delete=delete, seconds=seconds, tell=tell)
    return asyncio.run(draining.over(server))  # type: ignore[arg-type]


def test_what_a_tenant_runs_is_deleted_and_its_guard_rails_are_not(sandbox: Sandbox) -> None:
    server = Server()
    gone = [server.put("configmaps", "settings"), server.put("services", "web"),
            server.put("deployments", "web", group="apps")]  # fmt: skip
    rails = [server.put("resourcequotas", "berth", labels=LABELS), server.put("serviceaccounts", "default"),
             server.put("serviceaccounts", "api", labels={"berth.dev/guard-rail": "true"}),
             server.put("configmaps", "kube-root-ca.crt")]  # fmt: skip
    assert run(sandbox, server) == Result("aws-dev", State.DRAINED)
    assert sorted(server.deleted) == sorted(gone)
    assert sorted(server.objects) == sorted(rails)


def test_events_and_measurements_are_nothing_that_has_to_go(sandbox: Sandbox) -> None:
    server = Server()
    server.put("events", "web.1")
    server.put("pods", "web", group="metrics.k8s.io")
    assert run(sandbox, server).state is State.DRAINED
    assert not server.deleted


def test_a_label_of_berth_on_an_object_of_the_tenant_spares_it_not(sandbox: Sandbox) -> None:
    server = Server()
    labels = {**LABELS, "berth.dev/guard-rail": "true"}
    paths = [server.put("configmaps", "settings", labels=labels), server.put("services", "web", labels=labels)]
    assert run(sandbox, server).state is State.DRAINED
    assert sorted(server.deleted) == paths


def test_without_a_yes_nothing_is_deleted_and_all_of_it_is_told(sandbox: Sandbox) -> None:
    server = Server()
    server.put("configmaps", "settings")
    result = run(sandbox, server, delete=False)
    assert (result.state, server.deleted) == (State.TO_DRAIN, [])
    assert [str(item) for item in result.left] == ["ConfigMap acme/settings"]


@pytest.mark.parametrize("kind", ["gitrepositories", "kustomizations"])
def test_nothing_is_deleted_while_an_agent_would_bring_it_back(sandbox: Sandbox, kind: str) -> None:
    server = Server()
    server.put("configmaps", "settings")
    server.syncs[kind] = {}
    result = run(sandbox, server)
    assert (result.state, server.deleted) == (State.NOT_SUSPENDED, [])
    assert result.message.endswith("is not suspended: deploy the stack")


def test_a_sync_that_is_gone_brings_nothing_back(sandbox: Sandbox) -> None:
    server = Server()
    server.syncs = {}
    server.put("configmaps", "settings")
    assert run(sandbox, server).state is State.DRAINED


@pytest.mark.parametrize(
    ("annotations", "how"),
    [
        ({"berth.dev/lifecycle": "active"}, "as active"),
        ({"berth.dev/lifecycle": "suspended", "berth.dev/deletion-policy": "delete"}, "as suspended"),
        ({}, "without a lifecycle"),
    ],
)
@pytest.mark.parametrize("delete", [True, False])
def test_nothing_is_deleted_of_a_tenant_that_was_not_deployed_as_offboarding(
    sandbox: Sandbox, annotations: dict[str, str], how: str, delete: bool
) -> None:
    server = Server()
    server.namespaces = ["acme", "acme-web"]
    server.deployed["acme-web"] = annotations
    server.put("configmaps", "settings")
    server.put("persistentvolumeclaims", "data")
    result = run(sandbox, server, volumes=True, delete=delete)
    assert (result.state, server.deleted) == (State.NOT_OFFBOARDING, [])
    assert result.message == f"Namespace acme-web was deployed {how}, and not as offboarding: deploy the stack"


def test_a_namespace_that_is_being_deleted_does_not_have_to_be_deployed_again(sandbox: Sandbox) -> None:
    server = Server()
    server.namespaces = ["acme", "acme-web"]
    server.deployed["acme-web"] = {"berth.dev/lifecycle": "active"}
    server.deleting = {"acme-web"}
    assert run(sandbox, server).state is State.DRAINED


def test_what_is_rendered_of_an_offboarding_tenant_is_what_is_asked_for(sandbox: Sandbox) -> None:
    sandbox.tenant("lifecycle: offboarding\ndeletionPolicy: delete\nnamespaces: [web]\n")
    rendered = [each["metadata"] for each in sandbox.objects() if each["kind"] == "Namespace"]
    namespaces = [each for each in rendered if each["labels"]["berth.dev/namespace-role"] == "workloads"]
    assert [each["name"] for each in namespaces] == ["acme-web"]
    assert not not_offboarding(namespaces)
    assert all(gives_up_claims(each) for each in namespaces)


def test_a_cluster_without_the_tenants_namespaces_has_nothing(sandbox: Sandbox) -> None:
    server = Server()
    server.namespaces = []
    assert run(sandbox, server) == Result("aws-dev", State.GONE)


def test_a_load_balancer_is_waited_for(sandbox: Sandbox) -> None:
    server = Server()
    path = server.put("services", "web", finalizers=["service.kubernetes.io/load-balancer-cleanup"])
    server.held[path] = 3
    told: list[str] = []
    assert run(sandbox, server, tell=told.append).state is State.DRAINED
    assert server.deleted == [path], "asked for once"
    assert told == ["1 left: 1 Service"], "told once"


def event(kind: str, name: str, reason: str, minute: int, message: str = "it fails") -> dict[str, Any]:
    about = {"kind": kind, "name": name}
    last = f"2026-11-24T00:{minute:02}:00Z"
    return {"metadata": {}, "involvedObject": about, "reason": reason, "message": message, "lastTimestamp": last}


def test_what_the_cluster_warns_of_about_what_hangs_is_told_the_newest_first_and_once(sandbox: Sandbox) -> None:
    server = Server()
    path = server.put("services", "web", finalizers=["service.kubernetes.io/load-balancer-cleanup"])
    server.held[path] = 1000
    server.events["acme"] = [
        event("Service", "web", "SyncLoadBalancerFailed", 1),
        event("Service", "web", "SyncLoadBalancerFailed", 3, "quota is\nused up"),
        event("Service", "web", "SyncLoadBalancerFailed", 2),
        event("Service", "web", "DeleteFailed", 4),
        event("Pod", "gone", "BackOff", 5),
    ]
    result = run(sandbox, server, seconds=0)
    assert [str(each) for each in result.warnings] == [
        "2026-11-24T00:04:00Z Service acme/web: DeleteFailed: it fails",
        "2026-11-24T00:03:00Z Service acme/web: SyncLoadBalancerFailed: quota is used up",
    ]
    assert run(sandbox, server, delete=False).warnings == result.warnings
    server.events["acme"] = [event("Service", "web", f"Reason{minute}", minute) for minute in range(9)]
    assert [each.reason for each in run(sandbox, server, seconds=0).warnings] == [f"Reason{n}" for n in (8, 7, 6, 5, 4)]


def test_a_volume_that_its_cloud_does_not_delete_is_told_with_the_cloud_s_reason(sandbox: Sandbox) -> None:
    server = Server()
    server.put("persistentvolumeclaims", "data")
    server.volumes = [
        {
            "metadata": {"name": "disk"},
            "spec": {"claimRef": {"namespace": "acme"}, "persistentVolumeReclaimPolicy": "Delete"},
        }
    ]
    server.events = {"default": [event("PersistentVolume", "disk", "VolumeFailedDelete", 1)]}
    (warned,) = run(sandbox, server, volumes=True, seconds=0).warnings
    assert str(warned) == "2026-11-24T00:01:00Z PersistentVolume disk: VolumeFailedDelete: it fails"


def test_events_that_may_not_be_read_stop_nothing(sandbox: Sandbox) -> None:
    server = Server()
    path = server.put("services", "web", finalizers=["x"])
    server.held[path] = 1000
    assert (run(sandbox, server, seconds=0).state, run(sandbox, server, seconds=0).warnings) == (State.DRAINING, ())


def test_what_has_not_gone_in_time_is_told_with_what_keeps_it(sandbox: Sandbox) -> None:
    server = Server()
    path = server.put("services", "web", finalizers=["service.kubernetes.io/load-balancer-cleanup"])
    server.held[path] = 1000
    server.put("configmaps", "settings")
    result = run(sandbox, server, seconds=0)
    assert result.state is State.DRAINING
    assert [str(item) for item in result.left] == ["Service acme/web: its load balancer is not released yet"]
    again = run(sandbox, server, seconds=0)
    assert again == result
    assert server.deleted.count(path) == 1, "what is on its way is not asked for again"


def test_volume_claims_are_kept_and_named(sandbox: Sandbox) -> None:
    server = Server()
    server.put("persistentvolumeclaims", "data")
    server.put("configmaps", "settings")
    result = run(sandbox, server)
    assert result.state is State.DRAINED
    assert result.kept == (Held("PersistentVolumeClaim", "acme", "data"),)
    assert not any("persistentvolumeclaims" in path for path in server.deleted)


def test_volume_claims_that_may_go_do_so_after_all_else(sandbox: Sandbox) -> None:
    server = Server()
    claim = server.put("persistentvolumeclaims", "data")
    pod = server.put("pods", "web")
    server.held[pod] = 3
    assert run(sandbox, server, volumes=True) == Result("aws-dev", State.DRAINED)
    assert server.deleted == [pod, claim]


@pytest.mark.parametrize("policy", [{"berth.dev/deletion-policy": "keep"}, {}])
def test_volume_claims_are_kept_where_they_were_deployed_to_be(sandbox: Sandbox, policy: dict[str, str]) -> None:
    server = Server()
    server.namespaces = ["acme", "acme-web"]
    server.deployed["acme"] = {"berth.dev/lifecycle": "offboarding", **policy}
    server.put("persistentvolumeclaims", "data")
    pod = server.put("pods", "web")
    gone = server.put("persistentvolumeclaims", "cache", namespace="acme-web")
    server.volumes = [volume("Delete")]
    kept = "deployed without deletionPolicy: delete, so the volume claims in acme are kept: deploy the stack"
    looked = run(sandbox, server, volumes=True, delete=False)
    assert (looked.state, looked.message) == (State.TO_DRAIN, kept)
    assert [str(item) for item in looked.left] == ["PersistentVolumeClaim acme-web/cache", "Pod acme/web"]
    result = run(sandbox, server, volumes=True)
    assert (result.state, result.message) == (State.DRAINED, kept)
    assert result.kept == (Held("PersistentVolumeClaim", "acme", "data"),)
    assert server.deleted == [pod, gone]


def volume(policy: str, namespace: str = "acme", **metadata: Any) -> dict[str, Any]:
    spec = {"claimRef": {"namespace": namespace, "name": "data"}, "persistentVolumeReclaimPolicy": policy}
    return {"metadata": {"name": "pv-1", **metadata}, "spec": spec}


def test_a_disk_that_is_not_released_yet_is_waited_for(sandbox: Sandbox) -> None:
    server = Server()
    server.volumes = [volume("Delete")]
    assert run(sandbox, server, volumes=True, seconds=0).state is State.DRAINING


def test_a_disk_that_is_retained_is_told_and_not_waited_for(sandbox: Sandbox) -> None:
    server = Server()
    server.volumes = [volume("Retain"), volume("Delete", "other")]
    result = run(sandbox, server, volumes=True)
    assert result.state is State.DRAINED
    assert [str(item) for item in result.kept] == ["PersistentVolume pv-1: its reclaim policy is not Delete"]


def test_what_a_controller_made_goes_with_its_owner(sandbox: Sandbox) -> None:
    server = Server()
    server.put("pods", "web-1", ownerReferences=[{"controller": True}])
    assert run(sandbox, server, seconds=0).state is State.DRAINING
    assert not server.deleted


def test_a_kind_that_may_not_be_listed_is_no_empty_kind(sandbox: Sandbox) -> None:
    server = Server()
    server.refused["/api/v1/namespaces/acme/configmaps"] = 403
    with pytest.raises(NotAllowed):
        run(sandbox, server)
    server.refused["/api/v1/namespaces/acme/configmaps"] = 405
    assert run(sandbox, server).state is State.DRAINED


@pytest.mark.parametrize(
    ("application", "says"),
    [
        ({"spec": {"syncPolicy": {}}}, ""),
        ({"spec": {"syncPolicy": {"automated": {}}}}, "syncs by itself"),
        ({"spec": {"syncPolicy": {"automated": {"prune": True}}}}, "syncs by itself"),
        ({"spec": {}, "operation": {"sync": {}}}, "is in a sync"),
        ({"spec": {}, "status": {"operationState": {"phase": "Running"}}}, "is in a sync"),
        ({"spec": {}, "status": {"operationState": {"phase": "Succeeded"}}}, ""),
    ],
)
def test_an_application_that_may_still_sync_is_told(application: dict[str, Any], says: str) -> None:
    item = {"kind": "Application", "metadata": {"name": "acme"}, **application}
    found = not_suspended([item])
    assert says in found if says else not found


def test_a_finalizer_without_a_word_of_its_own_is_named() -> None:
    assert (
        why({"deletionTimestamp": "now", "finalizers": ["example.com/any"]}) == "held by the finalizer example.com/any"
    )
    assert why({"deletionTimestamp": "now"}) == "is being deleted"
    assert why({"finalizers": ["example.com/any"]}) == ""


def test_after_the_end_what_carries_the_tenants_name_is_left(sandbox: Sandbox) -> None:
    server = Server()
    server.namespaces = []

    def asked() -> Result:
        return asyncio.run(verify(server, sandbox.cluster(), "acme", ["acme-web"]))  # type: ignore[arg-type]

    assert asked() == Result("aws-dev", State.GONE)
    server.volumes = [volume("Retain", "acme-jobs")]
    assert [item.name for item in asked().left] == ["pv-1"]
    server.volumes = [volume("Retain", "acme-web")]  # another tenant's namespace
    assert asked().state is State.GONE


def test_a_tenant_that_is_not_offboarding_is_refused_with_the_line_to_change(sandbox: Sandbox) -> None:
    sandbox.tenant("lifecycle: suspended\n")
    done = sandbox.run("offboard", "acme", "--yes")
    assert done.code == 2
    assert "lifecycle" in done.err
    assert "expected offboarding" in done.err


def test_a_tenant_without_a_file_is_only_looked_for(sandbox: Sandbox) -> None:
    done = sandbox.run("offboard", "acne", "--yes")
    assert done.code == 2
    assert 'did you mean "acme"?' in done.err


def test_a_cluster_that_cannot_be_reached_is_no_success(sandbox: Sandbox) -> None:
    sandbox.tenant("lifecycle: offboarding\n")
    done = sandbox.run("offboard", "acme", "--yes", "--json")
    assert done.code == 1
    assert '"unreachable"' in done.out


def test_one_that_is_interrupted_has_asked_for_nothing_twice_and_goes_on_when_it_is_run_again(sandbox: Sandbox) -> None:
    server = Server()
    path = server.put("services", "web", finalizers=["service.kubernetes.io/load-balancer-cleanup"])
    server.held[path] = 4
    claim = server.put("persistentvolumeclaims", "data")

    def stop(message: str) -> None:
        raise KeyboardInterrupt(message)

    with pytest.raises(KeyboardInterrupt, match="2 left"):
        run(sandbox, server, volumes=True, tell=stop)
    assert server.deleted == [path]
    assert claim in server.objects, "what comes after it was not begun"
    assert run(sandbox, server, volumes=True).state is State.DRAINED
    assert server.deleted == [path, claim]


class Connections:
    """Connections to a server, one after the other. `failures` is what logging in fails with, as `Server.failures`."""

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made = 0
        self.failures = NONE
        self.told: list[str] = []
        self._server = server
        monkeypatch.setattr(running, "open_api", self._open)

    @asynccontextmanager
    async def _open(self, *how: object) -> AsyncIterator[Server]:
        del how
        self.made += 1
        if failure := next(self.failures, None):
            raise failure
        yield self._server

    def drain(self, sandbox: Sandbox, *, delete: bool = True, seconds: float = 60) -> Result:
        sandbox.tenant("lifecycle: offboarding\n")
        (result,) = drain(
            sandbox.load(),
            "acme",
            [sandbox.cluster()],
            delete=delete,
            seconds=seconds,
            tell=lambda cluster, message: self.told.append(f"{cluster}: {message}"),
        )
        return result


@pytest.fixture
def slow() -> Server:
    """A server with a load balancer that does not go at once, and a claim that stays."""
    server = Server()
    server.put("persistentvolumeclaims", "data")
    server.held[server.put("services", "web", finalizers=["service.kubernetes.io/load-balancer-cleanup"])] = 3
    return server


@pytest.fixture
def connections(slow: Server, monkeypatch: pytest.MonkeyPatch) -> Connections:
    return Connections(slow, monkeypatch)


VOLUMES = "/api/v1/persistentvolumes"
LEFT = "Service acme/web: its load balancer is not released yet"
REJECTED = "the API server does not accept the credential: Unauthorized"


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (httpx.ReadTimeout(""), "the API server does not answer within 30 s"),
        (httpx.ConnectError("connection refused"), "connection refused"),
        (OperationFailed(REJECTED, "log in anew"), REJECTED),
        (NotAllowed(Refused(429, "too many requests")), "too many requests"),
        (NotAllowed(Refused(503, "etcd has no leader")), "etcd has no leader"),
    ],
)
def test_a_failure_that_passes_is_told_and_it_goes_on_with_a_new_login(
    sandbox: Sandbox, slow: Server, connections: Connections, failure: Exception, words: str
) -> None:
    slow.failures[VOLUMES] = iter([None, failure])
    result = connections.drain(sandbox)
    assert (result.state, result.message) == (State.DRAINED, "")
    assert [str(item) for item in result.kept] == ["PersistentVolumeClaim acme/data"]
    assert len(slow.deleted) == 1, "asked for once"
    assert connections.made == 2
    assert connections.told == [f"aws-dev: {each}" for each in ("1 left: 1 Service", f"{words}; trying again",
                                                                "1 left: 1 Service")]  # fmt: skip


def test_a_login_that_fails_in_between_is_tried_again(sandbox: Sandbox, slow: Server, connections: Connections) -> None:
    slow.failures[VOLUMES] = iter([None, httpx.ReadError("cut")])
    connections.failures = iter([None, OperationFailed("aws: exit code 1"), httpx.ConnectError("no route")])
    assert connections.drain(sandbox).state is State.DRAINED
    assert connections.made == 4


def test_what_was_seen_last_is_told_where_the_server_is_away_at_the_end(
    sandbox: Sandbox, slow: Server, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = count()  # one more with each look at the clock
    monkeypatch.setattr(draining, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    slow.failures[VOLUMES] = chain([None, None], repeat(httpx.ReadTimeout("")))
    result = connections.drain(sandbox, seconds=9)
    assert result.state is State.DRAINING
    assert result.message == "not gone after 9 s; the API server does not answer within 30 s"
    assert [str(item) for item in result.left] == [LEFT]
    assert [item.name for item in result.kept] == ["data"]
    assert connections.made > 1
    assert len(connections.told) == 2, "told once"


@pytest.mark.parametrize("code", [403, 404])
def test_a_refusal_that_no_waiting_changes_ends_it_with_what_was_seen_last(
    sandbox: Sandbox, slow: Server, connections: Connections, code: int
) -> None:
    slow.failures[VOLUMES] = iter([None, None, NotAllowed(Refused(code, "no"))])
    result = connections.drain(sandbox, seconds=60)
    assert (result.state, result.message, connections.made) == (State.UNREACHABLE, "no", 1)
    assert [str(item) for item in result.left] == [LEFT]


def test_a_server_that_never_answered_is_not_waited_for(
    sandbox: Sandbox, slow: Server, connections: Connections
) -> None:
    connections.failures = iter([httpx.ConnectError("no route")])
    assert connections.drain(sandbox, seconds=60) == Result("aws-dev", State.UNREACHABLE, message="no route")
    slow.failures["/api/v1/namespaces"] = iter([OperationFailed(REJECTED, "log in anew")])
    assert connections.drain(sandbox, seconds=60) == Result("aws-dev", State.UNREACHABLE, message=REJECTED)
    assert connections.made == 2


def test_one_that_answers_not_now_has_answered(sandbox: Sandbox, slow: Server, connections: Connections) -> None:
    slow.failures["/api/v1/namespaces"] = iter([NotAllowed(Refused(429, "too many requests"))])
    assert connections.drain(sandbox).state is State.DRAINED
    slow.failures["/api/v1/namespaces"] = repeat(NotAllowed(Refused(503, "not ready")))
    assert connections.drain(sandbox, seconds=0.2) == Result("aws-dev", State.UNREACHABLE, message="not ready")


def test_who_only_looks_does_not_wait(sandbox: Sandbox, slow: Server, connections: Connections) -> None:
    slow.failures[VOLUMES] = iter([NotAllowed(Refused(503, "not ready"))])
    assert connections.drain(sandbox, delete=False).state is State.UNREACHABLE
    assert connections.made == 1


def test_ctrl_c_ends_it_with_one_line_while_a_cluster_does_not_answer(sandbox: Sandbox) -> None:
    sandbox.tenant("lifecycle: offboarding\n", placements="placements: [{environments: [dev], clouds: [gcp]}]\n")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        sandbox.write(".local/kubeconfig", KUBECONFIG.replace("SERVER", server))
        with subprocess.Popen(
            [*BERTH, "--project", str(sandbox.root), "offboard", "acme", "--yes"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
        ) as running:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(10)
                running.send_signal(signal.SIGINT)
                out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err.strip()) == (130, "", "error: interrupted")


KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: gcp-dev, cluster: {server: "SERVER"}}]
users: [{name: me, user: {token: none}}]
contexts: [{name: gcp-dev, context: {cluster: gcp-dev, user: me}}]
"""
