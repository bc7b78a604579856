"""What ends Berth from outside: Ctrl-C, a service manager, a CI job's time limit, a terminal that is closed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_OTHERS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def as_interrupts() -> Iterator[list[signal.Signals]]:
    """Whatever ends Berth raises KeyboardInterrupt, as Ctrl-C does: so locks go, and temporary folders.

    Yields the signals that came, but for those of Ctrl-C. What was to be ignored, as with nohup, still is.
    """
    came: list[signal.Signals] = []

    def end(number: int, frame: FrameType | None) -> None:
        came.append(signal.Signals(number))
        interrupt = signal.getsignal(signal.SIGINT)
        if callable(interrupt):
            interrupt(signal.SIGINT, frame)  # asyncio has one of its own
        else:
            raise KeyboardInterrupt

    ours = [each for each in _OTHERS if _is_main_thread() and signal.getsignal(each) is signal.SIG_DFL]
    for each in ours:
        signal.signal(each, end)
    try:
        yield came
    finally:
        for each in ours:
            signal.signal(each, signal.SIG_DFL)


@contextmanager
def at_once() -> Iterator[None]:
    """Ctrl-C ends it where it stands, without a traceback: there is nothing to tidy up."""
    ours = _is_main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Nothing from outside ends it until this is done, and its terminal does not end what it runs meanwhile."""
    if not _is_main_thread():
        yield
        return
    held: list[int] = []
    before = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, *_OTHERS)}
    # Not ignored: a server that is started now would ignore it for good.
    signal.signal(signal.SIGTERM, lambda number, _: held.append(number))
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if held:
            signal.raise_signal(held[0])


def _is_main_thread() -> bool:
    """Only there can be said what a signal does."""
    return threading.current_thread() is threading.main_thread()
