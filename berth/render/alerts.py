"""Whom an agent tells how a tenant's syncs go, and in which words. What is told names the cluster: a tenant is in
several, and one message or commit state must not stand for another's.

Where a message goes is in a Secret that Berth does not make. With Flux it is beside the sync objects. Argo CD has one
ConfigMap and one Secret for all its Applications, where no tenant may write: `render_alerts` is that ConfigMap, and the
Secret has a key for each of a tenant's receivers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from berth import names
from berth.render.objects import Object, make, tenant_object
from berth.settings import Cluster, Engine
from berth.tenants import Tenant
from berth.tenants.notify import GitHost, Notify, NotifyType

_API = "notification.toolkit.fluxcd.io/v1beta3"
_PROVIDERS = {NotifyType.SLACK: "slack", NotifyType.TEAMS: "msteams", NotifyType.WEBHOOK: "generic"}
"""Flux's own names."""
SUBSCRIPTIONS = "notifications.argoproj.io/subscriptions"
"""On an Application: which triggers send to which services."""


def state_of(cluster: Cluster, tenant: Tenant) -> str:
    """Name of the state that a commit gets: each cluster has its own."""
    return f"berth/{cluster.name}/{tenant.name}"


def alerts(cluster: Cluster, tenant: Tenant) -> Iterator[Object]:
    """A Provider and an Alert for each receiver, with Flux; with Argo CD, an annotation of the Application does."""
    if cluster.gitops.engine is not Engine.FLUX:
        return
    namespace = names.sync_namespace(tenant.name)
    for receiver in tenant.notify:
        provider, alert = _provider(cluster, tenant, receiver), _alert(cluster, tenant, receiver)
        yield tenant_object(tenant, _API, "Provider", receiver.name, namespace, spec=provider)
        yield tenant_object(tenant, _API, "Alert", receiver.name, namespace, spec=alert)


def _provider(cluster: Cluster, tenant: Tenant, receiver: Notify) -> dict[str, Any]:
    spec: dict[str, Any] = {"secretRef": {"name": receiver.secret_name}}
    if receiver.host is None:
        return {**spec, "type": _PROVIDERS[receiver.type]}
    return {
        "address": _web_address(tenant.source.url),
        # CEL: a text that is always the same.
        "commitStatusExpr": f"'{state_of(cluster, tenant)}'",
        **spec,
        "type": receiver.host.value,
    }


