"""The project's files are followed, whatever becomes of them meanwhile."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from berth.project import Project
from berth.serve import following
from berth.serve.board import Board
from berth.serve.following import Following, Stamp, stamp
from berth.status.collect import Scope
from tests.support import Sandbox


async def until(check: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not check():
            await asyncio.sleep(0.01)


def test_a_folder_that_goes_while_it_is_listed_is_told_and_all_is_read_with_the_next_look(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK", 0.01)
    monkeypatch.setenv("KUBECONFIG", str(sandbox.root / "none"))
    failures = [FileNotFoundError(errno.ENOENT, "No such file or directory", "tenants/old")]
    read: list[Project] = []

    def listed(root: Path) -> Stamp:
        if failures:
            raise failures[0]
        return stamp(root)

    def load() -> tuple[Project, Scope]:
        read.append(sandbox.load())
        return read[-1], Scope(["dev"])

    async def run() -> None:
        board = Board()
        followed = Following(sandbox.load(), Scope(["dev"]), board, lambda _: (), load, stamp(sandbox.root))
        monkeypatch.setattr(following, "stamp", listed)
        going = asyncio.create_task(followed._follow(load))
        await until(lambda: board.notes or going.done())
        assert board.notes[1:] == ["tenants/old: No such file or directory"]
        assert not read
        failures.clear()
        await until(lambda: not board.notes or going.done())
        assert len(read) == 1
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going

    asyncio.run(run())
