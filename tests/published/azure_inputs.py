"""Checks inputs of Azure resources against what is published of them, at every level.

- The argument classes of pulumi_azure_native say which keys there are, which types and which members of enums.
- The models of azure-mgmt-containerservice say which properties the API of AKS has under which REST names, which of
  them can be written, and in their texts which ranges hold.
- Patterns and limits that neither package carries stand here, from the API's specification.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Awaitable, Iterator
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any

import pulumi
from azure.mgmt.containerservice import models

REST = {
    "azure-native:containerservice:ManagedCluster": (models.ManagedCluster, models.ManagedClusterProperties),
    "azure-native:containerservice:AgentPool": (models.AgentPool, models.ManagedClusterAgentPoolProfileProperties),
    "azure-native:containerservice:MaintenanceConfiguration": (
        models.MaintenanceConfiguration,
        models.MaintenanceConfigurationProperties,
    ),
}
"""The models that a resource's inputs are properties of: the provider puts both levels of the API into one."""
_IN_THE_PATH = {"resourceGroupName", "resourceName", "agentPoolName", "configName"}
_LIST_OF_IDS = "identity.userAssignedIdentities"
"""A list for Pulumi, a map by id for the API."""

PATTERNS = {
    r"agentPoolName|agentPoolProfiles\[\d+\]\.name": r"[a-z][a-z0-9]{0,11}",
    r"dnsPrefix": r"[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,52}[a-zA-Z0-9])?",
    r".*\.startTime": r"\d{2}:\d{2}",
    r".*\.utcOffset": r"[-+][0-9]{2}:[0-9]{2}",
    r".*\.dnsServiceIP": r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}",
    r".*\.(?:pod|service)Cidr": r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}",
    r".*timeAfterCreate": r"P(?:\d+[YMD])+",
    r"roleAssignmentName": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}
LIMITS = {
    r".*osDiskSizeGB": (0, 2048),
    r".*(?:min|max)Count": (0, 1000),
    r".*maxPods": (10, 250),
    r".*imageCleaner\.intervalHours": (24, 24 * 90),
    r".*softDeleteRetentionInDays": (7, 90),
    r"retentionInDays": (30, 730),
    r".*idleTimeoutInMinutes": (4, 120),
    r".*securityRules\[\d+\]\.priority": (100, 4096),
}


def problems(kind: str, inputs: dict[str, Any]) -> list[str]:
    """What is wrong with a resource's inputs, each at its path."""
    found = list(_of_provider(_arguments(kind), inputs, ""))
    if kind in REST:
        body = {key: value for key, value in inputs.items() if key not in _IN_THE_PATH}
        found += _of_api(REST[kind], body, "")
    return sorted({*found, *_of_values(inputs, "")})


def _arguments(kind: str) -> type:
    _, module, name = kind.split(":")
    package = import_module(f"pulumi_azure_native.{module}")
    # Where a nested type has taken the name, the resource's own arguments are called otherwise.
    arguments: type = getattr(import_module(f"{package.__name__}.{_snake(name)}"), f"{name}InitArgs", None) or getattr(
        package, f"{name}Args"
    )
    return arguments


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@cache
def _arguments_of(cls: type) -> dict[str, Any]:
    """The types of a class's arguments, by the names that the engine knows."""
    names = {"Output": pulumi.Output, "T": typing.TypeVar("T")}
    found = {}
    for name, prop in vars(cls).items():
        if isinstance(prop, property) and prop.fget is not None:
            hints = typing.get_type_hints(prop.fget, localns=names)
            found[getattr(prop.fget, "_pulumi_name", name)] = hints["return"]
    return found


