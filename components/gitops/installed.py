"""Looks at a cluster's agent while deploying, and lets nothing that needs it be registered before it is as it must be.

Two resources, as a resource of the Python kind can tell a failure in plain words only where its inputs are checked, not
where it is made: `InstalledAgent` asks the cluster and puts out what it found, `UsableAgent` refuses what is missing. A
preview asks nobody: what would be found is unknown to it. What was missing is looked for again at the next update, and
an agent that was as it must be when its settings change.

The engine runs these providers in a process of their own, which imports this module from the program's folder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi import dynamic

from berth.agents import Found, kinds_for, look, until_ready
from berth.errors import InvalidInput, OperationFailed
from berth.kubeconfig import Entry, find, read_config
from berth.kubeconfig.config import Config, parse
from berth.settings import Engine
from berth.status.client import answering, client_of

PATIENCE = 600
"""Seconds that a FluxInstance has to become ready: as long as its chart's own controllers have."""
_ANSWER = 30.0
"""Seconds that an API server has to answer."""
_TITLES = {Engine.FLUX: "Flux", Engine.ARGOCD: "Argo CD"}


@dataclass(frozen=True)
class Access:
    """How a deployment reaches a cluster. `kubeconfig` is a kubeconfig's text, with one context, or the path of one,
    whose `context` it is."""

    cluster: str
    kubeconfig: pulumi.Input[str]
    context: str = ""


@dataclass(frozen=True)
class Expected:
    """What is looked for besides the engine's kinds."""

    engine: Engine
    lockdown: bool = False
    """Whether the agent must be locked down by somebody else than Berth."""
    instance: pulumi.Input[Any] = None
    """The spec of the FluxInstance that is waited for; None where there is none. A change of it is waited for too."""
    patience: int = PATIENCE
    """Seconds that the FluxInstance has to become ready."""
    alerts: bool = False
    """Whether it has to tell anybody how syncs go."""
    inside: bool = False
    """Whether it can only run in the cluster: Flux in a cluster that Berth made."""


class _Looks(dynamic.ResourceProvider):
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        changed = any(_olds.get(key) != value for key, value in _news.items() if key in _INPUTS)
        return dynamic.DiffResult(changes=changed or bool(_olds.get("missing")))

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        return dynamic.CreateResult(props["cluster"], props | _found(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        return dynamic.UpdateResult(_news | _found(_news))


class _Refuses(dynamic.ResourceProvider):
    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.CheckResult:
        missing = news.get("missing")
        # Unknown in a preview of what is to be looked for.
        if not isinstance(missing, list) or not missing:
            return dynamic.CheckResult(news, [])
        agent = f"{_TITLES[Engine(news['engine'])]} in {news['cluster']}"
        lines = "".join(f"\n  - {line}" for line in missing)
        told = f"{agent} cannot be used for tenants yet. What is missing:{lines}\nMend it, then run this again."
        return dynamic.CheckResult(news, [dynamic.CheckFailure("", told)])

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        return dynamic.CreateResult(props["cluster"], props)


_INPUTS = (
    "cluster",
    "kubeconfig",
    "context",
    "engine",
    "lockdown",
    "instance",
    "patience",
    "kinds",
    "alerts",
    "inside",
)


class InstalledAgent(dynamic.Resource, module="gitops", name="InstalledAgent"):
    """What was found of a cluster's agent when it was last looked at."""

    missing: pulumi.Output[list[str]]
    """What it lacks, each with its remedy."""
    unread: pulumi.Output[list[str]]
    """What could not be read, each with the reason."""

    def __init__(self, name: str, access: Access, expected: Expected, opts: pulumi.ResourceOptions) -> None:
        inputs = {
            "cluster": access.cluster,
            "kubeconfig": pulumi.Output.secret(access.kubeconfig),
            "context": access.context,
            "engine": expected.engine.value,
            "kinds": [str(kind) for kind in kinds_for(expected.engine, alerts=expected.alerts)],
            "lockdown": expected.lockdown,
            "instance": expected.instance,
            "patience": expected.patience,
            "alerts": expected.alerts,
            "inside": expected.inside,
        }
        super().__init__(_Looks(), name, {**inputs, "missing": None, "unread": None}, opts)


class UsableAgent(dynamic.Resource, module="gitops", name="UsableAgent"):
    """An agent that lacks nothing. Cannot be made of one that does."""

    def __init__(
        self, name: str, cluster: str, engine: Engine, found: InstalledAgent, opts: pulumi.ResourceOptions
    ) -> None:
        inputs = {"cluster": cluster, "engine": engine.value, "missing": found.missing}
        super().__init__(_Refuses(), name, inputs, opts)


def check_agent(
    name: str,
    access: Access,
    expected: Expected,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> UsableAgent:
    """Registers the look at a cluster's agent, and returns what is there once it has passed. `depends_on` is what has
    to be there before, the cluster's nodes too."""
    # Default providers are off, and this one is of the cluster, as the one for Kubernetes is.
    provider = pulumi.ProviderResource("pulumi-python", f"{name}-look", {}, pulumi.ResourceOptions(parent=parent))
    opts = pulumi.ResourceOptions(parent=parent, provider=provider)
    after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(depends_on)))
    found = InstalledAgent(f"{name}-installed", access, expected, after)
    found.unread.apply(lambda lines: _tell(lines or (), parent))
    return UsableAgent(f"{name}-usable", access.cluster, expected.engine, found, opts)


def _tell(lines: Sequence[str], agent: pulumi.Resource) -> None:
    for line in lines:
        pulumi.log.warn(f"not checked: {line}", agent)


def _found(props: Mapping[str, Any]) -> dict[str, list[str]]:
    """The outputs of a look. Whatever keeps it from being taken is missing too."""
    try:
        found = asyncio.run(_look(props))
    except (InvalidInput, OperationFailed) as error:
        return {"missing": [f"the cluster could not be asked: {error}"], "unread": []}
    return {"missing": list(found.missing), "unread": list(found.unread)}


async def _look(props: Mapping[str, Any]) -> Found:
    """Raises InvalidInput, OperationFailed."""
    engine, client = Engine(props["engine"]), None
    with answering(_ANSWER):
        try:
            entry = _entry(props["cluster"], props["kubeconfig"], props["context"])
            client = await client_of(entry, _ANSWER, proxied=not props["context"])
            ready = await until_ready(client, props["patience"]) if props.get("instance") else Found()
            # Kinds are there when the agent is ready, not before: one thing is told then, not three.
            if ready.missing:
                return ready
            asked = {name: bool(props[name]) for name in ("lockdown", "alerts", "inside")}
            return ready + await look(client, engine, **asked)
        finally:
            if client is not None:
                await client.close()


def _entry(cluster: str, kubeconfig: str, context: str) -> Entry:
    if not context:
        return _in({Path(): parse(kubeconfig, f"the kubeconfig of {cluster}")}, cluster, cluster)
    path = Path(kubeconfig)
    config = read_config(path)
    if config is None:
        raise OperationFailed(f"there is no kubeconfig at {kubeconfig}")
    return _in({path: config}, context, cluster)


def _in(files: dict[Path, Config], context: str, cluster: str) -> Entry:
    entry = find(files.items(), context, cluster)
    if entry is None:
        raise OperationFailed(f"the kubeconfig of {cluster} has no context {context}")
    return entry
