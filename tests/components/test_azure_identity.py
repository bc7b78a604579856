"""Rights of tenants' service accounts in Azure: for exactly the account that asked, in exactly the scope."""

from __future__ import annotations

import re
from typing import Any

from berth.tenants.identity import AZURE_ROLES
from tests.components.azure_clusters import ACME, CLUSTER, GRANT, IDENTITY, ROLE, SCOPE, TENANT, TRUST, one, recorded
from tests.components.recording import Recorder
from tests.components.stacks import run, sample, tenant


def grant(account: str, namespace: str = "", **azure: Any) -> dict[str, Any]:
    return {**GRANT, "serviceAccount": account, "namespace": namespace, "azure": {**GRANT["azure"], **azure}}


def roles(recorder: Recorder) -> list[dict[str, Any]]:
    parents = {item.urn for item in recorder.of_type(TENANT)}
    return [item.inputs for item in recorder.of_type(ROLE) if item.parent in parents]


def test_the_trust_is_in_one_service_account_of_this_cluster() -> None:
    inputs = one(recorded(), TRUST).inputs
    assert inputs["subject"] == "system:serviceaccount:acme:api"
    assert inputs["audiences"] == ["api://AzureADTokenExchange"]
    assert inputs["issuer"] == "https://westeurope.oic.prod-aks.azure.com/t/azure-test/"


def test_each_role_holds_in_the_scope_of_the_tenant_file_and_nowhere_else() -> None:
    found = roles(recorded())
    assert {item["scope"] for item in found} == {SCOPE}
    ids = {item["roleDefinitionId"].rpartition("/")[2] for item in found}
    assert ids == {AZURE_ROLES["Key Vault Secrets User"], AZURE_ROLES["Reader"]}
    assert {item["roleDefinitionId"].split("/")[2] for item in found} == {SCOPE.split("/")[2]}


def test_roles_are_of_the_tenant_s_identity_and_not_of_the_cluster_s() -> None:
    principals = {item["principalId"] for item in roles(recorded())}
    others = {item.inputs["principalId"] for item in recorded().of_type(ROLE)} - principals
    assert len(principals) == 1
    assert others.isdisjoint(principals)
    assert {item["principalType"] for item in roles(recorded())} == {"ServicePrincipal"}


def test_the_service_account_carries_the_client_id_of_its_identity() -> None:
    accounts = [
        item.inputs["metadata"]
        for item in recorded().recorded
        if item.inputs.get("kind") == "ServiceAccount" and item.inputs["metadata"]["name"] == "api"
    ]
    (metadata,) = accounts
    client = metadata["annotations"]["azure.workload.identity/client-id"]
    assert len(client) == 36
    assert client not in {item["principalId"] for item in roles(recorded())}


def test_accounts_whose_names_run_together_have_identities_of_their_own() -> None:
    acme = tenant(namespaces=["", "jobs"], identity=[grant("jobs-api"), grant("api", "jobs")])
    recorder = run(sample("aks"), tenants=(acme,))
    subjects = {item.inputs["subject"] for item in recorder.of_type(TRUST)}
    assert subjects == {"system:serviceaccount:acme:jobs-api", "system:serviceaccount:acme-jobs:api"}
    names = [item.inputs.get("resourceName") for item in recorder.of_type(IDENTITY)]
    assert sorted(filter(None, names)) == ["acme-jobs_api", "acme_jobs-api"]


def test_a_role_is_assigned_under_the_same_name_every_time_and_under_another_in_another_cluster() -> None:
    again = run(sample("aks"), tenants=(ACME,))
    assert [item["roleAssignmentName"] for item in roles(again)] == [
        item["roleAssignmentName"] for item in roles(recorded())
    ]
    other = run(sample("aks", name="azure-two"), tenants=(ACME,))
    assert {item["roleAssignmentName"] for item in roles(other)}.isdisjoint(
        item["roleAssignmentName"] for item in roles(again)
    )


def test_another_tenant_changes_nothing_of_the_first() -> None:
    both = run(sample("aks"), tenants=(ACME, tenant("globex", identity=[grant("api")])))
    parent = one(both, TENANT, "azure-test/acme").urn
    alone = one(recorded(), TENANT).urn
    assert [item.inputs for item in both.below(parent)] == [item.inputs for item in recorded().below(alone)]


def test_a_tenant_without_rights_in_azure_has_nothing_there() -> None:
    recorder = run(sample("aks"), tenants=(tenant(),))
    assert not recorder.of_type(TENANT)
    assert not recorder.of_type(TRUST)


def test_names_fit_for_the_longest_tenant_namespace_and_account() -> None:
    name = "t" * 40
    account = "s" * 20 + "." + "s" * 32
    acme = tenant(name, namespaces=["x" * 20], identity=[grant(account, "x" * 20)])
    recorder = run(sample("aks", name="c" * 40), tenants=(acme,))
    for name in [item.inputs["resourceName"] for item in recorder.of_type(IDENTITY) if "resourceName" in item.inputs]:
        assert re.fullmatch(r"[a-zA-Z0-9][-_a-zA-Z0-9]{2,127}", name)


def test_tenants_do_not_change_their_cluster() -> None:
    assert one(run(sample("aks")), CLUSTER).inputs == one(recorded(), CLUSTER).inputs
