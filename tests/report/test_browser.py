from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from promptbench.record import Case
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.write import write_report
from tests.browser import Tab, needs_chromium, tab_of
from tests.report.labelled import drawn
from tests.report.records import cases, completion, run, sample, samples

pytestmark = needs_chromium


@pytest.fixture
def url(tmp_path: Path) -> str:
    table = {"a": [0.5, 0.9, 0.2], "b": [0.4, 0.1, 0.2]}
    page = build_page(Material(run("a", "b"), cases(3), samples(table)))
    return write_report(page, tmp_path).as_uri()


def test_the_page_runs_without_a_complaint_or_a_request(tab: Tab, url: str):
    tab.open(url)
    assert tab.complaints == []
    assert tab.requests == [url]
    assert tab.run("getComputedStyle(document.body).margin") == "0px"


def test_a_link_opens_a_case(tab: Tab, url: str):
    tab.open(url)
    tab.run("location.hash = '#case-3'")
    tab.page.wait_for_selector("#case:visible")
    assert "Subject 2" in tab.page.inner_text("#case")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("text", ["word " * 400, "x" * 3000])
def test_the_page_never_scrolls_sideways(browser: Browser, tmp_path: Path, width: int, text: str):
    names = [f"{name}-{text[:60]}" for name in ("a", "b", "c", "d", "e")]
    made = run(*names, manifest={"command": text})
    case = Case("mail-0", {"body": text, text[:70]: "short"}, (text,), text[:90])
    rows = [sample(name, 0, 0.5, done=completion(text)) for name in names]
    with tab_of(browser, width) as tab:
        tab.open(write_report(build_page(Material(made, [case], rows)), tmp_path).as_uri())
        assert tab.run("document.documentElement.scrollWidth") == width
        tab.run("location.hash = '#case-1'")
        tab.page.wait_for_selector("#case:visible")
        assert tab.run("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("count", [3, 12, 20])
def test_a_classification_fits_and_can_be_read(
    browser: Browser, tmp_path: Path, width: int, scheme: Literal["light", "dark"], count: int
):
    names = [f"a_label_with_a_long_name_{place}" for place in range(count)]
    page = build_page(Material(*drawn(count, 60, names=names)))
    with tab_of(browser, width, scheme=scheme) as tab:
        tab.open(write_report(page, tmp_path).as_uri())
        tab.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert tab.complaints == []
        assert len(tab.requests) == 1
        assert tab.run("document.documentElement.scrollWidth") == width
        # What is wider than the page scrolls inside a box that the keyboard reaches.
        assert tab.run(WIDE) == []
        assert tab.run(LEAST_CONTRAST) >= 4.5


WIDE = """[...document.querySelectorAll('#classification :is(table, svg)')]
  .filter((each) => each.getBoundingClientRect().right > innerWidth)
  .filter((each) => !each.closest('.scroll[tabindex="0"]')).map((each) => each.outerHTML)"""
# The least contrast (WCAG) of a matrix cell's text with its colour; a drawn matrix has no text.
LEAST_CONTRAST = """(() => {
  const numbers = (colour) => {
    const found = colour.match(/[0-9.]+/g).slice(0, 3).map(Number);
    return colour.startsWith('color(') ? found : found.map((each) => each / 255);
  };
  const linear = (each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4;
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map(linear);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (cell) => {
    const style = getComputedStyle(cell);
    const [low, high] = [light(style.color), light(style.backgroundColor)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  return Math.min(99, ...[...document.querySelectorAll('.matrix tbody td')].map(contrast));
})()"""
