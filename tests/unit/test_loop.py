"""Running what is asynchronous."""

from __future__ import annotations

import asyncio

import pytest

from berth.loop import run, together


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


def test_what_is_done_together_is_returned_in_its_order() -> None:
    async def later(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    assert run(together(later(turns) for turns in (3, 1, 2))) == [3, 1, 2]


def test_where_one_fails_none_of_the_others_goes_on() -> None:
    ended = []

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    async def goes_on() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append("it")

    async def both() -> None:
        with pytest.raises(ValueError, match="no"):
            await together([goes_on(), fails()])
        assert ended == ["it"]

    run(both())
