"""What the isolation suite tries, as data: the tests run it, docs/security.md lists it.

A is the tenant storefront, B is telemetry (and ledger). Everything happens in the cluster azure-local, where all three
are placed, except commits: those are spread over the clusters that pull A's path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.e2e.manifests import (
    A_SYNC,
    A,
    Manifest,
    account,
    binding,
    cluster_object,
    config_map,
    container,
    cron_job,
    deployment,
    ingress,
    kustomization,
    metadata,
    network_policy,
    pod,
    pod_spec,
    role,
    secret,
    service,
    source,
)

CLUSTER = "azure-local"
B, B_SYNC = "telemetry", "berth-telemetry"
CREDENTIAL = "git-credential"
"""A Secret that the suite puts into both sync namespaces, as a private deploy repo needs one."""


class Who(StrEnum):
    """Who acts. The first two by impersonation, which is how the agent acts; the next two with a real credential."""

    RECONCILER = "reconciler"
    OWNER = "owner"
    RECONCILER_TOKEN = "reconciler's token"  # noqa: S105
    OWNER_CERTIFICATE = "owner's certificate"
    ADMIN = "platform admin"


USERS: dict[Who, tuple[str, tuple[str, ...]]] = {
    Who.RECONCILER: (
        f"system:serviceaccount:{A_SYNC}:reconciler",
        ("system:serviceaccounts", f"system:serviceaccounts:{A_SYNC}", "system:authenticated"),
    ),
    Who.OWNER: ("alice@example.com", ("storefront-devs", "system:authenticated")),
}

RBAC = "RBAC"
POD_SECURITY = "Pod Security"

QUOTA = "quota"
LIMITS = "limit range"
ACCOUNTS = "service account admission"
BUILD = "build"
LOCKDOWN = "agent lockdown"


def policy(name: str) -> str:
    return f"admission policy {name}"


@dataclass(frozen=True)
class Attempt:
    """Something that somebody tries with kubectl."""

    id: str
    who: Who
    what: str
    """For the table, after "The reconciler tries to"."""
    by: str
    """The mechanism that must refuse it."""
    message: str
    """Part of what the API server must say."""
    run: str
    """kubectl's arguments."""
    manifest: Manifest | list[Manifest] | None = None
    """kubectl's standard input."""


