"""Argo CD's own objects: projects and applications of all tenants, in one namespace that tenants may not write."""

from __future__ import annotations

from typing import Any

from berth.settings import Engine
from tests.e2e.attempts.model import (
    RBAC,
    Allowed,
    Attempt,
    B,
    C,
    Lockdown,
    O,
    R,
    T,
    Who,
    change,
    create,
    of,
    patch,
    read,
)
from tests.e2e.manifests import (
    A_SYNC,
    SERVER,
    A,
    Manifest,
    account,
    app_project,
    application,
    binding,
    config_map,
    metadata,
    pod,
    role,
    secret,
)

NAMESPACE = "argocd"
REPO = "{git}"
"""Stands for the URL of the fleet's deploy repo."""


def _secret_of_type(name: str, kind: str, data: dict[str, str]) -> Manifest:
    """A Secret by which Argo CD gets to know a repo or a cluster."""
    labels = {"argocd.argoproj.io/secret-type": kind}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata(name, NAMESPACE, labels=labels),
            "stringData": data}  # fmt: skip


_SEE = (
    read("read-b-application", O, "see B's Application", f"get application {B} -n {NAMESPACE}",
         'cannot get resource "applications"'),
    read("read-b-application-as-reconciler", R, "see B's Application", f"get application {B} -n {NAMESPACE}",
         'cannot get resource "applications"'),
    read("read-b-project", O, "see B's AppProject", f"get appproject {B} -n {NAMESPACE}",
         'cannot get resource "appprojects"'),
    read("read-default-project", O, "see the project default", f"get appproject default -n {NAMESPACE}",
         'cannot get resource "appprojects"'),
    read("list-applications", O, "list the Applications, which are the other tenants' names",
         f"get applications -n {NAMESPACE}", 'cannot list resource "applications"'),
    read("list-applications-with-a-certificate", C, "list the Applications of all namespaces", "get applications -A",
         'cannot list resource "applications" in API group "argoproj.io" at the cluster scope'),
    read("watch-applications", O, "watch all Applications",
         f"get --raw /apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications?watch=true",
         'cannot watch resource "applications"'),
    read("list-projects", R, "list the AppProjects", f"get appprojects -n {NAMESPACE}",
         'cannot list resource "appprojects"'),
    read("read-own-application-as-reconciler", T, "see A's own Application, which only owners may",
         f"get application {A} -n {NAMESPACE}", 'cannot get resource "applications"'),
    read("list-argocd-secrets", R, "list the Secrets of argocd: Git credentials, Redis' password",
         f"get secrets -n {NAMESPACE}", 'cannot list resource "secrets"'),
    read("get-argocd-secret", O, "read Argo CD's own Secret", f"get secret argocd-secret -n {NAMESPACE}",
         'cannot get resource "secrets"'),
    read("read-argocd-settings", O, "read Argo CD's settings", f"get configmap argocd-cm -n {NAMESPACE}",
         'cannot get resource "configmaps"'),
    read("read-alert-secrets", O, "read where all tenants' alerts go",
         f"get secret argocd-notifications-secret -n {NAMESPACE}", 'cannot get resource "secrets"'),
    read("read-alert-settings", R, "read the settings of all tenants' alerts",
         f"get configmap argocd-notifications-cm -n {NAMESPACE}", 'cannot get resource "configmaps"'),
    read("read-argocd-events", O, "read Argo CD's events: all tenants' syncs", f"get events -n {NAMESPACE}",
         'cannot list resource "events"'),
    read("read-argocd-logs", O, "read the log of Argo CD's controller",
         f"get --raw /api/v1/namespaces/{NAMESPACE}/pods/argocd-application-controller-0/log",
         'cannot get resource "pods/log"'),
    read("proxy-to-argocd", O, "reach the repo server through the API server",
         f"get --raw /api/v1/namespaces/{NAMESPACE}/services/argocd-repo-server:8081/proxy/",
         'cannot get resource "services/proxy"'),
)  # fmt: skip

