"""A way to open a plan's page in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from berth.plan.model import Plan
from berth.plan.page import page as page_of
from tests.browser import Opened, Scheme, browser

__all__ = ["browser"]

Open = Callable[..., Opened]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Writes a plan's page to a file and opens it from there."""
    contexts = []

    def open_plan(plan: Plan, *, at: str = "", scheme: Scheme = "light", width: int = 1400) -> Opened:
        file = tmp_path / "plan.html"
        file.write_text(page_of(plan), "utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        found = Opened(context.new_page())
        found.page.goto(file.as_uri() + at)
        found.page.wait_for_selector("body[data-ready]")
        return found

    yield open_plan
    for context in contexts:
        context.close()
