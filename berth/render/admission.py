"""Admission policies: what RBAC cannot say, said by the API server itself.

One ValidatingAdmissionPolicy a concern for all tenants of a cluster. What differs between tenants stands in annotations
of their namespaces, which tenants cannot write; a missing annotation allows nothing. Policies hold for everybody, the
platform's own mistakes included, except `berth-guard-rails`, which asks who is asking.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from berth import names
from berth.render.objects import Object, make

_API = "admissionregistration.k8s.io/v1"


def admission_policies() -> Iterator[Object]:
    yield from _workloads()
    yield from _priorities()
    yield from _services()
    yield from _hosts()
    yield from _sources()
    yield from _syncs()
    yield from _guard_rails()
    yield from _volumes()


def policy(
    name: str,
    rules: list[tuple[str, list[str]]],
    variables: dict[str, str],
    validations: list[dict[str, str]],
    *,
    role: str | None = None,
    operations: tuple[str, ...] = ("CREATE", "UPDATE"),
    conditions: dict[str, str] | None = None,
    everywhere: bool = False,
    params: tuple[str, str] | None = None,
) -> Iterator[Object]:
    """A policy and its binding, for the namespaces of every tenant (of one `role`, or of any), or for the cluster.

    `params` is an API version and a kind: the policy is asked once for each object of it, in the namespace if the kind
    has those, and not at all where there is none.
    """
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": [group],
                    "apiVersions": ["*"],
                    "operations": list(operations),
                    "resources": list(resources),
                }
                for group, resources in rules
            ]
        },
    }
    if conditions:
        spec["matchConditions"] = [{"name": key, "expression": value} for key, value in conditions.items()]
    if params:
        spec["paramKind"] = {"apiVersion": params[0], "kind": params[1]}
    if variables:
        spec["variables"] = [{"name": key, "expression": value} for key, value in variables.items()]
    spec["validations"] = validations
    yield make(_API, "ValidatingAdmissionPolicy", name, spec=spec)
    selector = [{"key": names.TENANT_LABEL, "operator": "Exists"}]
    if role:
        selector.append({"key": names.ROLE_LABEL, "operator": "In", "values": [role]})  # type: ignore[dict-item]
    bound: dict[str, Any] = {"policyName": name, "validationActions": ["Deny"]}
    if params:
        bound["paramRef"] = {"parameterNotFoundAction": "Allow", "selector": {}}
    if not everywhere:
        bound["matchResources"] = {"namespaceSelector": {"matchExpressions": selector}}
    yield make(_API, "ValidatingAdmissionPolicyBinding", name, spec=bound)


def _listed(annotation: str) -> str:
    """CEL: the entries of a comma-separated annotation of the namespace; none where it is missing."""
    return f"namespaceObject.metadata.?annotations[?'{annotation}'].orValue('').split(',').filter(e, e != '')"


def _pod_spec(of: str) -> str:
    """CEL: the spec of the pod that a workload is, or makes."""
    return (
        f"{of}.kind == 'CronJob' ? {of}.spec.jobTemplate.spec.template.spec : "
        f"{of}.kind == 'Pod' ? {of}.spec : {of}.spec.template.spec"
    )


_POD_AND_ITS_MAKERS = [
    ("", ["pods", "pods/ephemeralcontainers"]),
    ("apps", ["daemonsets", "deployments", "replicasets", "statefulsets"]),
    ("batch", ["cronjobs", "jobs"]),
]
_IMAGES = " + ".join(
    [
        *(
            f"(has(variables.pod.{kind}) ? variables.pod.{kind}.map(c, c.?image.orValue('')) : [])"
            for kind in ("containers", "initContainers", "ephemeralContainers")
        ),
        # A volume can be an image too.
        "(has(variables.pod.volumes) ? variables.pod.volumes.filter(v, has(v.image))"
        ".map(v, v.image.?reference.orValue('')) : [])",
    ]
)


def _workloads() -> Iterator[Object]:
    """Images from allowed registries only, and none of the system's ranks."""
    yield from policy(
        "berth-workloads",
        _POD_AND_ITS_MAKERS,
        {
            "pod": _pod_spec("object"),
            "allowed": _listed(names.REGISTRIES_ANNOTATION),
            # An entry allows a repository and all below it: the next character must end a path step. After a registry
            # without a path only "/" does: "registry:5000/x" is another registry, "registry:tag" an image of a default
            # one.
            "refused": f"({_IMAGES}).filter(i, !variables.allowed.exists(a, i.startsWith(a + '/') || a.contains('/') "
            "&& (i.startsWith(a + ':') || i.startsWith(a + '@') || i == a)))",
        },
        [
            {
                "expression": "size(variables.refused) == 0",
                "messageExpression": "'images must come from the registries allowed for this tenant (' + "
                "variables.allowed.join(', ') + '): ' + variables.refused.join(', ')",
            },
            {
                "expression": "!variables.pod.?priorityClassName.orValue('').startsWith('system-')",
                "message": "system priority classes are the platform's",
            },
        ],
    )


