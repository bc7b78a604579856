"""Running what is asynchronous."""

from __future__ import annotations

import pytest

from berth.loop import run


def test_no_text_is_made_of_a_result() -> None:
    asked = []

    class Wordy:
        def __repr__(self) -> str:
            asked.append(self)
            return "a text that nobody reads"

    wordy = Wordy()

    async def result() -> Wordy:
        return wordy

    assert run(result()) is wordy
    assert not asked


def test_what_is_raised_is_raised() -> None:
    async def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run(fails())