def _web_address(url: str) -> str:
    """Where a host serves the repo over HTTP, for one that is cloned over SSH: without user and port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    return f"https://{host}{parts.path}" if parts.scheme == "ssh" else url


def _alert(cluster: Cluster, tenant: Tenant, receiver: Notify) -> dict[str, Any]:
    kinds = ["Kustomization"] if receiver.host else ["GitRepository", "Kustomization"]
    return {
        "eventMetadata": {
            "cluster": cluster.name,
            "environment": cluster.environment,
            "summary": f"{tenant.name} in {cluster.name}",
        },
        "eventSeverity": "info" if receiver.tells_all else "error",
        "eventSources": [{"kind": kind, "name": tenant.name} for kind in kinds],
        "providerRef": {"name": receiver.name},
    }


# Argo CD ------------------------------------------------------------------------------------------------------------

_REVISION = "app.status?.sync?.revision"
_PHASE = "app.status?.operationState?.phase"
_SYNCED = "app.status?.sync?.status == 'Synced'"
_HEALTH = "app.status?.health?.status"
_SINCE = "string(app.status?.health?.lastTransitionTime)"
# The last sync is of another commit where one is new, and where a revert to what runs needed none.
_OF_THIS = f"app.status?.operationState?.syncResult?.revision == {_REVISION}"
# One that is tried again has no phase of its own.
_FAILED = (
    f"({_PHASE} in ['Error', 'Failed'] or {_PHASE} == 'Running' and (app.status?.operationState?.retryCount ?? 0) > 0)"
)
_DONE = (
    f"{_SYNCED} and {_HEALTH} == 'Healthy' and {_PHASE} != 'Running' and ({_PHASE} == 'Succeeded' or not ({_OF_THIS}))"
)


@dataclass(frozen=True)
class _When:
    """When something is told. Without `once_per`, each time that it begins to be so, and again until it has arrived;
    with it, once for each value of that."""

    condition: str
    said: str = ""
    """Template of what Argo CD says of it, set as $said."""
    once_per: str = ""
    good: bool = False


_WHEN = {
    "unrendered": _When(
        "app.status?.sync?.status == 'Unknown'",
        # Argo CD names the branch here, and not the commit: there is nothing to tell two of these from each other by.
        '{{range .app.status.conditions}}{{if hasSuffix "Error" .type}}{{$said = .message}}{{end}}{{end}}',
    ),
    "refused": _When(
        f"{_FAILED} and {_OF_THIS}",
        "{{with .app.status.operationState}}{{$said = .message}}{{range .syncResult.resources}}"
        '{{if and .status (eq .status "SyncFailed")}}{{$said = printf "%s %s: %s" .kind .name .message}}{{end}}'
        "{{end}}{{end}}",
        # All tries of a sync began at the same time.
        f"{_REVISION} + ' ' + string(app.status?.operationState?.startedAt)",
    ),
    "degraded": _When(
        f"{_HEALTH} == 'Degraded' and {_SYNCED}",
        '{{$said = "workloads are degraded"}}',
        f"{_REVISION} + ' ' + {_SINCE}",
    ),
    "done": _When(_DONE, good=True),
}
_EVERY_COMMIT = _When(_DONE, once_per=_REVISION, good=True)
"""For commit states besides `done`: a commit that changes nothing of the tenant is good as well."""


def receiver_key(tenant: Tenant, receiver: Notify) -> str:
    """Key in the Secret `argocd-notifications-secret`, and what services, triggers and templates are named. No two
    tenants share one: a name holds no underscore."""
    return f"{tenant.name}__{receiver.name}"


def subscriptions(tenant: Tenant) -> dict[str, str]:
    """The annotation of the tenant's Application; empty where nobody is to be told."""
    if not tenant.notify:
        return {}
    keys = [receiver_key(tenant, receiver) for receiver in tenant.notify]
    told = [{"trigger": [key], "destinations": [{"service": key, "recipients": [""]}]} for key in keys]
    return {SUBSCRIPTIONS: json.dumps(told)}


def render_alerts(cluster: Cluster, tenants: Iterable[Tenant]) -> list[Object]:
    """What Argo CD's notifications controller works from, where a tenant of the cluster has somebody told; nothing with
    Flux."""
    if cluster.gitops.engine is not Engine.ARGOCD:
        return []
    data: dict[str, str] = {}
    for tenant in tenants:
        for receiver in tenant.notify:
            data |= _settings(cluster, tenant, receiver)
    if not data:
        return []
    return [make("v1", "ConfigMap", "argocd-notifications-cm", names.ARGOCD_NAMESPACE, data=dict(sorted(data.items())))]


def _settings(cluster: Cluster, tenant: Tenant, receiver: Notify) -> dict[str, str]:
    """Service, templates and trigger of one receiver."""
    key = receiver_key(tenant, receiver)
    found = {f"service.webhook.{key}": json.dumps(_service(tenant, receiver, key))}
    trigger = []
    for name, when in _told(receiver):
        once = {"oncePer": when.once_per} if when.once_per else {}
        trigger.append({"when": when.condition, **once, "send": [f"{key}-{name}"]})
        request = {"method": "POST", **_request(cluster, tenant, receiver, when)}
        found[f"template.{key}-{name}"] = json.dumps({"webhook": {key: request}})
    return {**found, f"trigger.{key}": json.dumps(trigger)}


