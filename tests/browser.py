"""A headless Chromium for the tests of Berth's pages, and a page in it that remembers what it asked and complained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from berth.errors import OperationFailed
from berth.local.debian import require

WAIT = 120_000  # ms until the page must have done something: a busy machine is no failure

Scheme = Literal["light", "dark"]


class Opened:
    """A page in the browser. `requests` are the addresses it asked for, `complaints` what its console says."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.set_default_timeout(WAIT)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def settle(self) -> None:
        """Waits until no cell is lit up by its change any more."""
        # Not `wait_for_function`: where it has to look twice it makes code of text, which the page's policy forbids.
        self.page.evaluate("Promise.allSettled(document.getAnimations().map(each => each.finished))")

    def cell(self, tenant: str, cluster: str) -> str:
        """The selector of a tenant's place in the matrix."""
        return f'#matrix [data-place="tenant/{tenant}/{cluster}"]'

    def details(self) -> str:
        return self.page.locator("#details").inner_text()

    def rows(self) -> list[str]:
        return self.page.locator("#matrix tbody th").all_inner_texts()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with the module: while it lives, Playwright's event loop runs, and no test can run one of its own."""
    try:
        chromium = require("chromium", "chromium", "pages are opened in it", lambda *_: None)
    except OperationFailed as error:
        pytest.skip(f"{error.message}: pages are not opened")
    with sync_playwright() as playwright:
        # Without a sandbox of its own: a container's root may not make one, and the page is ours.
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=WAIT)
        yield found
        found.close()
