"""A kubeconfig as plain data, and back as text. What kubectl would refuse is refused, and no value of it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import yaml

from berth.document import Decimal, Document, KeyPath, parse_document
from berth.errors import InvalidInput, Problem

Config = dict[str, Any]

KINDS: Final = {"clusters": "cluster", "contexts": "context", "users": "user"}
"""The lists of a kubeconfig, and the key under which an item of each holds what it is about."""


def parse(text: str, file: str) -> Config:
    """The data of a kubeconfig; `file` is what messages call it. Nothing at all, or only comments, is an empty one.

    Raises InvalidInput with every problem, each with its place.
    """
    if all(line.strip() in ("", "---") or line.lstrip().startswith("#") for line in text.splitlines()):
        return {}
    document = parse_document(text, Document(file))
    if document.root is None:
        raise InvalidInput(document.problems)
    problems = [_without_value(problem) for problem in document.problems] or list(_wrong_shapes(document))
    if problems:
        raise InvalidInput(problems)
    config: Config = document.value
    return config


def dump(config: Config) -> str:
    """The text of a kubeconfig: keys in the order in which they are, no line folded."""
    text: str = yaml.dump(config, Dumper=_Dumper, sort_keys=False, width=2**16, allow_unicode=True)
    return text


def items(config: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The items of one of the lists by name."""
    return {item["name"]: item for item in config.get(kind) or []}


def _without_value(problem: Problem) -> Problem:
    """What YAML parsers read differently is told with the value elsewhere. Here the value may be a password."""
    found, expected = "what YAML parsers read differently", "plain YAML"
    return replace(problem, found=found, expected=expected, fix="put text in quotes, write each key once")


def _wrong_shapes(document: Document) -> Iterator[Problem]:
    data = document.value
    if not isinstance(data, dict):
        yield document.problem((), "a kubeconfig: a mapping with clusters, users and contexts", found="something else")
        return
    if data.get("kind") not in (None, "Config"):
        yield document.problem(("kind",), "Config", fix="is this the right file?")
    if not isinstance(data.get("current-context"), str | None):
        yield document.problem(("current-context",), "the name of a context", found="something else")
    for kind, about in KINDS.items():
        listed = data.get(kind)
        if not isinstance(listed, list | None):
            yield document.problem((kind,), "a list", found="something else")
            continue
        names = set()
        for index, item in enumerate(listed or []):
            if not isinstance(item, dict) or not isinstance(item.get("name"), str):
                yield document.problem((kind, index), f"a mapping with {about} and a name that is text", found="other")
                continue
            if not isinstance(item.get(about), dict | None):
                yield document.problem((kind, index, about), "a mapping", found="something else")
            elif kind == "users":
                yield from _wrong_login(document, (kind, index, about, "exec"), (item.get(about) or {}).get("exec"))
            if item["name"] in names:
                yield document.problem(
                    (kind, index, "name"),
                    "each name once",
                    found=f'"{item["name"]}" again',
                    fix="keep one of the two: kubectl reads no file with both",
                )
            names.add(item["name"])


def _wrong_login(document: Document, at: KeyPath, login: Any) -> Iterator[Problem]:
    if login is None:
        return
    if not isinstance(login, dict) or not isinstance(login.get("command"), str):
        yield document.problem(at, "a mapping with a command", found="something else")
        return
    arguments, environment = login.get("args") or [], login.get("env") or []
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        yield document.problem((*at, "args"), "a list of text", found="something else")
    if not isinstance(environment, list) or not all(
        isinstance(item, dict) and isinstance(item.get("name"), str) and isinstance(item.get("value"), str)
        for item in environment
    ):
        yield document.problem((*at, "env"), "a list of mappings with name and value, as text", found="something else")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


_READ_DIFFERENTLY = re.compile(r"[-+]?\.?[0-9]|[yYnN]\Z")
"""Text that one YAML parser or another takes for a number or a truth, such as the token 12345e6."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "'" if _READ_DIFFERENTLY.match(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


def _decimal(dumper: _Dumper, number: Decimal) -> yaml.ScalarNode:
    resolver: Any = dumper
    # As it was written: 1e5 is a number to one parser and text to another, and stays what it was to each.
    return dumper.represent_scalar(resolver.resolve(yaml.ScalarNode, number.text, (True, False)), number.text)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, _decimal)
