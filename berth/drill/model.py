"""What a drill tells: its steps, and how long each took."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Step:
    """One thing that was to be seen, in one cluster. `seconds` is how long it took, None where it was not seen in time;
    `pace` is what that depends on; `told` is what was seen, or what was seen instead."""

    name: str
    cluster: str
    seconds: float | None
    pace: str = ""
    told: str = ""

    @property
    def good(self) -> bool:
        return self.seconds is not None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"good": self.good}


class Report(Protocol):
    """Who is told while a drill runs."""

    def doing(self, what: str) -> None:
        """What is done or waited for now."""

    def done(self, step: Step) -> None:
        """A step is over."""
