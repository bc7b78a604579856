"""What a stack's clusters still hold of Berth: after a `pulumi destroy` that could not take everything away.

Told by Berth's label, not by Pulumi's state: what was dropped from the state is found too. Reads, and deletes nothing.
What is in a namespace that is listed goes with it and is not listed by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from berth.agents import FLUX_INSTANCE, KINDS
from berth.errors import OperationFailed
from berth.loop import run
from berth.names import ARGOCD_NAMESPACE, FLUX_NAMESPACE, MANAGED_BY
from berth.project import Project
from berth.settings import Cluster
from berth.status.client import answering, connect

TIMEOUT = 10.0
"""Seconds that one cluster has to answer."""


@dataclass(frozen=True, order=True)
class Leftover:
    """One object. `namespace` is empty for what is in none; `why` is what keeps it from going, empty where nobody has
    asked for it to go."""

    cluster: str
    kind: str
    namespace: str
    name: str
    why: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


Place = tuple[Any, str | None]
"""A kind, as lightkube has it, and where to look for it: a namespace, "*" for all; None where it is in none."""


@dataclass(frozen=True)
class Answer:
    """What one cluster told: what it holds, and why it told nothing or not all; empty where it told all."""

    found: tuple[Leftover, ...] = ()
    untold: str = ""


def leftovers(project: Project, stack: str, timeout: float = TIMEOUT) -> tuple[list[Leftover], dict[str, str]]:
    """What is left in the clusters of a stack, sorted; and by the cluster's name, why one could not be asked for
    anything or for everything. `timeout` is in seconds, for each cluster."""
    return run(_leftovers(project, stack, timeout))


async def _leftovers(project: Project, stack: str, timeout: float) -> tuple[list[Leftover], dict[str, str]]:
    clusters = project.stack(stack).clusters
    answers = await asyncio.gather(*(_ask(project.root, cluster, timeout) for cluster in clusters))
    told = list(zip(clusters, answers, strict=True))
    found = [item for answer in answers for item in answer.found]
    return sorted(found), {each.name: answer.untold for each, answer in told if answer.untold}


async def _ask(root: Path, cluster: Cluster, timeout: float) -> Answer:
    client = None
    # Before the clock runs: on a busy machine, lightkube takes longer to load than a cluster has to answer.
    where = list(places())
    end = asyncio.get_running_loop().time() + timeout
    try:
        with answering(timeout):
            client = await connect(root, cluster, timeout)
            async with asyncio.timeout_at(end):
                return await ask(client, cluster.name, where)
    except OperationFailed as error:
        return Answer(untold=error.message)
    finally:
        if client is not None:
            await client.close()


async def ask(client: Any, cluster: str, where: Iterable[Place]) -> Answer:
    """What a cluster holds. `client` is a lightkube AsyncClient; raises what it raises but for what may not be read."""
    from httpx import HTTPStatusError
    from lightkube import ApiError

    found: list[Leftover] = []
    refused: dict[str, str] = {}
    # One after the other: lightkube works out a class's fields when it is first used.
    for kind, namespace in where:
        try:
            found += await _labelled(client, cluster, kind, namespace)
        except ApiError as error:
            if error.status.code == 403:
                refused.setdefault(kind.__name__, " ".join(str(error.status.message or error).split()))
            elif error.status.code != 404:  # the agent's kinds have gone with it
                raise
        except HTTPStatusError as error:  # an API group that is not there is answered in plain text
            if error.response.status_code != 404:
                raise
    gone_with = {item.name for item in found if item.kind == "Namespace"}
    untold = f"you may not list {', '.join(refused)}: {next(iter(refused.values()))}" if refused else ""
    return Answer(tuple(item for item in found if item.namespace not in gone_with), untold)


def places() -> Iterator[Place]:
    """Everything that Berth can leave."""
    from lightkube.generic_resource import create_namespaced_resource
    from lightkube.resources import admissionregistration_v1, core_v1, rbac_authorization_v1

    yield core_v1.Namespace, None
    yield rbac_authorization_v1.ClusterRole, None
    yield rbac_authorization_v1.ClusterRoleBinding, None
    yield admissionregistration_v1.ValidatingAdmissionPolicy, None
    yield admissionregistration_v1.ValidatingAdmissionPolicyBinding, None
    # Of both engines: a change from one to the other may have ended half-way.
    for kind in dict.fromkeys((*(kind for kinds in KINDS.values() for kind in kinds), FLUX_INSTANCE)):
        yield create_namespaced_resource(kind.group, kind.version, kind.name, kind.plural), "*"
    # Beside the agent, in a namespace that is not Berth's.
    for beside in (FLUX_NAMESPACE, ARGOCD_NAMESPACE):
        yield rbac_authorization_v1.Role, beside
        yield rbac_authorization_v1.RoleBinding, beside
        yield core_v1.ServiceAccount, beside
        yield core_v1.ConfigMap, beside
        yield core_v1.Secret, beside


async def _labelled(client: Any, cluster: str, kind: Any, namespace: str | None) -> list[Leftover]:
    within = {"namespace": namespace} if namespace else {}
    return [
        _leftover(cluster, kind.__name__, item.to_dict())
        async for item in client.list(kind, labels=dict(MANAGED_BY), **within)
    ]


def _leftover(cluster: str, kind: str, item: dict[str, Any]) -> Leftover:
    metadata = item["metadata"]
    return Leftover(cluster, kind, metadata.get("namespace") or "", metadata["name"], why(item))


def why(item: dict[str, Any]) -> str:
    """What keeps an object from going; empty where it is not being deleted."""
    metadata = item["metadata"]
    if not metadata.get("deletionTimestamp"):
        return ""
    conditions = (item.get("status") or {}).get("conditions") or ()
    told = [str(each.get("message", "")).strip() for each in conditions if each.get("status") == "True"]
    held = [f"held by the finalizer {each}" for each in metadata.get("finalizers") or ()]
    return "; ".join(each for each in (*told, *held) if each) or "is being deleted"
