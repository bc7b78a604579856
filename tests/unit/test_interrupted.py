"""Told to end from outside, the command line ends: soon, with one line, with nothing left running and no folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from berth import programs
from berth.ending import as_interrupts, uninterrupted
from tests.support import BERTH, Sandbox, running, until

ENDINGS = [
    (signal.SIGINT, 130, "error: interrupted"),
    (signal.SIGTERM, -signal.SIGTERM, "error: ended by SIGTERM"),
    (signal.SIGHUP, -signal.SIGHUP, "error: ended by SIGHUP"),
]


def hear() -> None:
    """What a shell runs in the background ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


@contextmanager
def asking(sandbox: Sandbox, silent: socket.socket, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A command that waits for the Git server of the deploy repo; its temporary folders are in `tmp`."""
    sandbox.stack("https://git.example.com/deploy.git", f"http://127.0.0.1:{silent.getsockname()[1]}/deploy.git")
    temporary = sandbox.root / "tmp"
    temporary.mkdir()
    with subprocess.Popen(
        [*BERTH, "--project", str(sandbox.root), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
        preexec_fn=hear,
    ) as process:
        connection, _ = silent.accept()
        with connection:
            yield process


@pytest.mark.parametrize(("number", "code", "line"), ENDINGS)
@pytest.mark.parametrize("command", [("status", "--no-server", "--timeout", "50"), ("rollback", "acme")])
def test_whatever_ends_it_while_git_waits_leaves_nothing(
    sandbox: Sandbox, silent: socket.socket, number: signal.Signals, code: int, line: str, command: tuple[str, ...]
) -> None:
    port = f":{silent.getsockname()[1]}/"
    with asking(sandbox, silent, *command) as process:
        assert running(port)
        began = time.monotonic()
        process.send_signal(number)
        printed, told = process.communicate(timeout=60)
        assert (process.returncode, printed, told.strip()) == (code, "", line)
        assert time.monotonic() - began < 40, "Git's own limit is 50 s"
        if command[0] == "status":
            until("git has ended too, while the server still says nothing", lambda: not running(port), 20)
    until("git has ended too", lambda: not running(port))
    assert list((sandbox.root / "tmp").iterdir()) == []


def test_what_is_run_with_nohup_goes_on_without_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with as_interrupts() as came:
            signal.raise_signal(signal.SIGHUP)
        assert came == []
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ctrl_c_while_python_still_imports_shows_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n", "utf-8")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    command = [*BERTH, "validate"]
    ended = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, preexec_fn=hear
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


def test_a_second_ctrl_c_while_the_first_is_told_shows_no_traceback() -> None:
    code = """
import os, signal
from berth.cli import main

main.__globals__["_outcome"] = lambda: (130, lambda: os.kill(os.getpid(), signal.SIGINT))
main()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=hear)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_not_to_be_interrupted_is_not(number: signal.Signals) -> None:
    came: list[int] = []
    before = signal.signal(number, lambda each, _: came.append(each))
    try:
        with uninterrupted():
            signal.raise_signal(number)
            assert came == []
        assert came == ([number] if number is signal.SIGTERM else []), "what is sent to end it is held back, not lost"
        signal.raise_signal(number)
        assert came[-1:] == [number]
    finally:
        signal.signal(number, before)


def test_a_program_ends_with_all_that_it_has_started_when_the_time_is_up(tmp_path: Path) -> None:
    script = f"sh -c 'sleep 60; : {tmp_path}' & wait"
    with pytest.raises(subprocess.TimeoutExpired):
        programs.run(["sh", "-c", script], timeout=1)
    until("what it started has ended", lambda: not running(str(tmp_path)), 20)
