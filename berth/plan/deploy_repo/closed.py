"""A tenant's Secrets without what they hold."""

from __future__ import annotations

from typing import Any

from berth.plan.difference import as_secret
from berth.render.objects import Object

_KINDS = ("secret", "secretlist")
"""In small letters: one that is written wrong is refused by the API server, and holds a secret nevertheless."""
_OPEN = ("apiVersion", "kind", "type", "immutable")
_NAMES = ("name", "namespace")


def closed(item: Object) -> Object:
    """The object; of a Secret all values marked as secret, but for what it is, its name and its labels.

    Annotations too: kubectl keeps the whole object in one, with its data.
    """
    if item["kind"].casefold() not in _KINDS:
        return item
    return {key: _metadata(inner) if key == "metadata" else _field(inner, key in _OPEN) for key, inner in item.items()}


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    told = {key: _field(inner, key in _NAMES) for key, inner in value.items()}
    labels = value.get("labels")
    if isinstance(labels, dict):
        told["labels"] = {key: _field(inner, True) for key, inner in labels.items()}
    return told


def _field(value: Any, shown: bool) -> Any:
    """Of a mapping the keys are told, and which of them differ; of all else that is not shown, that it differs."""
    if value is None or (shown and isinstance(value, str | bool)):
        return value
    if isinstance(value, dict):
        return {key: as_secret(inner) for key, inner in value.items()}
    return as_secret(value)
