"""The viewer in a real Chromium: the list, a run, two runs compared, a run under way."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from promptbench.run.job import store_path
from tests.browser import Tab, needs_chromium, tab_of
from tests.run.workspace import Workspace, email
from tests.view.conftest import serving

pytestmark = needs_chromium


def cell(tab: Tab, run_id: str, word: str) -> str:
    """What a cell of a run's row says."""
    return tab.page.inner_text(f"tr[data-run='{run_id}'] [data-word={word}]")


def done(tab: Tab) -> int:
    """How many outputs the first row tells of."""
    return int(tab.page.inner_text("[data-word=done]").split(" of ")[0])


def test_from_the_list_to_a_run_and_to_two_compared(
    tab: Tab, workspace: Workspace, two: tuple[str, str]
):
    limited = workspace.run(limit=4).run_id
    with serving(store_path(workspace.folder)) as viewer:
        tab.open(viewer.url)
        assert tab.page.url == f"{viewer.base}/"
        page = tab.page
        tab.until(f"document.querySelector(\"[data-run='{two[0]}'] [data-word=figure]\").innerText")
        assert cell(tab, two[0], "best") in ("plain", "brief")
        assert page.inner_text("#shown") == "3 runs"

        # Filters
        page.fill("#words", f"{limited[:8]} MAIL")
        assert page.inner_text("#shown") == "1 of 3 runs"
        page.fill("#words", "")
        page.select_option("#status", "complete")
        assert page.inner_text("#shown") == "3 runs"

        # A report, and its way back
        page.click(f"tr[data-run='{two[0]}'] th a")
        page.wait_for_selector("html[data-ready]", state="attached")
        assert page.url == f"{viewer.base}/run/{two[0]}"
        assert page.inner_text("h1") == "mail"
        page.go_back()

        # Two of three, by the keyboard
        boxes = page.locator("input[name=compare]")
        for run_id in two:
            page.focus(f"input[value='{run_id}']")
            page.keyboard.press("Space")
        assert [boxes.nth(place).is_disabled() for place in range(3)].count(True) == 1
        page.focus("#compare")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-compare]")
        assert page.url == f"{viewer.base}/compare?a={two[0]}&b={two[1]}"
        assert "Say in brief what this says." in page.inner_text("pre ins >> nth=0")

        # A case that changed, in its run
        link = page.locator("#pair-1 ~ *, #pair-1").locator("li a").first
        number = re.search(r"#case-(\d+)$", link.get_attribute("href") or "")
        link.click()
        page.wait_for_selector("#case:visible")
        assert number and f"Case {number[1]}" in page.inner_text("#case")
        assert tab.complaints == tab.dialogs == []
        assert [each for each in tab.requests if not each.startswith(f"{viewer.base}/")] == []


def test_a_run_that_is_under_way_goes_on_before_the_eyes(tab: Tab, workspace: Workspace):
    workspace.many(*map(email, range(20)))
    with serving(store_path(workspace.folder)) as viewer:
        tab.open(viewer.url)
        assert "There is no run in this workspace yet." in tab.page.inner_text("body")
        with workspace.start("run", "suites/mail.yaml", delay=0.4, batch=2) as process:
            try:
                # The list asks every 2 s while it is empty or something goes on.
                row = tab.page.wait_for_selector("tr[data-status=running]", timeout=60_000)
                assert row
                run_id = str(row.get_attribute("data-run"))
                tab.run("void (window.loaded = true)")
                before = done(tab)
                tab.until(
                    f"parseInt(document.querySelector('[data-word=done]').innerText) > {before}",
                )
                tab.until(
                    "/outputs a (second|minute), about .+ left/.test(document.body.innerText)"
                )
                tab.page.wait_for_selector("tr[data-status=complete]", timeout=60_000)
            finally:
                process.communicate(timeout=60)
        assert process.returncode == 0
        tab.until("/^(plain|brief)$/.test(document.querySelector('[data-word=best]').innerText)")
        assert cell(tab, run_id, "done") == "40 of 40"
        assert cell(tab, run_id, "pace") == ""
        assert tab.run("window.loaded"), "the row is written anew in place"
        assert tab.complaints == tab.dialogs == []
        assert [each for each in tab.requests if not each.startswith(f"{viewer.base}/")] == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_the_pages_can_be_read_by_everyone(
    browser: Browser,
    workspace: Workspace,
    two: tuple[str, str],
    width: int,
    scheme: Literal["light", "dark"],
):
    workspace.edit("suites/mail.yaml", "suite: mail", f"suite: {'long-' * 12}name")
    workspace.run()
    with (
        serving(store_path(workspace.folder)) as viewer,
        tab_of(browser, width, scheme=scheme) as tab,
    ):
        for target in (viewer.url, f"{viewer.base}/compare?a={two[0]}&b={two[1]}"):
            tab.open(target)
            assert tab.run("document.documentElement.scrollWidth") == width
            found = Axe().run(tab.page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
            assert tab.complaints == []