@dataclass(frozen=True)
class Commit:
    """Something that is tried by a commit in a tenant's path of the deploy repo.

    The directory that the cluster pulls gets `files`; `resources` and `more` go into its kustomization.yaml.
    """

    id: str
    what: str
    by: str
    message: str
    cluster: str
    tenant: str = A
    resources: tuple[str, ...] = ()
    more: Manifest = field(default_factory=dict)
    files: dict[str, Manifest | str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    """Symbolic links: name -> target."""


@dataclass(frozen=True)
class Lockdown:
    """A sync object that the platform makes by mistake in a namespace that has no guard-rail at all."""

    id: str
    what: str
    message: str
    spec: Manifest


@dataclass(frozen=True)
class Allowed:
    """Something that must work."""

    id: str
    who: Who
    what: str
    run: str
    manifest: Manifest | None = None
    says: str = ""
    """Part of kubectl's output."""


CREATE = "create -f -"
APPLY = "apply --server-side --force-conflicts --field-manager=berth -f -"
"""As the platform's own field manager: ownership of fields is no right."""


def patch(target: str, namespace: str | None, body: str, *flags: str) -> str:
    where = f" -n {namespace}" if namespace else ""
    return " ".join([f"patch {target}{where} --type=merge -p '{body}'", *flags])


# ---- what must be refused: through the API server ---------------------------------------------------------------

_R, _O, _T, _C = Who.RECONCILER, Who.OWNER, Who.RECONCILER_TOKEN, Who.OWNER_CERTIFICATE


def _read(id: str, who: Who, what: str, run: str, message: str) -> Attempt:
    return Attempt(id, who, what, RBAC, message, run)


READ: tuple[Attempt, ...] = (
    _read("list-b-secrets", _R, "list B's Secrets", f"get secrets -n {B}", 'cannot list resource "secrets"'),
    _read("list-b-secrets-as-owner", _O, "list B's Secrets", f"get secrets -n {B}", 'cannot list resource "secrets"'),
    _read("get-b-secret", _T, "read a Secret of B by name", f"get secret {CREDENTIAL} -n {B}",
          'cannot get resource "secrets"'),
    _read("get-b-secret-with-a-certificate", _C, "read a Secret of B by name", f"get secret {CREDENTIAL} -n {B}",
          'cannot get resource "secrets"'),
    _read("list-all-secrets", _R, "list the Secrets of all namespaces", "get secrets --all-namespaces",
          'cannot list resource "secrets" in API group "" at the cluster scope'),
    _read("list-all-secrets-as-owner", _O, "list the Secrets of all namespaces", "get secrets --all-namespaces",
          'cannot list resource "secrets" in API group "" at the cluster scope'),
    _read("watch-all-secrets", _O, "watch the Secrets of all namespaces", "get --raw /api/v1/secrets?watch=true",
          'cannot watch resource "secrets"'),
    _read("read-own-git-credential", _O, "read the Git credential of A's own sync",
          f"get secret {CREDENTIAL} -n {A_SYNC}", 'cannot get resource "secrets"'),
    _read("read-own-git-credential-as-reconciler", _R, "read the Git credential of A's own sync",
          f"get secret {CREDENTIAL} -n {A_SYNC}", 'cannot get resource "secrets"'),
    _read("read-b-git-credential", _R, "read the Git credential of B's sync", f"get secret {CREDENTIAL} -n {B_SYNC}",
          'cannot get resource "secrets"'),
    _read("read-b-events", _O, "read B's events", f"get events -n {B}", 'cannot list resource "events"'),
    _read("read-b-pods", _O, "list B's pods", f"get pods -n {B}", 'cannot list resource "pods"'),
    _read("read-b-logs", _O, "read the log of B's pod", f"get --raw /api/v1/namespaces/{B}/pods/any/log",
          'cannot get resource "pods/log"'),
    _read("exec-in-b", _O, "run a command in B's pod",
          f"create --raw /api/v1/namespaces/{B}/pods/any/exec?command=id -f -", 'cannot create resource "pods/exec"'),
    _read("read-b-config", _R, "list B's ConfigMaps", f"get configmaps -n {B}", 'cannot list resource "configmaps"'),
    _read("read-b-sync", _O, "see B's sync objects", f"get kustomizations -n {B_SYNC}",
          'cannot list resource "kustomizations"'),
    _read("read-kube-system", _R, "list the Secrets of kube-system", "get secrets -n kube-system",
          'cannot list resource "secrets"'),
    _read("list-namespaces", _O, "list the namespaces, which are the other tenants' names", "get namespaces",
          'cannot list resource "namespaces"'),
    _read("proxy-to-b", _O, "reach B's Service through the API server",
          f"get --raw /api/v1/namespaces/{B}/services/collector:4318/proxy/", 'cannot get resource "services/proxy"'),
    _read("proxy-to-own-pod", _O, "reach any address through the API server's proxy to an own pod",
          f"get --raw /api/v1/namespaces/{A}/pods/web/proxy/", 'cannot get resource "pods/proxy"'),
    _read("list-nodes", _O, "list the nodes", "get nodes", 'cannot list resource "nodes"'),
    _read("node-proxy", _O, "talk to a node's kubelet", "get --raw /api/v1/nodes/node-1/proxy/pods",
          'cannot get resource "nodes/proxy"'),
    _read("read-metrics", _O, "read the API server's metrics", "get --raw /metrics", 'cannot get path "/metrics"'),
)  # fmt: skip


def _create(id: str, who: Who, what: str, manifest: Manifest, resource: str, verb: str = "create") -> Attempt:
    run = CREATE if verb == "create" else APPLY
    return Attempt(id, who, what, RBAC, f'cannot {verb} resource "{resource}"', run, manifest)


def _change(id: str, who: Who, what: str, run: str, resource: str, verb: str = "patch") -> Attempt:
    return Attempt(id, who, what, RBAC, f'cannot {verb} resource "{resource}"', run)


WRITE: tuple[Attempt, ...] = (
    _create("configmap-in-b", _R, "create a ConfigMap in B", config_map("intruder", B), "configmaps"),
    _create("deployment-in-b", _O, "create a Deployment in B", deployment("intruder", pod_spec(), B), "deployments"),
    _create("apply-to-b", _T, "apply an object of B, by force", config_map("settings", B), "configmaps", "patch"),
    _change("empty-b", _O, "delete all Deployments of B", f"delete --raw /apis/apps/v1/namespaces/{B}/deployments",
            "deployments", "deletecollection"),
    _change("delete-b", _R, "delete B's namespace", f"delete namespace {B}", "namespaces", "delete"),
    _create("write-kube-system", _R, "create a ConfigMap in kube-system", config_map("intruder", "kube-system"),
            "configmaps"),
    _create("write-flux-system", _R, "create a Secret in flux-system", secret("intruder", "flux-system"), "secrets"),
    _create("write-default", _O, "create a pod in the namespace default", pod("intruder", namespace="default"), "pods"),
    _create("secret-in-sync-namespace", _R, "replace the Git credential of A's own sync", secret(CREDENTIAL, A_SYNC),
            "secrets", "patch"),
    _create("account-in-sync-namespace", _O, "create a ServiceAccount beside A's sync objects",
            account("intruder", A_SYNC), "serviceaccounts"),
    _create("pod-in-sync-namespace", _O, "run a pod as the reconciler",
            pod("intruder", namespace=A_SYNC, serviceAccountName="reconciler"), "pods"),
    _create("token-secret-in-sync-namespace", _R, "create a token Secret for the reconciler",
            {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
             "metadata": metadata("token", A_SYNC, annotations={"kubernetes.io/service-account.name": "reconciler"})},
            "secrets"),
    _create("source-in-sync-namespace", _R, "add a GitRepository to A's sync", source("GitRepository", "second"),
            "gitrepositories"),
    _create("sync-in-sync-namespace", _R, "add a Kustomization to A's sync", kustomization("second"),
            "kustomizations"),
    _change("edit-sync", _O, "point A's Kustomization elsewhere",
            patch(f"kustomization {A}", A_SYNC, '{"spec":{"path":"./apps/telemetry"}}'), "kustomizations"),
    _change("edit-source", _O, "point A's GitRepository elsewhere",
            patch(f"gitrepository {A}", A_SYNC, '{"spec":{"url":"https://git.example.net/x.git"}}'), "gitrepositories"),
    _change("widen-source", _O, "take the directory limit off A's GitRepository",
            patch(f"gitrepository {A}", A_SYNC, '{"spec":{"sparseCheckout":null}}'), "gitrepositories"),
    _change("delete-sync", _R, "delete A's Kustomization", f"delete kustomization {A} -n {A_SYNC}", "kustomizations",
            "delete"),
    _change("delete-source", _O, "delete A's GitRepository", f"delete gitrepository {A} -n {A_SYNC}", "gitrepositories",
            "delete"),
    _change("sync-status", _O, "forge the status of A's Kustomization",
            f"replace --raw /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{A_SYNC}/kustomizations/{A}/status -f -",
            "kustomizations/status", "update"),
    _create("sync-in-own-namespace", _R, "create a Kustomization in A's own namespace", kustomization("second", A),
            "kustomizations"),
    *(
        _create(f"{kind.lower()}-in-own-namespace", _R, f"create a {kind} in A's own namespace",
                source(kind, "second", A, **spec), resource)
        for kind, resource, spec in (
            ("GitRepository", "gitrepositories", {}),
            ("HelmRepository", "helmrepositories", {"url": "https://charts.example.net"}),
            ("OCIRepository", "ocirepositories", {"url": "oci://registry.example.net/x"}),
            ("Bucket", "buckets", {"endpoint": "bucket.example.net", "bucketName": "x"}),
        )
    ),
)  # fmt: skip

_DEFAULT = f"serviceaccount default -n {A}"
_GUARD_RAIL = {"berth.dev/guard-rail": "true"}
_GUARDED = "this service account is a guard-rail"


def _guarded(id: str, who: Who, what: str, run: str, manifest: Manifest | None = None) -> Attempt:
    return Attempt(id, who, what, policy("berth-guard-rails"), _GUARDED, run, manifest)


GUARD_RAILS: tuple[Attempt, ...] = (
    _change("raise-quota", _R, "raise A's quota", patch("resourcequota berth", A, '{"spec":{"hard":{"pods":"999"}}}'),
            "resourcequotas"),
    _create("apply-quota", _O, "apply A's quota as Berth's field manager",
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata("berth"), "spec": {"hard": {}}},
            "resourcequotas", "patch"),
    _change("delete-quota", _O, "delete A's quota", f"delete resourcequota berth -n {A}", "resourcequotas", "delete"),
    _change("quota-status", _O, "forge the usage of A's quota",
            f"replace --raw /api/v1/namespaces/{A}/resourcequotas/berth/status -f -", "resourcequotas/status",
            "update"),
    _create("second-quota", _R, "create a second ResourceQuota, against the own team",
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata("second"),
             "spec": {"hard": {"pods": "0"}}},
            "resourcequotas"),
    _change("edit-limits", _R, "change A's LimitRange", patch("limitrange berth", A, '{"spec":{"limits":[]}}'),
            "limitranges"),
    _change("delete-limits", _O, "delete A's LimitRange", f"delete limitrange berth -n {A}", "limitranges", "delete"),
    _create("second-limits", _O, "create a second LimitRange",
            {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata("second"),
             "spec": {"limits": [{"type": "Container", "max": {"memory": "1Ti"}}]}},
            "limitranges"),
    _change("edit-network-policy", _R, "open A's NetworkPolicy",
            patch("networkpolicy berth", A, '{"spec":{"egress":[{}]}}'), "networkpolicies"),
    _change("delete-network-policy", _O, "delete A's NetworkPolicy", f"delete networkpolicy berth -n {A}",
            "networkpolicies", "delete"),
    _change("empty-network-policies", _R, "delete all NetworkPolicies of A at once",
            f"delete --raw /apis/networking.k8s.io/v1/namespaces/{A}/networkpolicies", "networkpolicies",
            "deletecollection"),
    _create("second-network-policy", _R, "create a NetworkPolicy that opens egress", network_policy("open"),
            "networkpolicies"),
    _create("lower-pod-security", _R, "lower Pod Security on A's own namespace",
            cluster_object("v1", "Namespace", A) | {
                "metadata": {"name": A, "labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
            "namespaces", "patch"),
    _create("widen-registries", _O, "extend the allow-lists in the annotations of A's own namespace",
            cluster_object("v1", "Namespace", A) | {
                "metadata": {"name": A, "annotations": {"berth.dev/allowed-registries": "registry.example.net"}}},
            "namespaces", "patch"),
    _create("widen-sources", _O, "extend the allowed sources of A's sync namespace",
            cluster_object("v1", "Namespace", A_SYNC) | {
                "metadata": {"name": A_SYNC, "annotations": {"berth.dev/allowed-sources": "https://git.example.net"}}},
            "namespaces", "patch"),
    _change("delete-own-namespace", _O, "delete A's own namespace", f"delete namespace {A}", "namespaces", "delete"),
    _create("namespace-with-own-label", _O, "make a namespace with A's label: a peer for A's network policy",
            cluster_object("v1", "Namespace", "storefront-more") | {
                "metadata": {"name": "storefront-more", "labels": {"berth.dev/tenant": A}}},
            "namespaces"),
    _guarded("delete-default-account", _R, "delete the ServiceAccount `default`", f"delete {_DEFAULT}"),
    _guarded("mount-default-token", _O, "let pods of `default` mount a token",
             patch("serviceaccount default", A, '{"automountServiceAccountToken":true}')),
    _guarded("unmark-default-account", _O, "take the guard-rail label off `default`",
             patch("serviceaccount default", A, '{"metadata":{"labels":{"berth.dev/guard-rail":null}}}')),
    _guarded("apply-default-account", _R, "apply `default` as Berth's field manager", APPLY,
             account("default") | {"automountServiceAccountToken": True}),
    _guarded("own-default-account", _R, "let the garbage collector delete `default`",
             patch("serviceaccount default", A,
                   '{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone",'
                   '"uid":"00000000-0000-0000-0000-000000000000"}]}}')),
    _guarded("empty-accounts", _O, "delete the marked accounts of A at once",
             f"delete --raw /api/v1/namespaces/{A}/serviceaccounts?labelSelector=berth.dev/guard-rail"),
    _guarded("mark-own-account", _R, "make a ServiceAccount with the guard-rail label", CREATE,
             account("marked", **_GUARD_RAIL)),
    _guarded("mark-existing-account", _O, "put the guard-rail label on an own ServiceAccount",
             patch("serviceaccount web", A, '{"metadata":{"labels":{"berth.dev/guard-rail":"true"}}}')),
)  # fmt: skip

RIGHTS: tuple[Attempt, ...] = (
    _create("cluster-role", _R, "create a ClusterRole", role("ClusterRole", "intruder", None, ["get"]), "clusterroles"),
    _create("cluster-role-binding", _R, "become cluster-admin with a ClusterRoleBinding",
            binding("ClusterRoleBinding", "intruder", "cluster-admin", None), "clusterrolebindings"),
    _create("cluster-role-binding-as-owner", _C, "become cluster-admin with a ClusterRoleBinding",
            binding("ClusterRoleBinding", "intruder", "cluster-admin", None), "clusterrolebindings"),
    _create("role", _O, "create a Role in A's own namespace", role("Role", "intruder", A, ["get"]), "roles"),
    _create("role-binding", _R, "bind `admin` in A's own namespace", binding("RoleBinding", "intruder", "admin"),
            "rolebindings"),
    _create("role-binding-to-own-role", _O, "bind the role that owners have anyway",
            binding("RoleBinding", "intruder", "berth-tenant-owner"), "rolebindings"),
    _create("role-binding-in-b", _O, "bind the owners' role in B's namespace",
            binding("RoleBinding", "intruder", "berth-tenant-owner", B), "rolebindings"),
    _create("escalate", _R, "widen the role of all reconcilers",
            role("ClusterRole", "berth-tenant-reconciler", None, ["*"]), "clusterroles", "patch"),
    _change("edit-binding", _O, "change who the owners of A are",
            patch("rolebinding berth-owners", A, '{"subjects":[]}'), "rolebindings"),
    _change("delete-binding", _R, "delete the owners' binding", f"delete rolebinding berth-owners -n {A}",
            "rolebindings", "delete"),
    Attempt("impersonate-user", _C, "impersonate an admin", RBAC, "cannot impersonate",
            "get secrets -A --as=berth:admin"),
    Attempt("impersonate-group", _C, "impersonate a group", RBAC, "cannot impersonate",
            "get secrets -A --as=alice@example.com --as-group=system:masters"),
    Attempt("impersonate-b", _T, "impersonate B's reconciler", RBAC, "cannot impersonate",
            f"get secrets -n {B} --as=system:serviceaccount:{B_SYNC}:reconciler"),
    Attempt("impersonate-reconciler", _C, "impersonate A's own reconciler", RBAC,
            "cannot impersonate",
            f"get secrets -n {A} --as=system:serviceaccount:{A_SYNC}:reconciler"),
    _change("token-of-b", _O, "mint a token for B's account", f"create token collector -n {B}",
            "serviceaccounts/token", "create"),
    _change("token-of-b-reconciler", _R, "mint a token for B's reconciler", f"create token reconciler -n {B_SYNC}",
            "serviceaccounts/token", "create"),
    _change("token-of-own-reconciler", _C, "mint a token for A's own reconciler",
            f"create token reconciler -n {A_SYNC}", "serviceaccounts/token", "create"),
    _change("token-for-a-cloud", _O, "mint a token of an own account for a cloud's audience",
            f"create token web -n {A} --audience=sts.example.com", "serviceaccounts/token", "create"),
    Attempt("account-of-b-in-pod", _R, "run a pod as B's service account", ACCOUNTS,
            f"error looking up service account {A}/collector", CREATE, pod("intruder", serviceAccountName="collector")),
    _create("csr", _O, "ask for a client certificate",
            cluster_object("certificates.k8s.io/v1", "CertificateSigningRequest", "intruder",
                            spec={"request": "eA==", "usages": ["client auth"],
                                  "signerName": "kubernetes.io/kube-apiserver-client"}),
            "certificatesigningrequests"),
    _change("list-csrs", _O, "list the certificate requests", "get certificatesigningrequests",
            "certificatesigningrequests", "list"),
)  # fmt: skip

_MATCH = {
    "failurePolicy": "Ignore",
    "matchConstraints": {
        "resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
        ]
    },
    "validations": [{"expression": "false"}],
}

