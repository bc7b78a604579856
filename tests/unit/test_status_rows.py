"""From what is known of a cluster and of Git to rows: pure."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from berth.agents.argocd import PARAMETERS, SETTINGS
from berth.errors import OperationFailed
from berth.settings import Cluster, Engine
from berth.status.decode import event, pages_of
from berth.status.expected import Commits, Expected, point_of
from berth.status.model import Reach, Row, State
from berth.status.observed import WANTED, Observed, Refused, Wanted
from berth.status.rows import cluster_row, rows
from berth.tenants import Tenant
from tests.serve.clusters import COMMIT, NEXT, controller, deployment, node, quota, source, sync
from tests.support import Sandbox

NOON = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)
PARAMETERS_NEEDED = {"reposerver.enable.git.submodule": "false"}
MINUTE = datetime.timedelta(minutes=1)


def wanted(kind: str, engine: Engine = Engine.FLUX, named: str = "") -> Wanted:
    return next(each for each in WANTED[engine] if each.kind == kind and named in each.fields)


def observed(**objects: list[dict[str, Any]]) -> Observed:
    """A cluster in which acme is in sync and all is well; objects of a kind in place of those."""
    found = Observed(version="v1.36.3", skew=datetime.timedelta())
    known = {
        "Kustomization": [sync("acme")],
        "GitRepository": [source("acme")],
        "ResourceQuota": [quota("acme")],
        "Deployment": [deployment("acme"), controller()],
        "Node": [node("n-1")],
    }
    for kind, items in (known | objects).items():
        found.replace(wanted(kind), items)
    return found


def program(name: str) -> dict[str, Any]:
    """Another controller of Flux, as locked down."""
    found = controller()
    found["metadata"]["name"] = name
    return found


@pytest.fixture
def cluster(sandbox: Sandbox) -> Cluster:
    return sandbox.cluster()


@pytest.fixture
def tenant(sandbox: Sandbox) -> Tenant:
    return sandbox.placed()


def row(cluster: Cluster, tenant: Tenant, answer: Observed | OperationFailed, commits: Commits | None = None) -> Row:
    expected: Expected = {point_of(tenant): commits or Commits(COMMIT)}
    (found,) = rows(cluster, [tenant], answer, expected)
    return found


# lag ------------------------------------------------------------------------------------------------------------------


def test_the_lag_counts_commits_and_begins_with_the_first_that_is_not_applied(cluster: Cluster, tenant: Tenant) -> None:
    log = ((NEXT, NOON), ("c" * 40, NOON - MINUTE), (COMMIT, NOON - 2 * MINUTE), ("d" * 40, NOON - 3 * MINUTE))
    found = row(cluster, tenant, observed(), Commits(NEXT, log))
    assert (found.state, found.behind, found.behind_since) == (State.SYNCING, 2, NOON - MINUTE)
    assert found.since == NOON - MINUTE


def test_who_is_at_the_expected_commit_is_not_behind_whatever_is_known_of_others(
    cluster: Cluster, tenant: Tenant
) -> None:
    found = row(cluster, tenant, observed(), Commits(COMMIT))
    assert (found.behind, found.behind_since) == (0, None)


@pytest.mark.parametrize("log", [(), ((NEXT, NOON),)], ids=["no log", "a log that ends before"])
def test_a_commit_that_the_log_does_not_have_is_an_unknown_lag(cluster: Cluster, tenant: Tenant, log: Any) -> None:
    assert row(cluster, tenant, observed(), Commits(NEXT, log)).behind is None


def test_a_range_of_tags_has_no_lag_where_the_agent_runs_what_it_fetched(sandbox: Sandbox) -> None:
    sandbox.tenant("source: {url: https://git.example.com/a.git, ref: {semver: '>=1.0.0'}}\n")
    found = row(sandbox.cluster(), sandbox.placed(), observed(), Commits(""))
    assert (found.state, found.expected, found.behind) == (State.IN_SYNC, COMMIT, 0)


# quota and workloads --------------------------------------------------------------------------------------------------


def test_the_fullest_resource_of_all_namespaces_comes_first(sandbox: Sandbox) -> None:
    sandbox.tenant('namespaces: ["", jobs]\n')
    first, second = quota("acme"), quota("acme")
    first["status"] = {"hard": {"pods": "10", "limits.memory": "4Gi"}, "used": {"pods": "1", "limits.memory": "1Gi"}}
    second["metadata"]["namespace"] = "acme-jobs"
    second["status"] = {"hard": {"requests.cpu": "2"}, "used": {"requests.cpu": "1500m"}}
    found = row(sandbox.cluster(), sandbox.placed(), observed(ResourceQuota=[first, second]))
    assert [(use.namespace, use.resource, use.share) for use in found.quota] == [
        ("acme-jobs", "requests.cpu", 0.75), ("acme", "limits.memory", 0.25), ("acme", "pods", 0.1)
    ]  # fmt: skip


def test_a_quota_of_nothing_is_not_full_unless_something_is_used(cluster: Cluster, tenant: Tenant) -> None:
    item = quota("acme")
    item["status"] = {"hard": {"services.nodeports": "0"}, "used": {"services.nodeports": "0"}}
    assert row(cluster, tenant, observed(ResourceQuota=[item])).quota[0].share == 0
    item["status"]["used"]["services.nodeports"] = "1"
    assert row(cluster, tenant, observed(ResourceQuota=[item])).quota[0].share > 1


def test_a_workload_that_is_not_ready_is_named_and_others_namespaces_do_not_count(
    cluster: Cluster, tenant: Tenant
) -> None:
    found = row(cluster, tenant, observed(Deployment=[deployment("acme", ready=1), deployment("globex"), controller()]))
    assert found.workloads is not None
    assert (found.workloads.ready, found.workloads.total, found.workloads.waiting) == (0, 1, ("Deployment web",))


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        ({"observedGeneration": 1, "updatedReplicas": 2, "readyReplicas": 2}, 1),
        ({"observedGeneration": 0, "updatedReplicas": 2, "readyReplicas": 2}, 0),
        ({"observedGeneration": 1, "readyReplicas": 2}, 0),
        ({"observedGeneration": 1, "updatedReplicas": 2, "readyReplicas": 2, "replicas": 2}, 1),
        ({"observedGeneration": 1, "updatedReplicas": 2, "readyReplicas": 2, "replicas": 3}, 0),
        ({}, 0),
    ],
    ids=["all of it", "its former form", "former pods", "no former pods", "a former pod is left", "nothing told"],
)
def test_a_deployment_is_ready_when_all_of_its_present_form_is(
    cluster: Cluster, tenant: Tenant, status: dict[str, int], ready: int
) -> None:
    item = deployment("acme") | {"status": status}
    found = row(cluster, tenant, observed(Deployment=[item]))
    assert found.workloads is not None
    assert found.workloads.ready == ready


@pytest.mark.parametrize(
    ("health", "message"),
    [
        ("Degraded", "a workload is degraded: Deployment web"),
        ("Progressing", "workloads are not ready yet: Deployment web"),
    ],
)
def test_workloads_are_named_where_argo_cd_does_not_name_them(sandbox: Sandbox, health: str, message: str) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    answer = argocd()
    application = {
        "metadata": {"name": "acme", "namespace": "argocd"},
        "spec": {"syncPolicy": {"automated": {}}},
        "status": {"sync": {"status": "Synced", "revision": COMMIT}, "health": {"status": health}},
    }
    answer.replace(wanted("Application", Engine.ARGOCD), [application])
    answer.replace(wanted("Deployment", Engine.ARGOCD), [deployment("acme", ready=1)])
    assert row(sandbox.cluster(), sandbox.placed(), answer).message == message


def test_workloads_are_named_while_flux_waits_for_them_once_more(cluster: Cluster, tenant: Tenant) -> None:
    trying = sync("acme")
    trying["status"] |= {
        "conditions": [{"type": "Ready", "status": "Unknown", "message": "Reconciliation in progress"}],
        "history": [{"lastReconciledStatus": "HealthCheckFailed", "metadata": {"revision": f"main@sha1:{COMMIT}"}}],
    }
    fetched = source("acme")
    fetched["status"]["artifact"] = {"revision": f"main@sha1:{COMMIT}"}
    answer = observed(Kustomization=[trying], GitRepository=[fetched], Deployment=[deployment("acme", ready=1)])
    found = row(cluster, tenant, answer)
    assert (found.state, found.message) == (State.FAILING, "HealthCheckFailed; trying again: Deployment web")


def test_a_daemon_set_is_ready_on_every_node_that_it_is_to_be_on(cluster: Cluster, tenant: Tenant) -> None:
    item = deployment("acme")
    item["spec"] = {}
    item["status"] = {
        "observedGeneration": 1, "desiredNumberScheduled": 3, "numberReady": 3, "updatedNumberScheduled": 3
    }  # fmt: skip
    assert row(cluster, tenant, observed(Deployment=[], DaemonSet=[item])).workloads == _all_ready()
    item["status"]["numberReady"] = 2
    assert row(cluster, tenant, observed(Deployment=[], DaemonSet=[item])).workloads != _all_ready()


def _all_ready() -> Any:
    from berth.status.model import Workloads

    return Workloads(1, 1)


# clusters -------------------------------------------------------------------------------------------------------------


def test_a_cluster_that_is_well_says_what_it_is(cluster: Cluster) -> None:
    found = cluster_row(cluster, observed())
    assert (found.state, found.message, found.lockdown) == (Reach.OK, "", True)
    assert (found.agent_version, found.agent_ready, found.nodes_ready, found.nodes_total) == ("v2.7.5", True, 1, 1)
    assert found.root is None


def test_a_flag_that_is_missing_is_a_lockdown_that_is_broken(cluster: Cluster) -> None:
    open_one = controller()
    open_one["spec"]["template"]["spec"]["containers"][0]["args"] = ["--no-remote-bases=true"]
    found = cluster_row(cluster, observed(Deployment=[open_one]))
    assert (found.state, found.lockdown) == (Reach.WRONG, False)
    assert "add --no-cross-namespace-refs=true" in found.message


def test_an_agent_that_is_not_ready_is_told_by_the_name_of_its_program(cluster: Cluster) -> None:
    waiting = controller() | {"status": {"observedGeneration": 1}}
    found = cluster_row(cluster, observed(Deployment=[waiting]))
    assert (found.state, found.agent_ready) == (Reach.WRONG, False)
    assert found.message == "the agent is not ready: kustomize-controller"


@pytest.mark.parametrize("others", [[], [program("source-controller")]], ids=["nothing", "only a part"])
def test_an_agent_that_is_not_there_is_neither_ready_nor_locked_down(
    cluster: Cluster, others: list[dict[str, Any]]
) -> None:
    found = cluster_row(cluster, observed(Deployment=others))
    assert (found.state, found.agent_ready, found.lockdown) == (Reach.WRONG, False, None)
    assert found.message == "the agent is not there: no kustomize-controller was found"


def test_an_agent_that_cannot_be_looked_for_is_not_told_as_gone(cluster: Cluster) -> None:
    answer = observed(Deployment=[])
    answer.refuse(wanted("Deployment"), Refused(403, "no"))
    found = cluster_row(cluster, answer)
    assert (found.state, found.agent_ready, found.message) == (Reach.OK, None, "")


@pytest.mark.parametrize(("install", "ready"), [("none", None), ("chart", False)])
def test_an_argo_cd_that_berth_did_not_install_may_run_outside_of_the_cluster(
    sandbox: Sandbox, install: str, ready: bool | None
) -> None:
    sandbox.setting(f"berth:gitops: {{engine: argocd, install: {install}}}")
    answer = argocd()
    answer.replace(wanted("Deployment", Engine.ARGOCD), [])
    assert cluster_row(sandbox.cluster(), answer).agent_ready is ready


@pytest.mark.parametrize("name", ["kustomize-controller", "source-controller"])
def test_an_agent_that_was_scaled_to_nothing_is_stopped(cluster: Cluster, name: str) -> None:
    stopped = program(name)
    stopped["spec"]["replicas"], stopped["status"] = 0, {"observedGeneration": 1}
    others = [] if name == "kustomize-controller" else [controller()]
    found = cluster_row(cluster, observed(Deployment=[*others, stopped]))
    assert (found.state, found.agent_ready) == (Reach.WRONG, False)
    assert found.message == f"the agent is stopped, with no replicas: {name}"


def test_a_program_that_syncing_does_not_take_may_be_scaled_to_nothing(cluster: Cluster) -> None:
    unused = program("image-reflector-controller")
    unused["spec"]["replicas"], unused["status"] = 0, {"observedGeneration": 1}
    found = cluster_row(cluster, observed(Deployment=[controller(), unused]))
    assert (found.state, found.agent_ready) == (Reach.OK, True)


def test_programs_beside_a_cluster_count_in_place_of_those_in_it(cluster: Cluster) -> None:
    answer = observed(Deployment=[])
    answer.programs = (controller(),)
    assert cluster_row(cluster, answer).lockdown is True


def test_a_program_that_has_ended_is_not_ready_and_its_flags_are_not_known(cluster: Cluster) -> None:
    ended = controller() | {"spec": {"replicas": 1, "template": {"spec": {"containers": [{"command": []}]}}}}
    answer = observed(Deployment=[])
    answer.programs = (ended | {"status": {}},)
    found = cluster_row(cluster, answer)
    assert (found.agent_ready, found.lockdown, found.lacks) == (False, None, ())


def test_the_version_is_that_of_the_images_where_no_label_tells_it(cluster: Cluster) -> None:
    unlabelled = controller()
    del unlabelled["metadata"]["labels"]
    assert cluster_row(cluster, observed(Deployment=[unlabelled])).agent_version == "v1.7.3"


def test_a_node_that_is_not_ready_is_counted_and_is_no_fault_of_the_cluster(cluster: Cluster) -> None:
    found = cluster_row(cluster, observed(Node=[node("n-1"), node("n-2", ready=False)]))
    assert (found.nodes_ready, found.nodes_total, found.state) == (1, 2, Reach.OK)


def test_the_root_sync_is_told_where_it_delivers(sandbox: Sandbox) -> None:
    sandbox.setting("berth:delivery: git")
    cluster = sandbox.cluster()
    found = cluster_row(cluster, observed())
    assert (found.root, found.state) == (State.MISSING, Reach.WRONG)
    root, from_git = sync("acme"), source("acme")
    for item in (root, from_git):
        item["metadata"] |= {"name": "berth-root", "namespace": "flux-system"}
    expected: Expected = {(cluster.deploy_repo.url, (("branch", "main"),)): Commits(COMMIT)}
    found = cluster_row(cluster, observed(Kustomization=[root], GitRepository=[from_git]), expected)
    assert (found.root, found.state) == (State.IN_SYNC, Reach.OK)


def argocd() -> Observed:
    """A cluster with an Argo CD as Berth needs it."""
    found, server = Observed(), controller()
    server["metadata"] |= {
        "name": "argocd-repo-server",
        "namespace": "argocd",
        "labels": {"app.kubernetes.io/part-of": "argocd", "app.kubernetes.io/component": "repo-server"},
    }
    data = {
        "application.sync.impersonation.enabled": "true",
        "application.resourceTrackingMethod": "annotation",
        "helm.enable": "false",
        "jsonnet.enable": "false",
    }
    settings = {"metadata": {"name": SETTINGS, "namespace": "argocd"}, "data": data}
    found.replace(wanted("ConfigMap", Engine.ARGOCD, SETTINGS), [settings])
    parameters = {"metadata": {"name": PARAMETERS, "namespace": "argocd"}, "data": PARAMETERS_NEEDED}
    found.replace(wanted("ConfigMap", Engine.ARGOCD, PARAMETERS), [parameters])
    found.replace(wanted("AppProject", Engine.ARGOCD), [{"metadata": {"name": "default", "namespace": "argocd"}}])
    found.replace(wanted("Deployment", Engine.ARGOCD), [server])
    return found


def test_an_argo_cd_is_judged_by_its_settings_project_and_repo_server(sandbox: Sandbox) -> None:
    sandbox.setting("berth:gitops: {engine: argocd}")
    cluster = sandbox.cluster()
    assert cluster_row(cluster, argocd()).lockdown is True
    opened = argocd()
    opened.put(
        wanted("AppProject", Engine.ARGOCD),
        {"metadata": {"name": "default", "namespace": "argocd"}, "spec": {"sourceRepos": ["*"]}},
    )
    found = cluster_row(cluster, opened)
    assert found.lockdown is False
    assert found.message.startswith("AppProject argocd/default: it allows something")
    hidden = argocd()
    hidden.refuse(wanted("ConfigMap", Engine.ARGOCD, SETTINGS), Refused(403, "no"))
    assert cluster_row(cluster, hidden).lockdown is None


# what is kept ---------------------------------------------------------------------------------------------------------


def test_what_is_kept_of_a_workload_holds_neither_environment_nor_annotations() -> None:
    item = deployment("acme")
    item["metadata"]["annotations"] = {"note": "private"}
    item["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": "private"}]
    (listed,) = pages_of("Deployment")(json.dumps({"metadata": {}, "items": [item]}).encode())["items"]
    assert "private" not in str(listed)
    assert event("Deployment", json.dumps({"type": "MODIFIED", "object": item})) == ("MODIFIED", listed)


@pytest.mark.parametrize("kind", [each.kind for engine in WANTED for each in WANTED[engine]])
def test_what_is_no_object_is_no_list(kind: str) -> None:
    for text in ("[]", '{"items": [1]}', "<html>", '{"items": [{"metadata": []}]}', '{"items": [{}]}'):
        with pytest.raises(ValueError, match=r"Expected|malformed|an object without a name"):
            pages_of(kind)(text.encode())


def test_a_watch_that_ends_in_an_error_has_no_object() -> None:
    status = {"kind": "Status", "status": "Failure", "code": 410}
    assert event("Deployment", json.dumps({"type": "ERROR", "object": status})) == ("ERROR", {})


def test_a_bookmark_names_nothing() -> None:
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "7"}}}
    assert event("Deployment", json.dumps(bookmark)) == ("BOOKMARK", bookmark["object"])


def test_a_watch_that_is_answered_with_something_else_says_so() -> None:
    nameless = '{"type": "ADDED", "object": {"metadata": {"namespace": "acme"}}}'
    for text in ('{"kind": "DeploymentList", "items": []}', "<html>", '{"type": "ADDED", "object": 1}', nameless):
        with pytest.raises(ValueError, match="the API server answers a watch with what is no event: "):
            event("Deployment", text)


def test_no_secret_is_wanted() -> None:
    assert not [each for engine in WANTED for each in WANTED[engine] if each.kind == "Secret"]


def test_an_object_that_is_gone_is_no_longer_known() -> None:
    found = observed()
    found.remove(wanted("Kustomization"), "berth-acme", "acme")
    assert found.get("Kustomization", "berth-acme", "acme") is None
    found.remove(wanted("Kustomization"), "berth-nobody", "nobody")
