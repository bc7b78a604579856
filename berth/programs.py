"""Programs that may take long, waited for in any thread: they end with whoever waits, and so does what they started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_running: set[subprocess.Popen[bytes]] = set()


def run(
    command: Sequence[str],
    *,
    given: bytes | None = None,
    timeout: float | None = None,
    cwd: Path | str | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """What a program printed, and how it ended. It has no terminal to ask at; `given` is its input.

    Raises subprocess.TimeoutExpired, OSError.
    """
    with subprocess.Popen(  # noqa: S603
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        _running.add(process)
        try:
            printed, told = process.communicate(given, timeout)
        except BaseException:
            _kill(process)
            raise
        finally:
            _running.discard(process)
    return subprocess.CompletedProcess(command, process.returncode, printed, told)


@contextmanager
def ending_together() -> Iterator[None]:
    """Where this is left by an error or an interrupt, what runs in threads ends too: the program cannot end before."""
    try:
        yield
    except BaseException:
        stop()
        raise


def stop() -> None:
    """Ends what runs: nobody needs it any more."""
    for process in tuple(_running):
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
