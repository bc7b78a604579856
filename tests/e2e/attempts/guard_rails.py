"""What Berth made in a tenant's namespaces to bound it: none of it is the tenant's to change."""

from __future__ import annotations

from tests.e2e.attempts.model import APPLY, CREATE, KEPT, Attempt, O, R, Who, change, create, patch, policy
from tests.e2e.manifests import A_SYNC, A, Manifest, account, cluster_object, metadata, network_policy

_DEFAULT = f"serviceaccount default -n {A}"
_GUARD_RAIL = {"berth.dev/guard-rail": "true"}
GUARDED = "this service account is a guard-rail"


def _guarded(id: str, who: Who, what: str, run: str, manifest: Manifest | None = None) -> Attempt:
    return Attempt(id, who, what, policy("berth-guard-rails"), GUARDED, run, manifest)


GUARD_RAILS: tuple[Attempt, ...] = (
    change("raise-quota", R, "raise A's quota", patch("resourcequota berth", A, '{"spec":{"hard":{"pods":"999"}}}'),
           "resourcequotas"),
    create("apply-quota", O, "apply A's quota as Berth's field manager",
           {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata("berth"), "spec": {"hard": {}}},
           "resourcequotas", "patch"),
    change("delete-quota", O, "delete A's quota", f"delete resourcequota berth -n {A}", "resourcequotas", "delete"),
    change("quota-status", O, "forge the usage of A's quota",
           f"replace --raw /api/v1/namespaces/{A}/resourcequotas/berth/status -f -", "resourcequotas/status",
           "update"),
    create("second-quota", R, "create a second ResourceQuota, against the own team",
           {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata("second"),
            "spec": {"hard": {"pods": "0"}}},
           "resourcequotas"),
    change("edit-limits", R, "change A's LimitRange", patch("limitrange berth", A, '{"spec":{"limits":[]}}'),
           "limitranges"),
    change("delete-limits", O, "delete A's LimitRange", f"delete limitrange berth -n {A}", "limitranges", "delete"),
    create("second-limits", O, "create a second LimitRange",
           {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata("second"),
            "spec": {"limits": [{"type": "Container", "max": {"memory": "1Ti"}}]}},
           "limitranges"),
    change("edit-network-policy", R, "open A's NetworkPolicy",
           patch("networkpolicy berth", A, '{"spec":{"egress":[{}]}}'), "networkpolicies"),
    change("delete-network-policy", O, "delete A's NetworkPolicy", f"delete networkpolicy berth -n {A}",
           "networkpolicies", "delete"),
    change("empty-network-policies", R, "delete all NetworkPolicies of A at once",
           f"delete --raw /apis/networking.k8s.io/v1/namespaces/{A}/networkpolicies", "networkpolicies",
           "deletecollection"),
    create("second-network-policy", R, "create a NetworkPolicy that opens egress", network_policy("open"),
           "networkpolicies"),
    create("lower-pod-security", R, "lower Pod Security on A's own namespace",
           cluster_object("v1", "Namespace", A) | {
               "metadata": {"name": A, "labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
           "namespaces", "patch"),
    create("widen-registries", O, "extend the allow-lists in the annotations of A's own namespace",
           cluster_object("v1", "Namespace", A) | {
               "metadata": {"name": A, "annotations": {"berth.dev/allowed-registries": "registry.example.net"}}},
           "namespaces", "patch"),
    create("widen-sources", O, "extend the allowed sources of A's sync namespace",
           cluster_object("v1", "Namespace", A_SYNC) | {
               "metadata": {"name": A_SYNC, "annotations": {"berth.dev/allowed-sources": "https://git.example.net"}}},
           "namespaces", "patch"),
    change("delete-volumes", O, "delete the own namespace of a tenant that keeps its volumes",
           f"delete namespace {KEPT}", "namespaces", "delete"),
    Attempt("delete-volumes-as-admin", Who.ADMIN, "delete a namespace with volume claims of a tenant that keeps them",
            policy("berth-volumes"), "the volume claim data is in it", f"delete namespace {KEPT}"),
    change("delete-own-namespace", O, "delete A's own namespace", f"delete namespace {A}", "namespaces", "delete"),
    create("namespace-with-own-label", O, "make a namespace with A's label: a peer for A's network policy",
           cluster_object("v1", "Namespace", "storefront-more") | {
               "metadata": {"name": "storefront-more", "labels": {"berth.dev/tenant": A}}},
           "namespaces"),
    _guarded("delete-default-account", R, "delete the ServiceAccount `default`", f"delete {_DEFAULT}"),
    _guarded("mount-default-token", O, "let pods of `default` mount a token",
             patch("serviceaccount default", A, '{"automountServiceAccountToken":true}')),
    _guarded("unmark-default-account", O, "take the guard-rail label off `default`",
             patch("serviceaccount default", A, '{"metadata":{"labels":{"berth.dev/guard-rail":null}}}')),
    _guarded("apply-default-account", R, "apply `default` as Berth's field manager", APPLY,
             account("default") | {"automountServiceAccountToken": True}),
    _guarded("own-default-account", R, "let the garbage collector delete `default`",
             patch("serviceaccount default", A,
                   '{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone",'
                   '"uid":"00000000-0000-0000-0000-000000000000"}]}}')),
    _guarded("empty-accounts", O, "delete the marked accounts of A at once",
             f"delete --raw /api/v1/namespaces/{A}/serviceaccounts?labelSelector=berth.dev/guard-rail"),
    _guarded("mark-own-account", R, "make a ServiceAccount with the guard-rail label", CREATE,
             account("marked", **_GUARD_RAIL)),
    _guarded("mark-existing-account", O, "put the guard-rail label on an own ServiceAccount",
             patch("serviceaccount web", A, '{"metadata":{"labels":{"berth.dev/guard-rail":"true"}}}')),
)  # fmt: skip
