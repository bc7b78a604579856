"""Where the charts of the agents are, and how one is asked for."""

from __future__ import annotations


def pinned(chart: str, digest: str | None) -> str:
    """The chart's address, with the digest that it must have. Helm asks the registry for that digest, and refuses where
    the version that is asked for is another."""
    return f"{chart}@{digest}" if digest else chart
