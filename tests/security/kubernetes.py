"""What tenants' objects and the agent must hold in every cluster."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.components.recording import Recorder
from tests.components.stacks import run, sample, tenant
from tests.security.rows import Row, Status

Item = dict[str, Any]


def objects(recorder: Recorder, kind: str) -> list[Item]:
    """The Kubernetes objects of a kind, as they were registered. Never none: a look at nothing shows nothing."""
    found = [item.inputs for item in recorder.recorded if item.inputs.get("kind") == kind]
    assert found, f"no {kind} was registered"
    return found


def none_of(recorder: Recorder, *parts: str) -> None:
    """No resource whose type holds one of these."""
    found = [item.name for item in recorder.recorded if any(part in item.type for part in parts)]
    assert found == []


def namespaces(recorder: Recorder, role: str) -> set[str]:
    """Names of the namespaces with a role: `workloads` or `sync`."""
    return {
        item["metadata"]["name"]
        for item in objects(recorder, "Namespace")
        if item["metadata"]["labels"].get("berth.dev/namespace-role") == role
    }


def tenant_roles(recorder: Recorder) -> list[Item]:
    found = [item for item in objects(recorder, "ClusterRole") if item["metadata"]["name"].startswith("berth-tenant-")]
    assert len(found) >= 3
    return found


def verbs(recorder: Recorder, resource: str) -> set[str]:
    """What tenants' roles may do with a resource."""
    return {
        verb
        for role in tenant_roles(recorder)
        for rule in role["rules"]
        for verb in rule["verbs"]
        if resource in rule["resources"]
    }


def tenants_are_denied_by_default(recorder: Recorder) -> None:
    policies = {item["metadata"]["namespace"]: item["spec"] for item in objects(recorder, "NetworkPolicy")}
    assert policies.keys() == namespaces(recorder, "workloads")
    for spec in policies.values():
        assert sorted(spec["policyTypes"]) == ["Egress", "Ingress"]
        assert any(port["port"] == 53 for rule in spec["egress"] for port in rule.get("ports", []))


def network_policies_select_every_pod(recorder: Recorder) -> None:
    assert all(item["spec"]["podSelector"] == {} for item in objects(recorder, "NetworkPolicy"))


def pod_security_is_restricted_and_pinned(recorder: Recorder) -> None:
    for item in objects(recorder, "Namespace"):
        labels = item["metadata"]["labels"]
        prefix = "pod-security.kubernetes.io"
        assert {labels[f"{prefix}/{mode}"] for mode in ("enforce", "warn", "audit")} == {"restricted"}
        assert all(labels[f"{prefix}/{mode}-version"].startswith("v1.") for mode in ("enforce", "warn", "audit"))


def quotas_come_with_defaults(recorder: Recorder) -> None:
    wanted = namespaces(recorder, "workloads")
    for kind in ("ResourceQuota", "LimitRange"):
        assert {item["metadata"]["namespace"] for item in objects(recorder, kind)} == wanted
    for item in objects(recorder, "LimitRange"):
        assert all(limit["default"] and limit["defaultRequest"] for limit in item["spec"]["limits"])


def tenants_have_their_own_roles_only(recorder: Recorder) -> None:
    for item in objects(recorder, "RoleBinding"):
        assert item["roleRef"]["name"].startswith("berth-tenant-")


