"""Asks the `berth serve` of this project, user and machine, if one runs. Whatever is wrong with it, or not quite right,
is no error to its user: then the clusters are asked.

Only what that takes is loaded here.
"""

from __future__ import annotations

import os
import socket
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from berth.errors import OperationFailed
from berth.status.answer import Served, read_answer
from berth.status.meeting import is_private

LIMIT = 3.0
"""Seconds that it may take, at most: what it takes and then does not tell is lost."""
_CONNECT = 0.2
_PIECE = 1 << 20


@dataclass(frozen=True)
class Found:
    """What was told, and by which process."""

    pid: int
    served: Served


def is_there(path: Path) -> bool:
    """Whether there is a socket that only this user can have made."""
    try:
        found = path.lstat()
    except OSError:
        return False
    ours = stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()
    return ours and hasattr(socket, "AF_UNIX") and is_private(path.parent)


def ask_found(path: Path, limit: float) -> Found | None:
    """What holds now, by the server that listens there; None where nobody does. Raises OperationFailed where it does
    not say that within `limit` seconds."""
    try:
        told = _read(path, time.monotonic() + limit)
        pid, _, body = told.partition(b"\n")
        found = Found(int(pid), read_answer(str(path), body))
    except (ConnectionRefusedError, FileNotFoundError):
        return None
    except (OSError, ValueError) as error:
        raise OperationFailed(f"{path}: {error}") from error
    if found.served.notes:
        raise OperationFailed(f"{path}: {found.served.notes[0]}")
    return found


def _read(path: Path, end: float) -> bytes:
    told = bytearray()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_CONNECT)
        connection.connect(str(path))
        while (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            piece = connection.recv(_PIECE)
            if not piece:
                return bytes(told)
            told += piece
    raise TimeoutError
