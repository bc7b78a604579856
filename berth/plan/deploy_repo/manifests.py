"""YAML that tenants wrote, read so that nothing in it ends the plan. What cannot be read is told without what it holds.

Values are what the API server makes of them: keys are text, and so is a date.
"""

from __future__ import annotations

from typing import Any

import yaml

from berth.render.objects import Object

_DEEPEST = 100
"""Values inside each other. The C parser crashes, and Python's stack ends, on files nested without end."""
_MOST = 1_000_000
"""Values in one file after aliases are expanded: above any real file, and below an anchor bomb."""
_YAML = "tag:yaml.org,2002:"


class Unreadable(Exception):
    """No values come of it. The message says why, as the end of a sentence that begins with what it is."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        if isinstance(node, yaml.MappingNode):
            self.flatten_mapping(node)
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode):
                    key.tag = f"{_YAML}str"
        return super().construct_mapping(node, deep)

    def number(self, node: Any) -> Any:
        """A number that Python refuses as too long stays text."""
        try:
            return self.construct_yaml_int(node)
        except ValueError:
            return self.construct_scalar(node)

    def untagged(self, node: Any) -> Any:
        """What has a tag of its own, as it is without: kustomize reads it so."""
        if isinstance(node, yaml.ScalarNode):
            return self.construct_scalar(node)
        mapping = isinstance(node, yaml.MappingNode)
        return self.construct_mapping(node, True) if mapping else self.construct_sequence(node, True)


for _kind in ("timestamp", "value"):
    _Loader.add_constructor(f"{_YAML}{_kind}", _Loader.construct_scalar)
_Loader.add_constructor(f"{_YAML}int", _Loader.number)
_Loader.add_constructor(None, _Loader.untagged)


def documents(content: bytes | str) -> list[Any]:
    """The documents of a file, or of what kustomize prints. Raises Unreadable."""
    try:
        _measure(content)
        return list(yaml.load_all(content, Loader=_Loader))
    except (yaml.YAMLError, LookupError, TypeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise Unreadable(f"is no YAML that can be read{where}") from None


def fault(item: Object) -> str:
    """What keeps an object from being one that an API server could take, as a sentence's end; empty for nothing."""
    metadata = item.get("metadata")
    if not isinstance(metadata, dict):
        return "an object without metadata"
    texts = {"apiVersion": item.get("apiVersion"), "kind": item.get("kind"), "metadata.name": metadata.get("name")}
    texts["metadata.namespace"] = metadata.get("namespace") or "none"
    known = " ".join(value for value in (texts["kind"], texts["metadata.name"]) if isinstance(value, str))
    wrong = next((key for key, value in texts.items() if not (isinstance(value, str) and value)), "")
    return f"an object without text as its {wrong}{f' ({known})' if known else ''}" if wrong else ""


def _measure(content: bytes | str) -> None:
    """Raises Unreadable for what nests, or repeats by aliases, without end. Events come one by one, not recursively."""
    known: dict[str | None, tuple[int, int]] = {}
    stack: list[tuple[str | None, int, int]] = [(None, 0, 0)]
    """What is open: its anchor, how many values it holds so far, and how many of them inside each other."""
    for event in yaml.parse(content, Loader=_Loader):
        anchor, size, height = None, 0, 0
        if isinstance(event, yaml.CollectionStartEvent):
            known.pop(event.anchor, None)
            stack.append((event.anchor, 1, 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size, height = stack.pop()
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in known:
                raise Unreadable("holds an alias of what is not there, or of what it is in itself")
            size, height = known[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            anchor, size = event.anchor, 1
        if anchor:
            known[anchor] = (size, height)
        outer, others, highest = stack.pop()
        stack.append((outer, others + size, max(highest, height + 1)))
        if len(stack) + height > _DEEPEST or others + size > _MOST:
            raise Unreadable(f"holds more than {_DEEPEST} values inside each other, or {_MOST} in all")
