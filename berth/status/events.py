"""Events, as Kubernetes tells them in two generations of fields, made one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from berth.errors import without_credentials


def events_of(items: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """`type`, `reason`, `message` on one line, `object` (kind and name), `count`, and `last`: when it was seen last."""
    for item in items:
        about, series = item.get("involvedObject") or {}, item.get("series") or {}
        yield {
            "type": item.get("type", ""),
            "reason": item.get("reason", ""),
            "message": without_credentials(" ".join(str(item.get("message", "")).split())),
            "object": f"{about.get('kind', '')} {about.get('name', '')}".strip(),
            "count": series.get("count") or item.get("count") or 1,
            "last": series.get("lastObservedTime")
            or item.get("lastTimestamp")
            or item.get("eventTime")
            or item["metadata"].get("creationTimestamp"),
        }
