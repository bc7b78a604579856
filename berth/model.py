"""What the typed models of stack, tenant and profile files share: the base class, the field types, and the way from
Pydantic's errors to problems with a place and a remedy."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import ErrorDetails, PydanticCustomError, core_schema

from berth.document import Decimal, Document, KeyPath
from berth.errors import Problem, did_you_mean, one_of
from berth.names import RESERVED_LABEL_DOMAINS
from berth.quantity import parse_quantity


class Model(BaseModel):
    """Base of every model: keys in camelCase as Kubernetes writes them, nothing unknown, nothing changed later."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        defer_build=True,  # a part of another model needs no validator of its own
    )


def wrong(expected: str, fix: str = "", *, found: str | None = None) -> PydanticCustomError:
    """The error a validator raises: what was expected, and what to do. `found` is told instead of the text in the
    file, where that must not be shown."""
    return PydanticCustomError("berth", "{expected}", {"expected": expected, "fix": fix, "found": found})


@dataclass(frozen=True)
class TextLike:
    """Annotation of a text field: matches `regex` as a whole, else an error that says what was `expected`."""

    regex: str
    expected: str
    longest: int = 253
    shortest: int = 1

    def check(self, value: Any) -> str:
        text = value if isinstance(value, str) else value.text if isinstance(value, Decimal) else str(value)
        fits = re.fullmatch(self.regex, text) is not None and self.shortest <= len(text) <= self.longest
        if not isinstance(value, str):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            raise wrong(self.expected, f'write it in quotes: "{text}"' if fits and is_number else "")
        if not fits:
            raise wrong(self.expected)
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        limits = {"pattern": f"^(?:{self.regex})$", "minLength": self.shortest, "maxLength": self.longest}
        return handler(schema) | limits


_LABEL = r"[a-z](?:[-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"