CLUSTER_WIDE: tuple[Attempt, ...] = (
    _create("persistent-volume", _R, "create a PersistentVolume on a node's disk",
            cluster_object("v1", "PersistentVolume", "intruder",
                            spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
                                  "hostPath": {"path": "/"}}),
            "persistentvolumes"),
    _create("webhook", _R, "create an admission webhook",
            cluster_object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "intruder",
                            webhooks=[]),
            "validatingwebhookconfigurations"),
    _create("crd", _R, "create a CustomResourceDefinition",
            cluster_object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "xs.example.com",
                            spec={"group": "example.com", "scope": "Namespaced",
                                  "names": {"kind": "X", "plural": "xs"},
                                  "versions": [{"name": "v1", "served": True, "storage": True,
                                                "schema": {"openAPIV3Schema": {"type": "object"}}}]}),
            "customresourcedefinitions"),
    _create("api-service", _R, "take over an API group with an APIService",
            cluster_object("apiregistration.k8s.io/v1", "APIService", "v1.example.com",
                            spec={"group": "example.com", "version": "v1", "groupPriorityMinimum": 1,
                                  "versionPriority": 1}),
            "apiservices"),
    _create("priority-class", _O, "create a PriorityClass above the platform's pods",
            cluster_object("scheduling.k8s.io/v1", "PriorityClass", "intruder", value=1000000), "priorityclasses"),
    _create("own-admission-policy", _O, "create an admission policy",
            cluster_object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "intruder", spec=_MATCH),
            "validatingadmissionpolicies"),
    _create("edit-admission-policy", _R, "replace Berth's admission policy",
            cluster_object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "berth-workloads",
                            spec=_MATCH),
            "validatingadmissionpolicies", "patch"),
    _change("delete-admission-policy", _O, "delete Berth's admission policy",
            "delete validatingadmissionpolicy berth-workloads", "validatingadmissionpolicies", "delete"),
    _change("delete-admission-binding", _R, "delete the binding of Berth's admission policy",
            "delete validatingadmissionpolicybinding berth-workloads", "validatingadmissionpolicybindings", "delete"),
    _create("endpoints", _O, "lead a Service to another tenant's addresses with Endpoints",
            {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata("intruder"),
             "subsets": [{"addresses": [{"ip": "10.0.0.9"}], "ports": [{"port": 80}]}]},
            "endpoints"),
    _create("endpoint-slice", _R, "lead a Service to another tenant's addresses with an EndpointSlice",
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata("intruder"),
             "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.9"]}], "ports": [{"port": 80}]},
            "endpointslices"),
    _create("lease", _O, "take a leader's Lease in kube-system",
            {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata("x", "kube-system")},
            "leases"),
    _create("event", _O, "forge an event",
            {"apiVersion": "v1", "kind": "Event", "metadata": metadata("forged"),
             "involvedObject": {"kind": "Pod", "name": "web", "namespace": A}, "reason": "Forged"},
            "events"),
    _change("bind-pod", _O, "place a pod on a node by hand",
            f"create --raw /api/v1/namespaces/{A}/pods/web/binding -f -", "pods/binding", "create"),
    _change("ephemeral-container", _O, "add an ephemeral container, past the pod's own checks",
            f"replace --raw /api/v1/namespaces/{A}/pods/web/ephemeralcontainers -f -", "pods/ephemeralcontainers",
            "update"),
    _change("service-status", _O, "take over an address with a Service's status",
            f"replace --raw /api/v1/namespaces/{A}/services/web/status -f -", "services/status", "update"),
    _create("replication-controller", _R, "run pods from a kind that no policy names",
            {"apiVersion": "v1", "kind": "ReplicationController", "metadata": metadata("intruder"),
             "spec": {"template": {"metadata": {"labels": {"app": "x"}}, "spec": pod_spec()}}},
            "replicationcontrollers"),
)  # fmt: skip


