"""What render returns as a whole: pure, byte-stable, in order, and nobody else's."""

from __future__ import annotations

import copy
import itertools

import pytest
import yaml

from berth.render import Object, render, render_cluster
from berth.render.emit import to_yaml
from berth.render.objects import identity_of
from tests.support import PLACEMENTS, Sandbox, one, pick

RICH = """\
namespaces: ["", jobs]
network: {ingressFrom: [{namespace: ingress-nginx}], egressCidrs: [10.0.0.0/8], internet: true}
identity: [{serviceAccount: worker, namespace: jobs, aws: {policyArns: ["arn:aws:iam::111122223333:policy/jobs"]}}]
labels: {zebra: a, apple: b}
"""
CLUSTER_WIDE = {"Namespace"}


@pytest.fixture
def rich(sandbox: Sandbox) -> Sandbox:
    placements = PLACEMENTS.replace("[aws]", "[aws, gcp]")
    sandbox.tenant(RICH, placements=placements)
    sandbox.edit("tenants/acme.yaml", "com}", "com, groups: [acme-devs]}")
    sandbox.tenant(RICH, name="globex", placements=placements)
    return sandbox


def test_rendering_twice_gives_the_same_objects(rich: Sandbox) -> None:
    cluster, tenant = rich.cluster(), rich.placed()
    assert render(cluster, tenant) == render(cluster, tenant)


def test_rendering_changes_none_of_its_inputs(rich: Sandbox) -> None:
    cluster, tenant = rich.cluster(), rich.placed()
    before = copy.deepcopy((cluster, tenant))
    for item in render(cluster, tenant):
        item["metadata"]["labels"]["changed"] = "by the caller"
    assert (cluster, tenant) == before


def test_what_a_caller_does_to_the_objects_does_not_reach_the_next_rendering(rich: Sandbox) -> None:
    cluster, tenant = rich.cluster(), rich.placed()
    first, kept = render(cluster, tenant), copy.deepcopy(render(cluster, tenant))
    for item in first:
        _spoil(item)
    assert render(cluster, tenant) == kept


def test_what_a_caller_does_to_a_cluster_s_objects_does_not_reach_the_next_rendering(rich: Sandbox) -> None:
    cluster = rich.cluster()
    kept = copy.deepcopy(render_cluster(cluster))
    for item in render_cluster(cluster):
        _spoil(item)
    assert render_cluster(cluster) == kept


def _spoil(value: object) -> None:
    if isinstance(value, dict):
        for inner in list(value.values()):
            _spoil(inner)
        value["spoilt"] = True
    elif isinstance(value, list):
        for inner in list(value):
            _spoil(inner)
        value.append("spoilt")


def test_the_text_does_not_depend_on_the_hash_seed(rich: Sandbox) -> None:
    outputs = {rich.berth("render", "--stack", "dev", PYTHONHASHSEED=seed).out for seed in ("0", "4242")}
    assert len(outputs) == 1
    assert "kind: NetworkPolicy" in outputs.pop()


