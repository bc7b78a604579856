"""The two ways that are compared."""

from __future__ import annotations

from enum import StrEnum


class Way(StrEnum):
    """Who wrote what drives the agents."""

    BERTH = "Berth"
    BY_HAND = "by hand"


PREFIXES = {Way.BERTH: "tenant", Way.BY_HAND: "by-hand"}
"""How the names of a way's tenants begin."""


def tenant_name(way: Way, index: int) -> str:
    """As `bench.generate` names them, and likewise by hand."""
    return f"{PREFIXES[way]}-{index:04}"