def _pod_security(id: str, who: Who, what: str, message: str, *containers: Manifest, **spec: Any) -> Attempt:
    text = f'violates PodSecurity "restricted:v1.34": {message}'
    return Attempt(id, who, what, POD_SECURITY, text, CREATE, pod("intruder", *containers, **spec))


def _secured(**changes: Any) -> Manifest:
    whole = container()
    whole["securityContext"] = whole["securityContext"] | changes
    return whole


_PRIVILEGED = _secured(privileged=True, allowPrivilegeEscalation=True)
_NO_PRIVILEGED = 'violates PodSecurity "restricted:v1.34": privileged'

PODS: tuple[Attempt, ...] = (
    Attempt("privileged", _R, "run a privileged pod", POD_SECURITY, _NO_PRIVILEGED, CREATE,
            pod("intruder", _PRIVILEGED)),
    Attempt("privileged-as-owner", _C, "run a privileged pod", POD_SECURITY, _NO_PRIVILEGED, CREATE,
            pod("intruder", _PRIVILEGED)),
    _pod_security("host-path", _R, "mount a node's disk", "restricted volume types",
                  volumes=[{"name": "host", "hostPath": {"path": "/"}}]),
    _pod_security("host-network", _R, "use a node's network, past every NetworkPolicy", "host namespaces",
                  hostNetwork=True),
    _pod_security("host-pid", _O, "see a node's processes", "host namespaces", hostPID=True),
    _pod_security("host-port", _O, "listen on a node's port", "hostPort",
                  container(ports=[{"containerPort": 80, "hostPort": 80}])),
    _pod_security("capability", _R, "add a capability", "unrestricted capabilities",
                  _secured(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]})),
    _pod_security("root", _O, "run as root", "runAsUser=0", _secured(runAsUser=0)),
    _pod_security("escalation", _O, "allow privilege escalation", "allowPrivilegeEscalation != false",
                  _secured(allowPrivilegeEscalation=True)),
    _pod_security("seccomp", _R, "switch seccomp off", "seccompProfile",
                  _secured(seccompProfile={"type": "Unconfined"})),
    Attempt("privileged-init", _O, "run a privileged init container", POD_SECURITY, _NO_PRIVILEGED, CREATE,
            pod("intruder", initContainers=[_PRIVILEGED | {"name": "first"}])),
)  # fmt: skip

