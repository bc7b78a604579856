"""What many ask for at the same time is done once for all of them, and after the last of them has asked."""

from __future__ import annotations

import asyncio

import pytest

from berth.serve.turns import Turns


def test_who_comes_while_it_is_done_shares_the_next_turn() -> None:
    began: list[int] = []
    going = asyncio.Event()

    async def work() -> int:
        began.append(len(began) + 1)
        await going.wait()
        return began[-1]

    async def all_of_them() -> list[int]:
        turns = Turns(work)
        first = asyncio.create_task(turns.take())
        while not began:
            await asyncio.sleep(0)
        others = [asyncio.create_task(turns.take()) for _ in range(5)]
        await asyncio.sleep(0)
        going.set()
        return await asyncio.gather(first, *others)

    assert asyncio.run(all_of_them()) == [1, 2, 2, 2, 2, 2]


def test_a_turn_that_fails_fails_for_who_shares_it_and_not_for_the_next() -> None:
    outcomes = iter([TimeoutError(), None])

    async def work() -> str:
        if (error := next(outcomes)) is not None:
            raise error
        return "done"

    async def both() -> str:
        turns = Turns(work)
        with pytest.raises(TimeoutError):
            await turns.take()
        return await turns.take()

    assert asyncio.run(both()) == "done"
