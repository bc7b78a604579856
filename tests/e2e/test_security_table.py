"""docs/security.md lists what the isolation suite tries, no more and no less. Needs no fleet."""

from __future__ import annotations

import re

import pytest

from tests.e2e import attempts
from tests.e2e.attempts import ALLOWED, ATTEMPTS, COMMITS, LOCKDOWNS
from tests.e2e.harness import ROOT

PAGE = ROOT / "docs" / "security.md"


@pytest.mark.parametrize(
    ("name", "table"), [("refused", attempts.refused_table()), ("allowed", attempts.allowed_table())]
)
def test_the_page_lists_every_attempt(name: str, table: str, pytestconfig: pytest.Config) -> None:
    begin, end = f"<!-- {name}: written by pytest --update-golden -->\n", f"<!-- end of {name} -->\n"
    text = PAGE.read_text("utf-8")
    wanted, count = re.subn(
        re.escape(begin) + ".*" + re.escape(end), lambda _: begin + table + end, text, flags=re.DOTALL
    )
    assert count == 1, f"{PAGE} has no place for the table of what is {name}"
    if pytestconfig.getoption("--update-golden"):
        PAGE.write_text(wanted, "utf-8")
    assert PAGE.read_text("utf-8") == wanted, "run: pytest tests/e2e/test_security_table.py --update-golden"


def test_each_attempt_has_a_name_of_its_own() -> None:
    names = [item.id for item in ATTEMPTS]
    names += [item.id for item in COMMITS]
    names += [item.id for item in LOCKDOWNS]
    assert sorted(set(names)) == sorted(names)
    assert len({item.id for item in ALLOWED}) == len(ALLOWED)


def test_there_are_as_many_attempts_as_promised() -> None:
    assert len(ATTEMPTS) + len(COMMITS) + len(LOCKDOWNS) >= 40
    assert len(ALLOWED) >= 10
