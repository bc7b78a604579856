"""What the formats share: words, marks, values on one line, and the diff of two objects as YAML."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from berth.document import dotted
from berth.errors import printable
from berth.plan.model import ABSENT, Action, GuardHit, ObjectChange, PropertyChange, ResourceChange
from berth.render.emit import to_yaml
from berth.render.objects import Object

MARKS = {
    Action.NONE: " ",
    Action.ADD: "+",
    Action.CHANGE: "~",
    Action.REPLACE: "±",
    Action.MAY_REPLACE: "?",
    Action.RENAME: ">",
    Action.MOVE: ">",
    Action.REMOVE: "-",
}
PAST = {
    Action.ADD: "added",
    Action.CHANGE: "changed",
    Action.REPLACE: "REPLACED",
    Action.MAY_REPLACE: "MAY BE REPLACED",
    Action.RENAME: "renamed in the state",
    Action.MOVE: "moved",
    Action.REMOVE: "REMOVED",
}
_LONGEST = 160
"""Characters of a value that stand on one line."""
CONTEXT = 3
"""Lines around a change."""


def guard_line(hit: GuardHit) -> str:
    """A guard: what it found, and what to do, or why it lets the change pass."""
    if hit.approved:
        return f"Passed on purpose ({hit.guard}, {hit.subject}): {hit.what}. {hit.approved}"
    meant = f"an approval of {hit.guard} for {hit.subject} in Pulumi.{hit.stack}.yaml"
    return f"STOPPED ({hit.guard}, {hit.subject}): {hit.what}. To do: {hit.fix}. Or mean it: {meant}."


def counted(counts: Mapping[Action, int]) -> str:
    """`3 added, 1 changed`, or `none`."""
    return ", ".join(f"{number} {PAST[action].lower()}" for action, number in counts.items()) or "none"


def title(change: ObjectChange) -> str:
    """`ResourceQuota acme/berth`."""
    return f"{change.kind} {change.namespace}/{change.name}" if change.namespace else f"{change.kind} {change.name}"


def property_line(change: PropertyChange) -> str:
    """`network.cidr: "10.0.0.0/16" -> "10.1.0.0/16"  (replaces it)`, on one line."""
    path = printable(dotted(change.path)) or "(all)"
    verdicts = {Action.REPLACE: "replaces it", Action.MAY_REPLACE: "may replace it"}
    verdict = verdicts.get(change.replaces, "")
    why = f"  ({verdict}{': ' + change.reason if change.reason else ''})" if verdict else ""
    return f"{path}: {value(change.before)} -> {value(change.after)}{why}"


def value(found: Any) -> str:
    """A value as JSON on one line, cut where it is long; nothing in it can steer a terminal."""
    if found is ABSENT:
        return "none"
    text = json.dumps(found, ensure_ascii=True)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def yaml_diff(change: ObjectChange) -> Iterator[str]:
    """The lines of a unified diff of the object's YAML: whole for one that is added or removed."""
    context = CONTEXT if change.before and change.after else 0
    lines = difflib.unified_diff(_lines(change.before), _lines(change.after), lineterm="", n=context)
    for line in list(lines)[2:]:
        if context or not line.startswith("@@"):
            yield printable(line)


def _lines(item: Object | None) -> list[str]:
    return to_yaml([item]).removeprefix("---\n").splitlines() if item else []


def endings(change: ResourceChange) -> list[str]:
    """What to know of a resource that goes or is made anew, a sentence each."""
    told = []
    if change.consequence:
        told.append(f"With it goes {change.consequence}.")
    if change.order:
        told.append(f"{change.order[:1].upper()}{change.order[1:]}.")
    if change.protected and change.action is not Action.CHANGE:
        told.append("It is protected: the engine refuses to delete it until that is lifted.")
    return told
