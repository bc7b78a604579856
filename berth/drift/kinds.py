"""The kinds that an API server has, as it tells them itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from berth.status.api import Api

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""All kinds in one answer. Source: KEP-3352; served by default since Kubernetes 1.27, in this version since 1.30."""


@dataclass(frozen=True)
class Served:
    """A kind, in one version."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    listed: bool
    """Whether it can be listed."""

    def path(self, namespace: str = "", name: str = "") -> str:
        """Where the API server has the objects: all, those of a namespace, or one."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        inside = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}{inside}/{self.plural}" + (f"/{name}" if name else "")


async def served(api: Api) -> list[Served]:
    """All kinds in all versions, the preferred version of each group first."""
    found = []
    for path in ("/api", "/apis"):
        found += list(_kinds(await api.get(path, accept=_AGGREGATED)))
    return found


def _kinds(answer: Any) -> Iterator[Served]:
    for group in answer.get("items") or ():
        for version in group["versions"]:
            for each in version.get("resources") or ():
                yield Served(
                    group["metadata"].get("name", ""),
                    version["version"],
                    each["responseKind"]["kind"],
                    each["resource"],
                    each["scope"] == "Namespaced",
                    "list" in each["verbs"],
                )
