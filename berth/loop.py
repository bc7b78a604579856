"""Runs what is asynchronous from what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns. Raises what it raises, and KeyboardInterrupt when interrupted.

    `asyncio.run` gives SIGINT its former handler back at the end, and Python 3.11 makes a text of the one that it takes
    away: of the whole result, that is, as the handler holds the task. Nobody reads that text.
    """
    result: list[T] = []

    async def keep() -> None:
        result.append(await coroutine)

    asyncio.run(keep())
    return result[0]


async def together(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What each returns. Where one raises, that is raised when the others have been ended: none goes on unseen."""
    tasks = [asyncio.create_task(each) for each in coroutines]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
