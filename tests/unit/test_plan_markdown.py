"""A plan as a comment on a pull request: never too long, and nothing in it is markup of who wrote the files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from berth.errors import printable
from berth.plan.model import (
    Action,
    Base,
    ClusterPlan,
    GuardHit,
    ObjectChange,
    Plan,
    PropertyChange,
    ResourceChange,
    StackPlan,
    TenantChange,
)
from berth.plan.report.markdown import LIMIT, MARKER, markdown
from berth.settings.guards import Guard
from tests.plan.project import Repo

HOSTILE = {
    "fence": "x ```` y\n````\n# z",
    "html": "</details><img src=x onerror=alert(1)><!-- ",
    "table": "a | b | c\n| --- |",
    "link": "[a](http://b.example.com) ![i](http://c.example.com/i.png) <http://d.example.com>",
    "address": "https://a.example.com www.example.com",
    "mention": "@everyone and @example/team, pay@example.com",
    "issue": "#12 and example/repo#12",
    "emphasis": "**bold** _it_ `code` ~~no~~ $x$",
    "entity": "&lt;img&gt; &#64;everyone",
    "control": "a\x1b[31m\r\nb\u202e",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.start(tmp_path / "project")


def test_a_comment_is_never_longer_than_a_forge_takes_and_says_that_it_is_cut(repo: Repo) -> None:
    for index in range(8):
        text = (repo.root / "tenants/globex.yaml").read_text().replace("globex", f"tenant-{index}")
        repo.write(f"tenants/tenant-{index}.yaml", text)
    plan = repo.plan()
    whole, cut = markdown(plan), markdown(plan, 3000)
    assert len(whole) <= LIMIT
    assert len(cut) <= 3000
    assert cut.startswith(MARKER)
    assert "**The rest is cut: a comment takes no more.**" in cut
    assert cut.count("<details>") == cut.count("</details>")
    assert cut.count("```") % 2 == 0


def everywhere(text: str) -> Plan:
    """A plan with a text wherever one may come from a file, in changes of every kind."""
    item = {"apiVersion": "v1", "kind": text, "metadata": {"name": text, "namespace": text}, "data": {text: text}}
    objects = (
        ObjectChange(Action.CHANGE, item, item | {"data": {text: f"{text}!"}}),
        ObjectChange(Action.ADD, None, item),
    )
    change = PropertyChange((text, 0), text, text, Action.REPLACE, text)
    resource = ResourceChange("urn", text, text, "", Action.REPLACE, {}, {}, (change,), True, text, text, text)
    tenants = (
        TenantChange(text, Action.CHANGE, objects, (), (text,), 2, objects, text),
        TenantChange(f"{text}2", Action.MOVE, objects, (text,)),
    )
    cluster = ClusterPlan(text, text, text, text, text, Action.CHANGE, (resource,), objects, tenants, (text,))
    gone = ClusterPlan(f"{text}2", text, text, text, text, Action.REMOVE)
    stack = StackPlan(text, text, Action.CHANGE, (cluster, gone), (resource,))
    guards = tuple(GuardHit(Guard.TENANT_REMOVED, text, text, text, text, approved) for approved in ("", text))
    return Plan(Base(text, "0" * 40), (stack,), (text,), guards)


def _tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        yield token
        yield from token.children or ()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_nothing_in_a_comment_is_markup_of_who_wrote_the_files(text: str) -> None:
    """As a parser of Markdown reads it: the same structure as with a harmless text, and no text that a forge links."""
    told, harmless = (list(_tokens(markdown(everywhere(each)))) for each in (text, "harmless"))
    assert _shape(told) == _shape(harmless)
    ours = re.compile(r"(</?(details|summary)>)+.*|<!-- berth-plan -->\n?|<!-- -->", re.DOTALL)
    for token in told:
        if token.type in ("html_block", "html_inline"):
            assert ours.fullmatch(token.content.strip()), token.content
            assert not re.search(r"<(?!/?(details|summary)>|!-- )", token.content), token.content
    seen = [token.content for token in told if token.type in ("text", "html_block")]
    for content in seen:
        assert not re.search(r"(^|\W)@\w|#\d|https?://|www\.", content), content
        assert content.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_the_summary_shows_all_that_was_written(text: str) -> None:
    inlines = [token for token in _tokens(markdown(everywhere(text))) if token.type == "inline"]
    shown = ["".join(each.content for each in token.children or () if each.type == "text") for token in inlines]
    cells = shown[shown.index("tenants") + 1], shown[shown.index("clusters") + 1]
    assert all(printable(text).strip() in cell for cell in cells)


def _shape(tokens: list[Token]) -> list[str]:
    """Kinds of tokens, but for text and what breaks a mention or a reference in it."""
    return [token.type for token in tokens if token.type not in ("text", "text_special", "html_inline")]


def test_what_is_in_a_block_of_code_is_as_it_was_written(repo: Repo) -> None:
    repo.edit("tenants/acme.yaml", "team: payments", 'team: "x ``` @everyone"')
    told = markdown(repo.plan("prod"))
    (block,) = re.findall(r"^````diff\n(.*?)^````$", told, re.DOTALL | re.MULTILINE)
    assert "x ``` @everyone" in block
