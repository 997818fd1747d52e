"""A headless Chromium for the tests of pages: what it complains of and asks for is kept."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")


class Tab:
    """A tab: Playwright's page as `page`; `complaints` are errors and warnings, `requests` URLs."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("dialog", self._refuse)

    def _refuse(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, url: str) -> None:
        """Go to a page and wait until its script has started it."""
        self.complaints.clear()
        self.requests.clear()
        # A second visit to the same address but for its fragment would load nothing.
        self.page.goto("about:blank")
        self.requests.clear()
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready]", state="attached")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.page.evaluate(script)

    def until(self, script: str, seconds: float = 60.0) -> None:
        """Wait for an expression to be true: the pages' policy forbids Playwright's own way."""
        end = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < end, script
            self.page.wait_for_timeout(50)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium, and stop it."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def tab_of(
    browser: Browser,
    width: int = 1280,
    height: int = 900,
    scheme: Literal["light", "dark"] = "light",
) -> Iterator[Tab]:
    """Open a tab of a size; scroll bars lie over the page, as on a phone."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        is_mobile=True,
        has_touch=False,
        accept_downloads=True,
    )
    try:
        yield Tab(context.new_page())
    finally:
        context.close()
