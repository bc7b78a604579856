"""What an API server says in JSON as data, of each object what status asks for.

Who made which field is a large part of an object, and nothing that status tells: what is not named here never becomes a
Python object at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, TypedDict

import msgspec

from berth.status.observed import WORKLOADS


class _Metadata(TypedDict, total=False):
    name: str
    namespace: str
    labels: Any
    generation: Any
    resourceVersion: Any
    uid: Any
    creationTimestamp: Any


class _Object(TypedDict, total=False):
    metadata: _Metadata
    spec: Any
    status: Any
    data: Any


class _Suspendable(TypedDict, total=False):
    suspend: Any


class _FluxObject(TypedDict, total=False):
    metadata: _Metadata
    spec: _Suspendable
    status: Any


class _Use(TypedDict, total=False):
    hard: Any
    used: Any


class _Quota(TypedDict, total=False):
    metadata: _Metadata
    status: _Use


class _Condition(TypedDict, total=False):
    type: Any
    status: Any


class _Conditions(TypedDict, total=False):
    conditions: list[_Condition] | None


class _Node(TypedDict, total=False):
    metadata: _Metadata
    status: _Conditions


class _Container(TypedDict, total=False):
    """Without the environment, in which a person may have written what is nobody's business."""

    image: Any
    command: Any
    args: Any


class _PodSpec(TypedDict, total=False):
    containers: list[_Container] | None


class _Template(TypedDict, total=False):
    spec: _PodSpec


class _WorkloadSpec(TypedDict, total=False):
    replicas: Any
    template: _Template


class _Counts(TypedDict, total=False):
    """Of Deployments, StatefulSets and DaemonSets."""

    observedGeneration: Any
    replicas: Any
    readyReplicas: Any
    updatedReplicas: Any
    desiredNumberScheduled: Any
    numberReady: Any
    updatedNumberScheduled: Any


class _Workload(TypedDict, total=False):
    metadata: _Metadata
    spec: _WorkloadSpec
    status: _Counts


class _Page(msgspec.Struct):
    metadata: Any = None
    items: list[msgspec.Raw] | None = None


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


_SHAPES: Mapping[str, Any] = {
    "GitRepository": _FluxObject,
    "Kustomization": _FluxObject,
    "Node": _Node,
    "ResourceQuota": _Quota,
    **dict.fromkeys(WORKLOADS, _Workload),
}
"""By kind, what is kept of an object; of any other kind `_Object`."""
_PAGE = msgspec.json.Decoder(_Page)
_EVENT = msgspec.json.Decoder(_Event)


@cache
def _decoder(kind: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_SHAPES.get(kind, _Object))


def pages_of(kind: str) -> Callable[[bytes], Any]:
    """What decodes lists of a kind into their `metadata` and `items`; it raises ValueError for what is no list."""
    return partial(_page, _decoder(kind).decode)


def _page(item: Callable[[msgspec.Raw], Any], content: bytes) -> Any:
    try:
        page = _PAGE.decode(content)
        return {"metadata": page.metadata, "items": [_named(item(each)) for each in page.items or ()]}
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None


def event(kind: str, line: str) -> tuple[str, dict[str, Any]]:
    """What a watch of a kind tells in one line: ADDED, MODIFIED, DELETED or BOOKMARK and an object, or ERROR and none.
    Raises ValueError for what is no event."""
    try:
        told = _EVENT.decode(line)
        if told.type == "ERROR":
            return told.type, {}
        item = _decoder(kind).decode(told.object)
        return told.type, item if told.type == "BOOKMARK" else _named(item)
    except msgspec.DecodeError as error:
        raise ValueError(f"the API server answers a watch with what is no event: {error}") from None


def _named(item: dict[str, Any]) -> dict[str, Any]:
    """The object, if it says what it is."""
    if not item.get("metadata", {}).get("name"):
        raise msgspec.DecodeError("an object without a name")
    return item
