"""How clusters are reached: the files that say it, what they say, and the way itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from berth.errors import OperationFailed
from berth.files import expanded
from berth.kubeconfig import Entry, default_paths
from berth.serve.watching import Connect
from berth.settings import Cluster, ExistingSettings
from berth.status.api import Api, open_api
from berth.status.client import entry_of
from berth.status.collect import Scope

Ways = Mapping[str, Entry | str]
"""By cluster, how it is reached, or why it is not."""


def kubeconfigs(root: Path, clusters: Iterable[Cluster]) -> set[Path]:
    """The files that say how clusters are reached, for those of which nothing else was stated."""
    found: set[Path] = set()
    for cluster in clusters:
        with suppress(OperationFailed):  # told when it is connected to
            if isinstance(cluster.settings, ExistingSettings):
                found.add(root / expanded(cluster.settings.kubeconfig))
            else:
                found.update(default_paths())
    return found


def ways(root: Path, scope: Scope, clusters: Iterable[Cluster]) -> Ways:
    """How the clusters are reached now. Each connection finds it out anew; this is to see whether it has changed."""
    return {cluster.name: _way(root, scope, cluster) for cluster in clusters}


def _way(root: Path, scope: Scope, cluster: Cluster) -> Entry | str:
    try:
        entry = scope.entries.get(cluster.name) or entry_of(root, cluster)
    except (OperationFailed, OSError) as error:
        return str(error)
    return entry.message if isinstance(entry, OperationFailed) else entry


def reach(root: Path, scope: Scope, cluster: Cluster) -> Connect:
    """Connects to a cluster."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[Api]:
        entry = scope.entries.get(cluster.name)
        if isinstance(entry, OperationFailed):
            raise entry
        async with open_api(root, cluster, scope.timeout, entry) as api:
            yield api

    return connect
