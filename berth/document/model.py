"""What is known of a YAML file, and where each of its values stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from berth.errors import Problem

KeyPath = tuple[str | int, ...]


def dotted(path: KeyPath) -> str:
    """`('placements', 0, 'clouds')` as `placements[0].clouds`; keys that hold dots or slashes are quoted."""
    out = ""
    for step in path:
        if isinstance(step, int):
            out += f"[{step}]"
        elif re.fullmatch(r"[A-Za-z_][\w:-]*", step):
            out += f".{step}" if out else step
        else:
            out += f'["{step}"]'
    return out


@dataclass
class Document:
    """One file: its data (`value`), what is wrong with it as YAML (`problems`), and where each value stands."""

    file: str
    value: Any = None
    problems: list[Problem] = field(default_factory=list)
    root: yaml.Node | None = None

    def place(self, path: KeyPath, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at `path` (of its key with `key`), or of its nearest parent."""
        node, at = self.root, self.root
        for step in path:
            child = _child(node, step)
            if child is None:
                break
            at, node = child
        chosen = at if key else node
        if chosen is None:
            return 0, 0
        return chosen.start_mark.line + 1, chosen.start_mark.column + 1

    def written(self, path: KeyPath) -> str | None:
        """The text of the scalar at `path`, as it stands in the file; None where there is no scalar."""
        node = self.root
        for step in path:
            child = _child(node, step)
            if child is None:
                return None
            node = child[1]
        return node.value if isinstance(node, yaml.ScalarNode) else None

    def problem(
        self, path: KeyPath, expected: str, *, found: str | None = None, fix: str = "", key: bool = False
    ) -> Problem:
        """A problem at `path`; `found` defaults to the text that stands there."""
        line, column = self.place(path, key=key)
        if found is None:
            text = self.written(path)
            found = f'"{text}"' if text else ""
        return Problem(self.file, line, column, dotted(path), found, expected, fix)


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item, item
    return None
