"""What a tenant tries by a commit in its own path of the deploy repo, and what each engine must answer."""

from __future__ import annotations

import json
from typing import Any

from berth.settings import Engine
from tests.e2e.attempts.guard_rails import GUARDED
from tests.e2e.attempts.model import (
    BUILD,
    EGRESS,
    LOCKDOWN,
    POD_SECURITY,
    PROJECT,
    QUOTA,
    RBAC,
    Answer,
    B,
    Commit,
    Gap,
    Harmless,
    Refused,
    policy,
)
from tests.e2e.attempts.workloads import EVIL, FOREIGN_HOST, FOREIGN_IMAGE
from tests.e2e.manifests import (
    A,
    Manifest,
    account,
    app_project,
    application,
    binding,
    cluster_object,
    config_map,
    container,
    deployment,
    ingress,
    kustomization,
    metadata,
    network_policy,
    pod,
    pod_spec,
    service,
    source,
)

AWS, GCP, AZURE = "aws-local", "gcp-local", "azure-local"
FLUX, ARGOCD = Engine.FLUX, Engine.ARGOCD

GIT = "{git}"
"""Stands for the URL of the fleet's deploy repo: a remote that is there, so that only the agent can say no."""
ELSEWHERE = "{elsewhere}"
"""Stands for what answers to HTTP outside of the agent's pod."""
INSIDE = "{inside}"
"""Stands for what the agent has to reach over HTTP, or serves to itself, and what tells of other tenants or repos."""

OUTSIDE = "fs-security-constraint"
ABOVE = "is not in or below"
_GONE = "no such file or directory"
_NO_PROXY = "dial tcp 127.0.0.1:9: connect: connection refused"


def _object(
    id: str, cluster: str, what: str, flux: Refused | None, argocd: Answer | None, manifest: Manifest, tenant: str = A
) -> Commit:
    answers: dict[Engine, Answer] = {FLUX: flux} if flux else {}
    if argocd:
        answers[ARGOCD] = argocd
    # Of other tenants than A, what a sync leaves behind would be seen in A's attempts.
    return Commit(id, what, answers, cluster, tenant, ("extra.yaml",), files={"extra.yaml": manifest},
                  alone=tenant != A)  # fmt: skip


def _cannot(resource: str, tenant: str = A, verb: str = "patch") -> Refused:
    return Refused(RBAC, f'User "system:serviceaccount:berth-{tenant}:reconciler" cannot {verb} resource "{resource}"')


def _not_in_project(kind: str, group: str = "", tenant: str = A) -> Refused:
    return Refused(PROJECT, f"resource {group}:{kind} is not permitted in project {tenant}")


def _elsewhere(namespace: str, tenant: str = A) -> Refused:
    return Refused(PROJECT, f"namespace {namespace} is not permitted in project '{tenant}'")


def _kind(id: str, cluster: str, what: str, manifest: Manifest, resource: str, group: str = "") -> Commit:
    """A kind that no tenant may bring: Argo CD's project says so before anything is tried."""
    return _object(id, cluster, what, _cannot(resource), _not_in_project(manifest["kind"], group), manifest)


def _admitted(id: str, cluster: str, what: str, by: str, message: str, manifest: Manifest) -> Commit:
    """What the API server refuses when it is applied. Argo CD has applied other objects by then."""
    return _object(id, cluster, what, Refused(by, message), Refused(by, message, whole=False), manifest)


_RBAC_GROUP = "rbac.authorization.k8s.io"