def _told(receiver: Notify) -> Iterator[tuple[str, _When]]:
    """What a receiver is told, each with the name of its template."""
    yield from ((name, when) for name, when in _WHEN.items() if receiver.tells_all or not when.good)
    if receiver.host is not None:
        yield "done", _EVERY_COMMIT


def _service(tenant: Tenant, receiver: Notify, key: str) -> dict[str, Any]:
    content = {"name": "Content-Type", "value": "application/json"}
    if receiver.host is None:
        return {"url": f"${key}", "headers": [content]}
    login = {
        GitHost.GITHUB: {"name": "Authorization", "value": f"Bearer ${key}"},
        GitHost.GITLAB: {"name": "PRIVATE-TOKEN", "value": f"${key}"},
        GitHost.GITEA: {"name": "Authorization", "value": f"token ${key}"},
    }
    # What begins with $ is a key of the Secret of all tenants, to Argo CD, and this text is a tenant's.
    return {"url": _api_of(tenant, receiver.host).replace("$", "%24"), "headers": [content, login[receiver.host]]}


def _api_of(tenant: Tenant, host: GitHost) -> str:
    """Where the states of the repo's commits are posted to, up to the commit. GitHub of one's own has its interface
    below /api/v3."""
    parts = urlsplit(_web_address(tenant.source.url))
    base, repo = f"{parts.scheme}://{parts.netloc}", parts.path.strip("/").removesuffix(".git")
    if host is GitHost.GITHUB:
        api = "https://api.github.com" if parts.hostname == "github.com" else f"{base}/api/v3"
        return f"{api}/repos/{repo}/statuses"
    if host is GitHost.GITLAB:
        return f"{base}/api/v4/projects/{repo.replace('/', '%2F')}/statuses"
    return f"{base}/api/v1/repos/{repo}/statuses"


def _request(cluster: Cluster, tenant: Tenant, receiver: Notify, when: _When) -> dict[str, str]:
    """The path and the body. What Argo CD says goes in as JSON text: it can hold anything."""
    title = f"{tenant.name} in {cluster.name} ({cluster.environment}): {'synced' if when.good else 'failed'}"
    if receiver.host is not None:
        gitlab = receiver.host is GitHost.GITLAB
        bad = "failed" if gitlab else "failure"
        body = {"state": "success" if when.good else bad, "description": title}
        name = "name" if gitlab else "context"
        # A branch can have slashes.
        path = "{{.app.status.sync.revision | urlquery}}"
        return {"path": path, "body": json.dumps(body | {name: state_of(cluster, tenant)})}
    said = f'{{{{$said := ""}}}}{when.said}'
    if receiver.type is NotifyType.WEBHOOK:
        facts = {"cluster": cluster.name, "environment": cluster.environment, "tenant": tenant.name}
        words = json.dumps(facts | {"severity": "info" if when.good else "error"})[1:-1]
        revision = "{{.app.status.sync.revision | toJson}}"
        return {"body": f'{said}{{{words}, "revision": {revision}, "message": {_text(title)}}}'}
    if receiver.type is NotifyType.TEAMS:
        return {"body": f"{said}{_card(title, good=when.good)}"}
    return {"body": f'{said}{{"text": {_text(title)}}}'}


def _text(title: str) -> str:
    """Template of a JSON text: the title, and what is said below it."""
    return f'{{{{printf "%s\\n%s" "{title}" $said | trim | toJson}}}}'


def _card(title: str, *, good: bool) -> str:
    """Template of an adaptive card in a message: what workflows of Teams take, and connectors took."""
    head = {"type": "TextBlock", "text": title, "weight": "bolder", "wrap": True}
    told = {"type": "TextBlock", "text": "SAID", "color": "good" if good else "attention", "wrap": True}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [head, *([] if good else [told])],
    }
    attached = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return json.dumps({"type": "message", "attachments": [attached]}).replace('"SAID"', "{{$said | toJson}}")
