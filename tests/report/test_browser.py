from collections.abc import Iterator
from pathlib import Path

import pytest

from promptbench.record import Case, MetricInfo
from promptbench.report.page import build_page
from promptbench.report.write import write_report
from tests.report.browser import CHROMIUM, Browser, browser
from tests.report.labelled import drawn
from tests.report.records import METRIC, cases, completion, run, sample, samples

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")

SHOWN = "[...document.querySelectorAll('.case')].filter(c => !c.hidden).map(c => c.id)"
TYPE = """(async () => {
  const filter = document.getElementById('filter');
  filter.value = %r;
  filter.dispatchEvent(new Event('input'));
  await new Promise((done) => setTimeout(done, 200));
})()"""
SORT = """(() => {
  const sort = document.getElementById('sort');
  sort.value = %r;
  sort.dispatchEvent(new Event('change'));
})()"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def url(tmp_path: Path) -> str:
    table = {"a": [0.5, 0.9, 0.2], "b": [0.4, 0.1, 0.2]}
    page = build_page(run("a", "b"), cases(3), samples(table))
    return write_report(page, tmp_path).as_uri()


def test_the_page_runs_without_a_complaint_or_a_request(tab: Browser, url: str):
    tab.open(url)
    assert tab.complaints == []
    assert tab.requests == [url]
    assert tab.run("getComputedStyle(document.body).margin") == "0px"
    assert tab.run("document.getElementById('toolbar').hidden") is False


def test_filtering_leaves_the_cases_that_hold_all_words(tab: Browser, url: str):
    tab.open(url)
    tab.run(TYPE % "team MAIL-1")
    assert tab.run(SHOWN) == ["case-2"]
    assert tab.run("document.getElementById('shown').textContent") == "1 of 3 cases"
    tab.run(TYPE % "nowhere")
    assert tab.run(SHOWN) == []
    assert tab.run("document.getElementById('nothing').hidden") is False
    tab.run(TYPE % "")
    assert len(tab.run(SHOWN)) == 3


def test_cases_are_sorted_by_spread_and_by_lowest_best(tab: Browser, url: str):
    tab.open(url)
    tab.run(SORT % "spread")
    assert tab.run(SHOWN) == ["case-2", "case-1", "case-3"]
    tab.run(SORT % "hard")
    assert tab.run(SHOWN) == ["case-3", "case-1", "case-2"]
    tab.run(SORT % "file")
    assert tab.run(SHOWN) == ["case-1", "case-2", "case-3"]


def test_a_link_reaches_a_case_that_the_filter_hides(tab: Browser, url: str):
    tab.open(url)
    tab.run(TYPE % "mail-1")
    assert tab.run(SHOWN) == ["case-2"]
    tab.run("location.hash = '#case-3'; new Promise((done) => setTimeout(done, 100))")
    assert "case-3" in tab.run(SHOWN)


def test_hostile_texts_do_not_run(tab: Browser, tmp_path: Path):
    attack = (
        "</script><script>document.title='owned'</script><img src=x onerror=\"document.title=1\">"
    )
    made = run(attack, metrics=(MetricInfo(METRIC, attack, "higher"),), manifest={attack: attack})
    case = Case("mail-0", {attack: attack}, (attack,))
    page = build_page(made, [case], [sample(attack, 0, 0.5, done=completion(attack))])
    tab.open(write_report(page, tmp_path).as_uri())
    assert tab.complaints == []
    assert len(tab.requests) == 1
    assert tab.run("document.title") == "email · promptbench report"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("text", ["word " * 400, "x" * 3000])
def test_the_page_never_scrolls_sideways(tab: Browser, tmp_path: Path, width: int, text: str):
    names = [f"{name}-{text[:60]}" for name in ("a", "b", "c", "d", "e")]
    made = run(*names, manifest={"command": text})
    case = Case("mail-0", {"body": text, text[:70]: "short"}, (text,), text[:90])
    rows = [sample(name, 0, 0.5, done=completion(text)) for name in names]
    tab.send(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=800,
        deviceScaleFactor=1,
        mobile=True,
    )
    tab.open(write_report(build_page(made, [case], rows), tmp_path).as_uri())
    assert tab.run("document.documentElement.scrollWidth") == width


def look(tab: Browser, url: str, width: int, scheme: str) -> None:
    tab.send(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=True,  # scroll bars lie over the page
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    tab.send("Emulation.setEmulatedMedia", media="screen", features=features)
    tab.open(url)
    tab.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("count", [3, 12, 20])
def test_a_classification_fits_and_can_be_read(
    tab: Browser, tmp_path: Path, width: int, scheme: str, count: int
):
    names = [f"a_label_with_a_long_name_{place}" for place in range(count)]
    page = build_page(*drawn(count, 60, names=names))
    look(tab, write_report(page, tmp_path).as_uri(), width, scheme)
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
