"""JSON schemas of stack, tenant and profile files, generated from the models."""

from __future__ import annotations

import json
from typing import Any

from berth.settings.load import NAMESPACE
from berth.settings.model import Stack
from berth.tenants.model import Profile, TenantFile

_DIALECT = "http://json-schema.org/draft-07/schema#"


def schemas() -> dict[str, str]:
    """The text of each schema file, by its path in the project."""
    return {
        "schemas/stack.json": _text(_stack_schema()),
        "tenants/schema.json": _text(TenantFile.model_json_schema(by_alias=True)),
        "tenants/profiles/schema.json": _text(Profile.model_json_schema(by_alias=True)),
    }


def _stack_schema() -> dict[str, Any]:
    """Pulumi's stack file with Berth's keys under `config`; other namespaces' keys are theirs."""
    settings = Stack.model_json_schema(by_alias=True)
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


def _text(schema: dict[str, Any]) -> str:
    return json.dumps({"$schema": _DIALECT, **schema}, indent=2, ensure_ascii=False) + "\n"
