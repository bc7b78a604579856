"""What `berth status --json` would print now, of the clusters that are watched: for `berth status --server`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from berth.serve.board import Key
from berth.settings import Cluster
from berth.status.model import VERSION
from berth.tenants import Tenant

Placed = Sequence[tuple[Cluster, Sequence[Tenant]]]
"""Clusters in the order of the stack files, each with the tenants that are shown of it."""


class Latest:
    """Rows by tenant and cluster, and clusters by name, whole; those that pages get are shortened."""

    def __init__(self, placed: Placed) -> None:
        self._rows: dict[Key, dict[str, Any]] = {}
        self._clusters: dict[str, dict[str, Any]] = {}
        self._notes: Sequence[str] = ()
        self._body: bytes | None = None
        self.place(placed)

    def place(self, placed: Placed) -> None:
        """Forgets what is placed no longer, and waits for what is new."""
        self._names = [cluster.name for cluster, _ in placed]
        self._stacks = list(dict.fromkeys(cluster.stack for cluster, _ in placed))
        self._keys = sorted((tenant.name, cluster.name) for cluster, tenants in placed for tenant in tenants)
        self._rows = {key: self._rows[key] for key in self._keys if key in self._rows}
        self._clusters = {name: self._clusters[name] for name in self._names if name in self._clusters}
        self._body = None

    def take(self, rows: Mapping[Key, dict[str, Any]], clusters: Mapping[str, dict[str, Any]]) -> None:
        """Takes what is known anew. What equals what was known is no change: clusters are asked time and again."""
        same = all(self._rows.get(key) == row for key, row in rows.items())
        if same and all(self._clusters.get(name) == cluster for name, cluster in clusters.items()):
            return
        self._rows.update(rows)
        self._clusters.update(clusters)
        self._body = None

    def body(self, notes: Sequence[str]) -> bytes | None:
        """All of it as JSON, made once however many ask, until it changes. None as long as a row is missing: what is
        not told of could be taken for well."""
        if len(self._rows) < len(self._keys) or len(self._clusters) < len(self._names):
            return None
        if self._body is None or notes != self._notes:
            self._notes = notes
            data = {
                "version": VERSION,
                "stacks": self._stacks,
                "notes": notes,
                "clusters": [self._clusters[name] for name in self._names],
                "rows": [self._rows[key] for key in self._keys],
            }
            self._body = msgspec.json.encode(data)
        return self._body