OBJECTS: tuple[Commit, ...] = (
    _kind("git-cluster-role-binding", AWS, "a ClusterRoleBinding to cluster-admin",
          binding("ClusterRoleBinding", "intruder", "cluster-admin", None), "clusterrolebindings", _RBAC_GROUP),
    _object("git-object-in-b", AZURE, "an object that names B's namespace (by a tenant with two of its own)",
            _cannot("configmaps", "ledger"), _elsewhere(B, "ledger"), config_map("intruder", B), "ledger"),
    _object("git-kustomization", GCP, "a Flux Kustomization", _cannot("kustomizations"), None,
            kustomization("second", None)),
    _object("git-source", AZURE, "a GitRepository", _cannot("gitrepositories"), None,
            source("GitRepository", "second", None)),
    _object("git-application", GCP, "an Application in A's own namespace", None,
            _cannot("applications", verb="get"), application("second", None)),
    _object("git-application-in-argocd", AZURE, "an Application in argocd", None, _elsewhere("argocd"),
            application("second")),
    _object("git-project", AWS, "A's own AppProject, that allows everything", None, _elsewhere("argocd"),
            app_project(A)),
    _object("git-argocd-settings", GCP, "Argo CD's settings", None, _elsewhere("argocd"),
            config_map("argocd-cm", "argocd")),
    _kind("git-network-policy", AWS, "a NetworkPolicy that opens egress", network_policy("open", None),
          "networkpolicies", "networking.k8s.io"),
    _kind("git-namespace", GCP, "A's own Namespace, with Pod Security lowered",
          cluster_object("v1", "Namespace", A) | {
              "metadata": {"name": A, "labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
          "namespaces"),
    _kind("git-quota", AZURE, "A's own ResourceQuota, raised",
          {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata("berth", None),
           "spec": {"hard": {"pods": "999"}}},
          "resourcequotas"),
    _kind("git-limits", GCP, "A's own LimitRange, emptied",
          {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata("berth", None), "spec": {"limits": []}},
          "limitranges"),
    _kind("git-role-binding", AWS, "a RoleBinding to `admin`", binding("RoleBinding", "intruder", "admin", None),
          "rolebindings", _RBAC_GROUP),
    _admitted("git-default-account", GCP, "the ServiceAccount `default`, with a token", policy("berth-guard-rails"),
              GUARDED, account("default") | {"automountServiceAccountToken": True}),
    _admitted("git-host-network", AZURE, "a pod on a node's network", POD_SECURITY,
              'violates PodSecurity "restricted:v1.34": host namespaces', pod("intruder", hostNetwork=True)),
    _admitted("git-image", AWS, "an image from another registry", policy("berth-workloads"), FOREIGN_IMAGE,
              deployment("intruder", pod_spec(container(EVIL)))),
    _admitted("git-host", GCP, "an Ingress with a foreign host", policy("berth-hosts"),
              FOREIGN_HOST + "ledger.example.com", ingress("intruder", "ledger.example.com")),
    _admitted("git-load-balancer", AZURE, "a Service of type LoadBalancer", QUOTA, "exceeded quota: berth",
              service("intruder", type="LoadBalancer")),
)  # fmt: skip

_OTHERS = "Argo CD checks out the whole repo: docs/engines.md"
_HTTP = "kustomize fetches files by URL from where the agent must be able to fetch: docs/security.md"


def _overlay(base: str) -> dict[str, Manifest | str]:
    """What lies elsewhere, as if it were A's: put into A's namespace."""
    return {"intruder/kustomization.yaml": {"namespace": A, "resources": [base]}}


def _build(id: str, cluster: str, what: str, flux: str, argocd: str | None = None, **rest: Any) -> Commit:
    answers = {FLUX: Refused(BUILD, flux), ARGOCD: Refused(BUILD, argocd or flux)}
    return Commit(id, what, answers, cluster, **rest)


BUILDS: tuple[Commit, ...] = (
    Commit("git-other-directory", "`resources` with another tenant's directory",
           {FLUX: Refused(BUILD, _GONE), ARGOCD: Gap(_OTHERS)}, AWS, resources=("intruder",),
           files=_overlay("../../../../ledger/base")),
    Commit("git-remote-base", "`resources` with a remote base",
           {FLUX: Refused(LOCKDOWN, OUTSIDE), ARGOCD: Refused(EGRESS, "transport 'http' not allowed")}, GCP,
           resources=("intruder",), files=_overlay(f"{GIT}//apps/ledger/base?ref=main")),
    _build("git-symlink", AZURE, "`resources` with a symbolic link out of the repo", _GONE,
           "repository contains out-of-bounds symlinks", resources=("link.yaml",),
           links={"link.yaml": "/etc/hostname"}, alone=True),
    Commit("git-directory-symlink", "the same with another tenant's directory",
           {FLUX: Refused(BUILD, _GONE), ARGOCD: Gap(_OTHERS)}, AZURE, resources=("intruder",),
           files=_overlay("../other"), links={"other": "../../../ledger/base"}),
    _build("git-submodule", GCP, "`resources` with a file of a submodule, from any host", _GONE,
           resources=("module/apps/telemetry/base",), modules={"module": GIT}),
    _build("git-file-above", GCP, "a generator that reads a file above the repo", OUTSIDE, ABOVE,
           more={"secretGenerator": [{"name": "intruder", "files": ["../" * 30 + "etc/hostname"]}]}),
    _build("git-file-of-b", AWS, "a generator that reads a file of B", _GONE, ABOVE,
           more={"configMapGenerator": [{"name": "intruder", "files": ["../../../telemetry/base/collector.yaml"]}]}),
    _build("git-absolute-file", AZURE, "a generator that reads a file of the agent", OUTSIDE, ABOVE,
           more={"secretGenerator": [{"name": "intruder", "files": ["/etc/hostname"]}]}),
    _build("git-helm", AWS, "a Helm chart, for which kustomize would run a program", "must specify --enable-helm",
           more={"helmCharts": [{"name": "x", "repo": "https://charts.example.net", "version": "1.0.0"}]}),
    _build("git-plugin", GCP, "a generator that is a program", "external plugins disabled",
           more={"generators": ["plugin.yaml"]},
           files={"plugin.yaml": {
               "apiVersion": "example.com/v1", "kind": "Plugin",
               "metadata": {"name": "x", "annotations": {
                   "config.kubernetes.io/function": "exec: {path: ./run.sh}\n"}}}}),
    Commit("git-remote-file", "a generator that reads a file over HTTP",
           {FLUX: Refused(EGRESS, _NO_PROXY), ARGOCD: Refused(EGRESS, _NO_PROXY)}, AZURE,
           more={"configMapGenerator": [{"name": "stolen", "files": [f"listing={ELSEWHERE}"]}]}),
    Commit("git-remote-resource", "`resources` with a file over HTTP",
           {FLUX: Refused(EGRESS, _NO_PROXY), ARGOCD: Refused(EGRESS, _NO_PROXY)}, AWS,
           resources=(f"{ELSEWHERE}.yaml",)),
    Commit("git-remote-file-of-the-agent",
           "a generator that reads over HTTP what the agent's own pod serves, or Flux's source-controller",
           {FLUX: Gap(_HTTP), ARGOCD: Gap(_HTTP)}, AZURE,
           more={"configMapGenerator": [{"name": "stolen", "files": [f"listing={INSIDE}"]}]}),
)  # fmt: skip

_OVERRIDE = ".argocd-source.yaml"
"""Parameters in a tenant's path, which Argo CD puts over those of the Application."""
_STOLEN = json.dumps(config_map("stolen") | {"data": "@"}).replace(
    '"@"', '{"environment": importstr "/proc/self/environ"}'
)


def _override(
    id: str, cluster: str, what: str, answer: Refused, name: str = _OVERRIDE, files: Any = None, **content: Any
) -> Commit:
    return Commit(id, what, {ARGOCD: answer}, cluster, files={name: content, **(files or {})})


def _annotated(manifest: Manifest, **annotations: str) -> Manifest:
    keys = {f"argocd.argoproj.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return manifest | {"metadata": manifest["metadata"] | {"annotations": keys}}


ARGOCD_ONLY: tuple[Commit, ...] = (
    _override("git-override-namespace", AWS, "a file with parameters for Argo CD: into B's namespace", _elsewhere(B),
              ".argocd-source-storefront.yaml", kustomize={"namespace": B}),
    _override("git-override-plugin", GCP, "a file with parameters for Argo CD: a plugin",
              Refused(BUILD, "multiple application sources defined: Kustomize,Plugin"), plugin={"name": "x"}),
    _override("git-override-version", AZURE, "a file with parameters for Argo CD: another kustomize",
              Refused(BUILD, "kustomize version v3 is not registered"), kustomize={"version": "v3"}),
    _override("git-override-helm", AWS, "a file with parameters for Argo CD: a Helm chart",
              Refused(BUILD, "multiple application sources defined: Kustomize,Helm"),
              helm={"releaseName": "x"}, files={"Chart.yaml": {"name": "x", "version": "1.0.0"}}),
    _override("git-jsonnet", GCP, "Jsonnet that reads the repo server's environment, Redis' password included",
              Refused(BUILD, "multiple application sources defined: Kustomize,Directory"),
              directory={"include": "*.jsonnet"}, files={"stolen.jsonnet": _STOLEN}),
    _object("git-hook", AZURE, "a hook before the sync: a pod on a node's network", None,
            Refused(POD_SECURITY, 'violates PodSecurity "restricted:v1.34": host namespaces'),
            _annotated(pod("intruder", hostNetwork=True), hook="PreSync")),
    _object("git-hook-in-b", AWS, "a hook after the sync in B's namespace", None, _elsewhere(B),
            _annotated(pod("intruder", namespace=B), hook="PostSync")),
    _object("git-replace", GCP, "the ServiceAccount `default`, to be deleted and made anew", None,
            Refused(policy("berth-guard-rails"), GUARDED, whole=False),
            _annotated(account("default"), sync_options="Replace=true,Force=true")),
    _object("git-wave", AZURE, "a NetworkPolicy in a wave before all others, without a dry run", None,
            _not_in_project("NetworkPolicy", "networking.k8s.io"),
            _annotated(network_policy("open", None), sync_wave="-5",
                       sync_options="SkipDryRunOnMissingResource=true")),
)  # fmt: skip

HARMLESS: tuple[Commit, ...] = (
    Commit("git-moved", "an object that names B's namespace (by a tenant with one of its own)",
           {FLUX: Harmless(("configmaps/storefront/moved",)), ARGOCD: _elsewhere(B)}, GCP, resources=("extra.yaml",),
           files={"extra.yaml": config_map("moved", B)}),
    Commit("git-override-source", "a file with parameters for Argo CD: B's path, another repo, another project",
           {ARGOCD: Harmless()}, AWS,
           files={_OVERRIDE: {"path": f"apps/{B}/local/azure", "project": "default", "ref": "x",
                              "repoURL": "https://git.example.net/x.git"}}),
    Commit("git-tracking", "an object with the mark of B's Application", {
               ARGOCD: Harmless(("configmaps/storefront/marked",))}, AZURE, resources=("extra.yaml",),
           files={"extra.yaml": _annotated(config_map("marked", None), tracking_id=f"{B}:/ConfigMap:{A}/marked")}),
)  # fmt: skip

COMMITS = (*HARMLESS, *OBJECTS, *BUILDS, *ARGOCD_ONLY)
