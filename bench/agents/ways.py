"""The ways that are compared."""

from __future__ import annotations

from enum import StrEnum


class Way(StrEnum):
    """Who wrote what drives the agents."""

    BERTH = "Berth"
    GUARDED = "by hand, guarded"
    """With the guard-rails of a tenant of Berth's, but no admission policies, second namespace or labels of Berth."""
    BARE = "by hand, bare"
    """With what the engine needs, and no guard-rail."""


PREFIXES = {Way.BERTH: "tenant", Way.GUARDED: "guarded", Way.BARE: "bare"}
"""How the names of a way's tenants begin."""


def turn(index: int) -> list[Way]:
    """All ways; each is first, and last, as often as another."""
    at = index % len(Way)
    return [*Way][at:] + [*Way][:at]


def tenant_name(way: Way, index: int) -> str:
    """As `bench.generate` names them, and likewise by hand."""
    return f"{PREFIXES[way]}-{index:04}"
