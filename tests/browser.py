"""A headless Chromium for the tests of Berth's pages, and a page in it that remembers what it asked and complained."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path
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


def _chromium(lock: Path) -> str:
    """Where it is, or is put. Of those who run tests at the same time one installs it, and the others wait: apt-get has
    one user at a time, and the program is there before all that it needs."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        return require("chromium", "chromium", "pages are opened in it", lambda *_: None)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Ends with the module: while it lives, Playwright's event loop runs, and no test can run one of its own."""
    try:
        chromium = _chromium(tmp_path_factory.getbasetemp().parent / "chromium.lock")
    except OperationFailed as error:
        pytest.skip(f"{error.message}: pages are not opened")
    with sync_playwright() as playwright:
        # Without a sandbox of its own: a container's root may not make one, and the page is ours.
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=WAIT)
        yield found
        found.close()
