"""How Argo CD is locked down for tenants, judged by its settings, its default project and its repo server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from berth.agents.found import Answer, Answers, Unread, arguments, flag

SETTINGS = "argocd-cm"
PARAMETERS = "argocd-cmd-params-cm"
REPO_SERVERS = "app.kubernetes.io/part-of=argocd,app.kubernetes.io/component=repo-server"
"""Labels of the repo server's Deployment, whatever its name."""

NOTIFIERS = "app.kubernetes.io/part-of=argocd,app.kubernetes.io/component=notifications-controller"
"""Labels of the notifications controller's Deployment."""

_SETTINGS = {
    "application.sync.impersonation.enabled": "true",
    "application.resourceTrackingMethod": "annotation",
    "helm.enable": "false",
    "jsonnet.enable": "false",
}
_OPEN = {
    "application.namespaces": "Applications of other namespaces would count",
    "reposerver.allow.oob.symlinks": "links out of a repo would be followed",
}
"""Parameters that must not be set, and why."""
_SUBMODULES = "reposerver.enable.git.submodule"
_SYMLINKS = "--allow-oob-symlinks"
_PLUGIN_SERVER = "argocd-cmp-server"


@dataclass(frozen=True)
class Installation:
    """What the API server told of Argo CD's namespace."""

    settings: Answer
    """ConfigMap argocd-cm."""
    parameters: Answer
    """ConfigMap argocd-cmd-params-cm."""
    default_project: Answer
    repo_servers: Answers
    notifiers: Answers | None = None
    """None where nobody is to be told how syncs go."""


def lockdown(found: Installation) -> Iterator[str | Unread]:
    """What the installation lacks."""
    yield from _settings(found.settings)
    yield from _parameters(found.parameters)
    yield from _default_project(found.default_project)
    yield from _repo_servers(found.repo_servers)
    if isinstance(found.notifiers, Unread):
        yield found.notifiers
    elif found.notifiers is not None and not found.notifiers:
        yield Unread(
            "the notifications controller, which sends what tenants' `notify` asks for: no Deployment in argocd has"
            f" {NOTIFIERS}"
        )


def _settings(answer: Answer) -> Iterator[str | Unread]:
    if isinstance(answer, Unread):
        yield answer
        return
    if answer is None:
        yield f"ConfigMap argocd/{SETTINGS}: it is not there; install Argo CD into the namespace argocd"
        return
    data = _data(answer)
    for key, wanted in _SETTINGS.items():
        if data.get(key) != wanted:
            stated = f'found "{data[key]}"; ' if key in data else ""
            yield f'{SETTINGS}: {key}: {stated}set it to "{wanted}"'
    for key in sorted(data):
        if key.startswith("kustomize.buildOptions") and data[key]:
            yield f'{SETTINGS}: {key}: found "{data[key]}"; remove it: tenants\' manifests would be built with it'
        if key == "configManagementPlugins":
            yield f"{SETTINGS}: {key}: remove it: plugins run programs on tenants' manifests"


def _parameters(answer: Answer) -> Iterator[str | Unread]:
    if isinstance(answer, Unread):
        yield answer
        return
    data = _data(answer or {})
    for key, why in _OPEN.items():
        if data.get(key, "") not in ("", "false"):
            yield f'{PARAMETERS}: {key}: found "{data[key]}"; remove it: {why}'
    if data.get(_SUBMODULES) != "false":
        yield f'{PARAMETERS}: {_SUBMODULES}: set it to "false": a commit could have the repo server fetch from any host'


def _default_project(answer: Answer) -> Iterator[str | Unread]:
    if isinstance(answer, Unread):
        yield answer
        return
    spec = (answer or {}).get("spec") or {}
    if answer is None or spec.get("sourceRepos") or spec.get("destinations") or spec.get("sourceNamespaces"):
        stated = "it is not there, and Argo CD would make one that allows everything; apply one"
        yield (
            f"AppProject argocd/default: {stated if answer is None else 'it allows something; replace it by one'} with"
            " sourceRepos: [], destinations: [], sourceNamespaces: []"
        )


def _repo_servers(answers: Answers) -> Iterator[str | Unread]:
    if isinstance(answers, Unread):
        yield answers
        return
    if not answers:
        yield Unread(
            f"the repo server's flags and plugins could not be read: no Deployment in argocd has {REPO_SERVERS}"
        )
    for item in answers:
        name = item["metadata"]["name"]
        for words in arguments(item):
            if flag(words, _SYMLINKS) not in (None, "false"):
                yield f"{name}: remove {_SYMLINKS}: {_OPEN['reposerver.allow.oob.symlinks']}"
            if any(word.rpartition("/")[2] == _PLUGIN_SERVER for word in words):
                yield f"{name}: remove the plugin's container: plugins run programs on tenants' manifests"


def _data(answer: Mapping[str, Any]) -> Mapping[str, str]:
    return answer.get("data") or {}
