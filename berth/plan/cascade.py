"""What follows from a replacement: whoever uses what is made anew gets another value, and may be made anew as well.

Under mocks a resource has the same id on both sides, so the inputs of its users look the same; the engine would send
others. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from berth.document import KeyPath
from berth.plan.desired import Resource
from berth.plan.difference import judged, masked, worst
from berth.plan.model import Action, PropertyChange, ResourceChange
from berth.plan.replacement import consequence, order

_ANEW = (Action.REPLACE, Action.MAY_REPLACE)


def with_what_follows(changes: Sequence[ResourceChange], registered: Mapping[str, Resource]) -> list[ResourceChange]:
    """The changes, with what becomes of the users of each resource that is or may be replaced.

    `registered` are the resources as they are to be, by URN.
    """
    found = {change.urn: change for change in changes}
    users: dict[str, list[str]] = {}
    for urn, item in registered.items():
        for used in sorted({used for uses in item.uses.values() for used in uses}):
            users.setdefault(used, []).append(urn)
    waiting = [change.urn for change in changes if change.action in _ANEW]
    told: set[tuple[str, Action]] = set()
    while waiting:
        urn = waiting.pop(0)
        cause = found[urn]
        if (urn, cause.action) in told or urn not in registered:
            continue
        told.add((urn, cause.action))
        for user in users.get(urn, ()):
            was = found[user]
            if was.action in (Action.ADD, Action.REMOVE):
                continue
            found[user] = _after(was, registered[user], cause, registered[urn])
            if found[user].action in _ANEW and found[user].action is not was.action:
                waiting.append(user)
    return [found[change.urn] for change in changes]


def _after(user: ResourceChange, item: Resource, cause: ResourceChange, replaced: Resource) -> ResourceChange:
    known = {change.path for change in user.changes}
    new = [change for change in _changes(item, cause, replaced) if change.path not in known]
    changes = tuple(sorted((*user.changes, *new), key=_by_path))
    action = worst(changes) if new else user.action
    if action not in _ANEW:
        return replace(user, action=action, changes=changes)
    inputs = user.before or {}
    return replace(
        user,
        action=action,
        changes=changes,
        consequence=consequence(user.type),
        order=order(user.type, inputs).value,
    )


def _changes(item: Resource, cause: ResourceChange, replaced: Resource) -> Iterator[PropertyChange]:
    """The inputs of a user that are others once `replaced` is another."""
    reason = f"{cause.name} {'is' if cause.action is Action.REPLACE else 'may be'} replaced"
    for key, used in item.uses.items():
        if replaced.urn not in used or key in item.ignore_changes or key not in item.inputs:
            continue
        direct = list(_paths_to(replaced.id, item.inputs[key], (key,)))
        # Without its id in it, the value is made of something that the new one may well have the same.
        for path in direct or [(key,)]:
            new = PropertyChange(path, _at(item.inputs, path), f"another, as {reason}")
            (verdict,) = judged(item.type, [new])
            certain = bool(direct) and cause.action is Action.REPLACE
            if verdict.replaces is Action.REPLACE and not certain:
                verdict = replace(verdict, replaces=Action.MAY_REPLACE)
            if direct or verdict.replaces is not Action.CHANGE:
                yield verdict


def _by_path(change: PropertyChange) -> list[tuple[bool, str | int]]:
    return [(isinstance(step, str), step) for step in change.path]


def _paths_to(text: str, value: object, path: KeyPath) -> Iterator[KeyPath]:
    """Where a text stands in a value, alone or in a longer one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths_to(text, inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _paths_to(text, inner, (*path, index))
    elif text and isinstance(value, str) and text in value:
        yield path


def _at(inputs: object, path: KeyPath) -> object:
    found = inputs
    for step in path:
        found = found[step]  # type: ignore[index]  # the path was found in it
    return json.loads(json.dumps(masked(found)))
