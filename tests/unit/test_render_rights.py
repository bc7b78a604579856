"""What tenants may do in a cluster: the roles, and who is bound to them."""

from __future__ import annotations

from itertools import product

import pytest

from berth.render import Object, render_cluster
from tests.support import Sandbox, one, pick

ROLES = ("berth-tenant-reconciler", "berth-tenant-owner", "berth-tenant-sync-viewer")
WRITE = {"create", "update", "patch", "delete", "deletecollection"}
GUARD_RAILS = {"resourcequotas", "limitranges", "networkpolicies", "roles", "rolebindings", "namespaces"}


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest, sandbox: Sandbox) -> Object:
    return one(render_cluster(sandbox.cluster()), "ClusterRole", request.param)


def rights(role: Object) -> set[tuple[str, str, str]]:
    """(group, resource, verb) of everything that a role allows."""
    return {right for rule in role["rules"] for right in product(rule["apiGroups"], rule["resources"], rule["verbs"])}


def test_there_are_these_roles_and_no_other(sandbox: Sandbox) -> None:
    names = [item["metadata"]["name"] for item in pick(render_cluster(sandbox.cluster()), "ClusterRole")]
    assert sorted(names) == sorted(ROLES)


def test_no_role_has_a_wildcard(role: Object) -> None:
    assert not [right for right in rights(role) if any("*" in part for part in right)]


def test_no_role_reaches_urls_or_named_objects(role: Object) -> None:
    assert all(set(rule) == {"apiGroups", "resources", "verbs"} for rule in role["rules"])


def test_no_role_is_aggregated(role: Object) -> None:
    assert "aggregationRule" not in role


def test_no_role_changes_rights(role: Object) -> None:
    assert not [r for r in rights(role) if r[0] == "rbac.authorization.k8s.io" and r[2] in WRITE]


def test_no_role_impersonates_binds_or_escalates(role: Object) -> None:
    assert not {verb for _, _, verb in rights(role)} & {"impersonate", "bind", "escalate", "approve", "sign", "use"}


def test_no_role_makes_tokens(role: Object) -> None:
    assert not [r for r in rights(role) if r[1] == "serviceaccounts/token"]


def test_no_role_changes_a_guard_rail(role: Object) -> None:
    assert not [r for r in rights(role) if r[1].split("/")[0] in GUARD_RAILS and r[2] in WRITE]


def test_no_role_changes_a_sync_object(role: Object) -> None:
    assert not [r for r in rights(role) if r[0].endswith("fluxcd.io") and r[2] in WRITE]


def test_no_role_reaches_what_belongs_to_the_cluster(role: Object) -> None:
    cluster_wide = {"nodes", "persistentvolumes", "customresourcedefinitions", "clusterroles", "clusterrolebindings",
                    "validatingadmissionpolicies", "apiservices", "storageclasses", "priorityclasses"}  # fmt: skip
    assert not [r for r in rights(role) if r[1] in cluster_wide or r[0] == "admissionregistration.k8s.io"]


def test_no_role_writes_endpoints_that_lead_past_the_network_policy(role: Object) -> None:
    assert not [r for r in rights(role) if r[1] in ("endpoints", "endpointslices", "services/proxy", "pods/proxy")]


def test_the_sync_viewer_reads_no_secret(sandbox: Sandbox) -> None:
    role = one(render_cluster(sandbox.cluster()), "ClusterRole", "berth-tenant-sync-viewer")
    assert {verb for _, _, verb in rights(role)} == {"get", "list", "watch"}
    assert {resource for _, resource, _ in rights(role)} == {
        "alerts", "events", "gitrepositories", "kustomizations", "providers",
    }  # fmt: skip


@pytest.mark.parametrize("resource", ["deployments", "services", "configmaps", "secrets", "cronjobs", "ingresses"])
def test_the_reconciler_writes_workloads(sandbox: Sandbox, resource: str) -> None:
    role = one(render_cluster(sandbox.cluster()), "ClusterRole", "berth-tenant-reconciler")
    assert {verb for _, name, verb in rights(role) if name == resource} >= WRITE


def test_bindings_are_to_these_roles_and_within_namespaces(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/acme.yaml", "com}", "com, groups: [acme-devs, acme-ops]}")
    objects = sandbox.objects()
    assert pick(objects, "ClusterRoleBinding") == pick(objects, "Role") == pick(objects, "ClusterRole") == []
    assert {item["roleRef"]["name"] for item in pick(objects, "RoleBinding")} == set(ROLES)


