"""Durations as settings and tenant files write them, such as 30s, 5m or 1h30m: checked by `berth.model.Duration`."""

from __future__ import annotations

import re
from typing import Final

_SECONDS: Final = {"h": 3600, "m": 60, "s": 1}


def in_seconds(duration: str) -> float:
    """Seconds of a duration that was checked."""
    return float(sum(int(count) * _SECONDS[unit] for count, unit in re.findall(r"(\d+)([hms])", duration)))
