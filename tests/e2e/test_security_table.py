"""docs/security.md lists what the isolation suite tries, no more and no less. Needs no fleet."""

from __future__ import annotations

import re

import pytest

from berth.settings import Engine
from tests.e2e.attempts import ALLOWED, ATTEMPTS, COMMITS, LOCKDOWNS
from tests.e2e.attempts.tables import TABLES
from tests.e2e.harness import ROOT

PAGE = ROOT / "docs" / "security.md"


@pytest.mark.parametrize("name", TABLES)
def test_the_page_lists_every_attempt(name: str, pytestconfig: pytest.Config) -> None:
    begin, end = f"<!-- {name}: written by pytest --update-golden -->\n", f"<!-- end of {name} -->\n"
    text, table = PAGE.read_text("utf-8"), TABLES[name]()
    wanted, count = re.subn(
        re.escape(begin) + ".*" + re.escape(end), lambda _: begin + table + end, text, flags=re.DOTALL
    )
    assert count == 1, f"{PAGE} has no place for the table of {name}"
    if pytestconfig.getoption("--update-golden"):
        PAGE.write_text(wanted, "utf-8")
    assert PAGE.read_text("utf-8") == wanted, "run: pytest tests/e2e/test_security_table.py --update-golden"


@pytest.mark.parametrize("engine", Engine)
def test_each_attempt_has_a_name_of_its_own(engine: Engine) -> None:
    names = [item.id for item in ATTEMPTS if item.concerns(engine)]
    names += [item.id for item in LOCKDOWNS if item.concerns(engine)]
    names += [item.id for item in COMMITS if engine in item.answers]
    assert sorted(set(names)) == sorted(names)
    allowed = [item.id for item in ALLOWED if item.concerns(engine)]
    assert len(set(allowed)) == len(allowed)


@pytest.mark.parametrize("engine", Engine)
def test_there_are_as_many_attempts_as_promised(engine: Engine) -> None:
    attempts = [item for item in ATTEMPTS if item.concerns(engine)]
    commits = [item for item in COMMITS if engine in item.answers]
    assert len(attempts) + len(commits) >= 180
    assert len([item for item in ALLOWED if item.concerns(engine)]) >= 10
