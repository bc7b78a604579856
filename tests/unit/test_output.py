"""What is printed: a tenant's or a server's text does nothing to the terminal that shows it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from berth.cli import output

HOSTILE = "\x1b]0;owned\x07 \x1b[2J\x9b31m \u202e\r"
WRITTEN_OUT = r"\x1b]0;owned\x07 \x1b[2J\x9b31m \u202e\r"


@pytest.mark.parametrize(
    "tell",
    [
        lambda: output.say(HOSTILE),
        lambda: output.console().print(HOSTILE, markup=False),
        lambda: output.table(("MESSAGE",), [(HOSTILE,)]),
        lambda: output.failure(HOSTILE),
        lambda: output.failure("no", HOSTILE),
    ],
)
def test_terminal_escapes_are_written_out(tell: Callable[[], None], capfd: pytest.CaptureFixture[str]) -> None:
    tell()
    printed = "".join(capfd.readouterr())
    assert WRITTEN_OUT in printed
    assert not (set(HOSTILE) - set(WRITTEN_OUT)) & set(printed)


def test_terminal_escapes_in_a_framed_table_are_written_out() -> None:
    told = io.StringIO()
    Console(file=told, width=200).print(output.framed(("MESSAGE",), [(HOSTILE,)]))
    assert WRITTEN_OUT in told.getvalue()


def test_a_cell_with_a_line_break_is_one_line_where_it_is_piped(capfd: pytest.CaptureFixture[str]) -> None:
    output.table(("A", "B"), [("first\nsecond\tthird", "x")])
    assert capfd.readouterr().out == "A\tB\nfirst\\nsecond\\tthird\tx\n"


def test_lines_that_are_said_stay_lines(capfd: pytest.CaptureFixture[str]) -> None:
    output.say("one\n\ntwo")
    assert capfd.readouterr().out == "one\n\ntwo\n"
