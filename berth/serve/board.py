"""What all open pages show: one shared state, and the changes to it in their order.

A reader has a place in the changes and no queue of its own: however many read, and however slowly, what is kept is the
state and the last few changes. Who has fallen behind what is kept starts anew from the state.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any

Key = tuple[str, str]
"""A tenant and a cluster."""

KEPT_BYTES = 4_000_000
"""Of changes that are kept for readers that are behind or come back."""


@dataclass(frozen=True)
class Change:
    """One change: its number, and what is told of it, as an event of the stream."""

    number: int
    event: bytes


class Board:
    """Rows by tenant and cluster, and clusters by name, each as the data that pages get.

    To be used on one event loop only.
    """

    def __init__(self) -> None:
        self.rows: dict[Key, dict[str, Any]] = {}
        self.clusters: dict[str, dict[str, Any]] = {}
        self.notes: list[str] = []
        self.readers = 0
        self.closed = False
        self._run = secrets.token_hex(4)  # the numbers of another run of the command mean nothing here
        self._number = 0
        self._changes: deque[Change] = deque()
        self._bytes = 0
        self._told = asyncio.Event()
        self._state: bytes | None = None

    @property
    def place(self) -> str:
        """Where in the changes the state is: what a stream that goes on from it starts at."""
        return f"{self._run}-{self._number}"

    def publish(
        self,
        rows: Mapping[Key, dict[str, Any] | None],
        clusters: Mapping[str, dict[str, Any]] | None = None,
        notes: list[str] | None = None,
    ) -> None:
        """Takes what is new; None for a row that is gone. What equals what was there is no change."""
        clusters = clusters or {}
        changed = {key: row for key, row in rows.items() if row != self.rows.get(key)}
        told: dict[str, Any] = {
            "rows": [row for row in changed.values() if row is not None],
            "gone": [list(key) for key, row in changed.items() if row is None],
            "clusters": [cluster for name, cluster in clusters.items() if cluster != self.clusters.get(name)],
        }
        if notes is not None and notes != self.notes:
            self.notes = told["notes"] = notes
        if not any(told.values()) and "notes" not in told:
            return
        for key, row in changed.items():
            if row is None:
                del self.rows[key]
            else:
                self.rows[key] = row
        self.clusters.update(clusters)
        self._number += 1
        self._state = None
        self._keep(Change(self._number, _event("change", _text(told | {"now": time.time()}), self.place)))

    def keep(self, rows: Collection[Key], clusters: Collection[str]) -> None:
        """Forgets all other rows and clusters. Every reader is to take the state anew."""
        self.rows = {key: row for key, row in self.rows.items() if key in rows}
        self.clusters = {name: cluster for name, cluster in self.clusters.items() if name in clusters}
        self._number += 1
        self._state = None
        self._changes.clear()
        self._bytes = 0
        self._wake()

    def state(self) -> bytes:
        """All of it as JSON: made once however many ask, until it changes."""
        if self._state is None:
            data = {
                "version": 1,
                "place": self.place,
                "now": time.time(),
                "notes": self.notes,
                "clusters": list(self.clusters.values()),
                "rows": [self.rows[key] for key in sorted(self.rows)],
            }
            self._state = _text(data)
        return self._state

    async def events(self, place: str, heartbeat: float) -> AsyncIterator[bytes]:
        """The changes after a place, as they come. After `heartbeat` seconds without one, a sign of life. Where what
        came after the place is not kept, an event `reset`: the reader is to take the state, and go on from there."""
        run, _, number = place.rpartition("-")
        at = int(number) if run == self._run and number.isdecimal() else -1
        while not self.closed:
            if at != self._number:
                first = self._changes[0].number if self._changes else self._number + 1
                if not first - 1 <= at < self._number:
                    at = self._number
                    yield _event("reset", b"{}", self.place)
                    continue
                for change in [change for change in self._changes if change.number > at]:
                    at = change.number
                    yield change.event
                continue
            told = self._told
            try:
                await asyncio.wait_for(told.wait(), heartbeat)
            except TimeoutError:
                yield _event("alive", _text({"now": time.time()}))

    def close(self) -> None:
        """Ends all streams."""
        self.closed = True
        self._wake()

    def _keep(self, change: Change) -> None:
        self._changes.append(change)
        self._bytes += len(change.event)
        while self._bytes > KEPT_BYTES and self._changes:
            self._bytes -= len(self._changes.popleft().event)
        self._wake()

    def _wake(self) -> None:
        self._told.set()
        self._told = asyncio.Event()


def _event(kind: str, data: bytes, place: str = "") -> bytes:
    """An event of a stream. Of those without a place, a reader that comes back does not know."""
    head = f"id: {place}\nevent: {kind}\n" if place else f"event: {kind}\n"
    return head.encode() + b"data: " + data + b"\n\n"


def _text(data: Any) -> bytes:
    # Without line breaks, as an event's data has none.
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
