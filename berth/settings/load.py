"""Reads a stack's settings: from its file for every offline command, from the engine's config inside `pulumi up`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from berth.document import Document, KeyPath, read_document
from berth.errors import InvalidInput, Problem, did_you_mean
from berth.model import problems_of
from berth.settings.checks import check
from berth.settings.cluster import Cluster
from berth.settings.model import Stack

NAMESPACE = "berth"
_STACK_FILE_KEYS = ("config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider")
"""What Pulumi itself knows at the top of a stack file."""


@dataclass(frozen=True)
class StackFile:
    """A stack: its name, its file, and what the file says."""

    name: str
    document: Document
    settings: Stack

    @property
    def clusters(self) -> list[Cluster]:
        return [Cluster.of(self.name, self.settings, cluster) for cluster in self.settings.clusters]


def stack_files(root: Path) -> dict[str, Path]:
    """The stack files of a project by stack name, in the order of the names."""
    paths = sorted(root.glob("Pulumi.*.yaml"))
    return {path.name.removeprefix("Pulumi.").removesuffix(".yaml"): path for path in paths}


def misnamed_stacks(root: Path) -> list[Problem]:
    """Files that look like stacks and would be passed over."""
    found = sorted(path.name for path in root.glob("Pulumi.*.yml"))
    return [Problem(name, 0, 0, "", "a file that no one reads", "the ending .yaml", "rename it") for name in found]


def load_stack(name: str, path: Path, root: Path) -> StackFile:
    """Reads Pulumi.<name>.yaml. Raises InvalidInput with every problem of that file."""
    document = read_document(path, root)
    problems = [_without_secret(problem) for problem in document.problems]
    values: dict[str, Any] = {}
    if document.root is not None:
        values = _berth_values(document, problems)
    settings = None if document.root is None else _validated(values, document, problems)
    if problems or settings is None:
        raise InvalidInput(problems)
    return StackFile(name, document, settings)


def stack_from_config(name: str, values: Mapping[str, str | None], path: Path, root: Path) -> StackFile:
    """The settings as the engine hands them to the program: text, or JSON where a value has structure.

    The file at `path`, where it exists, gives the problems their places.
    """
    document = read_document(path, root) if path.is_file() else Document(path.name)
    problems: list[Problem] = []
    data: dict[str, Any] = {}
    for key, text in values.items():
        if text is not None:
            data[key] = _structure(text) if _has_structure(key) else text
    settings = _validated(data, document, problems)
    if problems or settings is None:
        raise InvalidInput(problems)
    return StackFile(name, document, settings)


def config_keys() -> list[str]:
    """The keys under `berth:` that a stack may set."""
    return [str(field.alias) for field in Stack.model_fields.values()]


SECRET_KEYS = ("deployRepoToken", "deployRepoSshKey", "deployRepoGithubApp", "clusterCredentials")
"""The settings that are secrets, or hold some."""


def without_secrets(key: str, text: str, *, encrypted: bool) -> str:
    """The engine's value of one of `SECRET_KEYS`, with a mark in place of each secret. The engine tells of a setting as
    a whole whether it was encrypted, not of what is in it."""
    mark: Any = {"secure": ""} if encrypted else "not encrypted"
    value = None if key in ("deployRepoToken", "deployRepoSshKey") else _structure(text)
    if not isinstance(value, dict):
        return json.dumps(mark) if encrypted else str(mark)
    if key == "clusterCredentials":
        return json.dumps({name: _marked(own, mark) for name, own in value.items()})
    return json.dumps(_marked(value, mark))


def _marked(value: Any, mark: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: mark if key in _SECRETS_INSIDE else _marked(inner, mark) for key, inner in value.items()}


_SECRETS_INSIDE = ("token", "sshKey", "privateKey")


def _has_structure(key: str) -> bool:
    return any(field.alias == key and not _is_text(field.annotation) for field in Stack.model_fields.values())


def _is_text(annotation: Any) -> bool:
    if get_origin(annotation) in (dict, list):
        return False
    return annotation is str or any(_is_text(part) for part in get_args(annotation) if not isinstance(part, FieldInfo))


def _structure(text: str) -> Any:
    try:
        return json.loads(text) if text[:1] in "[{" else text
    except ValueError:
        return text  # the model says what it should have been


def _without_secret(problem: Problem) -> Problem:
    """What is wrong with a value as YAML is told with the value, except where it may be a secret."""
    if not _may_be_secret(problem):
        return problem
    return replace(problem, found="a value that is not shown", fix="set it with: pulumi config set --secret")


def _may_be_secret(problem: Problem) -> bool:
    return problem.path.startswith(tuple(f"config.{NAMESPACE}:{key}" for key in SECRET_KEYS))


_TOLD = ("a list", "a mapping", "a value", "none", "nothing", "something else", "the unknown key")


def _unshown(problem: Problem) -> Problem:
    """What stands beside a secret is not told either: it may be the secret, in the wrong place."""
    if not _may_be_secret(problem) or not problem.found or problem.found.startswith(_TOLD):
        return problem
    return replace(problem, found="a value that is not shown", fix="")


def _berth_values(document: Document, problems: list[Problem]) -> dict[str, Any]:
    data = document.value
    if not isinstance(data, dict):
        problems.append(document.problem((), "a mapping with the key config", found="something else"))
        return {}
    for key in data:
        if key not in _STACK_FILE_KEYS:
            problems.append(
                document.problem(
                    (key,),
                    "a key that Pulumi knows in a stack file",
                    key=True,
                    found=f'the unknown key "{key}"',
                    fix=did_you_mean(key, _STACK_FILE_KEYS),
                )
            )
    config = data.get("config")
    if not isinstance(config, dict):
        problems.append(document.problem(("config",), "a mapping of settings", found="nothing", fix="add `config:`"))
        return {}
    values = {}
    known = [f"{NAMESPACE}:{key}" for key in config_keys()]
    for key, value in config.items():
        if key in known:
            values[key.removeprefix(f"{NAMESPACE}:")] = value
        elif key.startswith(f"{NAMESPACE}:"):
            problems.append(
                document.problem(
                    ("config", key),
                    "a setting of Berth",
                    found=f'the unknown key "{key}"',
                    key=True,
                    fix=did_you_mean(key, known),
                )
            )
    return values


def _in_file(path: KeyPath) -> KeyPath:
    if path[:1] == ("clusters",) and len(path) > 2:
        path = (*path[:2], *path[3:])  # Pydantic names the provider after the index
    return ("config", f"{NAMESPACE}:{path[0]}", *path[1:]) if path else ("config",)


def _validated(values: dict[str, Any], document: Document, problems: list[Problem]) -> Stack | None:
    before = len(problems)
    try:
        settings = Stack.model_validate(values)
    except ValidationError as error:
        problems += map(_unshown, problems_of(error, document, Stack, rename=_in_file))
        return None
    problems += check(settings, document, _in_file)
    return settings if len(problems) == before else None
