"""One cluster's API: watched, not asked time and again, so that watching costs little and tells at once."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from berth.errors import OperationFailed
from berth.local.controlplane import ControlPlane
from berth.local.ports import HOST
from berth.render import Object

Judge = Callable[[dict[str, Any]], bool]
"""Takes each object that a watch tells of, and says whether all that was waited for has come."""

_PLURALS = {
    "Application": "applications",
    "ConfigMap": "configmaps",
    "Deployment": "deployments",
    "GitRepository": "gitrepositories",
    "Kustomization": "kustomizations",
}


class ClusterApi:
    """The cluster as its admin sees it. `patience` is how long to wait for something, in seconds."""

    def __init__(self, plane: ControlPlane, patience: float) -> None:
        context = ssl.create_default_context(cafile=str(plane.certificates / "ca.crt"))
        context.load_cert_chain(plane.certificates / "admin.crt", plane.certificates / "admin.key")
        server = f"https://{HOST}:{plane.port('apiserver')}"
        self.name = plane.name
        self._patience = patience
        self._closed = False
        self._client = httpx.Client(base_url=server, verify=context, timeout=30, trust_env=False)

    def __enter__(self) -> ClusterApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self._client.close()

    def patch(self, item: Object, change: Mapping[str, Any]) -> None:
        """Merges a change into an object that is there."""
        about = item["metadata"]
        path = f"{_path(item['apiVersion'], item['kind'], about['namespace'])}/{about['name']}"
        headers = {"Content-Type": "application/merge-patch+json"}
        self._client.patch(path, content=json.dumps(change), headers=headers).raise_for_status()

    def count(self, api_version: str, kind: str, name: str) -> int:
        """How many objects of this name there are, in all namespaces."""
        answer = self._client.get(_path(api_version, kind), params={"fieldSelector": f"metadata.name={name}"})
        answer.raise_for_status()
        return len(answer.json()["items"])

    def when(self, judge: Judge, api_version: str, kind: str, namespace: str = "", name: str = "") -> float:
        """The moment (`time.perf_counter`) at which the judge is content with what it has seen of these objects, the
        ones that are there already included. Raises OperationFailed where that does not come."""
        # Watched a while at a time: whoever is interrupted need not wait for long until the thread that watches ends.
        params = {"watch": "1", "timeoutSeconds": "10"}
        if name:
            params["fieldSelector"] = f"metadata.name={name}"
        end = time.monotonic() + self._patience
        while not self._closed and time.monotonic() < end:
            with self._client.stream("GET", _path(api_version, kind, namespace), params=params) as answer:
                answer.raise_for_status()
                for line in answer.iter_lines():
                    if judge(json.loads(line)["object"]):
                        return time.perf_counter()
        raise OperationFailed(f"{self.name}: {kind} {name or 'of all tenants'}: what was waited for did not come")


def _path(api_version: str, kind: str, namespace: str = "") -> str:
    group = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    return f"{group}/namespaces/{namespace}/{_PLURALS[kind]}" if namespace else f"{group}/{_PLURALS[kind]}"