def roles_name_what_they_allow(recorder: Recorder) -> None:
    for role in tenant_roles(recorder):
        for rule in role["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]


def nobody_acts_as_another(recorder: Recorder) -> None:
    used = {verb for role in tenant_roles(recorder) for rule in role["rules"] for verb in rule["verbs"]}
    assert used & {"impersonate", "bind", "escalate"} == set()


def _bindings_of_the_whole_cluster(recorder: Recorder) -> Iterator[Item]:
    yield from (item.inputs for item in recorder.recorded if item.inputs.get("kind") == "ClusterRoleBinding")


def secrets_are_read_in_own_namespaces_only(recorder: Recorder) -> None:
    for item in _bindings_of_the_whole_cluster(recorder):
        assert not item["roleRef"]["name"].startswith("berth-tenant-")


def default_accounts_are_bare(recorder: Recorder) -> None:
    accounts = [item for item in objects(recorder, "ServiceAccount") if item["metadata"]["name"] == "default"]
    assert {item["metadata"]["namespace"] for item in accounts} == namespaces(recorder, "workloads")
    assert all(item["automountServiceAccountToken"] is False for item in accounts)
    for binding in (*objects(recorder, "RoleBinding"), *_bindings_of_the_whole_cluster(recorder)):
        assert all(subject["name"] != "default" for subject in binding["subjects"])


def tenants_touch_nothing_of_the_cluster(recorder: Recorder) -> None:
    for resource in (
        "persistentvolumes", "nodes", "nodes/proxy", "certificatesigningrequests", "serviceaccounts/token",
        "mutatingwebhookconfigurations", "validatingwebhookconfigurations",
    ):  # fmt: skip
        assert verbs(recorder, resource) == set(), resource


def nothing_is_in_the_default_namespace(recorder: Recorder) -> None:
    used = {item.inputs.get("metadata", {}).get("namespace") for item in recorder.recorded}
    assert "default" not in used
    assert len(used) > 1


def flux(recorder: Recorder) -> Item:
    """What the only FluxInstance says of its cluster."""
    (instance,) = objects(recorder, "FluxInstance")
    cluster: Item = instance["spec"]["cluster"]
    return cluster


def flux_is_multitenant(recorder: Recorder) -> None:
    assert flux(recorder)["multitenant"] is True


def flux_acts_as_an_account_without_rights(recorder: Recorder) -> None:
    assert flux(recorder)["tenantDefaultServiceAccount"] == "default"


def no_sync_runs_with_the_agent_s_own_rights(recorder: Recorder) -> None:
    for item in objects(recorder, "Kustomization"):
        assert item["metadata"]["namespace"] in namespaces(recorder, "sync")
        assert item["spec"]["serviceAccountName"] == "reconciler"


def flux_decrypts_and_connects_as_an_account_without_rights(recorder: Recorder) -> None:
    assert flux(recorder)["tenantDefaultDecryptionServiceAccount"] == "default"
    assert flux(recorder)["tenantDefaultKubeConfigServiceAccount"] == "default"


def flux_is_sized_and_walled_in(recorder: Recorder) -> None:
    cluster = flux(recorder)
    assert cluster["multitenantWorkloadIdentity"] is True
    assert cluster["networkPolicy"] is True
    assert cluster["size"] in ("small", "medium", "large")


def flux_gets_no_flag_that_weakens_it(recorder: Recorder) -> None:
    (instance,) = objects(recorder, "FluxInstance")
    patches = [item["patch"] for item in instance["spec"]["kustomize"]["patches"]]
    assert not any(word in patch for patch in patches for word in ("args", "command", "image"))
    assert "insecure-kubeconfig" not in str(instance)


def a_sync_is_bounded(recorder: Recorder) -> None:
    for item in objects(recorder, "Kustomization"):
        spec, tenant = item["spec"], item["metadata"]["labels"]["berth.dev/tenant"]
        assert spec["targetNamespace"] == tenant
        assert spec["sourceRef"] == {"kind": "GitRepository", "name": tenant}
        assert f"/{tenant}/" in f"{spec['path']}/"
        assert spec["interval"]
        assert spec["timeout"]
        assert spec["prune"] is True


def sources_are_listed(recorder: Recorder) -> None:
    policies = {item["metadata"]["name"]: item["spec"] for item in objects(recorder, "ValidatingAdmissionPolicy")}
    bindings = {
        item["spec"]["policyName"]: item["spec"] for item in objects(recorder, "ValidatingAdmissionPolicyBinding")
    }
    assert policies["berth-sources"]["failurePolicy"] == "Fail"
    assert bindings["berth-sources"]["validationActions"] == ["Deny"]


@cache
def with_argocd() -> Recorder:
    """The same tenant where Argo CD is the engine."""
    return run(sample("eks", gitops={"engine": "argocd"}), tenants=(tenant(),), install="chart")


def a_project_is_exact(recorder: Recorder) -> None:
    none_of(recorder, "argoproj.io")  # under Flux there is none
    (spec,) = [item["spec"] for item in objects(with_argocd(), "AppProject") if item["metadata"]["name"] != "default"]
    assert spec["sourceRepos"] == ["https://git.example.com/deploy.git"]
    assert spec["destinations"] == [{"namespace": "acme", "server": "https://kubernetes.default.svc"}]
    assert [item["defaultServiceAccount"] for item in spec["destinationServiceAccounts"]] == ["berth-acme:reconciler"]
    assert spec["clusterResourceWhitelist"] == spec["sourceNamespaces"] == []
    refused = {item["kind"] for item in spec["namespaceResourceBlacklist"]}
    assert {"LimitRange", "NetworkPolicy", "ResourceQuota"} <= refused


def the_default_project_is_locked(recorder: Recorder) -> None:
    none_of(recorder, "argoproj.io")
    (spec,) = [item["spec"] for item in objects(with_argocd(), "AppProject") if item["metadata"]["name"] == "default"]
    assert spec == {"sourceRepos": [], "destinations": [], "sourceNamespaces": []}


def one_lane(recorder: Recorder) -> None:
    (instance,) = objects(recorder, "FluxInstance")
    assert "sharding" not in instance["spec"]


def _row(number: int, rules: str, subject: str, required: str, check: Any, status: Status = Status.ALWAYS) -> Row:
    return Row(f"K8S-{number}", rules, subject, required, status, check)


ROWS = [
    _row(
        1,
        "CIS 4.3.2, C-0206, C-0260, CKV2_K8S_6",
        "NetworkPolicy",
        "in each namespace: all denied but what is listed; DNS listed",
        tenants_are_denied_by_default,
    ),
    _row(2, "C-0299", "NetworkPolicy selector", "selects every pod", network_policies_select_every_pod),
    _row(
        3,
        "CIS 4.2.1 to 4.2.5",
        "Namespace labels",
        "Pod Security restricted, at a pinned version",
        pod_security_is_restricted_and_pinned,
    ),
    _row(
        4,
        "C-0009, C-0270, C-0271, CKV_K8S_10 to 13",
        "ResourceQuota, LimitRange",
        "in each namespace, with defaults",
        quotas_come_with_defaults,
    ),
    _row(5, "CIS 4.1.1, C-0035", "RoleBinding", "no tenant is cluster-admin", tenants_have_their_own_roles_only),
    _row(6, "CIS 4.1.3, CKV_K8S_49", "ClusterRole", "no wildcard", roles_name_what_they_allow),
    _row(
        7,
        "CIS 4.1.8, C-0065, C-0191, CKV2_K8S_3",
        "ClusterRole",
        "no tenant impersonates, binds or escalates",
        nobody_acts_as_another,
    ),
    _row(
        8,
        "CIS 4.1.2, CKV2_K8S_5",
        "ClusterRoleBinding",
        "no tenant reads Secrets outside its namespaces",
        secrets_are_read_in_own_namespaces_only,
    ),
    _row(
        9,
        "CIS 4.1.5, 4.1.6, C-0034, CKV_K8S_38, 41, 42",
        "ServiceAccount default",
        "no token, no rights",
        default_accounts_are_bare,
    ),
    _row(
        10,
        "CIS 4.1.9 to 4.1.12, CKV2_K8S_2, CKV_K8S_155, 156",
        "ClusterRole",
        "nothing of nodes, volumes, webhooks, certificates, tokens",
        tenants_touch_nothing_of_the_cluster,
    ),
    _row(11, "CIS 4.5.2, CKV_K8S_21", "namespace default", "unused", nothing_is_in_the_default_namespace),
    _row(12, "Flux lockdown", "controllers", "no references across namespaces", flux_is_multitenant),
    _row(13, "Flux lockdown", "kustomize-controller", "no remote bases", flux_is_multitenant),
    _row(
        14,
        "Flux lockdown",
        "kustomize-controller",
        "an account without rights where a sync names none",
        flux_acts_as_an_account_without_rights,
    ),
    _row(
        15,
        "Flux lockdown",
        "Kustomization",
        "none runs with the controller's own rights",
        no_sync_runs_with_the_agent_s_own_rights,
    ),
    _row(
        16,
        "Flux lockdown",
        "controllers",
        "an account without rights for decryption and other clusters",
        flux_decrypts_and_connects_as_an_account_without_rights,
    ),
    _row(17, "Flux Operator", "FluxInstance", "multi-tenant, network policy, a size", flux_is_sized_and_walled_in),
    _row(18, "Flux", "controllers", "no insecure kubeconfig", flux_gets_no_flag_that_weakens_it),
    _row(
        19,
        "Flux lockdown",
        "Kustomization of a tenant",
        "own account, namespace, source and path; prune, interval, timeout",
        a_sync_is_bounded,
    ),
    _row(
        20,
        "Argo CD",
        "AppProject",
        "exact sources and destinations, impersonation, no guard-rail kinds",
        a_project_is_exact,
    ),
    _row(21, "Argo CD", "AppProject default", "locked", the_default_project_is_locked),
    _row(
        22,
        "Flux",
        "controllers",
        "workload identity only where an object names its account",
        flux_is_sized_and_walled_in,
    ),
    _row(23, "Flux", "ValidatingAdmissionPolicy", "sources are the tenant's own, else denied", sources_are_listed),
    _row(24, "Flux", "controllers", "one lane, or lanes that never share an object", one_lane),
    _row(25, "Flux", "namespace flux-system", "network policies hold", flux_is_sized_and_walled_in),
]
