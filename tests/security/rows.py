"""The form of the security table: what each resource must hold, and how it is shown that it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tests.components.recording import Recorder


class Status(StrEnum):
    ALWAYS = "always"
    """Holds in every profile."""
    STRICT = "strict"
    """Holds in the strict profile."""
    WAIVED = "waived"
    """Does not hold, for a reason that docs/security-waivers.md gives."""


@dataclass(frozen=True)
class Row:
    """One row. `check` raises AssertionError where what was registered for a stack does not hold it."""

    id: str
    """The cloud and a number: AWS-4."""
    rules: str
    """Rules of scanners and sections of benchmarks that ask for it."""
    subject: str
    """Resource and property."""
    required: str
    """What must hold."""
    status: Status
    check: Callable[[Recorder], None] | None = None
