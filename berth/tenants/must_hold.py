"""Objects that a tenant's manifests must hold, as its file names them: `Deployment/web`.

kustomize has no error for manifests that come to nothing. But a patch that names an object must find it, so a patch
that changes nothing asks for the object, whatever the engine.
"""

from __future__ import annotations

import json
from typing import Annotated

from berth.model import TextLike

_API_VERSIONS = {
    "ConfigMap": "v1",
    "CronJob": "batch/v1",
    "DaemonSet": "apps/v1",
    "Deployment": "apps/v1",
    "PersistentVolumeClaim": "v1",
    "Service": "v1",
    "StatefulSet": "apps/v1",
}
_NAME = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"

HeldObject = Annotated[
    str,
    TextLike(
        rf"(?:{'|'.join(_API_VERSIONS)})/(?:{_NAME}/)?{_NAME}",
        f"Kind/name or Kind/namespace/name, such as Deployment/web, and one of the kinds {', '.join(_API_VERSIONS)}",
        longest=350,
    ),
]


def namespace_of(held: str) -> str | None:
    """The namespace that an object is looked for in, where it is said."""
    _, *namespace, _ = held.split("/")
    return namespace[0] if namespace else None


def patch_of(held: str) -> dict[str, str]:
    """A patch for kustomize, as Flux and Argo CD take it, that fails where the object is not there."""
    kind, *namespace, name = held.split("/")
    metadata = {"name": name, **({"namespace": namespace[0]} if namespace else {})}
    return {"patch": json.dumps({"apiVersion": _API_VERSIONS[kind], "kind": kind, "metadata": metadata})}
