"""What was found of an agent, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Unread:
    """In place of an object: the API server does not let this person or CI job read it."""

    why: str


Answer = Object | Unread | None
"""An object as the API server has it; None where it is not there."""
Answers = tuple[Object, ...] | Unread
"""The objects of a list."""


@dataclass(frozen=True)
class Found:
    """`missing` is what an agent lacks, each with its remedy; `unread` is what could not be read, each with the reason.
    Both are in the order in which they were looked for."""

    missing: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @classmethod
    def of(cls, lines: Iterable[str | Unread]) -> Found:
        each = tuple(lines)
        return cls(
            tuple(line for line in each if isinstance(line, str)),
            tuple(line.why for line in each if isinstance(line, Unread)),
        )

    def __add__(self, other: Found) -> Found:
        return Found(self.missing + other.missing, self.unread + other.unread)


def arguments(item: Object) -> list[list[str]]:
    """What each container of a Deployment is started with: command and arguments."""
    containers = item.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or []
    return [[*(each.get("command") or []), *(each.get("args") or [])] for each in containers]


def flag(words: list[str], name: str) -> str | None:
    """The value of a flag: of the last one, as flags are read; "true" for one without a value, None for none."""
    value = None
    for index, word in enumerate(words):
        stated, equals, rest = word.partition("=")
        if stated != name:
            continue
        following = words[index + 1] if index + 1 < len(words) else ""
        value = rest if equals else "true" if not following or following.startswith("-") else following
    return value
