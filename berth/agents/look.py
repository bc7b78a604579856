"""Asks an API server about its agent. What it does not let one read is told as such; any other failure is raised."""

from __future__ import annotations

import asyncio
from typing import Any

from berth.agents import argocd, flux
from berth.agents.found import Answer, Answers, Found, Unread
from berth.agents.kinds import FLUX_INSTANCE, KINDS, Kind, kinds_for
from berth.names import ARGOCD_NAMESPACE, FLUX_NAMESPACE
from berth.settings import Engine

_POLL = 2.0
"""Seconds between two looks at what is waited for."""


async def look(client: Any, engine: Engine, *, lockdown: bool, alerts: bool = False, inside: bool = False) -> Found:
    """What the agent of a cluster lacks: kinds that are not served and, if asked for, what does not lock it down. With
    `alerts` it is to tell somebody how syncs go. With `inside`, a Flux that is not found is missing.

    `client` is a lightkube AsyncClient. Raises what it raises.
    """
    found = Found.of(
        [line for kind in kinds_for(engine, alerts=alerts) if (line := _served(kind, await _crd(client, kind)))]
    )
    if not lockdown:
        return found
    if engine is Engine.FLUX:
        return found + Found.of(flux.lockdown(await _flux_deployments(client), alerts=alerts, inside=inside))
    return found + Found.of(argocd.lockdown(await _installation(client, alerts=alerts)))


async def until_ready(client: Any, seconds: float) -> Found:
    """Waits at most so many seconds until the FluxInstance is ready. What is missing then is why it is not, in the
    words of its condition."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        item = await _get(client, _resource(FLUX_INSTANCE), "flux", FLUX_NAMESPACE)
        if isinstance(item, Unread):
            return Found(unread=(item.why,))
        condition = _condition(item, "Ready")
        if condition.get("status") == "True":
            return Found()
        stalled = _condition(item, "Stalled").get("status") == "True"
        if stalled or asyncio.get_running_loop().time() + _POLL > end:
            after = "and does not try again" if stalled else f"after {seconds:.0f} s"
            told = ": ".join(str(condition[key]) for key in ("reason", "message") if condition.get(key))
            return Found((f"FluxInstance flux is not ready {after}: {told or 'Flux Operator says nothing of it'}",))
        await asyncio.sleep(_POLL)


def _condition(item: Answer, kind: str) -> dict[str, Any]:
    """A condition of the object as it is now; empty where there is none, or only one of an earlier generation."""
    if item is None or isinstance(item, Unread):
        return {}
    for each in item.get("status", {}).get("conditions") or ():
        if each.get("type") == kind:
            current = each.get("observedGeneration") in (None, item["metadata"].get("generation"))
            return dict(each) if current else {}
    return {}


def _served(kind: Kind, answer: Answer) -> str | Unread | None:
    """What is wrong with a kind's definition; None where it is served."""
    if isinstance(answer, Unread):
        return answer
    if answer is None:
        return f"{kind}: its CustomResourceDefinition is not there; install {kind.part}, with its CRDs"
    if answer["metadata"].get("deletionTimestamp"):
        return f"{kind}: {kind.crd} is being deleted; let it go, then install {kind.part}, with its CRDs"
    served = sorted(each["name"] for each in answer["spec"]["versions"] if each.get("served"))
    if kind.version in served:
        return None
    return (
        f"{kind}: {kind.crd} serves {', '.join(served) or 'no version'}; install a version of the agent that serves it"
    )


async def _crd(client: Any, kind: Kind) -> Answer:
    from lightkube.resources.apiextensions_v1 import CustomResourceDefinition

    return await _get(client, CustomResourceDefinition, kind.crd)


async def _flux_deployments(client: Any) -> Answers:
    from lightkube.resources.apps_v1 import Deployment

    key, _, value = flux.PART_OF.partition("=")
    labelled = await _list(client, Deployment, "*", {key: value})
    if labelled:
        return labelled
    # The extension of AKS and others that rewrite labels.
    return await _list(client, Deployment, FLUX_NAMESPACE, {})


async def _installation(client: Any, *, alerts: bool) -> argocd.Installation:
    from lightkube.resources.apps_v1 import Deployment
    from lightkube.resources.core_v1 import ConfigMap

    project = next(kind for kind in KINDS[Engine.ARGOCD] if kind.name == "AppProject")
    return argocd.Installation(
        await _get(client, ConfigMap, argocd.SETTINGS, ARGOCD_NAMESPACE),
        await _get(client, ConfigMap, argocd.PARAMETERS, ARGOCD_NAMESPACE),
        await _get(client, _resource(project), "default", ARGOCD_NAMESPACE),
        await _list(client, Deployment, ARGOCD_NAMESPACE, _labels(argocd.REPO_SERVERS)),
        await _list(client, Deployment, ARGOCD_NAMESPACE, _labels(argocd.NOTIFIERS)) if alerts else None,
    )


def _labels(selector: str) -> dict[str, str]:
    return dict(label.split("=") for label in selector.split(","))


def _resource(kind: Kind) -> Any:
    from lightkube.generic_resource import create_namespaced_resource

    return create_namespaced_resource(kind.group, kind.version, kind.name, kind.plural)


async def _get(client: Any, resource: Any, name: str, namespace: str | None = None) -> Answer:
    from lightkube import ApiError

    try:
        item = await client.get(resource, name, **({"namespace": namespace} if namespace else {}))
    except ApiError as error:
        if error.status.code == 404:
            return None
        return _unread(error, f"{resource.__name__} {name}")
    found: dict[str, Any] = item.to_dict()
    return found


async def _list(client: Any, resource: Any, namespace: str, labels: dict[str, str]) -> Answers:
    from lightkube import ApiError

    try:
        return tuple([i.to_dict() async for i in client.list(resource, namespace=namespace, labels=labels or None)])
    except ApiError as error:
        return _unread(error, f"{resource.__name__}s")


def _unread(error: Any, what: str) -> Unread:
    """For what this person or CI job may not read. Raises any other error."""
    if error.status.code != 403:
        raise error
    return Unread(f"{what} could not be read: {' '.join(str(error.status.message or error).split())}")
