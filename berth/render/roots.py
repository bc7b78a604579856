"""What pulls tenants' objects from Git, where the stack says `delivery: git`: one source and one sync a cluster.

`berth publish` commits what `render` returns to the deploy repo, and the root sync applies it. It acts as an account of
its own that may write the kinds that `render` returns and no others. RBAC cannot tell a tenant's namespace from another
one, so an admission policy does: whoever may write to `clusters/` in the deploy repo decides over tenants, and over
nothing else in the cluster.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from berth import names
from berth.render.admission import policy
from berth.render.argocd import SERVER
from berth.render.flux import RETRY, login
from berth.render.objects import Object, make
from berth.settings import Cluster, Engine
from berth.settings.credentials import CredentialKind

HEALS_EVERY = "5m"
"""How often Flux looks for what was changed by hand; Argo CD sees it."""

_NAMESPACES = {Engine.FLUX: names.FLUX_NAMESPACE, Engine.ARGOCD: names.ARGOCD_NAMESPACE}
_RBAC = "rbac.authorization.k8s.io"
_WRITE = ["create", "delete", "get", "list", "patch", "update", "watch"]
_ROLES = [names.RECONCILER_ROLE, names.OWNER_ROLE, names.SYNC_VIEWER_ROLE]
_KINDS = {
    ("", "Namespace"): "namespaces",
    ("", "LimitRange"): "limitranges",
    ("", "ResourceQuota"): "resourcequotas",
    ("", "ServiceAccount"): "serviceaccounts",
    ("networking.k8s.io", "NetworkPolicy"): "networkpolicies",
    (_RBAC, "RoleBinding"): "rolebindings",
}
_SYNC_KINDS = {
    Engine.FLUX: {
        ("kustomize.toolkit.fluxcd.io", "Kustomization"): "kustomizations",
        ("notification.toolkit.fluxcd.io", "Alert"): "alerts",
        ("notification.toolkit.fluxcd.io", "Provider"): "providers",
        ("source.toolkit.fluxcd.io", "GitRepository"): "gitrepositories",
    },
    Engine.ARGOCD: {
        ("argoproj.io", "Application"): "applications",
        ("argoproj.io", "AppProject"): "appprojects",
        (_RBAC, "Role"): "roles",
    },
}
"""The kinds that `render` returns for a tenant, by API group, with their plurals."""


def render_root(cluster: Cluster) -> list[Object]:
    """What a cluster needs to pull its tenants' objects, each before what needs it."""
    return [*_account(cluster), *_bounds(cluster), *_SYNCS[cluster.gitops.engine](cluster)]


def root_namespace(cluster: Cluster) -> str:
    """The agent's own namespace."""
    return _NAMESPACES[cluster.gitops.engine]


def folder_of(cluster: Cluster) -> str:
    """The folder of the deploy repo with all that the cluster's root sync sees."""
    return f"clusters/{cluster.name}"


def index_of(cluster: Cluster) -> str:
    """The folder that it applies: nothing but the list of the tenants' folders is in it."""
    return f"{folder_of(cluster)}/index"


def _must_hold(cluster: Cluster) -> list[dict[str, str]]:
    """A patch that changes nothing, of an object that is always there: what has none of it left does not build."""
    item = published(cluster, [])
    about = {key: item["metadata"][key] for key in ("name", "namespace")}
    return [{"patch": json.dumps({"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": about})}]


def published(cluster: Cluster, tenants: list[str]) -> Object:
    """What lies beside the tenants' objects in Git, and says which tenants they are."""
    return make("v1", "ConfigMap", names.PUBLISHED, root_namespace(cluster), data={"tenants": " ".join(tenants)})