def test_the_reconciler_is_the_account_in_the_sync_namespace_alone(sandbox: Sandbox) -> None:
    binding = one(sandbox.objects(), "RoleBinding", "berth-reconciler")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "reconciler", "namespace": "berth-acme"}]


def test_the_reconciler_has_no_right_in_its_own_namespace(sandbox: Sandbox) -> None:
    assert pick(sandbox.objects(), "RoleBinding", "berth-reconciler", "berth-acme") == []


def test_owners_are_bound_as_groups_and_only_look_at_their_sync(sandbox: Sandbox) -> None:
    sandbox.edit("tenants/acme.yaml", "com}", "com, groups: [acme-devs]}")
    objects = sandbox.objects()
    roles = {b["metadata"]["namespace"]: b["roleRef"]["name"] for b in pick(objects, "RoleBinding", "berth-owners")}
    assert roles == {"acme": "berth-tenant-owner", "berth-acme": "berth-tenant-sync-viewer"}
    group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "acme-devs"}
    assert all(b["subjects"] == [group] for b in pick(objects, "RoleBinding", "berth-owners"))


def test_no_account_mounts_a_token_by_default(sandbox: Sandbox) -> None:
    sandbox.tenant("identity: [{serviceAccount: worker, gcp: {roles: [roles/storage.objectViewer]}}]\n")
    accounts = pick(sandbox.objects(), "ServiceAccount")
    assert {item["metadata"]["name"] for item in accounts} == {"reconciler", "default", "worker"}
    assert [item["automountServiceAccountToken"] for item in accounts] == [False] * 3


def test_every_admission_policy_denies_and_fails_closed(sandbox: Sandbox) -> None:
    objects = render_cluster(sandbox.cluster())
    policies, bindings = (pick(objects, f"ValidatingAdmissionPolicy{suffix}") for suffix in ("", "Binding"))
    assert {item["spec"]["failurePolicy"] for item in policies} == {"Fail"}
    assert [item["spec"]["validationActions"] for item in bindings] == [["Deny"]] * len(policies)
    assert [item["spec"]["policyName"] for item in bindings] == [item["metadata"]["name"] for item in policies]


def test_a_namespace_says_what_its_tenant_may_use(sandbox: Sandbox) -> None:
    sandbox.tenant("allow: {registries: [a.example.com, b.example.com/x], hosts: ['*.acme.example.com'], "
                   "priorityClasses: [high, batch.low]}\n")  # fmt: skip
    annotations = one(sandbox.objects(), "Namespace", "acme")["metadata"]["annotations"]
    assert annotations["berth.dev/allowed-registries"] == "a.example.com,b.example.com/x"
    assert annotations["berth.dev/allowed-hosts"] == "*.acme.example.com"
    assert annotations["berth.dev/allowed-priority-classes"] == "high,batch.low"


def test_a_tenant_that_lists_nothing_may_use_nothing(sandbox: Sandbox) -> None:
    annotations = one(sandbox.objects(), "Namespace", "acme")["metadata"]["annotations"]
    lists = [f"berth.dev/allowed-{thing}" for thing in ("registries", "hosts", "priority-classes")]
    assert [annotations[key] for key in lists] == [""] * 3


def test_a_policy_about_pods_looks_at_all_that_makes_pods(sandbox: Sandbox) -> None:
    objects = render_cluster(sandbox.cluster())
    about = [one(objects, "ValidatingAdmissionPolicy", f"berth-{name}") for name in ("workloads", "priorities")]
    rules = [item["spec"]["matchConstraints"]["resourceRules"] for item in about]
    assert rules[0] == rules[1]
    written = {resource for rule in rules[0] for resource in rule["resources"]}
    assert written == {
        "pods", "pods/ephemeralcontainers", "daemonsets", "deployments", "replicasets", "statefulsets", "cronjobs",
        "jobs",
    }  # fmt: skip


def test_a_priority_class_is_compared_with_each_that_the_cluster_has(sandbox: Sandbox) -> None:
    objects = render_cluster(sandbox.cluster())
    spec = one(objects, "ValidatingAdmissionPolicy", "berth-priorities")["spec"]
    assert spec["paramKind"] == {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
    bound = one(objects, "ValidatingAdmissionPolicyBinding", "berth-priorities")["spec"]
    assert bound["paramRef"] == {"parameterNotFoundAction": "Allow", "selector": {}}
    (rule,) = spec["validations"]
    assert "params.?globalDefault.orValue(false)" in rule["expression"]