def _class_of(which: str) -> str:
    """CEL: the priority class that a workload names, or ''."""
    return f"({_pod_spec(which)}).?priorityClassName.orValue('')"


def _priorities() -> Iterator[Object]:
    """No rank above other pods' but by a class from the tenant's list: whoever ranks higher takes the place of others.

    A pod that names none has the cluster's default class when this is asked, for the API server has written its name
    into it. So the policy is asked for each class that there is, and passes over the default in a pod. What makes pods
    has only what the tenant wrote. What is there already and keeps its class may change otherwise: what a list that got
    shorter forbids, no new pod has.
    """
    yield from policy(
        "berth-priorities",
        _POD_AND_ITS_MAKERS,
        {"named": _class_of("object"), "allowed": _listed(names.PRIORITIES_ANNOTATION)},
        [
            {
                "expression": "variables.named in variables.allowed || object.kind == 'Pod' "
                "&& (params.metadata.name != variables.named || params.?globalDefault.orValue(false))",
                "messageExpression": "'priority classes must be among those allowed for this tenant (' + "
                "variables.allowed.join(', ') + '): ' + variables.named",
            },
        ],
        conditions={
            # Those of system- berth-workloads refuses: of two policies that refuse, either may be told.
            "named": f"{_class_of('object')} != '' && !{_class_of('object')}.startsWith('system-')",
            "new": f"oldObject == null || {_class_of('object')} != {_class_of('oldObject')}",
        },
        params=("scheduling.k8s.io/v1", "PriorityClass"),
    )


def _services() -> Iterator[Object]:
    """externalIPs would take over traffic to any address, ExternalName leads past the network policy's DNS names."""
    yield from policy(
        "berth-services",
        [("", ["services"])],
        {},
        [
            {
                "expression": "size(object.spec.?externalIPs.orValue([])) == 0",
                "message": "externalIPs can take over other tenants' addresses",
            },
            {
                "expression": "object.spec.?type.orValue('ClusterIP') != 'ExternalName'",
                "message": "a Service of type ExternalName can stand for any name: use the name itself",
            },
        ],
        role="workloads",
    )


_HOST_ANNOTATIONS = r"/(internal-hostname|hostname|hostname-extension|host-aliases|server-alias|server-alias-regex)$"
"""Further host names for the same object: external-dns and the ingress controllers of nginx, HAProxy, Kong, Azure."""

_RAW_ANNOTATIONS = r"[/-]snippets?$|^alb\.ingress\.kubernetes\.io/(actions|conditions)\."
"""Configuration that a controller takes as it is: text for nginx or HAProxy, and rules of a load balancer on AWS."""


def _hosts() -> Iterator[Object]:
    """Host names from the tenant's list only, each stated: a rule without a host takes them all, and an annotation can
    claim more."""
    yield from policy(
        "berth-hosts",
        [
            ("", ["services"]),
            ("networking.k8s.io", ["ingresses"]),
            ("gateway.networking.k8s.io", ["grpcroutes", "httproutes"]),
        ],
        {
            "allowed": _listed(names.HOSTS_ANNOTATION),
            "annotations": "object.metadata.?annotations.orValue({})",
            "stated": "object.kind == 'Service' ? [] : object.kind == 'Ingress' "
            "? object.spec.?rules.orValue([]).map(r, r.?host.orValue('')) "
            "+ object.spec.?tls.orValue([]).map(t, t.?hosts.orValue(['']))"
            ".map(h, h.join(',')).filter(h, h != '').join(',').split(',').filter(h, h != '') "
            ": (size(object.spec.?hostnames.orValue([])) == 0 ? [''] : object.spec.hostnames)",
            "annotated": f"variables.annotations.filter(k, k.matches(r'{_HOST_ANNOTATIONS}'))"
            ".map(k, variables.annotations[k]).join(',').split(',').map(h, h.trim()).filter(h, h != '')",
            "refused": "(variables.stated + variables.annotated).filter(h, !variables.allowed.exists(a, h == a "
            "|| (a.startsWith('*.') && h.endsWith(a.substring(1)))))",
            "raw": f"variables.annotations.filter(k, k.matches(r'{_RAW_ANNOTATIONS}'))",
        },
        [
            {
                "expression": "size(variables.refused) == 0",
                "messageExpression": "'hosts must be among those allowed for this tenant (' + "
                "variables.allowed.join(', ') + '): ' + variables.refused.map(h, h == '' ? 'any host' : h).join(', ')",
            },
            {
                "expression": "object.kind != 'Ingress' || !has(object.spec.defaultBackend)",
                "message": "a default backend takes every host: name the hosts",
            },
            {
                "expression": "size(variables.raw) == 0",
                "messageExpression": "'annotations with configuration of the controller\\'s own are refused: ' + "
                "variables.raw.join(', ')",
            },
        ],
        role="workloads",
    )


