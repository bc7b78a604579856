"""Waits until something is seen in each cluster, and takes the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from berth.drill.model import Step

EVERY = 0.5
"""Seconds between two looks. No step is measured more finely than that and what a look takes."""

Look = Callable[[], dict[str, str]]
"""Returns what has been seen by now: a cluster's name and what is said of it."""


@dataclass(frozen=True)
class Wait:
    """What is waited for in one cluster: for how many seconds, since when on the monotonic clock, and the pace."""

    name: str
    cluster: str
    seconds: float
    began: float
    pace: str = ""


def until(waits: Sequence[Wait], look: Look) -> Iterator[Step]:
    """A step for each wait: as soon as `look` has seen it in its cluster, or when its time is over."""
    open_ = list(waits)
    while open_:
        seen = look()
        now = time.monotonic()
        for wait in [*open_]:
            took = now - wait.began
            if wait.cluster in seen:
                yield Step(wait.name, wait.cluster, took, wait.pace, seen[wait.cluster])
            elif took > wait.seconds:
                yield Step(wait.name, wait.cluster, None, wait.pace, f"not within {wait.seconds:.0f} s")
            else:
                continue
            open_.remove(wait)
        if open_:
            time.sleep(EVERY)
