"""The difference between two values, property by property, and between two lists of Kubernetes objects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from berth.document import KeyPath
from berth.plan.model import ABSENT, SECRET, Action, ObjectChange, PropertyChange
from berth.plan.replacement import Certainty, replaces
from berth.render.objects import Object, identity_of

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - how the engine's protocol marks one

_ACTIONS = {
    Certainty.CERTAIN: Action.REPLACE,
    Certainty.POSSIBLE: Action.MAY_REPLACE,
    Certainty.NO: Action.CHANGE,
}


def differences(before: Any, after: Any, path: KeyPath = ()) -> Iterator[PropertyChange]:
    """Each value that differs, by its path. Of secrets only that they differ is told."""
    if is_secret(before) or is_secret(after):
        if before != after:
            yield PropertyChange(path, masked(before), masked(after))
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            yield from differences(
                before[index] if index < len(before) else ABSENT,
                after[index] if index < len(after) else ABSENT,
                (*path, index),
            )
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield PropertyChange(path, masked(before), masked(after))


def is_secret(value: Any) -> bool:
    """Whether a value is a secret as the engine's protocol carries it."""
    return isinstance(value, dict) and value.get(_SIGNATURE) == _SECRET_SIGNATURE


def as_secret(value: Any) -> dict[str, Any]:
    """A value marked as a secret, as the engine's protocol would carry it."""
    return {_SIGNATURE: _SECRET_SIGNATURE, "value": value}


def masked(value: Any) -> Any:
    """The value with a mark in the place of every secret in it."""
    if is_secret(value):
        return SECRET
    if isinstance(value, dict):
        return {key: masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value


def judged(kind: str, changes: Iterable[PropertyChange]) -> tuple[PropertyChange, ...]:
    """The changes of a resource of a type, each with whether it replaces the resource."""
    told = []
    for change in changes:
        verdict = replaces(kind, change.path, change.before, change.after)
        told.append(replace(change, replaces=_ACTIONS[verdict.certainty], reason=verdict.reason))
    return tuple(told)


def worst(changes: Iterable[PropertyChange]) -> Action:
    """What changes of properties come to: REPLACE before MAY_REPLACE before CHANGE, NONE without any."""
    found = {change.replaces for change in changes}
    order = (Action.REPLACE, Action.MAY_REPLACE, Action.CHANGE)
    return next((action for action in order if action in found), Action.NONE)


def object_changes(before: Iterable[Object], after: Iterable[Object]) -> tuple[ObjectChange, ...]:
    """What becomes of the objects of one tenant or cluster: in the order of `after`, then what is removed."""
    former = {identity_of(item): item for item in before}
    found = []
    for item in after:
        was = former.pop(identity_of(item), None)
        if was is None:
            found.append(ObjectChange(Action.ADD, None, item))
        elif was != item:
            changes = judged(type_of(item), differences(was, item))
            if changes:
                found.append(ObjectChange(worst(changes), was, item, changes))
    found += [ObjectChange(Action.REMOVE, item, None) for item in former.values()]
    return tuple(found)


def type_of(item: Object) -> str:
    """The type that Pulumi's Kubernetes provider gives an object."""
    version = item["apiVersion"]
    return f"kubernetes:{version if '/' in version else f'core/{version}'}:{item['kind']}"