def _sources() -> Iterator[Object]:
    """Sources in a tenant's namespaces have the URL from its file. Others could be used to probe the network from the
    agent, or to send it a credential."""
    yield from policy(
        "berth-sources",
        [("source.toolkit.fluxcd.io", ["buckets", "gitrepositories", "helmcharts", "helmrepositories",
                                       "ocirepositories"])],
        {"allowed": _listed(names.SOURCES_ANNOTATION)},
        [
            {
                "expression": "variables.allowed.exists(a, a == object.spec.?url.orValue(''))",
                "messageExpression": "'sources must have a URL allowed for this tenant (' + "
                "variables.allowed.join(', ') + ')'",
            },
        ],
    )  # fmt: skip


def _syncs() -> Iterator[Object]:
    """Kustomizations in a tenant's namespaces act as its reconciler, from its own source, into its own namespaces."""
    yield from policy(
        "berth-syncs",
        [("kustomize.toolkit.fluxcd.io", ["kustomizations"])],
        {"namespaces": _listed(names.NAMESPACES_ANNOTATION)},
        [
            {
                "expression": f"object.spec.?serviceAccountName.orValue('') == '{names.RECONCILER}'",
                "message": f"serviceAccountName must be {names.RECONCILER}",
            },
            {
                "expression": "object.spec.sourceRef.?namespace.orValue(object.metadata.namespace) "
                "== object.metadata.namespace",
                "message": "sourceRef must stay in this namespace",
            },
            {
                "expression": "!has(object.spec.targetNamespace) "
                "|| object.spec.targetNamespace in variables.namespaces",
                "messageExpression": "'targetNamespace must be one of the tenant\\'s (' + "
                "variables.namespaces.join(', ') + ')'",
            },
            {"expression": "!has(object.spec.kubeConfig)", "message": "a tenant's sync stays in its cluster"},
        ],
    )


def _guard_rails() -> Iterator[Object]:
    """Service accounts that Berth made stay as they are. RBAC cannot tell them from the tenant's own by name, so the
    policy asks for a right that no tenant has and the platform has: to delete the namespace's quotas."""
    marked = " || ".join(
        f"({which} != null && '{names.GUARD_RAIL_LABEL}' in {which}.metadata.?labels.orValue({{}}))"
        for which in ("object", "oldObject")
    )
    yield from policy(
        "berth-guard-rails",
        [("", ["serviceaccounts"])],
        {},
        [
            {
                "expression": "authorizer.group('').resource('resourcequotas').namespace(request.namespace)"
                ".check('delete').allowed()",
                "message": "this service account is a guard-rail: the platform's to change",
            },
        ],
        operations=("CREATE", "UPDATE", "DELETE"),
        conditions={"guard-rail": marked},
    )


def _volumes() -> Iterator[Object]:
    """A namespace with volume claims is not deleted unless its tenant's file says so: not by a deploy whose tenant file
    has gone, not by an agent, not by a person."""
    yield from policy(
        names.VOLUMES_POLICY,
        [("", ["namespaces"])],
        {},
        [
            {
                "expression": f"oldObject.metadata.?annotations[?'{names.DELETION_ANNOTATION}'].orValue('keep') "
                "== 'delete'",
                "messageExpression": "'the volume claim ' + params.metadata.name + ' is in it: delete that first, or "
                "deploy the tenant with deletionPolicy: delete'",
            },
        ],
        role="workloads",
        operations=("DELETE",),
        params=("v1", "PersistentVolumeClaim"),
    )
