"""Which fields differ, and who wrote them: from objects as an API server has them."""

from __future__ import annotations

from typing import Any

import pytest

from berth.drift.compare import additions, deliverer, differences, shown, with_marks
from berth.drift.declared import declared_in, with_known_ids
from berth.drift.mend import _removal
from berth.drift.undeclared import _inventory
from berth.render.identity import UNKNOWN_CLIENT_ID
from berth.settings import Cluster
from tests.support import Sandbox

LABEL = "app.kubernetes.io/managed-by"


def entry(manager: str, fields: dict[str, Any], operation: str = "Update", **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


APPLIED = entry(
    "pulumi-kubernetes-1",
    {"f:metadata": {"f:labels": {f"f:{LABEL}": {}}}, "f:spec": {"f:hard": {"f:pods": {}}}},
    "Apply",
)
DECLARED: dict[str, Any] = {"metadata": {"name": "berth", "labels": {LABEL: "berth"}}, "spec": {"hard": {"pods": "10"}}}


def live(spec: Any, *entries: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    known = {"name": "berth", "labels": {LABEL: "berth"}, "managedFields": [APPLIED, *entries], "uid": "1", **metadata}
    return {"metadata": known, "spec": spec, "status": {"used": {"pods": "3"}}}


def told(item: dict[str, Any], result: dict[str, Any], declared: dict[str, Any] = DECLARED) -> list[tuple[Any, ...]]:
    fields = differences(item, result, declared)
    return [(field.path, field.wanted, field.found, field.owners) for field in fields]


def test_who_applied_the_object_as_berth_s_is_who_delivers_it() -> None:
    assert deliverer(live({})) == "pulumi-kubernetes-1"
    assert deliverer({"metadata": {"managedFields": [entry("kubectl-edit", {"f:spec": {}})]}}) == "berth"
    assert deliverer({"metadata": {"managedFields": [entry("kubectl-edit", APPLIED["fieldsV1"])]}}) == "berth"
    assert deliverer({"metadata": {}}) == "berth"


def test_what_the_server_filled_in_when_pulumi_created_it_is_no_addition_and_what_others_added_is() -> None:
    filled = {"f:metadata": APPLIED["fieldsV1"]["f:metadata"], "f:spec": {"f:force": {}}}
    by_hand = entry("kubectl-edit", {"f:spec": {"f:suspend": {}}})
    item = live({"force": False, "suspend": True}, by_hand)
    item["metadata"]["managedFields"][0] = entry("pulumi-kubernetes", filled)
    assert additions(item, {"spec": {}}) == [("spec", "suspend")]
    item["metadata"]["managedFields"][0] = entry("kubectl-create", filled)
    assert ("spec", "force") in additions(item, {"spec": {}})


def test_a_changed_field_is_told_with_both_values_and_who_wrote_it() -> None:
    item = live({"hard": {"pods": "99"}}, entry("kubectl-edit", {"f:spec": {"f:hard": {"f:pods": {}}}}))
    item["metadata"]["managedFields"][0] = entry("other", {"f:spec": {"f:scopes": {}}})
    (field,) = differences(item, live({"hard": {"pods": "10"}}), DECLARED)
    assert (field.path, field.wanted, field.found, field.owners) == (
        "spec.hard.pods",
        '"10"',
        '"99"',
        ("kubectl-edit",),
    )


def test_what_somebody_added_is_told_though_applying_leaves_it() -> None:
    item = live(
        {"hard": {"pods": "10", "secrets": "5"}}, entry("kubectl-edit", {"f:spec": {"f:hard": {"f:secrets": {}}}})
    )
    (field,) = differences(item, item, DECLARED)
    assert (field.path, field.wanted, field.found, field.owners) == ("spec.hard.secrets", "", '"5"', ("kubectl-edit",))


def test_what_the_server_fills_in_is_nobody_s_and_no_drift() -> None:
    item = live({"hard": {"pods": "10"}, "scopes": ["BestEffort"]})
    assert differences(item, item, DECLARED) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"f:metadata": {"f:annotations": {"f:note": {}}}},
        {"f:status": {"f:used": {"f:pods": {}}}},
        {"f:operation": {"f:sync": {}}},
    ],
    ids=["an annotation", "a report", "a sync that was asked for"],
)
def test_what_others_write_by_right_is_no_drift(fields: dict[str, Any]) -> None:
    item = live({"hard": {"pods": "10"}}, entry("somebody", fields), annotations={"note": "x"})
    item["operation"] = {"sync": {}}
    assert differences(item, item, DECLARED) == []


def test_what_a_controller_reports_in_the_subresource_is_no_drift() -> None:
    item = live({"hard": {"pods": "10"}, "x": 1}, entry("c", {"f:spec": {"f:x": {}}}, subresource="status"))
    assert differences(item, item, DECLARED) == []


def test_the_server_s_own_counts_are_no_difference() -> None:
    before = live({"hard": {"pods": "10"}}, resourceVersion="1", generation=1)
    after = live({"hard": {"pods": "10"}}, resourceVersion="2", generation=2)
    assert differences(before, after, DECLARED) == []


