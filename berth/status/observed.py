"""What is known of one cluster: its objects by kind, and what could not be read.

`WANTED` is what is listed, or watched; `Observed` is where it is kept. Whoever fills it (`asking` with lists, once)
does not judge it; `rows` does, and asks nobody. No Secret is wanted.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.agents import KINDS
from berth.agents.argocd import PARAMETERS, SETTINGS
from berth.names import ARGOCD_NAMESPACE, MANAGED_BY
from berth.settings import Engine

Object = Mapping[str, Any]
"""A Kubernetes object as the API server has it; of thousands, `decode` keeps no more than is asked for."""


@dataclass(frozen=True)
class Wanted:
    """Objects of one kind that are listed or watched together: of all namespaces, or of one."""

    group: str
    """Empty for the core group."""
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    namespace: str = ""
    """The only namespace to look into; empty for all."""
    labels: str = ""
    """Label selector."""
    fields: str = ""
    """Field selector."""

    def path(self, namespace: str = "") -> str:
        """Where the API server lists them: all that is wanted, or in one namespace."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        inside = namespace or self.namespace
        return f"{root}/namespaces/{inside}/{self.plural}" if inside else f"{root}/{self.plural}"

    @property
    def query(self) -> dict[str, str]:
        """The selectors, as parameters of a list or watch."""
        selectors = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {name: value for name, value in selectors.items() if value}

    def __str__(self) -> str:
        return f"{self.kind} ({f'{self.group}/' if self.group else ''}{self.version})"


_OURS = ",".join(f"{key}={value}" for key, value in MANAGED_BY.items())
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_COMMON = (
    Wanted("", "v1", "Node", "nodes", namespaced=False),
    Wanted("", "v1", "ResourceQuota", "resourcequotas", labels=_OURS),
    # Of everybody: what runs the agent is among them, and Flux puts no label of Berth's on what it applies.
    Wanted("apps", "v1", "Deployment", "deployments"),
    Wanted("apps", "v1", "StatefulSet", "statefulsets"),
    Wanted("apps", "v1", "DaemonSet", "daemonsets"),
)
WANTED: Mapping[Engine, tuple[Wanted, ...]] = {
    # The sync objects first: they say the most.
    Engine.FLUX: (
        *(Wanted(kind.group, kind.version, kind.name, kind.plural, labels=_OURS) for kind in KINDS[Engine.FLUX]),
        *_COMMON,
    ),
    # All of Argo CD's own namespace: the project `default` carries no label, and must be locked.
    Engine.ARGOCD: (
        *(
            Wanted(kind.group, kind.version, kind.name, kind.plural, namespace=ARGOCD_NAMESPACE)
            for kind in KINDS[Engine.ARGOCD]
        ),
        *_COMMON,
        *(
            Wanted("", "v1", "ConfigMap", "configmaps", namespace=ARGOCD_NAMESPACE, fields=f"metadata.name={name}")
            for name in (SETTINGS, PARAMETERS)
        ),
    ),
}
"""By engine, what there is to know of a cluster."""


@dataclass(frozen=True)
class Refused:
    """Why a kind could not be read: the status code of HTTP, and the API server's words on one line."""

    code: int
    message: str

    @property
    def unknown_kind(self) -> bool:
        """Whether the API server does not serve the kind at all."""
        return self.code == 404

    @property
    def passing(self) -> bool:
        """Whether that says something about the API server at the moment, and nothing about what was asked for."""
        return self.code == 429 or self.code >= 500


@dataclass
class Observed:
    """One cluster. Filled and changed by whoever reads the cluster, on one thread; everybody else only reads."""

    version: str = ""
    """Of Kubernetes, such as v1.36.3."""
    skew: datetime.timedelta | None = None
    """How far the API server's clock is ahead of this machine's."""
    programs: tuple[Object, ...] = ()
    """Programs of the agent that run beside the cluster and not in it, each as a Deployment would tell of it: the
    local fleet has such."""
    _lists: dict[str, dict[Wanted, dict[str, dict[str, Object]]]] = field(default_factory=dict)
    """By kind, by what was listed, by namespace, by name."""
    _refused: dict[tuple[Wanted, str], Refused] = field(default_factory=dict)
    _single: set[tuple[Wanted, str]] = field(default_factory=set)

    # filled by whoever reads the cluster ------------------------------------------------------------------------------

    def replace(self, wanted: Wanted, items: Iterable[dict[str, Any]]) -> None:
        """All objects of a list, in place of those that were known."""
        self._lists.setdefault(wanted.kind, {})[wanted] = {}
        self._refused = {key: why for key, why in self._refused.items() if key[0] != wanted}
        self._single = {key for key in self._single if key[0] != wanted}
        for item in items:
            self.put(wanted, item)

    def put(self, wanted: Wanted, item: dict[str, Any]) -> None:
        """One object, new or changed."""
        metadata = item["metadata"]
        listed = self._lists.setdefault(wanted.kind, {}).setdefault(wanted, {})
        listed.setdefault(metadata.get("namespace") or "", {})[metadata["name"]] = item

    def remove(self, wanted: Wanted, namespace: str, name: str) -> None:
        """One object that is gone; it need not be known."""
        self._lists.get(wanted.kind, {}).get(wanted, {}).get(namespace, {}).pop(name, None)

    def refuse(self, wanted: Wanted, why: Refused, namespace: str = "") -> None:
        """A list that the API server does not give: of all namespaces, or of one. What was known of it no longer is."""
        if namespace:
            self._single.discard((wanted, namespace))
            self._lists.get(wanted.kind, {}).get(wanted, {}).pop(namespace, None)
        else:
            self.replace(wanted, ())
        self._refused[wanted, namespace] = why

    def allow(self, wanted: Wanted, namespace: str, items: Iterable[dict[str, Any]]) -> None:
        """All objects of one namespace, where the list of all was refused, in place of those that were known."""
        self._single.add((wanted, namespace))
        self._refused.pop((wanted, namespace), None)
        self._lists.setdefault(wanted.kind, {}).setdefault(wanted, {})[namespace] = {}
        for item in items:
            self.put(wanted, item)

    # read by everybody ------------------------------------------------------------------------------------------------

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object; None where there is none, or none that may be read."""
        return next((found for each in self._of(kind) if (found := each.get(namespace, {}).get(name))), None)

    def inside(self, kind: str, namespace: str) -> Iterator[Object]:
        """The objects of a kind in one namespace."""
        for each in self._of(kind):
            yield from each.get(namespace, {}).values()

    def everywhere(self, kind: str) -> Iterator[Object]:
        """All objects of a kind."""
        for each in self._of(kind):
            for inside in each.values():
                yield from inside.values()

    def refusal(self, kind: str, namespace: str = "") -> Refused | None:
        """Why the objects of a kind, in a namespace, are not known; None where they are."""
        everywhere = None
        for (wanted, refused_in), why in self._refused.items():
            if wanted.kind != kind:
                continue
            if refused_in and refused_in == namespace:
                return why
            if not refused_in and (wanted, namespace) not in self._single:
                everywhere = why
        return everywhere

    def _of(self, kind: str) -> Iterable[dict[str, dict[str, Object]]]:
        return self._lists.get(kind, {}).values()