_ADD = (
    create("application-in-argocd", R, "add an Application to A's project", application("second"), "applications"),
    create("application-in-argocd-as-owner", O, "add an Application to the project default",
           application("second", project="default"), "applications"),
    create("application-in-sync-namespace", O, "create an Application in A's sync namespace",
           application("second", A_SYNC), "applications"),
    create("application-in-own-namespace", R, "create an Application in A's own namespace", application("second", A),
           "applications"),
    create("project-in-argocd", R, "create an AppProject that allows everything", app_project("second"),
           "appprojects"),
    create("project-in-own-namespace", O, "create an AppProject in A's own namespace", app_project("second", A),
           "appprojects"),
    create("application-set", R, "create an ApplicationSet in argocd",
           {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": metadata("second", NAMESPACE),
            "spec": {"generators": [], "template": {
                "metadata": {"name": "second"}, "spec": application("second")["spec"]}}},
           "applicationsets"),
    create("repository", O, "tell Argo CD of another repo",
           _secret_of_type("repo", "repository", {"type": "git", "url": "https://git.example.net/x.git"}), "secrets"),
    create("cluster", R, "tell Argo CD of another way to the cluster, with rights of one's own choice",
           _secret_of_type("cluster", "cluster", {"name": "x", "server": "https://192.0.2.1", "config": "{}"}),
           "secrets"),
    create("write-argocd", R, "create a ConfigMap in argocd", config_map("intruder", NAMESPACE), "configmaps"),
    create("argocd-secret", R, "replace Argo CD's own Secret", secret("argocd-secret", NAMESPACE), "secrets", "patch"),
    create("pod-in-argocd", O, "run a pod as Argo CD's controller",
           pod("intruder", namespace=NAMESPACE, serviceAccountName="argocd-application-controller"), "pods"),
    create("account-in-argocd", O, "create a ServiceAccount in argocd", account("intruder", NAMESPACE),
           "serviceaccounts"),
    create("role-in-argocd", R, "widen the role that shows A's sync objects",
           role("Role", "berth-storefront-sync-viewer", NAMESPACE, ["*"]), "roles", "patch"),
    create("role-binding-in-argocd", O, "bind another role in argocd",
           binding("RoleBinding", "intruder", "berth-telemetry-sync-viewer", NAMESPACE, "Role"), "rolebindings"),
)  # fmt: skip


def _edit(id: str, who: Who, what: str, body: str, kind: str = "application") -> Attempt:
    return change(id, who, what, patch(f"{kind} {A}", NAMESPACE, body), f"{kind}s")


_EDIT = (
    _edit("edit-application", O, "point A's Application elsewhere", '{"spec":{"source":{"path":"apps/telemetry"}}}'),
    _edit("edit-application-source", C, "give A's Application another repo",
          '{"spec":{"source":{"repoURL":"https://git.example.net/x.git"}}}'),
    _edit("move-application", O, "move A's Application to the project default", '{"spec":{"project":"default"}}'),
    _edit("share-checkout", O, "take off what gives A's Application a checkout of its own",
          '{"spec":{"source":{"kustomize":null}}}'),
    _edit("operation", O, "start a sync of A by hand, of another revision",
          '{"operation":{"sync":{"revision":"HEAD~1"}}}'),
    _edit("operation-with-manifests", O, "start a sync of A with manifests of one's own",
          '{"operation":{"sync":{"manifests":["{}"]}}}'),
    _edit("refresh", O, "have Argo CD look at once",
          '{"metadata":{"annotations":{"argocd.argoproj.io/refresh":"hard"}}}'),
    _edit("skip-reconcile", O, "have Argo CD pass over A's Application",
          '{"metadata":{"annotations":{"argocd.argoproj.io/skip-reconcile":"true"}}}'),
    _edit("subscribe", O, "have A's Application tell B's receiver",
          '{"metadata":{"annotations":{"notifications.argoproj.io/subscribe.telemetry__slack-a.telemetry__slack-a":""}}}'),
    _edit("subscribe-project", C, "have all Applications of A's project tell B's receiver",
          '{"metadata":{"annotations":{"notifications.argoproj.io/subscribe.telemetry__slack-a.telemetry__slack-a":""}}}',
          "appproject"),
    _edit("application-status", O, "forge the status of A's Application", '{"status":{"sync":{"status":"Synced"}}}'),
    create("edit-b-application", R, "point B's Application elsewhere", application(B, project=B), "applications",
           "patch"),
    _edit("widen-project", O, "allow A's project all namespaces",
          '{"spec":{"destinations":[{"namespace":"*","server":"*"}]}}', "appproject"),
    _edit("widen-project-account", O, "have A's project act as B's reconciler",
          '{"spec":{"destinationServiceAccounts":[]}}', "appproject"),
    create("open-default-project", O, "open the project default", app_project("default"), "appprojects", "patch"),
    create("apply-project", R, "apply A's project as Berth's field manager", app_project(A), "appprojects", "patch"),
    change("delete-application", R, "delete A's Application", f"delete application {A} -n {NAMESPACE}",
           "applications", "delete"),
    change("delete-project", O, "delete A's project", f"delete appproject {A} -n {NAMESPACE}", "appprojects",
           "delete"),
    change("delete-b-application", O, "delete B's Application", f"delete application {B} -n {NAMESPACE}",
           "applications", "delete"),
    change("empty-applications", R, "delete all Applications",
           f"delete --raw /apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications", "applications",
           "deletecollection"),
    create("argocd-settings", O, "switch impersonation off in Argo CD's settings",
           config_map("argocd-cm", NAMESPACE) | {"data": {"application.sync.impersonation.enabled": "false"}},
           "configmaps", "patch"),
    create("alert-settings", R, "tell a receiver of A's own choice what B's address is",
           config_map("argocd-notifications-cm", NAMESPACE) | {"data": {"service.webhook.x": "url: $telemetry__a"}},
           "configmaps", "patch"),
    create("alert-secret", O, "send B's alerts elsewhere", secret("argocd-notifications-secret", NAMESPACE), "secrets",
           "patch"),
    create("alert-settings-of-ones-own", R, "make settings of alerts in A's sync namespace",
           config_map("argocd-notifications-cm", A_SYNC), "configmaps"),
    create("argocd-settings-as-reconciler", R, "switch Jsonnet on in Argo CD's settings",
           config_map("argocd-cm", NAMESPACE) | {"data": {"jsonnet.enable": "true"}}, "configmaps", "patch"),
    change("token-of-argocd", O, "mint a token for Argo CD's controller",
           f"create token argocd-application-controller -n {NAMESPACE}", "serviceaccounts/token", "create"),
    Attempt("impersonate-argocd", C, "impersonate Argo CD's controller", RBAC, "cannot impersonate",
            f"get secrets -A --as=system:serviceaccount:{NAMESPACE}:argocd-application-controller"),
)  # fmt: skip

