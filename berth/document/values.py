"""From the nodes of a YAML file to plain data, collecting what YAML parsers disagree on."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from berth.document.model import Document, KeyPath, dotted
from berth.errors import Problem

MAX_NODES: Final = 50_000
"""Values in one file after aliases are expanded: far above any real file, far below an anchor bomb."""
MAX_DEPTH: Final = 50
"""Collections inside each other. The C parser crashes, and Python's stack ends, on files nested without end."""
NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
"""What says, unquoted, that there is no value."""
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_OLD_BOOLEANS = re.compile(r"(?i:yes|no|on|off)\Z")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_AMBIGUOUS_NUMBER = re.compile(
    r"[-+]?(?:0[0-9_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+|[0-9]+_[0-9_]*(?:\.[0-9_]*)?|[1-9][0-9]*(?::[0-5]?[0-9])+"
    r"|[0-9]{16,}"  # more than a double holds, and a double is what JSON makes of it
    r"|\.inf|\.Inf|\.INF|\.nan|\.NaN|\.NAN)\Z"
)
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))


class Decimal(float):
    """A number with a fraction that remembers how it was written: 1.30 stays "1.30"."""

    text: str

    def __new__(cls, text: str) -> Decimal:
        number = super().__new__(cls, text)
        number.text = text
        return number


def depth_problem(file: str, mark: Any) -> Problem:
    """The problem of a file that goes deeper than MAX_DEPTH at `mark`."""
    found = f"more than {MAX_DEPTH} collections inside each other"
    return Problem(file, mark.line + 1, mark.column + 1, "", found, "a flat file", "flatten it")


def values_of(node: yaml.Node, document: Document) -> Any:
    """A node as plain data. What is wrong with it is added to the document's problems."""
    return _Builder(document).build(node)


class _Builder:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.count = 0
        self.open: set[int] = set()

    def build(self, node: yaml.Node, path: KeyPath = ()) -> Any:
        self.count += 1
        if self.count == MAX_NODES:
            self._refuse(
                node,
                path,
                f"more than {MAX_NODES} values once aliases are expanded",
                "a smaller file",
                "write values out instead of nesting aliases",
            )
        if self.count >= MAX_NODES:
            return None
        if id(node) in self.open:
            self._refuse(node, path, "an alias of itself", "values that end", "write the value out")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._check_tag(node, path)
        if len(self.open) == MAX_DEPTH:
            self.document.problems.append(depth_problem(self.document.file, node.start_mark))
            return None
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self.open.discard(id(node))

    def _mapping(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, path, "a collection as a key", "a key that is text", "use a plain key")
                continue
            if key == "<<" and not key_node.style:
                self._refuse(
                    key_node,
                    path,
                    "a merge key",
                    "keys written out",
                    "merge keys are read differently by different parsers: write the keys out",
                )
                continue
            if key in data:
                self._refuse(
                    key_node,
                    (*path, key),
                    f'"{key}" again',
                    "each key once",
                    f"it stands in line {lines[key]} already: keep one of the two",
                )
                continue
            if not key_node.style and isinstance(self._scalar(key_node, (*path, key)), bool | None):
                if not _OLD_BOOLEANS.match(key):
                    self._refuse(key_node, (*path, key), key or "no key", "a key that is text", f'write "{key}"')
                continue
            data[key] = self.build(value_node, (*path, key))
            lines[key] = key_node.start_mark.line + 1
        return data

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        text = node.value
        if not self._check_tag(node, path):
            return text
        if node.style:  # quoted, or a block: text, whatever it looks like
            return text
        if text in NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if _OLD_BOOLEANS.match(text):
            truth = text.lower() in ("yes", "on")
            self._refuse(
                node,
                path,
                text,
                f'true, false or text in quotes ("{text}")',
                f"some YAML parsers read it as {str(truth).lower()}, others as text",
            )
            return None
        if _AMBIGUOUS_NUMBER.match(text):
            self._refuse(
                node,
                path,
                text,
                "a plain decimal number, or text in quotes",
                f'YAML parsers disagree on its value: write "{text}" or the decimal number',
            )
            return text
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            return Decimal(text)
        return text

    def _check_tag(self, node: yaml.Node, path: KeyPath) -> bool:
        if node.tag in _PLAIN_TAGS:
            return True
        self._refuse(
            node,
            path,
            f"the tag {node.tag.replace('tag:yaml.org,2002:', '!!')}",
            "a value without a tag",
            "remove the tag; quote text that looks like a number",
        )
        return False

    def _refuse(self, node: yaml.Node, path: KeyPath, found: str, expected: str, fix: str) -> None:
        mark = node.start_mark
        self.document.problems.append(
            Problem(self.document.file, mark.line + 1, mark.column + 1, dotted(path), found, expected, fix)
        )
