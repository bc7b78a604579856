"""A `berth serve` of a project of its own, and `berth status` of the same project, which may find it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.serve.clusters import Simulated
from tests.serve.conftest import Served, serving, until
from tests.support import BERTH, Outcome


@dataclass(frozen=True)
class Meeting:
    """A project of two clusters, and the folder in which the two meet."""

    project: Simulated
    runtime: Path

    @contextmanager
    def serving(self, *options: str) -> Iterator[Served]:
        """A `berth serve` that has read all."""
        with serving(self.root, *options) as served:
            until("all is read", lambda: served.states() == {"in sync"})
            yield served

    @property
    def root(self) -> Path:
        return self.project.sandbox.root

    @property
    def sockets(self) -> list[Path]:
        return list(self.runtime.glob("berth/*.sock"))

    def command(self, *arguments: str) -> Sequence[str]:
        return [*BERTH, "--project", str(self.root), *arguments]

    def status(self, *arguments: str, **environment: str) -> Outcome:
        return self.project.sandbox.berth("status", "--json", *arguments, **environment)

    def lists(self) -> int:
        """How often clusters were asked for a list: who watches does not ask again, who looks once does."""
        # Copied first: they answer on threads of their own.
        asked = [what for one in self.project.clusters.values() for what in list(one.asked.items())]
        return sum(count for what, count in asked if what.startswith("list "))

    def told(self, *arguments: str) -> Outcome:
        """What status says by way of the server. Where the machine is too busy for that, it is asked again."""
        outcomes: list[Outcome] = []

        def answered() -> bool:
            before = self.lists()
            outcomes.append(self.status(*arguments))
            return self.lists() == before

        until("the server answers", answered)
        return outcomes[-1]

    def is_found(self, *arguments: str, **environment: str) -> bool:
        """Whether all that status tells comes from the server."""
        before = self.lists()
        assert states(self.status(*arguments, **environment))
        return self.lists() == before


def states(told: Outcome) -> Counter[str]:
    return Counter(row["state"] for row in json.loads(told.out)["rows"])


def on_terminal(command: Sequence[str]) -> str:
    """What a command says on stderr, where that is a terminal."""
    ours, theirs = pty.openpty()
    seen = b""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, "COLUMNS": "200"}):
        os.close(theirs)
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:  # the other end has gone
            pass
    os.close(ours)
    return seen.decode()
