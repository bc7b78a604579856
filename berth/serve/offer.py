"""The socket on which `berth serve` answers `berth status` of the same project, user and machine.

No token is needed: only this user can enter its folder, and no browser reaches it. Of those that serve a project the
first one has the socket, for as long as it lives: it holds a lock, which ends with it however that ends.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from berth.errors import OperationFailed
from berth.status.meeting import LONGEST, is_private

_PATIENCE = 20.0
"""Seconds that a reader has to take the answer."""


class Offer:
    """A socket that listens. Raises OperationFailed where there can be none."""

    def __init__(self, path: Path) -> None:
        if not hasattr(socket, "AF_UNIX"):
            raise OperationFailed("this system has no Unix sockets")
        if len(os.fsencode(path)) > LONGEST:
            raise OperationFailed(f"{path} is too long for the path of a socket")
        self._path = path
        self._lock = -1
        self._made: tuple[int, int] | None = None
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._take()
        except OSError as error:
            self.close()
            raise OperationFailed(f"{error.filename or path}: {error.strerror or error}") from None
        except OperationFailed:
            self.close()
            raise

    def _take(self) -> None:
        import fcntl  # not on Windows

        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_private(folder):
            raise OperationFailed(f"{folder} is not a folder of yours that nobody else may enter")
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._lock = os.open(self._path.with_suffix(".lock"), flags, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperationFailed("it asks the berth serve of this project that was there before") from None
        self._path.unlink(missing_ok=True)  # of one that was killed
        self.socket.bind(str(self._path))
        found = self._path.lstat()
        self._made = found.st_dev, found.st_ino
        self._path.chmod(0o600)
        self.socket.listen(128)

    def close(self) -> None:
        self.withdraw()
        self.socket.close()

    def withdraw(self) -> None:
        """Lets nobody find it any more, once; what somebody else has put in the place of the socket stays."""
        with suppress(OSError):
            found = self._path.lstat()
            if (found.st_dev, found.st_ino) == self._made:
                self._path.unlink()
        self._made = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


async def answering(listening: socket.socket, now: Callable[[], Awaitable[bytes | None]]) -> None:
    """Answers whoever connects with this process's number and what holds now, or not at all. Never returns."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled at the end of all: Python 3.11 would print that for each that is open.
        with suppress(OSError, TimeoutError, asyncio.CancelledError):
            if (body := await now()) is not None:
                writer.write(b"%d\n" % os.getpid() + body)
                await asyncio.wait_for(writer.drain(), _PATIENCE)
        writer.close()

    server = await asyncio.start_unix_server(answer, sock=listening)
    async with server:
        await server.serve_forever()