def _account(cluster: Cluster) -> Iterator[Object]:
    """The account that the root sync acts as, and its rights."""
    namespace = root_namespace(cluster)
    subject = {"kind": "ServiceAccount", "name": names.ROOT, "namespace": namespace}
    yield make("v1", "ServiceAccount", names.ROOT, namespace, automountServiceAccountToken=False)
    groups: dict[str, list[str]] = {}
    for (group, _), plural in sorted(_kinds(cluster).items()):
        groups.setdefault(group, []).append(plural)
    rules: list[dict[str, Any]] = [
        {"apiGroups": [group], "resources": plurals, "verbs": list(_WRITE)} for group, plurals in groups.items()
    ]
    # To bind these roles, without holding what they allow.
    rules.append({"apiGroups": [_RBAC], "resourceNames": list(_ROLES), "resources": ["clusterroles"],
                  "verbs": ["bind"]})  # fmt: skip
    yield make(f"{_RBAC}/v1", "ClusterRole", names.ROOT, rules=rules)
    yield _binding("ClusterRoleBinding", None, "ClusterRole", subject)
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": list(_WRITE)}
    yield make(f"{_RBAC}/v1", "Role", names.ROOT, namespace, rules=[rule])
    yield _binding("RoleBinding", namespace, "Role", subject)


def _binding(kind: str, namespace: str | None, role: str, subject: Mapping[str, str]) -> Object:
    reference = {"apiGroup": _RBAC, "kind": role, "name": names.ROOT}
    return make(f"{_RBAC}/v1", kind, names.ROOT, namespace, roleRef=reference, subjects=[dict(subject)])


def _kinds(cluster: Cluster) -> dict[tuple[str, str], str]:
    return {**_KINDS, **_SYNC_KINDS[cluster.gitops.engine]}


_OBJECT = "(request.operation == 'DELETE' ? oldObject : object)"
_TENANT = f"{_OBJECT}.metadata.?labels[?'{names.TENANT_LABEL}'].orValue('')"


def _bounds(cluster: Cluster) -> Iterator[Object]:
    """Namespaces of tenants, what is in them, and a tenant's own objects beside the agent: nothing else is the root
    sync's to write. A namespace that is no tenant's does not become one's by a label."""
    namespace = root_namespace(cluster)
    yield from policy(
        names.ROOT,
        [("*", ["*"])],
        {
            "kind": "request.kind.kind",
            "tenant": _TENANT,
            "inside": f"namespaceObject != null && '{names.TENANT_LABEL}' in namespaceObject.metadata.?labels"
            ".orValue({})",
            "beside": f"request.namespace == '{namespace}' && request.kind.kind != 'Namespace'",
            "published": f"variables.beside && request.kind.kind == 'ConfigMap' && request.name == '{names.PUBLISHED}'",
        },
        [
            {
                "expression": "variables.published || !(variables.kind == 'Namespace' || variables.beside) || "
                "(variables.tenant != '' && (oldObject == null || "
                f"oldObject.metadata.?labels[?'{names.TENANT_LABEL}'].orValue('') == variables.tenant))",
                "message": "what is there and no tenant's is not the root sync's to change",
            },
            {
                "expression": "variables.kind == 'Namespace' || variables.inside || variables.beside",
                "message": "the root sync writes into tenants' namespaces only",
            },
            {
                "expression": "!variables.beside || "
                "variables.published" + "".join(f" || ({clause})" for clause in _BESIDE[cluster.gitops.engine]),
                "message": "beside the agent, the root sync writes tenants' own sync objects only",
            },
        ],
        operations=("CREATE", "UPDATE", "DELETE"),
        conditions={
            "root": f"request.userInfo.username == 'system:serviceaccount:{namespace}:{names.ROOT}'",
        },
        everywhere=True,
    )


