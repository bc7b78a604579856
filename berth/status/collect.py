"""Asks every cluster at once how its tenants are. A cluster that does not answer costs its own rows, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from berth import names
from berth.errors import OperationFailed
from berth.git import resolve_remote
from berth.project import Project
from berth.settings import Cluster, ExistingSettings
from berth.status import flux
from berth.status.model import Row, State
from berth.tenants import Tenant

TIMEOUT = 10.0
"""Seconds that one cluster or Git server has to answer."""

_Objects = dict[str, dict[str, dict[str, Any]]]
"""Objects by kind and namespace."""


def collect(project: Project, stack: str, timeout: float = TIMEOUT) -> list[Row]:
    """A row for each tenant in each cluster of a stack, by tenant and cluster. What does not answer raises nothing."""
    return asyncio.run(_collect(project, stack, timeout))


async def _collect(project: Project, stack: str, timeout: float) -> list[Row]:
    clusters = project.stack(stack).clusters
    placed = [(cluster, list(project.tenants_in(cluster))) for cluster in clusters]
    points = sorted({_point(tenant) for _, tenants in placed for tenant in tenants})
    answers, commits = await asyncio.gather(
        asyncio.gather(*(_ask(project.root, cluster, timeout) for cluster in clusters)),
        asyncio.gather(*(asyncio.to_thread(_expected, point, timeout) for point in points)),
    )
    expected = dict(zip(points, commits, strict=True))
    rows = [
        row
        for (cluster, tenants), answer in zip(placed, answers, strict=True)
        for row in _rows(cluster, tenants, answer, expected)
    ]
    return sorted(rows, key=lambda row: (row.tenant, row.cluster))


_Point = tuple[str, tuple[tuple[str, str], ...]]


def _point(tenant: Tenant) -> _Point:
    return tenant.source.url, tuple(sorted(tenant.source.ref.items()))


def _expected(point: _Point, timeout: float) -> str | OperationFailed:
    try:
        return resolve_remote(point[0], dict(point[1]), timeout)
    except OperationFailed as error:
        return error


def _rows(
    cluster: Cluster,
    tenants: list[Tenant],
    answer: _Objects | OperationFailed,
    expected: dict[_Point, str | OperationFailed],
) -> Iterator[Row]:
    for tenant in tenants:
        row = Row(tenant.name, cluster.name, cluster.cloud.value, cluster.environment, State.UNKNOWN)
        commit = expected[_point(tenant)]
        if isinstance(commit, str):
            row = replace(row, expected=commit)
        else:
            row = replace(row, message=f"expected commit unknown: {commit.message}")
        if isinstance(answer, OperationFailed):
            yield replace(row, state=State.UNREACHABLE, message=answer.message)
            continue
        namespace = names.sync_namespace(tenant.name)
        source, sync = answer["GitRepository"].get(namespace), answer["Kustomization"].get(namespace)
        if "semver" in tenant.source.ref:
            row = replace(row, expected=flux.fetched_commit(source))
        yield flux.judge(row, source, sync)


async def _ask(root: Path, cluster: Cluster, timeout: float) -> _Objects | OperationFailed:
    # On one thread: lightkube works out its classes' fields when they are first used, and two threads that do so at
    # once break each other.
    import httpx
    from lightkube.core.exceptions import ConfigError
    from lightkube.generic_resource import create_namespaced_resource

    client = None
    try:
        async with asyncio.timeout(timeout):
            client = _client(root, cluster, timeout)
            objects: _Objects = {}
            for group, kind, plural in (
                ("source.toolkit.fluxcd.io", "GitRepository", "gitrepositories"),
                ("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations"),
            ):
                resource = create_namespaced_resource(group, "v1", kind, plural)
                listed = client.list(resource, namespace="*", labels={names.TENANT_LABEL: None}, chunk_size=500)
                objects[kind] = {item.metadata.namespace: item.to_dict() async for item in listed}
            return objects
    except OperationFailed as error:
        return error
    except (TimeoutError, httpx.TimeoutException):
        return OperationFailed(f"the API server does not answer within {timeout:.0f} s")
    except (httpx.HTTPError, ConfigError, OSError) as error:
        return OperationFailed(_reason(error))
    finally:
        if client is not None:
            await client.close()


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _client(root: Path, cluster: Cluster, timeout: float) -> Any:
    import httpx
    from lightkube import AsyncClient, KubeConfig

    settings = cluster.settings
    if not isinstance(settings, ExistingSettings):
        raise OperationFailed(f"the kubeconfig of {settings.provider} clusters cannot be had yet")
    path = root / Path(settings.kubeconfig).expanduser()
    if not path.is_file():
        raise OperationFailed(f"there is no kubeconfig at {settings.kubeconfig}")
    config = KubeConfig.from_file(path).get(context_name=settings.context)
    if config is None:
        raise OperationFailed(f"{settings.kubeconfig} has no context {settings.context}")
    return AsyncClient(config=config, timeout=httpx.Timeout(timeout), trust_env=False)
