"""Flux's own objects: sources and Kustomizations, in namespaces that tenants may not write."""

from __future__ import annotations

from typing import Any

from berth.settings import Engine
from tests.e2e.attempts.model import (
    B_SYNC,
    CREATE,
    Allowed,
    Attempt,
    B,
    Lockdown,
    O,
    R,
    Who,
    change,
    create,
    of,
    patch,
    policy,
    read,
)
from tests.e2e.manifests import A_SYNC, A, Manifest, kustomization, metadata, secret, source

OUTSIDE = "fs-security-constraint"


def _alert(kind: str, namespace: str, **spec: Any) -> Manifest:
    place = metadata("second", namespace)
    return {"apiVersion": "notification.toolkit.fluxcd.io/v1beta3", "kind": kind, "metadata": place, "spec": spec}


def _second_line(id: str, what: str, by: str, message: str, manifest: Manifest) -> Attempt:
    return Attempt(id, Who.ADMIN, what, policy(by), message, CREATE, manifest)


_URL = "sources must have a URL allowed for this tenant"

SYNCS = of(Engine.FLUX, (
    read("read-b-sync", O, "see B's sync objects", f"get kustomizations -n {B_SYNC}",
         'cannot list resource "kustomizations"'),
    create("write-flux-system", R, "create a Secret in flux-system", secret("intruder", "flux-system"), "secrets"),
    create("source-in-sync-namespace", R, "add a GitRepository to A's sync", source("GitRepository", "second"),
           "gitrepositories"),
    create("sync-in-sync-namespace", R, "add a Kustomization to A's sync", kustomization("second"),
           "kustomizations"),
    change("edit-sync", O, "point A's Kustomization elsewhere",
           patch(f"kustomization {A}", A_SYNC, '{"spec":{"path":"./apps/telemetry"}}'), "kustomizations"),
    change("edit-source", O, "point A's GitRepository elsewhere",
           patch(f"gitrepository {A}", A_SYNC, '{"spec":{"url":"https://git.example.net/x.git"}}'), "gitrepositories"),
    change("widen-source", O, "take the directory limit off A's GitRepository",
           patch(f"gitrepository {A}", A_SYNC, '{"spec":{"sparseCheckout":null}}'), "gitrepositories"),
    change("delete-sync", R, "delete A's Kustomization", f"delete kustomization {A} -n {A_SYNC}", "kustomizations",
           "delete"),
    change("delete-source", O, "delete A's GitRepository", f"delete gitrepository {A} -n {A_SYNC}", "gitrepositories",
           "delete"),
    change("sync-status", O, "forge the status of A's Kustomization",
           f"replace --raw /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{A_SYNC}/kustomizations/{A}/status -f -",
           "kustomizations/status", "update"),
    create("sync-in-own-namespace", R, "create a Kustomization in A's own namespace", kustomization("second", A),
           "kustomizations"),
    *(
        create(f"{kind.lower()}-in-own-namespace", R, f"create a {kind} in A's own namespace",
                source(kind, "second", A, **spec), resource)
        for kind, resource, spec in (
            ("GitRepository", "gitrepositories", {}),
            ("HelmRepository", "helmrepositories", {"url": "https://charts.example.net"}),
            ("OCIRepository", "ocirepositories", {"url": "oci://registry.example.net/x"}),
            ("Bucket", "buckets", {"endpoint": "bucket.example.net", "bucketName": "x"}),
        )
    ),
    create("provider", O, "have another receiver told, with a Secret of A's sync namespace",
           _alert("Provider", A_SYNC, type="generic", address="https://hooks.example.net", secretRef={"name": "any"}),
           "providers"),
    create("provider-in-own-namespace", R, "make a Provider in A's own namespace, which sends from Flux's place",
           _alert("Provider", A, type="generic", address="http://192.0.2.1"), "providers"),
    create("alert", R, "have a receiver told of B", _alert("Alert", A_SYNC, providerRef={"name": "any"}, eventSources=[
        {"kind": "Kustomization", "name": B, "namespace": B_SYNC}]), "alerts"),
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
))  # fmt: skip

BARE = "isolation-bare"
"""A namespace without Berth's labels: no admission policy of Berth's holds there."""


def _bare(name: str, without: str = "", **spec: Any) -> Manifest:
    return kustomization(name, BARE, without, **spec)


def _lockdown(id: str, what: str, message: str, spec: Manifest) -> Lockdown:
    return Lockdown(id, f"a Kustomization that {what}", message, spec, Engine.FLUX)


LOCKDOWNS: tuple[Lockdown, ...] = (
    _lockdown("bare-foreign-source", "takes B's source", "cross-namespace references have been blocked",
             _bare("bare-foreign-source", sourceRef={"kind": "GitRepository", "name": B, "namespace": B_SYNC})),
    _lockdown("bare-no-account", "names no service account and applies into A",
             f'User "system:serviceaccount:{BARE}:default" cannot patch resource',
             _bare("bare-no-account", "serviceAccountName", path=f"./apps/{A}/local/azure",
                   sourceRef={"kind": "GitRepository", "name": "all"})),
    _lockdown("bare-foreign-account", "names B's reconciler and applies into B",
             f'User "system:serviceaccount:{BARE}:reconciler" cannot patch resource',
             _bare("bare-foreign-account", targetNamespace=B, path=f"./apps/{B}/local/azure",
                   sourceRef={"kind": "GitRepository", "name": "all"})),
    _lockdown("bare-remote-base", "has a remote base", OUTSIDE,
             _bare("bare-remote-base", path="./isolation/remote", sourceRef={"kind": "GitRepository", "name": "all"})),
)  # fmt: skip

ALLOWED: tuple[Allowed, ...] = (
    Allowed("see-sync", O, "see its Kustomization", f"get kustomization {A} -n {A_SYNC}", says="Applied revision",
            engine=Engine.FLUX),
    Allowed("see-source", O, "see its GitRepository", f"get gitrepository {A} -n {A_SYNC}", says="stored artifact",
            engine=Engine.FLUX),
)  # fmt: skip