_IMAGES = "images must come from the registries allowed for this tenant"
_EVIL = "registry.example.net/evil:1"


def _image(id: str, who: Who, what: str, image: str, manifest: Manifest) -> Attempt:
    message = f"{_IMAGES} (registry.example.com): {image}"
    return Attempt(id, who, what, policy("berth-workloads"), message, CREATE, manifest)


def _look_alike(id: str, image: str, what: str) -> Attempt:
    return _image(id, _R, f"run {what}: `{image}`", image, pod("intruder", container(image)))


IMAGES: tuple[Attempt, ...] = (
    _image("image-pod", _R, "run a pod with an image from another registry", _EVIL, pod("intruder", container(_EVIL))),
    _image("image-deployment", _O, "create a Deployment with such an image", _EVIL,
           deployment("intruder", pod_spec(container(_EVIL)))),
    _image("image-cronjob", _R, "create a CronJob with such an image", _EVIL,
           cron_job("intruder", pod_spec(container(_EVIL)))),
    _image("image-init", _O, "use such an image in an init container", _EVIL,
           deployment("intruder", pod_spec(initContainers=[container(_EVIL) | {"name": "first"}]))),
    _image("image-volume", _R, "mount such an image as a volume", _EVIL,
           pod("intruder", volumes=[{"name": "image", "image": {"reference": _EVIL}}])),
    Attempt("image-update", _O, "change a running Deployment to such an image", policy("berth-workloads"), _IMAGES,
            f"set image deployment/web web={_EVIL} -n {A}"),
    _look_alike("image-longer-host", "registry.example.com.evil.example/x:1", "a host that begins like it"),
    _look_alike("image-similar-host", "registry.example.community/x:1", "another such host"),
    _look_alike("image-other-port", "registry.example.com:5000/x:1", "a registry on another port of the host"),
    _look_alike("image-without-registry", "web:1", "an image without a registry"),
    _look_alike("image-named-like-registry", "registry.example.com:1", "a default registry's image of that name"),
    _look_alike("image-in-user-part", "registry.example.net/registry.example.com/x:1", "the allowed name as a path"),
    Attempt("system-priority", _R, "give a pod the platform's priority", policy("berth-workloads"),
            "system priority classes are the platform's", CREATE,
            pod("intruder", priorityClassName="system-cluster-critical")),
    Attempt("quota-cpu", _O, "run a pod larger than the quota", QUOTA, "exceeded quota: berth, requested: requests.cpu",
            CREATE, pod("intruder", container(resources={"requests": {"cpu": "64"}, "limits": {"cpu": "64"}}))),
    Attempt("limit-memory", _R, "run a container larger than the limit", LIMITS,
            "maximum memory usage per Container is 8Gi", CREATE,
            pod("intruder", container(resources={"limits": {"memory": "9Gi"}}))),
)  # fmt: skip

_HOSTS = "hosts must be among those allowed for this tenant (shop.example.com, *.shop.example.com): "


def _host(id: str, who: Who, what: str, refused: str, manifest: Manifest) -> Attempt:
    return Attempt(id, who, what, policy("berth-hosts"), _HOSTS + refused, CREATE, manifest)


