"""What the page shows, in the form in which it is small: each text once, and of diffs only where the sides differ.

The names here are those that page.js reads. Lists stand for records where there are tens of thousands of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from berth.document import dotted
from berth.plan.model import ABSENT, Action, ClusterPlan, ObjectChange, Plan, PropertyChange, ResourceChange, StackPlan
from berth.plan.radius import Blast, blast
from berth.plan.report.words import guard_line
from berth.render.emit import to_yaml
from berth.render.objects import Object


def page_data(plan: Plan) -> dict[str, Any]:
    """The plan as page.js reads it."""
    texts = _Texts()
    stacks = [_stack(stack, texts) for stack in plan.stacks]
    found = blast(plan)
    return {
        "headline": found.line,
        "guards": [[bool(hit.approved), guard_line(hit)] for hit in plan.guards],
        "alarms": list(found.alarms),
        "facts": _facts(found),
        "base": {"ref": plan.base.ref, "commit": plan.base.commit[:12]} if plan.base else None,
        "notes": list(plan.notes),
        "stacks": stacks,
        "texts": texts.known,
        "diffs": texts.diffs,
    }


def _facts(found: Blast) -> list[str]:
    """What it touches, a few words each."""
    listed = (("tenant", found.tenants), ("cluster", found.clusters), ("cloud", found.clouds))
    counted = [f"{len(names)} {word}{'' if len(names) == 1 else 's'}" for word, names in listed if names]
    return [*counted, *found.environments]


@dataclass
class _Texts:
    """YAML texts and line diffs by number: tenants' objects are mostly alike in all their clusters."""

    known: list[str] = field(default_factory=list)
    diffs: list[list[list[Any]]] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _compared: dict[tuple[int, int], int] = field(default_factory=dict)

    def of(self, item: Object | None) -> int:
        """The number of the object's text; -1 for none."""
        if item is None:
            return -1
        text = to_yaml([item]).removeprefix("---\n")
        if text not in self._numbers:
            self._numbers[text] = len(self.known)
            self.known.append(text)
        return self._numbers[text]

    def diff(self, before: int, after: int) -> int:
        """The number of the diff of two texts: runs of lines that are equal, replaced, deleted or inserted."""
        pair = (before, after)
        if pair not in self._compared:
            old, new = (self.known[number].splitlines() for number in pair)
            runs = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
            self._compared[pair] = len(self.diffs)
            self.diffs.append([list(run) for run in runs])
        return self._compared[pair]


def _stack(stack: StackPlan, texts: _Texts) -> dict[str, Any]:
    return {
        "name": stack.name,
        "environment": stack.environment,
        "action": stack.action,
        "whole": stack.whole,
        "clusters": [_cluster(cluster, texts) for cluster in stack.clusters],
        "resources": _resources(stack.resources),
    }


def _cluster(cluster: ClusterPlan, texts: _Texts) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "stack": cluster.stack,
        "environment": cluster.environment,
        "cloud": cluster.cloud,
        "region": cluster.region,
        "action": cluster.action,
        "resources": _resources(cluster.resources),
        "guardRails": [_object(change, texts) for change in cluster.guard_rails],
        "tenants": {
            tenant.name: {
                "action": tenant.action,
                "objects": [_object(change, texts) for change in tenant.objects],
                "workloads": [_object(change, texts) for change in tenant.workloads],
                "otherClusters": list(tenant.other_clusters),
                "lost": list(tenant.lost_namespaces),
                "kept": list(tenant.kept_namespaces),
            }
            if tenant.action is not Action.NONE or tenant.workloads
            else 0
            for tenant in cluster.tenants
        },
    }


def _object(change: ObjectChange, texts: _Texts) -> list[Any]:
    """Action, kind, namespace, name, the numbers of the texts before and after, and of their diff; -1 for none."""
    before, after = texts.of(change.before), texts.of(change.after)
    diff = texts.diff(before, after) if before >= 0 and after >= 0 else -1
    return [change.action, change.kind, change.namespace, change.name, before, after, diff]


def _resources(resources: Iterable[ResourceChange]) -> list[dict[str, Any]]:
    """Each with the number of its parent among them, -1 at the top."""
    listed = list(resources)
    numbers = {change.urn: number for number, change in enumerate(listed)}
    return [
        {
            "type": change.type,
            "name": change.name,
            "parent": numbers.get(change.parent, -1),
            "action": change.action,
            "changes": [_property(item) for item in change.changes],
            "protected": change.protected,
            "formerly": change.former_urn.rpartition("::")[2],
            "consequence": change.consequence,
            "order": change.order,
        }
        for change in listed
    ]


def _property(change: PropertyChange) -> list[str]:
    """Path, before, after, what it does and why; values as JSON, empty where there is none."""
    return [dotted(change.path), _value(change.before), _value(change.after), change.replaces, change.reason]


def _value(value: Any) -> str:
    return "" if value is ABSENT else json.dumps(value, ensure_ascii=False)
