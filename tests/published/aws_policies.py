"""A linter for policy documents: their form, and what AWS publishes of actions and resources, as cfn-lint ships it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

Statement = dict[str, Any]
_KEYS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
_OPERATORS = {"ArnEquals", "ArnLike", "Bool", "StringEquals"}


@cache
def _published() -> dict[str, Any]:
    path = files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def lint(text: str, *, resources: bool = True) -> list[str]:
    """What is wrong with a document. `resources` is False for the policies of keys, whose `*` is the key itself, and of
    trust, which name none."""
    document = json.loads(text)
    found = [] if document.get("Version") == "2012-10-17" else ["no current version"]
    found += [f"the unknown key {key}" for key in set(document) - {"Version", "Statement"}]
    sids = [statement.get("Sid") for statement in document["Statement"] if "Sid" in statement]
    found += [f"{sid} twice" for sid in {sid for sid in sids if sids.count(sid) > 1}]
    for statement in document["Statement"]:
        found += _form(statement)
        found += _actions(statement)
        if resources:
            found += _resources(statement)
    return found


def _form(statement: Statement) -> Iterator[str]:
    yield from (f"the unknown key {key}" for key in set(statement) - _KEYS)
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"the effect {statement.get('Effect')}"
    if not str(statement.get("Sid", "x")).isalnum():
        yield f"the Sid {statement['Sid']}"
    yield from (f"the operator {operator}" for operator in set(statement.get("Condition", {})) - _OPERATORS)
    if any("*" in str(principal) for principal in statement.get("Principal", {}).values()) and not statement.get(
        "Condition"
    ):
        yield "everyone, without a condition"


def _actions(statement: Statement) -> Iterator[str]:
    for action in listed(statement["Action"]):
        service, _, name = action.partition(":")
        if not name:
            yield f"every action: {action}"
        elif not _matching(service, name):
            yield f"the unknown action {action}"


def _resources(statement: Statement) -> Iterator[str]:
    for resource in listed(statement.get("Resource", [])):
        if resource == "*":
            for action in listed(statement["Action"]):
                service, _, name = action.partition(":")
                if any(spec.get("Resources") for spec in _matching(service, name)):
                    yield f"all resources for {action}, which can be narrowed"
        elif not (resource.startswith("arn:") and resource.count(":") >= 5):
            yield f"the resource {resource}"
        elif resource.split(":")[2] not in {action.partition(":")[0] for action in listed(statement["Action"])}:
            yield f"the resource {resource} for another service's actions"


def _matching(service: str, name: str) -> list[dict[str, Any]]:
    """What is published of the actions that a name, with wildcards or without, means."""
    actions = _published().get(service, {}).get("Actions", {})
    return [spec for action, spec in actions.items() if fnmatchcase(action, name.lower())]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
