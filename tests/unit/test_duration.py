"""Durations come to the seconds that the agents take them for."""

from __future__ import annotations

import pytest

from berth.duration import in_seconds


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("1h30m", 5400), ("1h1m1s", 3661), ("0s", 0)])
def test_a_duration_in_seconds(text: str, seconds: float) -> None:
    assert in_seconds(text) == seconds