Name40 = Annotated[
    str, TextLike(_LABEL, "a DNS label of at most 40: a-z, 0-9 and -, beginning with a letter", longest=40)
]
Suffix = Annotated[str, TextLike(rf"|{_LABEL}", 'a DNS label of at most 20, or ""', longest=20, shortest=0)]
Namespace = Annotated[str, TextLike(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?", "the name of a namespace", longest=63)]
ObjectName = Annotated[str, TextLike(_SUBDOMAIN, "the name of an object: a-z, 0-9, - and .", longest=253)]
Text = Annotated[str, TextLike(r"\S(?:.*\S)?", "text of at most 253 on one line", longest=253)]
Group = Annotated[
    str, TextLike(r"(?!system:)\S(?:.*\S)?", "the name of a group of people, not of system:", longest=253)
]
Duration = Annotated[
    str,
    TextLike(
        # Never at once: an agent takes 0 for "not at all". Six digits: more would be more than Go's durations hold.
        r"(?=.*[1-9])(?:[0-9]{1,6}h)?(?:[0-9]{1,6}m)?(?:[0-9]{1,6}s)?(?<=[hms])",
        "a duration of at least 1s, such as 30s, 5m or 1h30m",
        longest=20,
    ),
]
GitName = Annotated[str, TextLike(r"[A-Za-z0-9_][A-Za-z0-9._/+-]*", "the name of a branch or tag", longest=200)]
Commit = Annotated[str, TextLike(r"[0-9a-f]{40}", "a full commit id: 40 hexadecimal digits", longest=40)]
Semver = Annotated[
    str,
    TextLike(r"[~^<>=*xX0-9 .|,v+-][0-9A-Za-z~^<>=* .|,+-]*", "a range such as >=1.4.0 <2.0.0", longest=100),
]
Registry = Annotated[
    str,
    TextLike(
        r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*",
        "a registry or repository without tag or trailing slash, such as registry.example.com/acme",
    ),
]
Host = Annotated[str, TextLike(rf"(?:\*\.)?{_SUBDOMAIN}", "a host name such as shop.example.com or *.acme.example.com")]
PriorityClass = Annotated[
    str, TextLike(rf"(?!system-){_SUBDOMAIN}", "the name of a priority class, not of system-", longest=253)
]
_HOST_LABEL = re.compile(r"[a-z0-9_](?:[-_a-z0-9]{0,61}[a-z0-9_])?")
"""With _, which names inside a network have."""


def _is_host(text: str) -> bool:
    """Whether the text, in lower case, is a host name or an IP address. A name never ends in a number; it may end in a
    dot."""
    text = text.removesuffix(".")
    if ":" in text or text.rpartition(".")[2].isdigit():
        with suppress(ValueError):
            return bool(ipaddress.ip_address(text))
        return False
    return len(text) <= 253 and all(_HOST_LABEL.fullmatch(label) for label in text.split("."))


def with_host(url: str) -> str:
    """Validator: the URL leads to a host. What takes it apart later can then rely on that."""
    try:
        parts = urlsplit(url)
        leads = _is_host(parts.hostname or "") and parts.port != 0
    except ValueError:  # brackets without an address, or a port that is none
        leads = False
    if not leads:
        raise wrong("a URL with a host name or an IP address, and with a port from 1 to 65535 or none")
    return url


GitUrl = Annotated[
    str,
    TextLike(
        # No comma: it separates the entries of the list that the API server compares with.
        r"(?:https?://|ssh://(?:[A-Za-z0-9_][A-Za-z0-9_.%+~-]*@)?)[A-Za-z0-9_.:\[\]-]+(?:/[^\s,]*)?",
        "a Git URL without a credential: https://host/path.git or ssh://git@host/path.git",
        longest=2048,
    ),
    AfterValidator(with_host),
]
RepoPath = Annotated[
    str,
    TextLike(
        r"\.|(?!/)(?!.*(?:^|/)\.\.?(?:/|$))[A-Za-z0-9._{}/-]+(?<!/)",
        "a path inside the repo: no leading or trailing /, no . or .. steps",
    ),
]
LabelKey = Annotated[
    str,
    TextLike(rf"(?:{_SUBDOMAIN}/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?", "a label key", longest=317),
]
LabelValue = Annotated[
    str, TextLike(r"|[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?", "a label value", longest=63, shortest=0)
]


def _own_label(key: str) -> str:
    domain = key.rpartition("/")[0]
    if any(domain == reserved or domain.endswith(f".{reserved}") for reserved in RESERVED_LABEL_DOMAINS):
        raise wrong("a label key of your own", f"labels under {domain} steer the platform: use another key")
    return key


OwnLabelKey = Annotated[LabelKey, AfterValidator(_own_label)]


def _quantity_text(value: Any) -> Any:
    # 4 and "4" say the same; 0.50 is kept as it was written.
    if isinstance(value, Decimal):
        return value.text
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _quantity(text: str) -> str:
    try:
        value = parse_quantity(text)
    except ValueError:
        raise wrong('a quantity such as "4", "500m" or "16Gi"') from None
    if value < 0:
        raise wrong("a quantity of at least 0")
    return text


Quantity = Annotated[
    str,
    BeforeValidator(_quantity_text),
    AfterValidator(_quantity),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^[0-9.]+([KMGTPE]i|[numkMGTPE]|[eE][0-9]+)?$"}),
]


def _cidr(text: str) -> str:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        fix = ""
        with suppress(ValueError):
            fix = f"write {ipaddress.ip_network(text, strict=False)}"
        raise wrong("a network in CIDR notation, with no host bits, such as 10.10.0.0/16", fix) from None
    if text.partition("/")[2] != str(network.prefixlen):  # none, a netmask, or zeros in front
        raise wrong("a network in CIDR notation", f"write {network}")
    return text


Cidr = Annotated[str, AfterValidator(_cidr), Field(json_schema_extra={"pattern": "/[0-9]+$"})]


def unique(values: list[Any]) -> list[Any]:
    """Validator: no value twice."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise wrong("each value once", f"remove the second {value}")
    return values


class Choice(BeforeValidator):
    """Annotation of a closed set: reads the enum from its text, and says what there is to choose from."""

    def __init__(self, kind: type[StrEnum]) -> None:
        known = [member.value for member in kind]

        def read(value: Any) -> Any:
            if isinstance(value, str) and value in known:
                return kind(value)
            raise wrong(one_of(known), did_you_mean(str(value), known))

        super().__init__(read)


# From Pydantic's errors to problems ---------------------------------------------------------------------------------

_KINDS = {
    "string_type": "text", "int_type": "a whole number", "bool_type": "true or false", "dict_type": "a mapping",
    "model_type": "a mapping", "model_attributes_type": "a mapping", "list_type": "a list", "float_type": "a number",
}  # fmt: skip


def problems_of(
    error: ValidationError, document: Document, model: type[BaseModel], prefix: KeyPath = (),
    rename: Callable[[KeyPath], KeyPath] = lambda path: path,
) -> list[Problem]:  # fmt: skip
    """Pydantic's errors as problems: `prefix` is where `model`'s data stands in `document`, `rename` maps a key path
    of the model to one of the file where they differ."""
    found = []
    for detail in error.errors(include_url=False):
        location = tuple(step for step in detail["loc"] if step != "[key]")
        path = (*prefix, *rename(location))
        found.append(_problem(detail, document, model, path, bad_key="[key]" in detail["loc"]))
    return found


def _problem(
    detail: ErrorDetails, document: Document, model: type[BaseModel], path: KeyPath, *, bad_key: bool
) -> Problem:
    kind, context = detail["type"], detail.get("ctx", {})
    text = document.written(path)
    if kind == "missing":
        return document.problem(path, "a value here", found="nothing", fix=f"add `{path[-1]}:`")
    if kind == "extra_forbidden":
        known = sorted(_keys_beside(model, detail["loc"]))
        return document.problem(
            path, one_of(known), found=f'the unknown key "{path[-1]}"', key=True, fix=did_you_mean(str(path[-1]), known)
        )
    if kind == "berth":
        found = f'"{path[-1]}"' if bad_key else context["found"]
        return document.problem(path, str(context["expected"]), fix=str(context["fix"]), found=found, key=bad_key)
    if kind == "string_type" and text:
        return document.problem(path, "text", found=text, fix=f'write it in quotes: "{text}"')
    if kind in _KINDS:
        value = detail["input"]
        shown = text if text is not None else ("a list" if isinstance(value, list) else "a mapping")
        fix = "" if value is not None else "give it a value or remove the key"
        return document.problem(path, _KINDS[kind], found="nothing" if value is None else shown, fix=fix)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _tag_problem(detail, document, path)
    if kind == "too_short":
        return document.problem(path, f"at least {context['min_length']} of them", found="none")
    return document.problem(path, detail["msg"][:1].lower() + detail["msg"][1:])


def _tag_problem(detail: ErrorDetails, document: Document, path: KeyPath) -> Problem:
    """The key that says which model holds is missing, or has a value that no model carries."""
    value, context = detail["input"], detail["ctx"]
    if not isinstance(value, dict):
        return document.problem(path, "a mapping", found=None if document.written(path) else "something else")
    key = str(context["discriminator"]).strip("'")
    known = [tag.strip("' ") for tag in context.get("expected_tags", "").split(",")]
    if key not in value:
        return document.problem((*path, key), "a value here", found="nothing", fix=f"add `{key}:`")
    return document.problem((*path, key), one_of(known), fix=did_you_mean(str(value[key]), known))


def _keys_beside(model: type[BaseModel], location: Iterable[str | int]) -> set[str]:
    """The keys that the model knows where an unknown one stands."""
    current: Any = model
    for step in list(location)[:-1]:
        candidates = _models_in(current)
        if not isinstance(step, str):
            continue
        for candidate in candidates:
            field = next((f for f in candidate.model_fields.values() if f.alias == step), None)
            if field is not None:
                current = field.annotation
                break
        else:  # the tag of a union: narrow to the member that carries it
            tagged = [
                c
                for c in candidates
                if any(step == f.default or step in map(str, get_args(f.annotation)) for f in c.model_fields.values())
            ]
            current = tagged[0] if tagged else current
    return {str(f.alias) for candidate in _models_in(current) for f in candidate.model_fields.values()}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]
