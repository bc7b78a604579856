"""What a `berth serve` answers to `berth status`, however it was asked."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from berth.errors import OperationFailed
from berth.status.model import VERSION, ClusterRow, Fleet, Row


@dataclass(frozen=True)
class Served:
    """What a server says: its stacks, and why it shows what was read before, where its project's files are wrong."""

    stacks: list[str]
    notes: list[str]
    fleet: Fleet


class _Answer(msgspec.Struct):
    stacks: list[str]
    clusters: list[ClusterRow]
    rows: list[Row]
    notes: list[str]


class _Version(msgspec.Struct):
    version: int


def read_answer(name: str, body: bytes) -> Served:
    """What the server of this name has answered. Raises OperationFailed where that is something else."""
    try:
        version = msgspec.json.decode(body, type=_Version).version
        if version == VERSION:
            found = msgspec.json.decode(body, type=_Answer)
            return Served(found.stacks, found.notes, Fleet(found.rows, found.clusters))
    except msgspec.MsgspecError:
        raise OperationFailed(f"{name}: what answers there is no `berth serve`") from None
    raise OperationFailed(
        f"{name}: it answers in version {version} of the data, and this is {VERSION}", "use one version"
    )