def _raw(id: str, key: str, what: str) -> Attempt:
    message = f"annotations with configuration of the controller's own are refused: {key}"
    manifest = ingress("intruder", "shop.example.com", {key: "x"})
    return Attempt(id, _R, what, policy("berth-hosts"), message, CREATE, manifest)


NETWORK: tuple[Attempt, ...] = (
    Attempt("load-balancer", _R, "create a Service of type LoadBalancer", QUOTA,
            "exceeded quota: berth, requested: services.loadbalancers=1", CREATE,
            service("intruder", type="LoadBalancer")),
    Attempt("node-port", _O, "create a Service of type NodePort", QUOTA,
            "exceeded quota: berth, requested: services.nodeports=1", CREATE, service("intruder", type="NodePort")),
    Attempt("become-load-balancer", _O, "turn an own Service into a LoadBalancer", QUOTA,
            "exceeded quota: berth, requested: services.loadbalancers=1",
            patch("service web", A, '{"spec":{"type":"LoadBalancer"}}')),
    Attempt("external-ips", _R, "take over an address with externalIPs", policy("berth-services"),
            "externalIPs can take over other tenants' addresses", CREATE,
            service("intruder", externalIPs=["10.0.0.9"])),
    Attempt("external-name", _O, "lead a Service to B's name with ExternalName", policy("berth-services"),
            "a Service of type ExternalName can stand for any name", CREATE,
            service("intruder", type="ExternalName", externalName=f"collector.{B}.svc.cluster.local")),
    _host("foreign-host", _R, "claim another tenant's host", "ledger.example.com",
          ingress("intruder", "ledger.example.com")),
    _host("parent-host", _O, "claim the parent of the own host, as a wildcard", "*.example.com",
          ingress("intruder", "*.example.com")),
    _host("wildcard-look-alike", _R, "claim a host that ends like the wildcard", "evil-shop.example.com",
          ingress("intruder", "evil-shop.example.com")),
    _host("no-host", _R, "claim all hosts with a rule that names none", "any host", ingress("intruder", None)),
    _host("second-rule", _O, "hide a foreign host behind an own one", "ledger.example.com",
          ingress("intruder", None, rules=[
              ingress("x", host)["spec"]["rules"][0] for host in ("shop.example.com", "ledger.example.com")])),
    _host("tls-host", _O, "claim a foreign host's TLS", "ledger.example.com",
          ingress("intruder", "shop.example.com", tls=[{"hosts": ["ledger.example.com"], "secretName": "tls"}])),
    Attempt("default-backend", _O, "claim all hosts with a default backend", policy("berth-hosts"),
            "a default backend takes every host", CREATE,
            ingress("intruder", "shop.example.com",
                    defaultBackend={"service": {"name": "web", "port": {"number": 80}}})),
    _host("alias-annotation", _R, "claim a foreign host with an ingress controller's alias annotation",
          "ledger.example.com",
          ingress("intruder", "shop.example.com",
                  {"nginx.ingress.kubernetes.io/server-alias": "www.shop.example.com, ledger.example.com"})),
    _host("dns-annotation", _O, "claim a foreign name in DNS with a Service's annotation", "ledger.example.com",
          service("intruder", {"external-dns.alpha.kubernetes.io/hostname": "ledger.example.com"})),
    _raw("snippet-annotation", "nginx.ingress.kubernetes.io/server-snippet",
         "write into the ingress controller's own configuration"),
    _raw("balancer-annotation", "alb.ingress.kubernetes.io/conditions.web",
         "add rules of its own to a cloud's load balancer"),
)  # fmt: skip


def _second_line(id: str, what: str, by: str, message: str, manifest: Manifest) -> Attempt:
    return Attempt(id, Who.ADMIN, what, policy(by), message, CREATE, manifest)


_URL = "sources must have a URL allowed for this tenant"
SECOND_LINE: tuple[Attempt, ...] = (
    _second_line("admin-source", "create a GitRepository with an unlisted URL in A's sync namespace", "berth-sources",
                 _URL, source("GitRepository", "second")),
    _second_line("admin-source-in-workloads", "create one in A's own namespace", "berth-sources", _URL,
                 source("GitRepository", "second", A)),
    _second_line("admin-helm", "create a HelmRepository there", "berth-sources", _URL,
                 source("HelmRepository", "second", url="https://charts.example.net")),
    _second_line("admin-oci", "create an OCIRepository there", "berth-sources", _URL,
                 source("OCIRepository", "second", url="oci://registry.example.net/x")),
    _second_line("admin-bucket", "create a Bucket there", "berth-sources", _URL,
                 source("Bucket", "second", endpoint="bucket.example.net", bucketName="x")),
    _second_line("admin-foreign-source", "sync A from B's source", "berth-syncs",
                 "sourceRef must stay in this namespace",
                 kustomization("second", sourceRef={"kind": "GitRepository", "name": B, "namespace": B_SYNC})),
    _second_line("admin-foreign-target", "sync A into B's namespace", "berth-syncs",
                 "targetNamespace must be one of the tenant's (storefront)",
                 kustomization("second", targetNamespace=B)),
    _second_line("admin-other-account", "sync A as another service account", "berth-syncs",
                 "serviceAccountName must be reconciler", kustomization("second", serviceAccountName="default")),
    _second_line("admin-no-account", "sync A without a service account", "berth-syncs",
                 "serviceAccountName must be reconciler", kustomization("second", without="serviceAccountName")),
    _second_line("admin-other-cluster", "sync A to another cluster", "berth-syncs",
                 "a tenant's sync stays in its cluster",
                 kustomization("second", kubeConfig={"secretRef": {"name": "x"}})),
    _second_line("admin-sync-in-workloads", "sync from A's own namespace into it", "berth-syncs",
                 "targetNamespace must be one of the tenant's ()", kustomization("second", A)),
)  # fmt: skip

ATTEMPTS: tuple[Attempt, ...] = (
    *READ, *WRITE, *GUARD_RAILS, *RIGHTS, *CLUSTER_WIDE, *PODS, *IMAGES, *NETWORK, *SECOND_LINE,
)  # fmt: skip


