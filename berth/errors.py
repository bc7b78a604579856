"""What can be wrong with input, and how it is told: every problem at once, each with its place and its remedy.

A `Problem` is one thing to mend in one place. Code that reads input collects problems and raises `InvalidInput` once.
Not here: how problems are printed (`berth.cli.output`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

_LONGEST = 200
"""Characters of a value that a message shows: enough to recognise it."""
_URL_CREDENTIAL = re.compile(r"(?<=://)(?!git@)\S*@")


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in one place.

    `file` is relative to the project, `line` and `column` count from 1 (0 where the file as a whole is meant), `path`
    is the key path (`placements[0].clouds[1]`), `found` the value as written (never a secret), `expected` what would
    have been right, `fix` what to do about it.
    """

    file: str
    line: int
    column: int
    path: str
    found: str
    expected: str
    fix: str = ""

    def __post_init__(self) -> None:
        """What stands in a file may hold line breaks, terminal escapes and bytes that are no text: none gets out."""
        for name in ("file", "path", "found", "expected", "fix"):
            object.__setattr__(self, name, printable(getattr(self, name)))
        for name in ("path", "found", "fix"):
            object.__setattr__(self, name, _cut(without_credentials(getattr(self, name))))

    def __str__(self) -> str:
        where = self.file if not self.line else f"{self.file}:{self.line}:{self.column}"
        parts = [f"found {self.found}" if self.found else "", f"expected {self.expected}", self.fix]
        subject = f"{self.path}: " if self.path else ""
        return f"{where}: {subject}" + "; ".join(part for part in parts if part)

    def as_dict(self) -> dict[str, str | int]:
        return asdict(self)


def without_credentials(text: str) -> str:
    """The text without what stands before the host of a URL."""
    return _URL_CREDENTIAL.sub("[credential]@", text)


def printable(text: str) -> str:
    """The text on one line, with line breaks, terminal escapes and all else that is no printable character written
    out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


class InvalidInput(Exception):
    """The input cannot be used. `problems` holds all that was found, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class OperationFailed(Exception):
    """Something outside the input went wrong: a cluster, a process, a disk. `hint` is the next thing to try."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message} ({hint})" if hint else message)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`did you mean "x"?` for the nearest known word, else the empty string."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else ""


def one_of(known: Iterable[str]) -> str:
    """`one of a, b, c`, or what to say where there is nothing to choose from."""
    words = list(known)
    if len(words) == 1:
        return words[0]
    return f"one of {', '.join(words)}" if words else "nothing: none is defined"
