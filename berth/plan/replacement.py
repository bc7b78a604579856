"""What is made anew by a change, as far as the providers' own knowledge says so: the tables in replaced/.

A change that no table speaks of may replace: what is not known is never told as harmless. Pure, but for the tables,
which are read once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import yaml

from berth.document import KeyPath

_TABLES = Path(__file__).parent / "replaced"
_COMPONENTS = "berth:"
"""What the program's own components are called: they are in no cloud, only what is below them is."""

Keys = tuple[str, ...]
"""A path without the indexes of lists: a rule holds for every item."""


class Certainty(StrEnum):
    """Whether a change replaces the resource."""

    CERTAIN = "certain"
    POSSIBLE = "possible"
    NO = "no"


class Order(StrEnum):
    """Which of the two comes first where a resource is replaced."""

    OLD_GOES_FIRST = "the old one is deleted before the new one is made"
    NEW_COMES_FIRST = "the new one is made before the old one is deleted"
    UNKNOWN = ""


@dataclass(frozen=True)
class Verdict:
    """Whether a change of one property replaces what has it, and why. The reason of a POSSIBLE is never empty."""

    certainty: Certainty
    reason: str = ""


@dataclass(frozen=True)
class Knowledge:
    """What is known of one type of resource."""

    rules: Mapping[Keys, Verdict]
    """By property. The longest that a path is below decides."""
    wider: frozenset[Keys] = frozenset()
    """Ranges of addresses that can grow in place, and only grow."""
    name: Keys = ()
    """The property with the name that the provider makes up where the program states none."""
    loses: str = ""
    """What is lost with it, as a phrase. Empty where nothing is that the new one does not have."""


@dataclass(frozen=True)
class Source:
    """Which provider a table is about, and as of when."""

    provider: str
    package: str
    version: str
    types: Mapping[str, Knowledge] = field(repr=False)
    every: Knowledge = field(repr=False)
    """What holds for kinds that the table does not name."""


def replaces(kind: str, path: KeyPath, before: Any = None, after: Any = None) -> Verdict:
    """Whether a change at `path` replaces a resource of a type. The values matter to ranges of addresses only."""
    if kind.startswith(_COMPONENTS):
        return Verdict(Certainty.NO)
    found = knowledge(kind)
    if found is None:
        return Verdict(Certainty.POSSIBLE, "nothing is known of this type of resource")
    keys = tuple(step for step in path if isinstance(step, str))
    if keys in found.wider:
        return _unless_wider(before, after)
    rule = next((found.rules[keys[:n]] for n in range(len(keys), -1, -1) if keys[:n] in found.rules), None)
    if rule is not None and rule.certainty is not Certainty.NO:
        return rule
    # A value with parts that cannot change may replace when it comes or goes as a whole.
    parts = [part for part, verdict in found.rules.items() if _below(part, keys) and verdict.certainty != Certainty.NO]
    if keys and parts:
        return Verdict(Certainty.POSSIBLE, f"{'.'.join(parts[0])} cannot change in place")
    return rule or Verdict(Certainty.POSSIBLE, "nothing is known of this property")


def _below(part: Keys, keys: Keys) -> bool:
    return len(part) > len(keys) and part[: len(keys)] == keys


def _unless_wider(before: Any, after: Any) -> Verdict:
    try:
        was, to_be = ip_network(before), ip_network(after)
    except ValueError:
        return Verdict(Certainty.POSSIBLE, "it is unless the new range holds the old one")
    if was.version == to_be.version and was.subnet_of(to_be):  # type: ignore[arg-type]  # of one version
        return Verdict(Certainty.NO)
    return Verdict(Certainty.CERTAIN, "the new range does not hold the old one")


def consequence(kind: str) -> str:
    """What is lost with a resource of a type that goes or is made anew, as a phrase; empty where nothing is known."""
    found = knowledge(kind)
    return found.loses if found else ""


def order(kind: str, inputs: Mapping[str, Any], *, deletes_first: bool = False) -> Order:
    """Which comes first when a resource is replaced. `deletes_first` is the program's own wish for the old to go.

    A provider makes the new one first where it makes up a name for it. Where the program states the name, and two of a
    name cannot stand, the old one goes first.
    """
    if deletes_first:
        return Order.OLD_GOES_FIRST
    found = knowledge(kind)
    if found is None:
        return Order.UNKNOWN
    value: Any = inputs
    for step in found.name:
        value = value.get(step) if isinstance(value, Mapping) else None
    return Order.OLD_GOES_FIRST if found.name and value is not None else Order.NEW_COMES_FIRST


def knowledge(kind: str) -> Knowledge | None:
    """What is known of a type of resource, or None."""
    for source in sources():
        if kind in source.types:
            return source.types[kind]
        if kind.startswith("kubernetes:") and source.provider == "kubernetes":
            return source.every
    return None


@cache
def sources() -> tuple[Source, ...]:
    """The tables, each with the version of the provider that it was made for."""
    return tuple(_source(yaml.safe_load(path.read_text("utf-8"))) for path in sorted(_TABLES.glob("*.yaml")))


def _source(table: dict[str, Any]) -> Source:
    every = table.get("every", {})
    types = {kind: _knowledge({} if kind.startswith("pulumi") else every, own) for kind, own in table["types"].items()}
    return Source(table["provider"], table["package"], table["version"], types, _knowledge(every, {}))


def _knowledge(every: dict[str, Any], own: dict[str, Any]) -> Knowledge:
    return Knowledge(
        dict([*_rules(every), *_rules(own)]),
        frozenset(_keys(path) for path in own.get("unless_wider", ())),
        _keys(own.get("name", every.get("name", ""))),
        own.get("loses", ""),
    )


def _rules(table: dict[str, Any]) -> Iterator[tuple[Keys, Verdict]]:
    for path in table.get("in_place", ()):
        yield _keys(path), Verdict(Certainty.NO)
    for path, reason in table.get("perhaps", {}).items():
        yield _keys(path), Verdict(Certainty.POSSIBLE, reason)
    for path in table.get("replaces", ()):
        yield _keys(path), Verdict(Certainty.CERTAIN, f"{path} cannot change in place")


def _keys(path: str) -> Keys:
    return tuple(path.split(".")) if path else ()
