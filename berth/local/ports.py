"""Ports of the fleet: free when they are first chosen, then kept, so that kubeconfigs stay right."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from berth.files import write_text

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server can listen on the port of the loopback interface now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


class Ports:
    """The ports by name, as they are recorded in a file. A damaged record is as good as none."""

    def __init__(self, path: Path, preferred: Mapping[str, int]) -> None:
        self._path = path
        self._preferred = preferred
        self._ports: dict[str, int] = {}
        with suppress(OSError, ValueError, RecursionError):
            recorded = json.loads(path.read_text("utf-8")) if path.is_file() else {}
            if isinstance(recorded, dict):
                self._ports = {name: port for name, port in recorded.items() if _is_port(port)}

    def __getitem__(self, name: str) -> int:
        return self._ports[name]

    def get(self, name: str) -> int | None:
        return self._ports.get(name)

    def settle(self, names: Iterable[str]) -> list[str]:
        """Chooses a free port for each name that has none, or whose port somebody else took; records all of them.

        `names` are of servers that are not running. Returns the names whose port is another than before.
        """
        changed = []
        taken = set(self._ports.values())
        for name in names:
            before = self._ports.get(name)
            if before is not None and is_free(before):
                continue
            wanted = self._preferred.get(name)
            usable = wanted is not None and wanted not in taken and is_free(wanted)
            port = wanted if usable and wanted is not None else _any_free(taken)
            taken.add(port)
            self._ports[name] = port
            changed.append(name)
        write_text(self._path, json.dumps(dict(sorted(self._ports.items())), indent=2) + "\n")
        return changed


def _is_port(value: object) -> bool:
    return type(value) is int and 0 < value < 65536


def _any_free(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port
