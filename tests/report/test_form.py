"""The form of the whole page: what axe-core finds, the first screen, paper, keyboard, motion."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.write import write_report
from tests.browser import Tab, needs_chromium, tab_of
from tests.report.everything import everything
from tests.report.records import cases, run, samples

pytestmark = needs_chromium
SECTIONS = (
    "ranking",
    "gates",
    "learning",
    "chat",
    "training",
    "costs",
    "variance",
    "metrics",
    "explore",
    "classification",
    "copying",
    "judges",
    "human",
    "reading",
    "prompts",
    "cases",
    "manifest",
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(everything(), tmp_path_factory.mktemp("form")).as_uri()


def ranked(number: int, folder: Path) -> str:
    """The address of a page with so many candidates."""
    table = {f"candidate {n}": [0.5 + n / 40, 0.9 - n / 50, n / 20] for n in range(number)}
    return write_report(
        build_page(Material(run(*table), cases(3), samples(table))), folder
    ).as_uri()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        (360, "dark"),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
        pytest.param(360, "light", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing(
    browser: Browser, url: str, width: int, scheme: Literal["light", "dark"]
):
    with tab_of(browser, width, scheme=scheme) as tab:
        tab.open(f"{url}#case-1")
        tab.page.wait_for_selector("#case:visible")
        tab.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert tab.run("[...document.querySelectorAll('main > section')].map((s) => s.id)") == [
            *SECTIONS
        ]
        # The driver's own channel may bring a script in; the page's policy holds for the page.
        found = Axe().run(tab.page).response["violations"]
        told = [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found]
        assert told == []
        assert tab.run("document.documentElement.scrollWidth") == width
        assert tab.complaints == []


def test_headings_go_down_one_step_at_a_time(tab: Tab, url: str):
    tab.open(url)
    levels = tab.run(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5')].map((each) => +each.tagName[1])"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_first_screen_has_the_verdict_and_the_whole_ranking(tab: Tab, tmp_path: Path):
    tab.open(ranked(8, tmp_path))
    for selector in (".verdict", ".counts", ".board:not([hidden]) tbody tr:last-child"):
        box = tab.page.locator(selector).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900


def test_another_baseline_shows_its_table_and_is_what_is_copied(browser: Browser, tmp_path: Path):
    with tab_of(browser, 360) as tab:
        tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        tab.open(ranked(3, tmp_path))
        shown = ".board:not([hidden])"
        assert tab.page.inner_text(f"{shown} caption bdi") == "candidate 2"
        tab.page.select_option("#baseline", label="candidate 1")
        assert tab.page.locator(shown).count() == 1
        assert tab.page.inner_text(f"{shown} caption bdi") == "candidate 1"
        assert tab.page.inner_text(f"{shown} tr:has(.base) th").strip() == "candidate 1"
        tab.page.click("#copy")
        tab.page.wait_for_selector("#copied:has-text('Copied.')")
        text = tab.run("navigator.clipboard.readText()")
        assert "| against candidate 1 |" in text
        assert tab.complaints == []
        assert tab.run("document.documentElement.scrollWidth") == 360


def test_without_a_script_the_default_table_shows(browser: Browser, tmp_path: Path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(ranked(3, tmp_path))
    assert page.locator(".board:visible").count() == 1
    assert page.locator("#ranking .choices").is_hidden()
    context.close()


def test_the_row_of_sections_stays_and_a_target_is_not_below_it(browser: Browser, url: str):
    with tab_of(browser, 360, 740) as tab:
        tab.page.emulate_media(reduced_motion="reduce")
        tab.open(url)
        assert tab.run("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        tab.run("location.hash = '#manifest'")
        tab.page.wait_for_selector(".contents a[href='#manifest'][aria-current]")
        row = tab.page.locator(".contents").bounding_box()
        title = tab.page.locator("#manifest-title").bounding_box()
        link = tab.page.locator(".contents a[aria-current]").bounding_box()
        assert row is not None and title is not None and link is not None
        assert row["y"] == 0
        assert title["y"] >= row["height"]
        assert link["x"] >= 0 and link["x"] + link["width"] <= 360
        tab.page.keyboard.press("Tab")
        assert tab.run("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_on_paper_it_is_white_open_and_has_nothing_that_sticks(browser: Browser, url: str):
    with tab_of(browser, scheme="dark") as tab:
        tab.open(url)
        tab.page.emulate_media(media="print", color_scheme="dark")
        tab.run("dispatchEvent(new Event('beforeprint'))")
        assert tab.run("document.querySelectorAll('details:not([open])').length") == 0
        assert tab.run("getComputedStyle(document.documentElement).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert tab.page.locator(".contents").is_hidden()
        assert tab.run(STUCK) == []
        made = tab.page.pdf(format="A4")
        assert made.startswith(b"%PDF")
        assert len(re.findall(rb"/Type /Page\b", made)) >= 3


STUCK = """[...document.querySelectorAll('*')]
  .filter((each) => each.checkVisibility() && getComputedStyle(each).position === 'sticky')
  .map((each) => each.outerHTML.slice(0, 120))"""