LISTED = {"metadata": {"name": "x"}, "spec": {"variables": [{"name": "a", "expression": "1"}], "finalizers": ["mine"]}}


def test_an_item_that_was_added_to_a_list_with_keys_is_found_wherever_it_stands() -> None:
    items = [{"name": "b", "expression": "2"}, {"name": "a", "expression": "1"}]
    by_hand = entry("kubectl-edit", {"f:spec": {"f:variables": {'k:{"name":"b"}': {".": {}, "f:expression": {}}}}})
    item = live({"variables": items, "finalizers": ["mine"]}, by_hand)
    assert additions(item, LISTED) == [("spec", "variables", 0)]


def test_an_item_of_a_set_is_found_by_its_value() -> None:
    by_hand = entry("kubectl-edit", {"f:spec": {"f:finalizers": {'v:"theirs"': {}, 'v:"mine"': {}}}})
    item = live({"variables": [], "finalizers": ["mine", "theirs"]}, by_hand)
    assert additions(item, LISTED) == [("spec", "finalizers", 1)]


def test_a_whole_list_that_somebody_wrote_is_theirs() -> None:
    item = live({}, entry("kubectl-edit", {"f:rules": {}})) | {"rules": [{"verbs": ["*"]}]}
    rules = {"rules": [{"verbs": ["get"]}]}
    assert told(item, item | rules, DECLARED | rules) == [("rules[0].verbs[0]", '"get"', '"*"', ("kubectl-edit",))]


def test_of_a_list_that_has_grown_only_the_new_items_are_shown() -> None:
    rules = [{"verbs": ["get"]}, {"verbs": ["list"]}]
    item = live({}) | {"rules": [*rules, {"verbs": ["*"]}]}
    assert told(item, item | {"rules": rules})[0][:3] == ("rules", "", '[{"verbs": ["*"]}]')


def test_marks_of_what_applies_an_object_are_kept_and_other_labels_are_not() -> None:
    item = live({}, labels={LABEL: "berth", "applyset.kubernetes.io/part-of": "x", "other": "y"})
    marked = with_marks(DECLARED, item)
    assert marked["metadata"]["labels"] == {LABEL: "berth", "applyset.kubernetes.io/part-of": "x"}
    assert DECLARED["metadata"]["labels"] == {LABEL: "berth"}


def test_fields_are_taken_away_from_the_end_of_a_list_and_only_from_the_object_that_was_seen() -> None:
    patch = _removal({"metadata": {"resourceVersion": "7"}}, [("spec", "a/b"), ("spec", "l", 0), ("spec", "l", 2)])
    assert patch[0] == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
    paths = [step["path"] for step in patch[1:]]
    assert paths.index("/spec/l/2") < paths.index("/spec/l/0")
    assert "/spec/a~1b" in paths


def test_a_path_is_written_as_people_write_it() -> None:
    assert shown(("spec", "hard", "limits.memory")) == 'spec.hard["limits.memory"]'
    assert shown(("rules", 0, "verbs")) == "rules[0].verbs"


def test_a_client_id_that_only_azure_knows_is_taken_from_the_cluster() -> None:
    annotation = "azure.workload.identity/client-id"
    declared = {"metadata": {"annotations": {annotation: UNKNOWN_CLIENT_ID, "a": "b"}}}
    known = {"metadata": {"annotations": {annotation: "1234"}}}
    assert with_known_ids(declared, known)["metadata"]["annotations"] == {annotation: "1234", "a": "b"}
    assert with_known_ids(declared, {"metadata": {}}) == declared


def test_all_that_render_returns_is_declared_and_what_pulls_it_where_git_delivers(sandbox: Sandbox) -> None:
    cluster = sandbox.cluster()
    by_pulumi = declared_in(sandbox.load(), cluster)
    assert {tenant for tenant, _ in by_pulumi.values()} == {"", "acme"}
    assert ("", "Namespace", "", "acme") in by_pulumi
    assert {tenant for tenant, _ in declared_in(sandbox.load(), cluster, ["acme"]).values()} == {"acme"}
    sandbox.setting("berth:delivery: git")
    by_git: Cluster = sandbox.cluster()
    more = set(declared_in(sandbox.load(), by_git)) - set(by_pulumi)
    assert ("", "ConfigMap", "flux-system", "berth-published") in more
    assert ("kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", "berth-root") in more


def test_what_flux_applied_is_read_from_its_inventory() -> None:
    entries = [{"id": "acme_web_apps_Deployment"}, {"id": "acme_settings__ConfigMap"},
               {"id": "_system__reader_rbac.authorization.k8s.io_ClusterRole"}]  # fmt: skip
    assert _inventory({"status": {"inventory": {"entries": entries}}}) == {
        ("apps", "Deployment", "acme", "web"),
        ("", "ConfigMap", "acme", "settings"),
        ("rbac.authorization.k8s.io", "ClusterRole", "", "system:reader"),
    }
    assert _inventory({}) == set()