SYNCS = of(Engine.ARGOCD, (*_SEE, *_ADD, *_EDIT))

# ---- the agent's own lockdown ------------------------------------------------------------------------------------

BARE = "isolation-bare"
"""A namespace without Berth's labels."""
_OF_A = {"path": f"apps/{A}/local/azure", "repoURL": REPO, "targetRevision": "main"}
_AUTOMATED = {"automated": {}, "syncOptions": ["ServerSideApply=true"]}


def _lockdown(id: str, what: str, message: str, *beside: Manifest, namespace: str = NAMESPACE, **spec: Any) -> Lockdown:
    spec = {"source": _OF_A, "syncPolicy": _AUTOMATED, **spec}
    return Lockdown(id, f"an Application that {what}", message, application(id, namespace, **spec), Engine.ARGOCD,
                    beside)  # fmt: skip


def _project(name: str, **spec: Any) -> Manifest:
    here = [{"namespace": A, "server": SERVER}]
    return app_project(name, destinations=here, sourceRepos=[REPO], **spec)


def _acting(name: str, who: str) -> Manifest:
    return _project(name, destinationServiceAccounts=[
        {"defaultServiceAccount": who, "namespace": A, "server": SERVER}])  # fmt: skip


LOCKDOWNS: tuple[Lockdown, ...] = (
    _lockdown("bare-default-project", "is in the project default", "is not permitted in project 'default'",
              project="default"),
    _lockdown("bare-no-project", "is in no project that exists", "which does not exist", project="isolation-none"),
    _lockdown("bare-foreign-source", "takes another repo into A's project",
              f"application repo https://git.example.net/x.git is not permitted in project '{A}'",
              source=_OF_A | {"repoURL": "https://git.example.net/x.git"}),
    _lockdown("bare-foreign-destination", "applies into B from A's project",
              "do not match any of the allowed destinations in project",
              destination={"namespace": B, "server": SERVER}),
    _lockdown("bare-other-cluster", "applies to another cluster from A's project", "192.0.2.1",
              destination={"namespace": A, "server": "https://192.0.2.1"}),
    _lockdown("bare-no-account", "is in a project that names no service account and applies into A",
              "no matching service account found for destination server", _project("isolation-no-account"),
              project="isolation-no-account"),
    _lockdown("bare-foreign-account", "is in a project that names B's reconciler and applies into A",
              f'User "system:serviceaccount:berth-{B}:reconciler" cannot',
              _acting("isolation-foreign-account", f"berth-{B}:reconciler"), project="isolation-foreign-account"),
    _lockdown("bare-other-namespace", "is in another namespace than argocd", "",
              _acting("isolation-other-namespace", f"{A_SYNC}:reconciler"), namespace=BARE,
              project="isolation-other-namespace"),
)  # fmt: skip

ALLOWED: tuple[Allowed, ...] = (
    Allowed("see-sync", O, "see its Application", f"get application {A} -n {NAMESPACE}", says="Synced",
            engine=Engine.ARGOCD),
    Allowed("watch-sync", O, "watch its Application",
            f"get --raw /apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications?fieldSelector=metadata.name={A}"
            "&watch=true&timeoutSeconds=1", engine=Engine.ARGOCD),
    Allowed("see-source", O, "see its AppProject", f"get appproject {A} -n {NAMESPACE}", says=A, engine=Engine.ARGOCD),
)  # fmt: skip
