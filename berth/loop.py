"""Runs what is asynchronous from what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
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
