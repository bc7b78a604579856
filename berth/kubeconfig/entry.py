"""One cluster in a kubeconfig: its address, how to log in to it, and the context that joins the two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berth.errors import OperationFailed
from berth.kubeconfig.config import KINDS, Config, items

_FILES = {"clusters": ("certificate-authority",), "users": ("client-certificate", "client-key", "tokenFile")}
"""The keys that name files. Source: client-go, GetClusterFileReferences and GetAuthInfoFileReferences."""


@dataclass(frozen=True)
class Entry:
    """A cluster called `name`. What it holds may be secret, and is not in its repr."""

    name: str
    cluster: Mapping[str, Any] = field(repr=False)
    user: Mapping[str, Any] = field(repr=False)
    context: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the context says besides its cluster and user: a namespace."""

    def items(self) -> dict[str, dict[str, Any]]:
        """The item for each of a kubeconfig's lists, all of one name."""
        context = {"cluster": self.name, "user": self.name, **self.context}
        about = {"clusters": dict(self.cluster), "contexts": context, "users": dict(self.user)}
        return {kind: {"name": self.name, KINDS[kind]: about[kind]} for kind in KINDS}

    def config(self) -> Config:
        """A kubeconfig with this cluster alone."""
        return {kind: [item] for kind, item in self.items().items()} | {"current-context": self.name}

    @property
    def login(self) -> Mapping[str, Any]:
        """The program that gets a credential (`exec`); empty where none is named."""
        login: Mapping[str, Any] = self.user.get("exec") or {}
        return login


def find(files: Iterable[tuple[Path, Config]], context: str, name: str) -> Entry | None:
    """The cluster of a context, called `name` from here on; None where no file has the context.

    As kubectl does: of several files the first that has an item counts, and paths begin at the folder of their file.
    Raises OperationFailed for a context that names a cluster or user that no file has.
    """
    known: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
    for path, config in files:
        for kind, about in KINDS.items():
            for key, item in items(config, kind).items():
                known[kind].setdefault(key, _absolute(kind, item.get(about) or {}, path.parent.absolute()))
    if context not in known["contexts"]:
        return None
    rest = dict(known["contexts"][context])
    cluster, user = rest.pop("cluster", None), rest.pop("user", None)
    if cluster not in known["clusters"]:
        raise OperationFailed(f"the context {context} names a cluster that its kubeconfig does not have")
    if user and user not in known["users"]:
        raise OperationFailed(f"the context {context} names a user that its kubeconfig does not have")
    return Entry(name, known["clusters"][cluster], known["users"][user] if user else {}, rest)


def _absolute(kind: str, about: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same with paths that hold wherever the file is. A login program without a slash is looked up on PATH."""
    names_file = _FILES.get(kind, ())
    out: dict[str, Any] = {
        key: str(folder / value) if key in names_file and value and isinstance(value, str) else value
        for key, value in about.items()
    }
    login = out.get("exec")
    if kind == "users" and login and "/" in login["command"]:
        out["exec"] = {**login, "command": str(folder / login["command"])}
    return out
