"""What becomes of a kubeconfig when clusters are put into it. Pure: data in, data out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from berth.kubeconfig.config import Config
from berth.kubeconfig.config import items as items_of
from berth.kubeconfig.entry import Entry


class Change(StrEnum):
    ADDED = "added"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Merged:
    """A kubeconfig with the clusters in it, and what was done for each. Where nothing was, it equals the former one."""

    config: Config = field(repr=False)
    changes: dict[str, Change]

    @property
    def current(self) -> str:
        return self.config.get("current-context") or ""


def merge(config: Config, entries: Sequence[Entry], current: str = "") -> Merged:
    """Puts clusters into a kubeconfig, in place of what has their names. All else stays, and stays where it is.

    `current` becomes the current context; empty leaves the one that is there.
    """
    out: Config = {"apiVersion": "v1", "kind": "Config"} | config
    changes = {}
    for entry in entries:
        known = entry.name in items_of(out, "contexts")
        differs = [_put(out, kind, item) for kind, item in entry.items().items()]
        changes[entry.name] = Change.UNCHANGED if not any(differs) else Change.REPLACED if known else Change.ADDED
    if current:
        out["current-context"] = current
    return Merged(out, changes)


def _put(config: Config, kind: str, item: dict[str, Any]) -> bool:
    """Whether that changed anything."""
    listed = list(config.get(kind) or [])
    at = next((index for index, other in enumerate(listed) if other["name"] == item["name"]), len(listed))
    if listed[at : at + 1] and _stated(listed[at]) == _stated(item):
        return False
    listed[at : at + 1] = [item]
    config[kind] = listed
    return True


def _stated(value: Any) -> Any:
    """Without keys that say null: kubectl writes some of those whenever it rewrites a file."""
    if isinstance(value, dict):
        return {key: _stated(item) for key, item in value.items() if item is not None}
    return [_stated(item) for item in value] if isinstance(value, list) else value
