"""Makes an object as it was declared, in the name of whoever applied it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from berth.drift.compare import OWN_MANAGER, Path, additions, deliverer, with_marks
from berth.drift.declared import with_known_ids
from berth.drift.kinds import Served
from berth.drift.model import Drift
from berth.drift.undeclared import Undeclared
from berth.render import Object
from berth.status.api import Api, NotAllowed

_APPLY = "application/apply-patch+yaml"
_JSON_PATCH = "application/json-patch+json"
_ATTEMPTS = 5
_MEANWHILE = (409, 422)
"""What an API server answers to a change of an object that is another one by now."""


async def mend(api: Api, path: str, drift: Drift, wanted: Object, live: dict[str, Any] | None) -> Drift:
    """Applies the object, and takes away what others added to what was declared. What the API server refuses is told in
    the result; other failures are raised."""
    manager = deliverer(live) if live else OWN_MANAGER
    if live is not None:
        wanted = with_known_ids(with_marks(wanted, live), live)
    query = {"fieldManager": manager, "force": "true"}
    for attempt in range(_ATTEMPTS):
        try:
            _, now = await api.patch(path, query, json.dumps(wanted).encode(), _APPLY)
            if removed := additions(now, wanted):
                body = json.dumps(_removal(now, removed)).encode()
                await api.patch(path, {"fieldManager": manager}, body, _JSON_PATCH)
        except NotAllowed as refused:
            # A controller has reported on the object in between, as that of quotas does at once.
            if refused.why.code in _MEANWHILE and attempt + 1 < _ATTEMPTS:
                continue
            return replace(drift, message=f"not fixed: {refused.why.message}")
        break
    return replace(drift, fixed=True)


async def delete(api: Api, kinds: Sequence[Served], found: Undeclared) -> bool:
    """Deletes an object that nobody declared; it must still be the one that was found. False where it stays: a
    namespace always does, as all that is in it would go."""
    if found.drift.kind == "Namespace":
        return False
    resource = next(each for each in kinds if (each.group, each.kind) == (found.group, found.drift.kind))
    body = {"preconditions": {"uid": found.uid}, "propagationPolicy": "Background"}
    try:
        await api.delete(resource.path(found.drift.namespace, found.drift.name), json.dumps(body).encode())
    except NotAllowed as refused:
        return refused.why.code == 404
    return True


def _removal(live: dict[str, Any], paths: Sequence[Path]) -> list[dict[str, Any]]:
    """A JSON patch that takes the fields away, and does nothing to an object that is another one by now. Of a list, the
    last item first: the others move up."""
    version = live["metadata"]["resourceVersion"]
    steps = sorted(paths, key=lambda path: [(isinstance(step, int), step) for step in path], reverse=True)
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        *({"op": "remove", "path": "".join(f"/{_escaped(step)}" for step in path)} for path in steps),
    ]


def _escaped(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