# ---- what must be refused: through a tenant's path in the deploy repo -------------------------------------------

_AWS, _GCP, _AZURE = "aws-local", "gcp-local", "azure-local"

GIT = "{git}"
"""Stands for the URL of the fleet's deploy repo: a remote that is there, so that only the lockdown can say no."""
ARTIFACTS = "{artifacts}"
"""Stands for the URL at which source-controller serves the artifacts of all tenants."""


def _object(id: str, cluster: str, what: str, by: str, message: str, manifest: Manifest, tenant: str = A) -> Commit:
    return Commit(id, what, by, message, cluster, tenant, ("extra.yaml",), files={"extra.yaml": manifest})


def _rbac_object(id: str, cluster: str, what: str, manifest: Manifest, resource: str, tenant: str = A) -> Commit:
    message = f'User "system:serviceaccount:berth-{tenant}:reconciler" cannot patch resource "{resource}"'
    return _object(id, cluster, what, RBAC, message, manifest, tenant)


_OUTSIDE = "fs-security-constraint"
_GONE = "no such file or directory"

COMMITS: tuple[Commit, ...] = (
    _rbac_object("git-cluster-role-binding", _AWS, "a ClusterRoleBinding to cluster-admin",
                 binding("ClusterRoleBinding", "intruder", "cluster-admin", None), "clusterrolebindings"),
    _rbac_object("git-object-in-b", _AZURE, "an object that names B's namespace (by a tenant with two of its own)",
                 config_map("intruder", B), "configmaps", "ledger"),
    _rbac_object("git-kustomization", _GCP, "a Flux Kustomization", kustomization("second", None), "kustomizations"),
    _rbac_object("git-source", _AZURE, "a GitRepository", source("GitRepository", "second", None), "gitrepositories"),
    _rbac_object("git-network-policy", _AWS, "a NetworkPolicy that opens egress", network_policy("open", None),
                 "networkpolicies"),
    _rbac_object("git-namespace", _GCP, "A's own Namespace, with Pod Security lowered",
                 cluster_object("v1", "Namespace", A) | {
                     "metadata": {"name": A, "labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
                 "namespaces"),
    _rbac_object("git-quota", _AZURE, "A's own ResourceQuota, raised",
                 {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata("berth", None),
                  "spec": {"hard": {"pods": "999"}}},
                 "resourcequotas"),
    _rbac_object("git-role-binding", _AWS, "a RoleBinding to `admin`",
                 binding("RoleBinding", "intruder", "admin", None), "rolebindings"),
    _object("git-default-account", _GCP, "the ServiceAccount `default`, with a token", policy("berth-guard-rails"),
            _GUARDED, account("default") | {"automountServiceAccountToken": True}),
    _object("git-host-network", _AZURE, "a pod on a node's network", POD_SECURITY,
            'violates PodSecurity "restricted:v1.34": host namespaces', pod("intruder", hostNetwork=True)),
    _object("git-image", _AWS, "an image from another registry", policy("berth-workloads"), _IMAGES,
            deployment("intruder", pod_spec(container(_EVIL)))),
    _object("git-host", _GCP, "an Ingress with a foreign host", policy("berth-hosts"), _HOSTS + "ledger.example.com",
            ingress("intruder", "ledger.example.com")),
    _object("git-load-balancer", _AZURE, "a Service of type LoadBalancer", QUOTA, "exceeded quota: berth",
            service("intruder", type="LoadBalancer")),
    Commit("git-other-directory", "`resources` with B's directory, which is not in A's artifact", BUILD, _GONE, _AWS,
           resources=("../../../telemetry/base",)),
    Commit("git-remote-base", "`resources` with a remote base", LOCKDOWN, _OUTSIDE, _GCP,
           resources=(f"{GIT}//apps/telemetry/base?ref=main",)),
    Commit("git-symlink", "`resources` with a symbolic link out of the directory, which no artifact holds", BUILD,
           _GONE, _AZURE, resources=("link.yaml",), links={"link.yaml": "/etc/hostname"}),
    Commit("git-directory-symlink", "the same with B's directory", BUILD, _GONE, _AWS, resources=("other",),
           links={"other": "../../../telemetry/base"}),
    Commit("git-file-above", "a generator that reads a file above the artifact", BUILD, _OUTSIDE, _GCP,
           more={"secretGenerator": [{"name": "intruder", "files": ["../../../../../../../../../etc/hostname"]}]}),
    Commit("git-absolute-file", "a generator that reads a file of the agent", BUILD, _OUTSIDE, _AZURE,
           more={"secretGenerator": [{"name": "intruder", "files": ["/etc/hostname"]}]}),
    Commit("git-helm", "a Helm chart, for which kustomize would run a program", BUILD, "must specify --enable-helm",
           _AWS, more={"helmCharts": [{"name": "x", "repo": "https://charts.example.net", "version": "1.0.0"}]}),
    Commit("git-plugin", "a generator that is a program", BUILD, "external plugins disabled", _GCP,
           more={"generators": ["plugin.yaml"]},
           files={"plugin.yaml": {
               "apiVersion": "example.com/v1", "kind": "Plugin",
               "metadata": {"name": "x", "annotations": {
                   "config.kubernetes.io/function": "exec: {path: ./run.sh}\n"}}}}),
)  # fmt: skip

KNOWN_GAP = Commit(
    "git-remote-file",
    "a generator that reads a file over HTTP",
    LOCKDOWN,
    "kustomize build failed",
    _AZURE,
    more={"configMapGenerator": [{"name": "stolen", "files": [f"listing={ARTIFACTS}/gitrepository/{B_SYNC}/{B}/"]}]},
)
"""Refused by nothing: see "What this does not do" in docs/security.md."""

MOVED = Commit(
    "git-moved",
    "an object that names B's namespace (by a tenant with one of its own)",
    "",
    "Applied revision",
    _GCP,
    resources=("extra.yaml",),
    files={"extra.yaml": config_map("moved", B)},
)
"""Not refused, and harmless: the object lands in A's own namespace."""

# ---- the agent's own lockdown ------------------------------------------------------------------------------------

BARE = "isolation-bare"
"""A namespace without Berth's labels: no admission policy of Berth's holds there."""


def _bare(name: str, without: str = "", **spec: Any) -> Manifest:
    return kustomization(name, BARE, without, **spec)


LOCKDOWNS: tuple[Lockdown, ...] = (
    Lockdown("bare-foreign-source", "takes B's source", "cross-namespace references have been blocked",
             _bare("bare-foreign-source", sourceRef={"kind": "GitRepository", "name": B, "namespace": B_SYNC})),
    Lockdown("bare-no-account", "names no service account and applies into A",
             f'User "system:serviceaccount:{BARE}:default" cannot patch resource',
             _bare("bare-no-account", "serviceAccountName", path=f"./apps/{A}/local/azure",
                   sourceRef={"kind": "GitRepository", "name": "all"})),
    Lockdown("bare-foreign-account", "names B's reconciler and applies into B",
             f'User "system:serviceaccount:{BARE}:reconciler" cannot patch resource',
             _bare("bare-foreign-account", targetNamespace=B, path=f"./apps/{B}/local/azure",
                   sourceRef={"kind": "GitRepository", "name": "all"})),
    Lockdown("bare-remote-base", "has a remote base", _OUTSIDE,
             _bare("bare-remote-base", path="./isolation/remote", sourceRef={"kind": "GitRepository", "name": "all"})),
)  # fmt: skip

# ---- what must work ----------------------------------------------------------------------------------------------

_OWN = "shop.example.com"

ALLOWED: tuple[Allowed, ...] = (
    Allowed("config-map", _R, "create a ConfigMap", CREATE, config_map("allowed")),
    Allowed("config-map-with-a-token", _T, "the same with a real token", CREATE, config_map("allowed-token")),
    Allowed("secret", _O, "create a Secret", CREATE, secret("allowed")),
    Allowed("secret-with-a-certificate", _C, "the same with a real certificate", CREATE, secret("allowed-certificate")),
    Allowed("deployment", _R, "create a Deployment with an allowed image", CREATE, deployment("allowed", pod_spec())),
    Allowed("image-by-digest", _O, "run a pod with an image by digest, and one as a volume", CREATE,
            pod("allowed", container(f"registry.example.com/storefront/web@sha256:{'0' * 64}"),
                volumes=[{"name": "data", "image": {"reference": "registry.example.com/storefront/data:1"}}])),
    Allowed("service", _R, "create a Service with a DNS name of its own host", CREATE,
            service("allowed", {"external-dns.alpha.kubernetes.io/hostname": _OWN})),
    Allowed("ingress", _R, "create an Ingress with its own host and TLS", CREATE,
            ingress("allowed", _OWN, tls=[{"hosts": [_OWN], "secretName": "tls"}])),
    Allowed("ingress-wildcard", _O, "create an Ingress with a host under its wildcard, and an alias", CREATE,
            ingress("allowed-wildcard", f"eu.{_OWN}", {"nginx.ingress.kubernetes.io/server-alias": f"us.{_OWN}"})),
    Allowed("cron-job", _R, "create a CronJob", CREATE, cron_job("allowed", pod_spec())),
    Allowed("disruption-budget", _R, "create a PodDisruptionBudget", CREATE,
            {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata("allowed"),
             "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "allowed"}}}}),
    Allowed("autoscaler", _O, "create a HorizontalPodAutoscaler", CREATE,
            {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata("allowed"),
             "spec": {"maxReplicas": 2, "scaleTargetRef": {
                 "apiVersion": "apps/v1", "kind": "Deployment", "name": "allowed"}}}),
    Allowed("volume-claim", _O, "create a PersistentVolumeClaim", CREATE,
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata("allowed"),
             "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
    Allowed("service-account", _O, "create a ServiceAccount of its own", CREATE, account("allowed")),
    Allowed("edit-service-account", _R, "change that ServiceAccount",
            patch("serviceaccount allowed", A, '{"automountServiceAccountToken":false}')),
    Allowed("scale", _O, "scale a Deployment", f"scale deployment/web -n {A} --replicas=2 --dry-run=server"),
    Allowed("delete", _O, "delete an object of its own", f"delete secret allowed -n {A}"),
    *(
        Allowed(f"see-{resource}", _O, f"read its own {resource}", f"get {resource} -n {A}", says=says)
        for resource, says in (
            ("resourcequotas", "berth"), ("limitranges", "berth"), ("networkpolicies", "berth"),
            ("rolebindings", "berth-owners"), ("events", "LAST SEEN"), ("pods", "web"),
        )
    ),
    *(
        Allowed(f"may-{verb}-{subresource}", _O, f"{verb} {subresource} of its own pods",
                f"auth can-i {verb} pods --subresource={subresource} -n {A}", says="yes")
        for verb, subresource in (("get", "log"), ("create", "exec"), ("create", "portforward"))
    ),
    Allowed("see-sync", _O, "see its Kustomization", f"get kustomization {A} -n {A_SYNC}", says="Applied revision"),
    Allowed("see-source", _O, "see its GitRepository", f"get gitrepository {A} -n {A_SYNC}", says="stored artifact"),
    Allowed("change-default-account", Who.ADMIN, "change the ServiceAccount `default`",
            patch("serviceaccount default", A, '{"metadata":{"annotations":{"x":"y"}}}', "--dry-run=server")),
)  # fmt: skip


# ---- the table in docs/security.md -------------------------------------------------------------------------------


def refused_table() -> str:
    """Every attempt that must be refused, as a table in Markdown."""
    rows = [(item.id, item.who.value, item.what, item.by) for item in ATTEMPTS]
    rows += [(item.id, f"commit in {item.tenant}'s path", item.what, item.by) for item in COMMITS]
    rows += [(item.id, "unguarded sync", f"a Kustomization that {item.what}", LOCKDOWN) for item in LOCKDOWNS]
    return _table(("Name", "Who", "What", "Refused by"), rows)


def allowed_table() -> str:
    """Everything that must work, as a table in Markdown."""
    return _table(("Name", "Who", "What"), [(item.id, item.who.value, item.what) for item in ALLOWED])


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