def _plain(hint: Any) -> Iterator[Any]:
    """What a value may be, without what only stands for it: outputs, awaitables, nothing."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        for part in typing.get_args(hint):
            yield from _plain(part)
    elif hint is not type(None) and typing.get_origin(hint) not in (pulumi.Output, Awaitable):
        yield hint


def _of_provider(cls: type, inputs: dict[str, Any], at: str) -> Iterator[str]:
    known = _arguments_of(cls)
    for key, value in inputs.items():
        path = f"{at}.{key}" if at else key
        if key not in known:
            yield f"{path}: {cls.__name__} has no such argument"
        else:
            yield from _typed(list(_plain(known[key])), value, path, _of_provider)


def _typed(hints: list[Any], value: Any, path: str, walk: Any) -> Iterator[str]:
    """A value against the types that it may have."""
    if Any in hints or object in hints:
        return
    if isinstance(value, list):
        inner = [list(_plain(typing.get_args(hint)[0])) for hint in hints if _is(hint, list)]
        if not inner:
            yield f"{path}: a list"
        for index, item in enumerate(value if inner else []):
            yield from _typed(inner[0], item, f"{path}[{index}]", walk)
    elif isinstance(value, dict):
        maps = [list(_plain(typing.get_args(hint)[1])) for hint in hints if _is(hint, dict)]
        classes = [hint for hint in hints if isinstance(hint, type) and _is_model(hint)]
        if classes:
            yield from walk(classes[0], value, path)
        elif not maps:
            yield f"{path}: a mapping"
        for key, item in value.items() if maps and not classes else ():
            yield from _typed(maps[0], item, f"{path}.{key}", walk)
    elif not _fits(hints, value):
        members = [member.value for hint in hints if _is_enum(hint) for member in hint]
        yield f"{path}: {value!r}, which is none of {members}" if members else f"{path}: {value!r} of the wrong type"


def _is(hint: Any, kind: type) -> bool:
    origin = typing.get_origin(hint)
    return isinstance(origin, type) and (issubclass(kind, origin) or issubclass(origin, kind))


def _is_enum(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Enum)


def _is_model(hint: type) -> bool:
    scalar = issubclass(hint, str | int | float | Enum)
    return not scalar and typing.get_origin(hint) is None and not typing.is_typeddict(hint)


def _fits(hints: list[Any], value: Any) -> bool:
    enums = [hint for hint in hints if _is_enum(hint)]
    if enums and not any(enum.__name__.startswith("Known") for enum in enums):  # those are open sets
        return any(value in {member.value for member in enum} for enum in enums)
    if isinstance(value, bool):
        return bool in hints
    if isinstance(value, float | int):
        return float in hints or (int in hints and value == int(value))
    return str in hints or bool(enums)


@cache
def _fields_of(cls: type) -> dict[str, tuple[Any, bool, str]]:
    """The REST names of a model's properties: types, whether they can be written, and what is said of them."""
    hints = typing.get_type_hints(cls, {**vars(models._models), "_models": models})
    texts = dict(re.findall(r":ivar (\w+): (.*?)(?=\n\s*:|\Z)", cls.__doc__ or "", re.DOTALL))
    found = {}
    for base in reversed(cls.__mro__):
        for name, field in vars(base).items():
            if hasattr(field, "_rest_name_input"):
                rest = field._rest_name_input or name
                visibility = field._visibility or ["create"]
                found[rest] = hints.get(name, Any), visibility != ["read"], " ".join(texts.get(name, "").split())
    return found


def _of_api(classes: tuple[type, ...], inputs: dict[str, Any], at: str) -> Iterator[str]:
    known = {key: field for cls in classes for key, field in _fields_of(cls).items()}
    for key, value in inputs.items():
        path = f"{at}.{key}" if at else key
        if path == _LIST_OF_IDS:
            continue
        if key not in known:
            yield f"{path}: the API has no such property"
            continue
        hint, writable, text = known[key]
        if not writable:
            yield f"{path}: the API lets no one write it"
        yield from _typed(list(_plain(hint)), value, path, lambda c, v, p: _of_api((c,), v, p))
        limits = re.search(r"range (?:of|from) (\d+) to (\d+)", text)
        if limits and not int(limits[1]) <= value <= int(limits[2]):
            yield f"{path}: {value}, which is not from {limits[1]} to {limits[2]}"


def _of_values(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _of_values(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _of_values(item, f"{path}[{index}]")
    elif isinstance(value, str):
        for where, pattern in PATTERNS.items():
            if re.fullmatch(where, path) and not re.fullmatch(pattern, value):
                yield f"{path}: {value!r}, which does not match {pattern}"
    elif isinstance(value, int | float):
        for where, (least, most) in LIMITS.items():
            if re.fullmatch(where, path) and not least <= value <= most:
                yield f"{path}: {value}, which is not from {least} to {most}"
