"""Who has rights in and around a GKE cluster: its admins, and the service accounts of tenants."""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.components.gcp_clusters import CLUSTER
from tests.components.recording import Recorder
from tests.components.stacks import run, sample, tenant

BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
PROJECT = "gcp:projects/iAMMember:IAMMember"
ACCOUNT = "gcp:serviceaccount/account:Account"
ACTS_AS = "gcp:serviceaccount/iAMMember:IAMMember"
IDENTITY = [
    {"serviceAccount": "web", "gcp": {"roles": ["roles/storage.objectViewer", "roles/pubsub.publisher"]}},
    {"serviceAccount": "web", "namespace": "jobs", "gcp": {"roles": ["roles/storage.objectViewer"]}},
]


@cache
def recorded() -> Recorder:
    return run(sample("gke"), tenants=(tenant(namespaces=["", "jobs"], identity=IDENTITY), tenant("other")))


def admins(*principals: str) -> Recorder:
    return run(sample("gke", admins=list(principals)))


# Admins --------------------------------------------------------------------------------------------------------------

EVERY = ("group:platform@example.com", "user:eve@example.com", "serviceAccount:ci@berth-test.iam.gserviceaccount.com")


def subjects(recorder: Recorder) -> list[tuple[str, str]]:
    found = [item for item in recorder.of_type(BINDING) if item.inputs["metadata"]["name"] == "berth-admins"]
    assert len(found) == 1
    assert found[0].inputs["roleRef"]["name"] == "cluster-admin"
    return [(subject["kind"], subject["name"]) for subject in found[0].inputs["subjects"]]


def test_groups_are_groups_inside_and_users_and_service_accounts_are_users() -> None:
    assert subjects(admins(*EVERY)) == [
        ("Group", "platform@example.com"),
        ("User", "eve@example.com"),
        ("User", "ci@berth-test.iam.gserviceaccount.com"),
    ]


def clusterviewers(recorder: Recorder) -> dict[str, dict[str, Any]]:
    role = "roles/container.clusterViewer"
    return {item.inputs["member"]: item.inputs for item in recorder.of_type(PROJECT) if item.inputs["role"] == role}


def test_in_the_project_admins_may_see_and_reach_this_cluster_and_no_more() -> None:
    found = clusterviewers(admins(*EVERY))
    assert set(found) == set(EVERY)
    for inputs in found.values():
        assert inputs["condition"]["expression"].endswith('endsWith("/locations/europe-west1/clusters/gcp-test")')


def test_a_cluster_without_admins_has_no_binding_for_them() -> None:
    recorder = admins()
    assert clusterviewers(recorder) == {}
    assert not [item for item in recorder.of_type(BINDING) if item.inputs["metadata"]["name"] == "berth-admins"]


def test_groups_are_known_inside_by_the_security_group() -> None:
    inputs = recorded().of_type(CLUSTER)[0].inputs
    assert inputs["authenticatorGroupsConfig"] == {"securityGroup": "gke-security-groups@example.com"}
    people = sample("gke", admins=["user:eve@example.com"])
    del people["securityGroup"]
    bare = run(people, profile="dev").of_type(CLUSTER)[0].inputs
    assert "authenticatorGroupsConfig" not in bare


# Tenants -------------------------------------------------------------------------------------------------------------


def accounts() -> dict[str, str]:
    """What each Google service account is for, by its address."""
    return {
        f"{item.inputs['accountId']}@berth-test.iam.gserviceaccount.com": item.inputs["description"]
        for item in recorded().of_type(ACCOUNT)
        if "description" in item.inputs
    }


def test_each_service_account_with_rights_has_a_google_account_of_its_own() -> None:
    assert sorted(accounts().values()) == ["acme-jobs/web", "acme/web"]


def test_only_that_service_account_may_act_as_it() -> None:
    allowed = {item.inputs["serviceAccountId"].rpartition("/")[2]: item.inputs for item in recorded().of_type(ACTS_AS)}
    assert set(allowed) == set(accounts())
    for address, pod in accounts().items():
        assert allowed[address]["role"] == "roles/iam.workloadIdentityUser"
        assert allowed[address]["member"] == f"serviceAccount:berth-test.svc.id.goog[{pod}]"


def test_the_cluster_s_annotation_names_the_account_that_is_made() -> None:
    annotated = {
        f"{item.inputs['metadata']['namespace']}/{item.inputs['metadata']['name']}": found
        for item in recorded().of_type("kubernetes:core/v1:ServiceAccount")
        if (found := item.inputs["metadata"].get("annotations", {}).get("iam.gke.io/gcp-service-account"))
    }
    assert {address: pod for pod, address in annotated.items()} == accounts()


def test_it_has_the_roles_that_the_tenant_file_lists_and_no_other() -> None:
    roles: dict[str, set[str]] = {}
    for item in recorded().of_type(PROJECT):
        address = item.inputs["member"].removeprefix("serviceAccount:")
        if address in accounts():
            roles.setdefault(accounts()[address], set()).add(item.inputs["role"])
    assert roles == {
        "acme/web": {"roles/storage.objectViewer", "roles/pubsub.publisher"},
        "acme-jobs/web": {"roles/storage.objectViewer"},
    }


def test_names_that_run_into_each_other_stay_apart() -> None:
    grant = {"gcp": {"roles": ["roles/storage.objectViewer"]}}
    alike = [{"serviceAccount": "jobs-web", **grant}, {"serviceAccount": "web", "namespace": "jobs", **grant}]
    recorder = run(sample("gke"), tenants=(tenant(namespaces=["", "jobs"], identity=alike),))
    names = [item.name for item in recorder.of_type(ACTS_AS)]
    assert len(set(names)) == len(names) == 2


def test_it_may_be_acted_as_once_the_cluster_and_with_it_the_project_s_pool_is_there() -> None:
    cluster = recorded().of_type(CLUSTER)[0]
    assert all(cluster.urn in item.depends_on for item in recorded().of_type(ACTS_AS))


def test_a_tenant_that_asks_for_nothing_gets_nothing_in_the_cloud() -> None:
    assert [item.name for item in recorded().of_type("berth:gcp:TenantIdentity")] == ["gcp-test/acme"]


def test_a_tenant_s_objects_wait_for_its_rights() -> None:
    acme = next(item for item in recorded().of_type("berth:tenancy:Tenant") if item.name == "gcp-test/acme")
    assert {item.urn for item in recorded().of_type(ACTS_AS)} <= set(acme.depends_on)
