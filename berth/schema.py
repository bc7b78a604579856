"""JSON schemas of stack, tenant and profile files, generated from the models."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from berth.model import Model
from berth.settings.load import NAMESPACE
from berth.settings.model import Stack
from berth.tenants.model import Profile, TenantFile

_DIALECT = "http://json-schema.org/draft-07/schema#"


def schemas() -> dict[str, str]:
    """The text of each schema file, by its path in the project."""
    return {
        "schemas/stack.json": _text(_stack_schema()),
        "tenants/schema.json": _text(_schema_of(TenantFile)),
        "tenants/profiles/schema.json": _text(_schema_of(Profile)),
    }


def _stack_schema() -> dict[str, Any]:
    """Pulumi's stack file with Berth's keys under `config`; other namespaces' keys are theirs."""
    settings = _schema_of(Stack)
    definitions = settings.pop("$defs")
    return {
        "title": "Stack",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "required": [f"{NAMESPACE}:{key}" for key in settings["required"]],
                "properties": {f"{NAMESPACE}:{key}": value for key, value in settings["properties"].items()},
                "patternProperties": {f"^(?!{NAMESPACE}:)": True},
                "additionalProperties": False,
            },
            "secretsprovider": {"type": "string"},
            "encryptedkey": {"type": "string"},
            "encryptionsalt": {"type": "string"},
            "environment": True,
        },
        "additionalProperties": False,
        "$defs": definitions,
    }


def _schema_of(model: type[Model]) -> dict[str, Any]:
    """The model's schema, with what is written below each field as its description.

    Pydantic can take these texts as it makes a class, but then reads the sources of all models whenever one is
    imported, at the start of every command.
    """
    schema = model.model_json_schema(by_alias=True)
    models = {each.__name__: each for each in _models(Model)}
    for name, part in {model.__name__: schema, **schema.get("$defs", {})}.items():
        for field, text in _texts(models[name]).items() if name in models else ():
            alias = models[name].model_fields[field].alias or field
            described = {"description": text, **part["properties"][alias]}
            part["properties"][alias] = dict(sorted(described.items()))
    return schema


def _models(model: type[Model]) -> Iterator[type[Model]]:
    for each in model.__subclasses__():
        yield each
        yield from _models(each)


def _texts(model: type[Model]) -> dict[str, str]:
    """The text below each field that has one, by the field's name, from the class that states the field last."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        for field in inspect.get_annotations(each):
            found.pop(field, None)
        found |= _written(each.__module__).get(each.__name__, {})
    return {field: text for field, text in found.items() if field in model.model_fields}


@cache
def _written(module: str) -> dict[str, dict[str, str]]:
    """By class and field, the texts in a module's source."""
    if not module.startswith("berth."):
        return {}
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {each.name: dict(_below_fields(each)) for each in tree.body if isinstance(each, ast.ClassDef)}


def _below_fields(written: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, text in zip(written.body, written.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                yield name, inspect.cleandoc(said)


def _text(schema: dict[str, Any]) -> str:
    return json.dumps({"$schema": _DIALECT, **schema}, indent=2, ensure_ascii=False) + "\n"
