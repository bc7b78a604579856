"""What an engine adds to a control plane: processes, and what the cluster must hold for them.

An engine is a value of `Agent`; flux.py and argocd.py have one each. Not here: what a tenant's sync looks like, which
is for `berth.render` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from berth.local.processes import Spec
from berth.render.objects import Object
from berth.settings.kinds import Engine

if TYPE_CHECKING:
    from berth.local.controlplane import ControlPlane

Tell = Callable[[str, str], None]
"""Takes what a message is about (a cluster, the Git server) and the message."""


def _nothing(*_: object) -> list[Object]:
    return []


def _satisfied(_: Tell) -> None:
    return None


@dataclass(frozen=True)
class Agent:
    """The controllers of one engine, as they run beside a local cluster."""

    engine: Engine
    title: str
    """As people write it."""
    servers: Mapping[str, str]
    """What needs a port, and the program that listens there."""
    health: Mapping[str, str]
    """The servers that say over HTTP whether they are ready, and the path to ask for."""
    clients: Mapping[str, tuple[str, tuple[str, ...]]]
    """User and groups of each client of the API server. They are who they would be inside the cluster."""
    specs: Callable[[ControlPlane], list[Spec]]
    """The processes, in the order in which they start."""
    syncs: tuple[str, ...]
    """The kinds of its sync objects, as kubectl calls them."""
    modules: tuple[str, ...]
    """The modules of its programs, whose data are the definitions of its kinds."""
    folders: tuple[str, ...] = ("tmp",)
    """Folders of the cluster that the processes expect."""
    custom_resources: tuple[str, ...] = ()
    """Manifests below local/manifests of the engine's own kinds: to be applied when the API server knows them."""
    objects: Callable[[ControlPlane], Sequence[Object]] = field(default=_nothing)
    """What cannot be in a file, such as a Secret made here."""
    require: Callable[[Tell], None] = field(default=_satisfied)
    """Sees to it that what is not built here is on the machine. Raises OperationFailed."""
