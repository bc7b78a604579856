"""What an engine leaves on objects, and what may be taken off. How it goes in clusters is tried in tests/e2e."""

from __future__ import annotations

from typing import Any

import pytest

from berth.agents import KINDS as SYNC_KINDS
from berth.handover.model import GUARD_RAILS, KINDS, applied_for, held_by, namespace_of, nothing_of, title, without
from berth.render.rbac import cluster_roles
from berth.settings import Engine
from tests.support import Sandbox

FLUX_APPLIED = {"manager": "kustomize-controller", "operation": "Apply"}
ARGOCD_APPLIED = {"manager": "argocd-controller", "operation": "Apply"}
ARGOCD_WROTE = {"manager": "argocd-controller", "operation": "Update"}
TRACKED = {"annotations": {"argocd.argoproj.io/tracking-id": "shop:/ConfigMap:shop/settings"}}
LABELLED = {"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}}


def config_map(*entries: dict[str, str], **about: Any) -> dict[str, Any]:
    metadata = {"name": "settings", "namespace": "shop", "uid": "1-2", "resourceVersion": "7"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**metadata, "managedFields": list(entries), **about},
        "data": {"key": "value"},
    }


def test_the_kinds_are_those_that_a_reconciler_may_write() -> None:
    role = next(item for item in cluster_roles() if item["metadata"]["name"].endswith("reconciler"))
    rules = [rule for rule in role["rules"] if "create" in rule["verbs"]]
    written = {(group, name) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]}
    plural = {(api.rpartition("/")[0], f"{kind.lower()}{'es' if kind == 'Ingress' else 's'}") for api, kind in KINDS}
    assert plural == {(group, name) for group, name in written if "/" not in name}


def test_an_engine_holds_what_it_has_applied_but_not_what_it_reports_on() -> None:
    assert held_by(config_map(FLUX_APPLIED), Engine.FLUX)
    assert not held_by(config_map(FLUX_APPLIED), Engine.ARGOCD)
    assert not held_by(config_map({**ARGOCD_WROTE, "subresource": "status"}), Engine.ARGOCD)
    assert not held_by(config_map(), Engine.FLUX)


def test_an_object_is_the_new_engine_s_when_it_has_applied_it_for_this_tenant() -> None:
    both = (FLUX_APPLIED, ARGOCD_APPLIED)
    assert applied_for(config_map(*both, **TRACKED), "shop", Engine.ARGOCD)
    assert applied_for(config_map(*both, **LABELLED), "shop", Engine.FLUX)
    assert not applied_for(config_map(FLUX_APPLIED, **TRACKED), "shop", Engine.ARGOCD), "it has not applied it yet"
    assert not applied_for(config_map(*both, **TRACKED), "sho", Engine.ARGOCD), "it is another tenant's"
    assert not applied_for(config_map(*both), "shop", Engine.FLUX), "nothing says whose it is"


def test_nothing_is_wanted_of_an_object_and_none_is_made() -> None:
    assert nothing_of(config_map(FLUX_APPLIED)) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "shop", "uid": "1-2"},
    }


def test_what_was_written_without_server_side_apply_is_taken_off_by_a_patch_of_what_was_seen() -> None:
    assert without(config_map(FLUX_APPLIED), Engine.ARGOCD) == []
    assert without(config_map(FLUX_APPLIED, ARGOCD_WROTE, **TRACKED), Engine.ARGOCD) == [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "replace", "path": "/metadata/managedFields", "value": [FLUX_APPLIED]},
        {"op": "remove", "path": "/metadata/annotations/argocd.argoproj.io~1tracking-id"},
    ]


def test_rights_that_argo_cd_reconciled_before_it_applied_them_are_taken_off_as_well() -> None:
    reconciled = {"manager": "argocd-application-controller", "operation": "Update"}
    binding = config_map(FLUX_APPLIED, ARGOCD_APPLIED, reconciled)
    assert held_by(config_map(reconciled), Engine.ARGOCD)
    (_, kept) = without(binding, Engine.ARGOCD)
    assert kept["value"] == [FLUX_APPLIED]


@pytest.mark.parametrize("engine", list(Engine))
def test_what_a_root_applies_into_a_tenant_s_namespaces_is_handed_over_too(sandbox: Sandbox, engine: Engine) -> None:
    sandbox.setting(f"berth:gitops: {{engine: {engine.value}}}")
    of_engine = {kind.name for kind in SYNC_KINDS[engine]}
    kinds = {
        (item["apiVersion"], item["kind"])
        for item in sandbox.objects()
        if namespace_of(item) in ("acme", "berth-acme") and item["kind"] not in of_engine
    }
    assert kinds - set(KINDS) == set(GUARD_RAILS)


def test_an_object_is_called_by_kind_namespace_and_name() -> None:
    assert title(config_map()) == "ConfigMap shop/settings"
    assert title({"kind": "Namespace", "metadata": {"name": "shop"}}) == "Namespace shop"
