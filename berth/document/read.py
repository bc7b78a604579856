"""Reads YAML files: what keeps one from being read, and what is no YAML, is told as problems."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any, Final

import yaml

from berth.document.model import Document
from berth.document.values import MAX_DEPTH, NULLS, depth_problem, values_of
from berth.errors import Problem

MAX_BYTES: Final = 1_048_576


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
            document.problems.append(depth_problem(document.file, mark))
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
    document.value = values_of(roots[0], document)
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


def _up_to(error: yaml.reader.ReaderError, text: str) -> str:
    """The text before the character that cannot be read. The C parser counts bytes, and gives a number for it."""
    if isinstance(error.character, int):
        return text.encode()[: error.position].decode()
    return text[: error.position]


def _code_point(character: str | int) -> int:
    return character if isinstance(character, int) else ord(character)


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value in NULLS and not node.style


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
