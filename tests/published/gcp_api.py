"""What Google publishes of its APIs (discovery documents), as JSON schemas that say whether a body would be taken.

Stricter than the documents: no key that they do not know, none that is deprecated or that only Google sets, and the
limits that they state in words.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]

_FORMATS: dict[str, Schema] = {
    "google-datetime": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
    "google-duration": {"pattern": r"^\d+(\.\d+)?s$"},
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "uint32": {"minimum": 0, "maximum": 2**32 - 1},
    # On the wire a text, in the program a number.
    "int64": {"type": ["integer", "string"], "pattern": r"^-?\d+$"},
    "uint64": {"type": ["integer", "string"], "pattern": r"^\d+$", "minimum": 0},
}

_DAYS = "(?:MO|TU|WE|TH|FR|SA|SU)"
LIMITS: dict[tuple[str, str, str], tuple[str, Schema]] = {
    ("container", "Cluster", "name"): (
        "up to 40 characters",
        {"pattern": "^[a-z](?:[-a-z0-9]*[a-z0-9])?$", "maxLength": 40},
    ),
    ("container", "NodeConfig", "diskSizeGb"): ("smallest allowed disk size is 15 GB", {"minimum": 15}),
    ("container", "NodePoolAutoscaling", "totalMinNodeCount"): ("greater than or equal to 0", {"minimum": 0}),
    ("container", "RecurringTimeWindow", "recurrence"): (
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        {"pattern": rf"^FREQ=WEEKLY;BYDAY={_DAYS}(?:,{_DAYS})*$"},
    ),
    ("compute", "Firewall", "priority"): ("between `0` and `65535`", {"minimum": 0, "maximum": 65535}),
    ("compute", "SubnetworkLogConfig", "flowSampling"): ("must be in [0, 1]", {"minimum": 0, "maximum": 1}),
    ("iam", "CreateServiceAccountRequest", "accountId"): (
        "6-30 characters long, and match the regular expression `[a-z]([-a-z0-9]*[a-z0-9])`",
        {"pattern": "^[a-z](?:[-a-z0-9]*[a-z0-9])$", "minLength": 6, "maxLength": 30},
    ),
    ("iam", "ServiceAccount", "displayName"): ("maximum length is 100", {"maxLength": 100}),
    ("iam", "ServiceAccount", "description"): ("maximum length is 256", {"maxLength": 256}),
}
"""What a property's description says in words, and the same as a schema."""


@cache
def document(api: str) -> dict[str, Any]:
    """The schemas of an API's version 1 as they are published."""
    folder = files("googleapiclient.discovery_cache") / "documents"
    published: dict[str, Any] = json.loads((folder / f"{api}.v1.json").read_text("utf-8"))["schemas"]
    return published


@cache
def validator(api: str, name: str) -> Draft202012Validator:
    """Checks bodies of a schema of an API."""
    definitions = {key: _strict(schema) for key, schema in document(api).items()}
    for (of, schema, key), (_, limit) in LIMITS.items():
        if of == api:
            definitions[schema]["properties"][key] |= limit
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})


def _strict(published: dict[str, Any]) -> Schema:
    if "$ref" in published:
        return {"$ref": f"#/$defs/{published['$ref']}"}
    schema: Schema = {key: published[key] for key in ("type", "pattern") if key in published}
    if schema.get("type") == "any":
        return {}
    if "pattern" in schema:
        schema["pattern"] = f"^(?:{schema['pattern']})$"
    if "enum" in published:
        ended = published.get("enumDeprecated", [False] * len(published["enum"]))
        schema["enum"] = [value for value, gone in zip(published["enum"], ended, strict=True) if not gone]
    schema |= _FORMATS.get(published.get("format", ""), {})
    if "items" in published:
        schema["items"] = _strict(published["items"])
    if published.get("type") == "object":
        usable = {
            key: value
            for key, value in published.get("properties", {}).items()
            if not value.get("deprecated") and not value.get("readOnly")
        }
        schema["properties"] = {key: _strict(value) for key, value in usable.items()}
        others = published.get("additionalProperties")
        schema["additionalProperties"] = _strict(others) if others else False
    return schema