_VIEWERS = "'berth-' + variables.tenant + '-sync-viewer'"  # names.sync_viewers, in CEL
_ACCOUNT = f"'{names.sync_namespace('')}' + variables.tenant + ':{names.RECONCILER}'"
_BESIDE: dict[Engine, tuple[str, ...]] = {
    Engine.FLUX: (),
    Engine.ARGOCD: (
        # An application is in the project of its tenant, and a project acts as its tenant: not as Argo CD.
        "variables.kind == 'Application' && request.name == variables.tenant && "
        "(request.operation == 'DELETE' || object.spec.project == variables.tenant)",
        "variables.kind == 'AppProject' && request.name == variables.tenant && (request.operation == 'DELETE' || "
        "(size(object.spec.?clusterResourceWhitelist.orValue([])) == 0 && "
        "object.spec.?destinationServiceAccounts.orValue([]).all(a, "
        f"a.defaultServiceAccount == {_ACCOUNT})))",
        # Its owners see these two, and that is all that a role here is for.
        f"variables.kind == 'Role' && variables.tenant != '' && request.name == {_VIEWERS} && "
        "(request.operation == 'DELETE' || object.?rules.orValue([]).all(r, r.?apiGroups.orValue([]) == "
        "['argoproj.io'] && r.?resourceNames.orValue([]) == [variables.tenant] && "
        "r.verbs.all(v, v in ['get', 'watch'])))",
        f"variables.kind == 'RoleBinding' && variables.tenant != '' && request.name == {_VIEWERS} && "
        f"(request.operation == 'DELETE' || object.roleRef.kind == 'Role' && object.roleRef.name == {_VIEWERS})",
    ),
}
"""CEL: what the root sync may write in the agent's namespace, besides the ConfigMap."""


def _flux(cluster: Cluster) -> Iterator[Object]:
    namespace, repo = root_namespace(cluster), cluster.deploy_repo
    source: dict[str, Any] = {
        "interval": repo.interval,
        "ref": {"branch": repo.branch},
        "sparseCheckout": [folder_of(cluster)],
        "timeout": "60s",
        "url": repo.url,
    }
    if credential := cluster.credential:
        source |= login(credential.secret_name, github_app=credential.kind is CredentialKind.GITHUB_APP)
    yield make("source.toolkit.fluxcd.io/v1", "GitRepository", names.ROOT, namespace, spec=dict(sorted(source.items())))
    yield make(
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        names.ROOT,
        namespace,
        spec={
            # Taking the root sync away takes no tenant away.
            "deletionPolicy": "Orphan",
            # What people or another tool have taken over is Git's again.
            "force": False,
            "interval": HEALS_EVERY,
            # A list of tenants that was emptied is a mistake: without this, Flux would delete them all.
            "patches": _must_hold(cluster),
            "path": f"./{index_of(cluster)}",
            "prune": True,
            "retryInterval": RETRY,
            "serviceAccountName": names.ROOT,
            "sourceRef": {"kind": "GitRepository", "name": names.ROOT},
            "timeout": "5m",
            # One tenant that does not get ready is that tenant's, and its own sync says so.
            "wait": False,
        },
    )


def _argocd(cluster: Cluster) -> Iterator[Object]:
    namespace, repo = root_namespace(cluster), cluster.deploy_repo
    project: dict[str, Any] = {
        "description": "What berth publish commits",
        "sourceRepos": [repo.url],
        "destinations": [{"namespace": "*", "server": SERVER}],
        "destinationServiceAccounts": [
            {"defaultServiceAccount": f"{namespace}:{names.ROOT}", "namespace": namespace, "server": SERVER}
        ],
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
        "namespaceResourceWhitelist": [
            {"group": group, "kind": kind} for group, kind in sorted([("", "ConfigMap"), *_kinds(cluster)])
            if kind != "Namespace"
        ],
        "sourceNamespaces": [],
    }  # fmt: skip
    yield make("argoproj.io/v1alpha1", "AppProject", names.ROOT, namespace, spec=project)
    application: dict[str, Any] = {
        "project": names.ROOT,
        "source": {
            # With a parameter, Argo CD renders from a checkout of its own.
            "kustomize": {"patches": _must_hold(cluster)},
            "path": index_of(cluster),
            "repoURL": repo.url,
            "targetRevision": repo.branch,
        },
        "destination": {"namespace": namespace, "server": SERVER},
        "syncPolicy": {
            # Never down to nothing, as `allowEmpty` is not stated.
            "automated": {"prune": True, "selfHeal": True},
            "retry": {"limit": -1, "refresh": True, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"}},
            "syncOptions": ["CreateNamespace=false", "FailOnSharedResource=true", "ServerSideApply=true"],
        },
    }
    yield make("argoproj.io/v1alpha1", "Application", names.ROOT, namespace, spec=application)


_SYNCS = {Engine.FLUX: _flux, Engine.ARGOCD: _argocd}