def test_the_text_is_utf_8_whatever_the_locale(rich: Sandbox) -> None:
    rich.edit("tenants/acme.yaml", "pay@example.com", '"Käthe <pay@example.com>"')
    ended = rich.berth("render", "--stack", "dev", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert (ended.code, ended.err) == (0, "")
    assert "Käthe" in ended.out


def test_a_namespace_comes_before_what_is_in_it(rich: Sandbox) -> None:
    seen: set[str] = set()
    for item in rich.objects():
        if item["kind"] == "Namespace":
            seen.add(item["metadata"]["name"])
        else:
            assert item["metadata"]["namespace"] in seen


def test_an_account_comes_before_what_is_bound_to_it_and_a_source_before_its_sync(rich: Sandbox) -> None:
    kinds = [item["kind"] for item in rich.objects()]
    assert kinds.index("ServiceAccount") < kinds.index("RoleBinding")
    assert kinds.index("GitRepository") < kinds.index("Kustomization")
    assert max(i for i, kind in enumerate(kinds) if kind != "Kustomization") < kinds.index("Kustomization")


def test_every_object_is_in_a_namespace_of_the_tenant_or_is_one(rich: Sandbox) -> None:
    own = {"acme", "acme-jobs", "berth-acme"}
    for item in rich.objects():
        assert item["metadata"].get("namespace", item["metadata"]["name"]) in own
        assert ("namespace" in item["metadata"]) == (item["kind"] not in CLUSTER_WIDE)


def test_every_object_carries_the_tenant_s_label_and_the_manager_s(rich: Sandbox) -> None:
    for item in rich.objects():
        labels = item["metadata"]["labels"]
        assert (labels["berth.dev/tenant"], labels["app.kubernetes.io/managed-by"]) == ("acme", "berth")


def test_labels_and_annotations_are_sorted(rich: Sandbox) -> None:
    for item in [*rich.objects(), *render_cluster(rich.cluster())]:
        for part in ("labels", "annotations"):
            keys = list(item["metadata"].get(part, {}))
            assert keys == sorted(keys)


def test_no_object_comes_twice(rich: Sandbox) -> None:
    identities = [identity_of(item) for item in [*render_cluster(rich.cluster()), *rich.objects()]]
    assert len(set(identities)) == len(identities)


def test_two_tenants_share_no_object(rich: Sandbox) -> None:
    acme, globex = ({identity_of(item) for item in rich.objects(name)} for name in ("acme", "globex"))
    assert not acme & globex


def test_a_tenant_s_objects_name_no_other_tenant(rich: Sandbox) -> None:
    assert "globex" not in to_yaml(rich.objects())


def test_clusters_differ_in_sync_objects_only(rich: Sandbox) -> None:
    rich.edit("tenants/acme.yaml", RICH.splitlines()[2], "identity: [{serviceAccount: worker, namespace: jobs}]")
    for one_item, other in itertools.zip_longest(rich.objects(), rich.objects(cluster="gcp-dev")):
        if one_item["kind"] in ("GitRepository", "Kustomization"):
            continue
        assert one_item == other


def test_the_sync_objects_of_clusters_differ_by_path(rich: Sandbox) -> None:
    paths = [
        one(rich.objects(cluster=name), "Kustomization")["spec"]["path"] for name in ("aws-dev", "gcp-dev")
    ]  # fmt: skip
    assert paths == ["./apps/acme/dev/aws", "./apps/acme/dev/gcp"]


def test_a_cluster_s_own_objects_are_the_same_in_every_cloud(rich: Sandbox) -> None:
    assert render_cluster(rich.cluster("aws-dev")) == render_cluster(rich.cluster("gcp-dev"))


def test_each_namespace_has_one_quota_one_limit_range_and_one_network_policy(rich: Sandbox) -> None:
    objects = rich.objects()
    for kind in ("ResourceQuota", "LimitRange", "NetworkPolicy"):
        assert [item["metadata"]["namespace"] for item in pick(objects, kind)] == ["acme", "acme-jobs"]


def test_the_quota_is_what_the_layers_come_to(rich: Sandbox) -> None:
    quota = one(rich.objects(), "ResourceQuota", namespace="acme")["spec"]["hard"]
    assert quota == {
        "limits.memory": "4Gi", "pods": "10", "requests.cpu": "2", "services.loadbalancers": "0",
        "services.nodeports": "0",
    }  # fmt: skip
    assert list(quota) == sorted(quota)


def test_a_tenant_without_limits_has_no_limit_range(sandbox: Sandbox) -> None:
    sandbox.write("tenants/profiles/standard.yaml", "description: Bare.\n")
    assert pick(sandbox.objects(), "LimitRange") == []


def test_owners_without_groups_have_no_binding(sandbox: Sandbox) -> None:
    bindings = pick(sandbox.objects(), "RoleBinding")
    assert [item["metadata"]["name"] for item in bindings] == ["berth-reconciler"]


def test_pod_security_is_enforced_warned_and_audited_at_a_pinned_version(sandbox: Sandbox) -> None:
    sandbox.tenant("podSecurity: baseline\nexception: Runs as root.\n")
    namespace = one(sandbox.objects(), "Namespace", "acme")["metadata"]
    prefix = "pod-security.kubernetes.io"
    assert {mode: namespace["labels"][f"{prefix}/{mode}"] for mode in ("enforce", "warn", "audit")} == {
        "enforce": "baseline", "warn": "restricted", "audit": "restricted"
    }  # fmt: skip
    assert all(namespace["labels"][f"{prefix}/{m}-version"].startswith("v1.") for m in ("enforce", "warn", "audit"))
    assert namespace["annotations"]["berth.dev/pod-security-exception"] == "Runs as root."


def test_the_sync_namespace_is_restricted_whatever_the_tenant_is(sandbox: Sandbox) -> None:
    sandbox.tenant("podSecurity: baseline\nexception: Runs as root.\n")
    labels = one(sandbox.objects(), "Namespace", "berth-acme")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_a_sync_namespace_says_whether_the_deploy_repo_s_credential_belongs_there(sandbox: Sandbox) -> None:
    def labels(name: str) -> dict[str, str]:
        found: dict[str, str] = one(sandbox.objects(), "Namespace", name)["metadata"]["labels"]
        return found

    assert labels("berth-acme")["berth.dev/source"] == "shared"
    assert "berth.dev/source" not in labels("acme")
    sandbox.tenant("source: {url: https://git.example.com/acme.git, secretName: acme-git}\n")
    assert "berth.dev/source" not in labels("berth-acme")


@pytest.mark.parametrize(("line", "policy"), [("", "keep"), ("deletionPolicy: delete\n", "delete")])
def test_a_namespace_says_whether_it_may_go_with_its_volumes(sandbox: Sandbox, line: str, policy: str) -> None:
    sandbox.tenant(line)
    namespaces = {
        item["metadata"]["name"]: item["metadata"]["annotations"] for item in pick(sandbox.objects(), "Namespace")
    }
    assert namespaces["acme"]["berth.dev/deletion-policy"] == policy
    assert "berth.dev/deletion-policy" not in namespaces["berth-acme"]


@pytest.mark.parametrize("lifecycle", ["active", "suspended", "offboarding"])
def test_a_namespace_tells_how_its_tenant_was_when_its_file_has_gone(sandbox: Sandbox, lifecycle: str) -> None:
    sandbox.tenant(f"lifecycle: {lifecycle}")
    namespace = one(sandbox.objects(), "Namespace", "acme")
    assert namespace["metadata"]["annotations"]["berth.dev/lifecycle"] == lifecycle


def test_the_emitted_text_reads_back_as_the_objects(rich: Sandbox) -> None:
    objects: list[Object] = rich.objects()
    assert list(yaml.safe_load_all(to_yaml(objects))) == objects
