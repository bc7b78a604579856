"""How the command line talks: tables and colour on a terminal, one line a fact when piped. JSON is for `emit`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from berth.cli.emit import emit_json
from berth.errors import InvalidInput, printable


class _Console(Console):
    """Texts may hold what a tenant or a server has written: their terminal escapes are shown, not sent."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(_shown(each) if isinstance(each, str) else each for each in objects), **options)

    def on_broken_pipe(self) -> None:
        raise  # the BrokenPipeError that is being handled, which `berth.cli.main` knows: Rich would exit with 1


def console(*, stderr: bool = False) -> Console:
    """A console that is plain, and never wraps, where nobody is watching."""
    return _Console(stderr=stderr, highlight=False, soft_wrap=not (sys.stderr if stderr else sys.stdout).isatty())


def say(text: str) -> None:
    console().print(Text.from_markup(_shown(text)))


def failure(message: str, hint: str = "") -> None:
    """One line on stderr, and what to try."""
    err = console(stderr=True)
    err.print(Text.assemble(("error: ", "bold red"), (_shown(message), "default")))
    if hint:
        err.print(Text(f"  try: {_shown(hint)}", style="dim"))


def problems(error: InvalidInput, *, as_json: bool) -> None:
    """Every problem, sorted by place: JSON on stdout, blocks on a terminal, else one line each on stderr."""
    if as_json:
        emit_json({"valid": False, "problems": [problem.as_dict() for problem in error.problems]})
        return
    err = console(stderr=True)
    for problem in error.problems:
        if not err.is_terminal:
            err.print(Text(str(problem)))
            continue
        where = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
        err.print(Text.assemble((where, "bold"), (f"  {problem.path}", "cyan")))
        for label, value, style in (
            ("found", problem.found, "red"),
            ("expected", problem.expected, "default"),
            ("fix", problem.fix, "green"),
        ):
            if value:
                err.print(Text.assemble((f"  {label:<9}", "dim"), (value, style)))
        err.print()
    count = len(error.problems)
    err.print(Text(f"{count} problem{'s' if count != 1 else ''}; nothing was changed", style="bold red"))


def table(columns: Sequence[str], rows: Sequence[Sequence[str | Text]], *, title: str = "") -> None:
    """Rows under headings: framed lightly on a terminal, tab-separated when piped."""
    out = console()
    if not out.is_terminal:
        for row in (columns, *rows):
            sys.stdout.write("\t".join(printable(str(cell)) for cell in row) + "\n")
        return
    out.print(framed(columns, rows, title=title))


def framed(columns: Sequence[str], rows: Sequence[Sequence[str | Text]], *, title: str = "") -> Table:
    """Rows under headings, for a terminal. Text is taken as it is, without markup."""
    view = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold dim")
    for column in columns:
        view.add_column(column, overflow="fold")
    for row in rows:
        view.add_row(*(Text(_shown(cell)) if isinstance(cell, str) else cell for cell in row))
    return view


def _shown(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))
