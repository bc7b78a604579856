"""The fields in which an object differs from what was declared, and who owns them. Pure.

The API server says which manager wrote which field (metadata.managedFields, in its FieldsV1 form: `f:` for a key,
`k:` for an item of a list that has keys, `v:` for an item of a set).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from berth.drift.model import Field
from berth.names import MANAGED_BY

Object = Mapping[str, Any]
Step = str | int
Path = tuple[Step, ...]

OWN_MANAGER = "berth"
"""Who applies what nobody has applied before."""
_CREATES = "pulumi-kubernetes"
"""Who creates without an apply: it then owns what the API server fills in, too."""
_OF_THE_SERVER = frozenset(
    {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink", "deletionTimestamp"}
)
_NOT_DECLARED = frozenset({"metadata", "status", "operation", "apiVersion", "kind"})
"""Where others than Berth write by right: controllers report, people annotate, Argo CD is asked for a sync."""
_MARKS = ("kustomize.toolkit.fluxcd.io/", "argocd.argoproj.io/", "applyset.kubernetes.io/", "pulumi.com/")
"""Labels and annotations by which whatever applies an object finds it again."""
_LONGEST = 80


def deliverer(live: Object) -> str:
    """The manager that applied the object as Berth's, whatever tool that was; Berth itself where there is none.

    To apply in its name also takes away what it applied before and no longer declares.
    """
    for entry in _entries(live):
        if entry.get("operation") == "Apply" and _made(entry):
            return str(entry["manager"])
    return OWN_MANAGER


def _made(entry: Mapping[str, Any]) -> bool:
    """Whether this manager made the object Berth's."""
    label = f"f:{next(iter(MANAGED_BY))}"
    return label in (entry.get("fieldsV1") or {}).get("f:metadata", {}).get("f:labels", {})


def with_marks(declared: Object, live: Object) -> dict[str, Any]:
    """What was declared, with the marks that the live object has of whatever applies it."""
    metadata = dict(declared["metadata"])
    for key in ("labels", "annotations"):
        marks = {
            name: value
            for name, value in (live["metadata"].get(key) or {}).items()
            if name.startswith(_MARKS) and name not in (metadata.get(key) or {})
        }
        if marks:
            metadata[key] = {**(metadata.get(key) or {}), **marks}
    return {**declared, "metadata": metadata}


def differences(live: Object, result: Object, declared: Object) -> list[Field]:
    """The fields that applying would change (`result` is the object afterwards), and those that others than the
    deliverer added to what was declared. By path."""
    changed = {path: (wanted, found) for path, wanted, found in _changes(result, live, ())}
    fields = [_field(live, path, wanted, found) for path, (wanted, found) in changed.items()]
    fields += [_field(live, path, None, _at(live, path)) for path in additions(live, declared) if path not in changed]
    return sorted(fields, key=lambda field: field.path)


def additions(live: Object, declared: Object) -> list[Path]:
    """The fields that others than the deliverer own, below what was declared, and that were not declared."""
    own = deliverer(live)
    found: dict[Path, None] = {}
    for entry in _entries(live):
        if entry.get("manager") == own and entry.get("operation") == "Apply":
            continue
        if entry.get("manager") == _CREATES and _made(entry):
            continue
        owned = {key: value for key, value in entry["fieldsV1"].items() if key[2:] not in _NOT_DECLARED}
        found.update(dict.fromkeys(_added(owned, live, declared, ())))
    return list(found)


def shown(path: Path) -> str:
    """A path as people write it: spec.hard, rules[0].verbs, spec.hard["limits.memory"]."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "." in step or "/" in step:
            text += f"[{json.dumps(step)}]"
        else:
            text += f".{step}" if text else step
    return text


def _entries(live: Object) -> Iterator[Mapping[str, Any]]:
    """Who wrote what, but for reports on the object."""
    for entry in live["metadata"].get("managedFields") or ():
        if not entry.get("subresource") and entry.get("fieldsV1"):
            yield entry


def _changes(wanted: Any, found: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    if wanted == found:
        return
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key in sorted({*wanted, *found}):
            if (path == () and key == "status") or (path == ("metadata",) and key in _OF_THE_SERVER):
                continue
            yield from _changes(wanted.get(key), found.get(key), (*path, key))
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _changes(one, other, (*path, index))
    elif isinstance(wanted, list) and isinstance(found, list):
        # Of a long list, what is in one of the two alone.
        fewer = [item for item in wanted if item not in found], [item for item in found if item not in wanted]
        yield path, *(fewer if any(fewer) else (wanted, found))
    else:
        yield path, wanted, found


def _added(owned: Mapping[str, Any], live: Any, declared: Any, path: Path) -> Iterator[Path]:
    for key, below in owned.items():
        if key == ".":
            continue
        at = _child(key, live)
        if at is None:
            continue  # it has gone meanwhile
        step, item = at
        stated = _counterpart(key, step, declared)
        if stated is None:
            yield (*path, step)
        elif below:
            yield from _added(below, item, stated, (*path, step))


def _child(key: str, live: Any) -> tuple[Step, Any] | None:
    """What a key of FieldsV1 means in an object: the step, and what is there."""
    kind, text = key[:1], key[2:]
    if kind == "f":
        return (text, live[text]) if isinstance(live, Mapping) and text in live else None
    if not isinstance(live, Sequence) or isinstance(live, str):
        return None
    index = next((index for index, item in enumerate(live) if _is(item, kind, json.loads(text))), None)
    return None if index is None else (index, live[index])


def _counterpart(key: str, step: Step, declared: Any) -> Any:
    """What was declared for it; None where nothing was."""
    if isinstance(step, str):
        return declared.get(step) if isinstance(declared, Mapping) else None
    found = _child(key, declared)
    return None if found is None else found[1]


def _is(item: Any, kind: str, told: Any) -> bool:
    if kind == "k":
        return isinstance(item, Mapping) and all(item.get(name) == value for name, value in told.items())
    return bool(item == told)


def _field(live: Object, path: Path, wanted: Any, found: Any) -> Field:
    owners = sorted({str(entry["manager"]) for entry in _entries(live) if _owns(entry["fieldsV1"], live, path)})
    return Field(shown(path), _short(wanted), _short(found), tuple(owners))


def _owns(owned: Mapping[str, Any], live: Any, path: Path) -> bool:
    """Whether a manager owns a field, something below it, or the whole that it is in."""
    if not path or not {key for key in owned if key != "."}:
        return True
    step, *rest = path
    for key, below in owned.items():
        at = None if key == "." else _child(key, live)
        if at is not None and at[0] == step:
            return _owns(below, at[1], tuple(rest))
    return False


def _at(live: Any, path: Path) -> Any:
    for step in path:
        live = live[step]
    return live


def _short(value: Any) -> str:
    if value is None or value == []:
        return ""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
