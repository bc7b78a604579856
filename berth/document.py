"""A YAML file as plain data, with the place of every value and without YAML's traps.

What different YAML parsers read differently (`no`, `010`, `1:30`, merge keys, duplicate keys) is a problem here, not a
guess, because the same stack file is also read by Pulumi's own parser. Numbers keep the text they were written as.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from berth.errors import Problem

MAX_BYTES: Final = 1_048_576
MAX_NODES: Final = 50_000
"""Values in one file after aliases are expanded: far above any real file, far below an anchor bomb."""
MAX_DEPTH: Final = 50
"""Collections inside each other. The C parser crashes, and Python's stack ends, on files nested without end."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
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

KeyPath = tuple[str | int, ...]


class Decimal(float):
    """A number with a fraction that remembers how it was written: 1.30 stays "1.30"."""

    text: str

    def __new__(cls, text: str) -> Decimal:
        number = super().__new__(cls, text)
        number.text = text
        return number


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


def read_document(path: Path, root: Path) -> Document:
    """Reads one YAML file. Never raises for what a file can hold: it comes back with `problems` instead."""
    file = path.relative_to(root).as_posix()
    document = Document(file)

    def refuse(expected: str, fix: str, *, found: str = "", line: int = 0, column: int = 0) -> Document:
        document.problems.append(Problem(file, line, column, "", found, expected, fix))
        return document

    try:
        # Not resolved by pathlib, which takes twice as long: a thousand tenant files are read on every keystroke.
        target = Path(os.path.realpath(path, strict=True))
        if not str(target).startswith(f"{os.path.realpath(root)}{os.sep}"):
            return refuse("a file of this project", "replace the link by the file", found=f"a link to {target}")
        status = target.stat()
        if not stat.S_ISREG(status.st_mode):
            # Reading a pipe would wait for its writer.
            found = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
            return refuse("a file", "move it elsewhere", found=found)
        size = status.st_size
        if size > MAX_BYTES:
            return refuse(f"at most {MAX_BYTES} bytes", "is this the right file?", found=f"{size} bytes")
        raw = target.read_bytes()
    except OSError as error:
        reason = "a link that leads to itself" if error.errno == errno.ELOOP else error.strerror or str(error)
        return refuse("a file that can be read", "check that it exists and its permissions", found=reason)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        found = f"byte 0x{raw[error.start]:02x}"
        return refuse("UTF-8 text", "save the file as UTF-8", found=found, line=line, column=column)
    return parse_document(text, document)


def parse_document(text: str, document: Document) -> Document:
    """Fills `document` from YAML text."""
    try:
        # As a level takes a character at least, a text as short as this is safe to compose.
        if len(text) > _SAFE_LENGTH and (mark := _too_deep(text)):
            document.problems.append(_depth_problem(document.file, mark))
            return document
        roots = list(_compose_all(text))
    except yaml.MarkedYAMLError as error:
        document.problems.append(_syntax_problem(document.file, text, error))
        return document
    except yaml.reader.ReaderError as error:
        before = _up_to(error, text)
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        document.problems.append(
            Problem(
                document.file,
                line,
                column,
                "",
                f"the character U+{_code_point(error.character):04X}",
                "printable text",
                "remove it",
            )
        )
        return document
    if not roots or (len(roots) == 1 and _is_empty(roots[0])):
        fix = "write the file, or delete it"
        document.problems.append(Problem(document.file, 1, 1, "", "an empty file", "a mapping of keys to values", fix))
        return document
    if len(roots) > 1:
        line = roots[1].start_mark.line + 1
        document.problems.append(
            Problem(document.file, line, 1, "", f"{len(roots)} documents", "one document", "split the file at ---")
        )
        return document
    document.root = roots[0]
    document.value = _Builder(document).build(roots[0])
    return document


# The C parser where PyYAML was built with it.
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_SAFE_LENGTH: Final = 8192 if hasattr(yaml, "CBaseLoader") else MAX_DEPTH


def _compose_all(text: str) -> Any:
    return yaml.compose_all(text, Loader=_LOADER)


def _too_deep(text: str) -> Any:
    """The mark where the text goes deeper than MAX_DEPTH. The parser's events come one by one, without recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return event.start_mark
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _depth_problem(file: str, mark: Any) -> Problem:
    found = f"more than {MAX_DEPTH} collections inside each other"
    return Problem(file, mark.line + 1, mark.column + 1, "", found, "a flat file", "flatten it")


def _up_to(error: yaml.reader.ReaderError, text: str) -> str:
    """The text before the character that cannot be read. The C parser counts bytes, and gives a number for it."""
    if isinstance(error.character, int):
        return text.encode()[: error.position].decode()
    return text[: error.position]


def _code_point(character: str | int) -> int:
    return character if isinstance(character, int) else ord(character)


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value in _NULLS and not node.style


def _syntax_problem(file: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    there = lines[line - 1] if line <= len(lines) else ""
    indent = there[: len(there) - len(there.lstrip())]
    if "\t" in indent:
        return Problem(
            file, line, indent.index("\t") + 1, "", "a tab", "spaces for indentation", "replace the tab by spaces"
        )
    reason = (error.problem or "invalid YAML").replace("did not find", "no").removeprefix("found ")
    context = f" {error.context}" if error.context else ""
    return Problem(file, line, column, "", f"{reason}{context}", "valid YAML", "mend the syntax here or just above")


class _Builder:
    """Turns nodes into data, collecting what YAML parsers disagree on."""

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
            self.document.problems.append(_depth_problem(self.document.file, node.start_mark))
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
        if text in _NULLS:
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
