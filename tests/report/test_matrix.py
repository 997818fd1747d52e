"""The matrix of cases in a real browser: each thing is clicked, also with hostile texts."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from promptbench.record import Case, MetricInfo, Sample, Score
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.write import write_report
from tests.browser import Tab, needs_chromium, tab_of
from tests.report.records import METRIC, candidate, cases, completion, run, sample, samples

pytestmark = needs_chromium

ROW = ".sheet-body [role='row']"
SHOWN = """[...document.querySelectorAll("[data-place]")]
  .sort((a, b) => a.dataset.place - b.dataset.place)
  .map((row) => row.querySelector("bdi").textContent)"""
METRICS = (
    MetricInfo(METRIC, "rougeL", "higher"),
    MetricInfo("ok", "right", "higher", binary=True),
    MetricInfo("invented_facts", "invented facts", "lower", 0, None),
    MetricInfo("words", "words", "none", 0, None),
)
HOSTILE = (
    "=1+1",
    "@SUM(A1)",
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "[a](javascript:alert(1)) ![x](//evil.example/x.png) | `x`",
    "\u202egnp.exe \ud800 \x00\x1b[31m \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u0130\u1e9e\ufb03 " + "Z\u0351\u034d" * 40,
)


def write(tmp_path: Path, made, found, rows) -> str:
    return write_report(build_page(Material(made, found, rows)), tmp_path).as_uri()


def scored(name: str, case: int, values: Sequence[float | None], **kinds) -> Sample:
    scores = {
        metric.name: Score(
            metric.name, value, "" if value is not None else "nothing to hold against"
        )
        for metric, value in zip(METRICS, values, strict=True)
    }
    return Sample(name, f"mail-{case}", 0, completion(**kinds), scores)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Six cases; `a` ranks before `b` on rougeL."""
    made = run("a", "b", metrics=METRICS)
    found = [
        Case(
            f"mail-{place}",
            {"kind": kind, "body": body},
            (f"Reference {place}.",),
            f"t-{place // 3}",
        )
        for place, (kind, body) in enumerate(
            [
                ("ask", "Where is it?"),
                ("ask", "a\u0301 Long " * 90),
                ("tell", "Here."),
                ("tell", "No."),
                ("ask", "Why ÄRGER?"),
                ("tell", "So."),
            ]
        )
    ]
    rows = [
        scored("a", 0, (0.9, 1, 0, 5)),
        scored("b", 0, (0.2, 0, 2, 50), text="It is in the Blue office."),
        scored("a", 1, (0.5, 1, 0, 9), tokens=64, reason="length"),
        scored("b", 1, (0.5, 1, 0, 8)),
        scored("a", 2, (0.4, 0, 0, 7)),
        scored("b", 2, (0.7, 1, 0, 6), seconds=9.5),
        scored("a", 3, (None, 1, 0, 3)),
        scored("b", 3, (0.1, 1, 0, 4)),
        Sample("a", "mail-4", 0, completion("", error="the server is gone")),
        scored("b", 4, (0.3, 1, 0, 4)),
        scored("a", 5, (0.8, 1, 0, 4)),
    ]
    return write(tmp_path, made, found, rows)


def settle(tab: Tab) -> list[str]:
    """The ids that are shown, once the matrix has answered; a search waits a little for more."""
    tab.page.wait_for_timeout(180)
    tab.page.wait_for_selector(".sheet:not([aria-busy])", state="attached")
    return tab.run(SHOWN)


def ids(*places: int) -> list[str]:
    return [f"mail-{place}" for place in places]


def cell(tab: Tab, place: int, column: int) -> str:
    return tab.page.text_content(f"[data-place='{place}'] > :nth-child({column + 1})") or ""


def clean(tab: Tab, url: str) -> None:
    assert tab.complaints == []
    assert tab.requests == [url]
    assert tab.dialogs == []


def test_a_cell_tells_a_value_or_in_a_word_why_there_is_none(tab: Tab, url: str):
    tab.open(url)
    tab.page.wait_for_selector("html[data-whole]", state="attached")
    assert tab.run(SHOWN) == ids(0, 1, 2, 3, 4, 5)
    assert "★0.900" in cell(tab, 0, 1) and "★" not in cell(tab, 0, 2)
    # Both are equal: nobody is marked. The output was cut off.
    assert "★" not in cell(tab, 1, 1) + cell(tab, 1, 2) and "cut" in cell(tab, 1, 1)
    assert cell(tab, 3, 1) == "unscored" and cell(tab, 4, 1) == "error"
    assert cell(tab, 5, 2) == "not run"
    tab.page.check(".tools-line [type='checkbox']")
    titles = tab.run("[...document.querySelectorAll('.sheet-cell')].map((each) => each.title)")
    assert "Unscored: nothing to hold against" in titles
    assert "Error: the server is gone" in titles
    assert "It is in the Blue office." in cell(tab, 0, 2) and "ask" in cell(tab, 0, 0)
    tab.page.select_option("label:has-text('Show') select", label="right")
    assert "yes" in cell(tab, 0, 1) and "no" in cell(tab, 0, 2)
    tab.page.select_option("label:has-text('Show') select", label="invented facts")
    assert "★" in cell(tab, 0, 1)
    tab.page.select_option("label:has-text('Show') select", label="words")
    assert "★" not in tab.page.inner_text(".sheet")
    clean(tab, url)


def test_words_and_filters_are_combined_and_taken_away(tab: Tab, url: str):
    tab.open(url)
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("OFFICE blue")
    assert settle(tab) == ids(0)
    assert tab.page.inner_text(".shown") == "1 of 6 cases"
    tab.page.fill("#search", "ärger")
    assert settle(tab) == ids(4)
    tab.page.fill("#search", "reference nowhere")
    assert settle(tab) == [] and tab.page.is_visible("text=No case passes")
    tab.page.click(".chips button >> nth=0")
    assert len(settle(tab)) == 6 and tab.run("document.activeElement.id") == "search"
    tab.page.click(".panel summary")
    for word, left in (("Unscored or error", ids(3, 4)), ("Cut off", []), ("Invented facts", [])):
        tab.page.check(f".panel label:has-text('{word}') input")
        assert settle(tab) == left
    assert tab.page.locator(".chips li").count() == 4
    tab.page.click("text=Clear all")
    assert len(settle(tab)) == 6 and not tab.page.is_checked("[data-key='cut']")
    for word, left in (("Cut off", ids(1)), ("Invented facts", ids(0))):
        tab.page.check(f".panel label:has-text('{word}') input")
        assert settle(tab) == left
        tab.page.click(".chips button >> nth=0")
        assert len(settle(tab)) == 6
    tab.page.select_option("label:has-text('kind') select", label="tell")
    assert settle(tab) == ids(2, 3, 5)
    tab.page.select_option("label:has-text('cluster') select", label="t-1")
    assert settle(tab) == ids(3, 5)
    tab.page.select_option("label:has-text('kind') select", label="any")
    assert settle(tab) == ids(3, 4, 5)
    clean(tab, url)


def test_flips_disagreements_and_ranges(tab: Tab, url: str):
    tab.open(url)
    tab.page.click(".panel summary")

    def only(form: str, **fields: str) -> list[str]:
        found = tab.page.locator(f".panel form:has(legend:text-is('{form}'))")
        for name, value in fields.items():
            field = found.locator(f"[name='{name}']")
            if field.evaluate("(each) => each.tagName") == "SELECT":
                field.select_option(label=value)
            else:
                field.fill(value)
        found.locator("button").click()
        shown = settle(tab)
        tab.page.click("text=Clear all")
        settle(tab)
        return shown

    assert only("Flips", way="better or worse") == ids(0, 2)
    assert only("Flips", way="better") == ids(2)
    assert only("Flips", way="worse", margin="0.7") == []
    assert only("Flips", **{"from": "b", "to": "a"}, way="better", margin="0.6") == ids(0)
    assert only("Flips", metric="right", way="better or worse", margin="0") == ids(0, 2)
    # The fewer invented facts the better.
    assert only("Flips", metric="invented facts", way="better") == ids(0)
    assert only("Disagreement", margin="0.3") == ids(0)
    assert only("Disagreement", margin="0.2") == ids(0, 2)
    assert only("Range", low="0.75") == ids(0, 5)
    assert only("Range", candidate="b", low="", high="0.2") == ids(0, 3)
    # Without a bound there is nothing to add.
    tab.page.fill(".panel [name='high']", "")
    tab.page.click(".panel form:has(legend:text-is('Range')) button")
    assert tab.page.locator(".chips li").count() == 0
    clean(tab, url)


def test_sorts(tab: Tab, url: str):
    tab.open(url)
    tab.page.wait_for_selector("html[data-whole]", state="attached")

    def by(label: str) -> list[str]:
        tab.page.select_option("label:has-text('Sort') select", label=label)
        return settle(tab)

    # Without a value comes last, whichever way round.
    assert by("Value of a") == ids(0, 5, 1, 2, 3, 4)
    tab.page.click("text=Descending")
    assert settle(tab) == ids(2, 1, 5, 0, 3, 4)
    assert by("Difference of two candidates")[:3] == ids(0, 1, 2)
    tab.page.select_option("[aria-label='Difference: from this candidate']", label="b")
    tab.page.select_option("[aria-label='Difference: minus this candidate']", label="minus a")
    assert settle(tab)[:3] == ids(2, 1, 0)
    assert by("Disagreement (spread)")[:2] == ids(0, 2)
    assert by("Hardest first (lowest best)") == ids(3, 4, 1, 2, 5, 0)
    assert by("Length of input")[0] == "mail-1"
    assert by("Length of longest output")[0] == "mail-0"
    assert by("Most output tokens")[0] == "mail-1"
    assert by("Seconds of the slowest output")[0] == "mail-2"
    assert by("File order") == ids(0, 1, 2, 3, 4, 5)
    header = tab.page.locator("[role='columnheader'] >> nth=2")
    expect(header).not_to_have_attribute("aria-sort", "descending")
    for way, first in (("descending", 2), ("ascending", 3)):
        header.locator("button").click()
        assert settle(tab)[0] == f"mail-{first}"
        expect(header).to_have_attribute("aria-sort", way)
    header.locator("button").click()
    assert settle(tab)[0] == "mail-0" and header.get_attribute("aria-sort") is None
    tab.page.select_option("label:has-text('Show') select", label="invented facts")
    assert by("Hardest first (lowest best)")[-1] == "mail-5"
    clean(tab, url)


def test_the_keyboard_does_it_all(tab: Tab, url: str):
    tab.open(url)
    press = tab.page.keyboard.press
    focused = "document.activeElement.closest('[role=row]')?.dataset.place ?? 'head'"
    tab.page.focus(".sheet [tabindex='0']")
    assert tab.page.locator(".sheet [tabindex='0']").count() == 1
    for key, place in (("ArrowDown", "1"), ("End", "1"), ("PageDown", "5"), ("ArrowDown", "5")):
        press(key)
        assert tab.run(focused) == place
    press("Control+Home")
    press("ArrowUp")
    assert tab.run(focused) == "head"
    press("ArrowRight")
    press("Enter")
    assert settle(tab) == ids(0, 5, 1, 2, 3, 4)
    press("ArrowDown")
    press("ArrowDown")
    press("Enter")
    tab.page.wait_for_selector("#case[open] .case")
    assert tab.run("location.hash") == "#case-6"
    assert tab.page.inner_text(".opened-title") == "Case 6 of 6"
    press("j")
    tab.page.wait_for_selector("#case:has-text('mail-1')")
    press("p")
    press("k")
    press("k")
    tab.page.wait_for_selector("#case:has-text('mail-0')")
    assert tab.run("location.hash") == "#case-1"
    assert tab.page.is_disabled(".opened-bar button >> nth=0")
    press("n")
    tab.page.wait_for_selector("#case:has-text('mail-5')")
    press("Escape")
    tab.page.wait_for_selector("#case", state="hidden")
    tab.page.wait_for_url(lambda found: "#" not in found)
    assert tab.run(focused) == "1"
    press("?")
    assert tab.page.is_visible("text=case before")
    clean(tab, url)


def test_a_case_has_an_address(tab: Tab, url: str):
    tab.open(f"{url}#case-3")
    assert tab.page.is_visible("#case:has-text('mail-2')")
    tab.page.click("[aria-label^='Close']")
    tab.page.wait_for_selector("#case", state="hidden")
    assert tab.run("location.hash") == ""
    # Back closes what a click opened, and forward opens it again.
    tab.page.click(f"{ROW} >> nth=3")
    tab.page.wait_for_selector("#case:has-text('mail-3')")
    tab.page.go_back()
    tab.page.wait_for_selector("#case", state="hidden")
    tab.page.go_forward()
    tab.page.wait_for_selector("#case:has-text('mail-3')")
    tab.page.keyboard.press("Escape")
    tab.page.wait_for_selector("#case", state="hidden")
    tab.page.click(f"{ROW} >> nth=1 >> a")
    tab.page.wait_for_selector("#case:has-text('mail-1')")
    # One that the filters hide opens all the same.
    tab.page.keyboard.press("Escape")
    tab.page.fill("#search", "office")
    assert settle(tab) == ids(0)
    tab.run("location.hash = '#case-5'")
    tab.page.wait_for_selector("#case:has-text('mail-4')")
    for nonsense in ("#case-0", "#case-7", "#case-x"):
        tab.run(f"location.hash = '{nonsense}'")
        tab.page.wait_for_selector("#case", state="hidden")
    assert tab.complaints == []


def test_hostile_texts_stay_texts_and_leave_the_page_as_such(tab: Tab, tmp_path: Path):
    names = [f"{attack} {place}" for place, attack in enumerate(HOSTILE)]
    attacks = (METRIC, *HOSTILE[:2])
    metrics = tuple(MetricInfo(attack, attack, "higher") for attack in attacks)
    found = [
        Case(attack, {attack: attack, "kind": attack}, (attack,), attack) for attack in HOSTILE
    ]
    rows = [
        Sample(
            name,
            case.id,
            0,
            completion(case.id),
            {metric.name: Score(metric.name, -0.5, case.id) for metric in metrics},
        )
        for name in names
        for case in found
    ]
    made = run(candidates=tuple(candidate(name) for name in names), metrics=metrics)
    url = write(tmp_path, made, found, rows)
    tab.open(url)
    tab.page.wait_for_selector("html[data-whole]", state="attached")
    tab.page.check(".tools-line [type='checkbox']")
    tab.page.click(".panel summary")
    for button in tab.page.query_selector_all(".panel form button"):
        button.click()
    settle(tab)
    tab.page.click("text=Clear all")
    for select in tab.page.query_selector_all(".panel .tags select"):
        select.select_option(index=2)
        settle(tab)
    tab.page.click("text=Clear all")
    settle(tab)
    for attack in ("<img", "evil", "I\u0307", "gnp"):
        tab.page.fill("#search", attack)
        assert len(settle(tab)) >= 1
    tab.page.click("text=Clear all")
    assert len(settle(tab)) == len(HOSTILE)
    tab.page.click(f"{ROW} >> nth=0")
    for number in range(1, len(HOSTILE)):  # a key that comes before its page is there is lost
        tab.page.wait_for_selector(f"#case:has-text('Case {number}')")
        tab.page.keyboard.press("j")
    tab.page.wait_for_selector(f"#case:has-text('Case {len(HOSTILE)}')")
    tab.page.keyboard.press("Escape")
    tab.page.wait_for_url(lambda found: "#" not in found)
    assert "\u202e" not in tab.page.content()

    with tab.page.expect_download() as begun:
        tab.page.click("text=Download CSV")
    with Path(begun.value.path()).open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    assert begun.value.suggested_filename == f"{made.id}-cases.csv"
    assert len(table) == len(HOSTILE) + 1
    assert len(table[0]) == 2 + len(names) * len(metrics)
    assert table[1][:3] == ["'=1+1", "'=1+1", "-0.5"]
    assert table[2][0] == "'@SUM(A1)"
    assert not [text for row in table for text in row[:2] if text.startswith(("=", "+", "-", "@"))]

    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.click("text=Copy table as Markdown")
    tab.page.wait_for_selector("text=Copied as Markdown.")
    copied = tab.run("navigator.clipboard.readText()")
    lines = [line for line in copied.splitlines() if line.startswith("|")]
    assert len(lines) == len(HOSTILE) + 2
    # A bar that is no border is escaped, and so is whatever would draw or link.
    assert {line.replace("\\|", "").count("|") for line in lines} == {len(names) + 3}
    assert not set(re.sub(r"\\.", "", copied)) & set("[]<>`*!")
    assert tab.run("document.title") == "email · promptbench report"
    assert tab.complaints == []
    assert [each for each in tab.requests if not each.startswith("blob:")] == [url]
    assert tab.dialogs == []


def test_of_many_cases_only_the_rows_in_sight_are_in_the_page(browser: Browser, tmp_path: Path):
    names = [f"candidate-{place}" for place in range(30)]
    table = {name: [place / 30] * 60 for place, name in enumerate(names)}
    url = write(tmp_path, run(*names), cases(60), samples(table))
    with tab_of(browser, 360, 740) as tab:
        tab.open(url)
        assert tab.page.locator(ROW).count() < 40
        assert tab.page.get_attribute(".sheet", "aria-rowcount") == "61"
        tab.page.focus(".sheet [tabindex='0']")
        tab.page.keyboard.press("Control+End")
        last = tab.page.locator("[data-place='59'] > :nth-child(31)")
        expect(last).to_be_focused()
        expect(last).to_be_in_viewport(ratio=0.9)
        assert tab.page.get_attribute("[data-place='59']", "aria-rowindex") == "61"
        # The header lines up with its column, and the first column stays in sight.
        edges = tab.run(
            "['.sheet-top', \"[data-place='59']\"].map((row) => "
            "document.querySelector(row).lastElementChild.getBoundingClientRect().left)"
        )
        assert edges[0] == pytest.approx(edges[1], abs=1)
        expect(tab.page.locator("[data-place='59'] a")).to_be_in_viewport()
        # The row with the focus stays, so that the keyboard goes on from it.
        tab.run("document.querySelector('.sheet').scrollTop = 0")
        tab.page.wait_for_selector("[data-place='0']")
        expect(last).to_be_focused()
        assert tab.page.locator(ROW).count() < 40
        assert tab.run("document.documentElement.scrollWidth") == 360
        clean(tab, url)


def test_repeats_are_averaged_and_counted(tab: Tab, tmp_path: Path):
    rows = [sample("a", 0, 0.5), sample("a", 0, 0.7, repeat=1), sample("a", 0, None, repeat=2)]
    tab.open(write(tmp_path, run("a", repeats=3), cases(1), rows))
    assert "0.600" in cell(tab, 0, 1) and "2 of 3" in cell(tab, 0, 1)


@pytest.mark.parametrize("number", [0, 2])
def test_a_run_without_scores_has_a_matrix(tab: Tab, tmp_path: Path, number: int):
    made = run("a", metrics=(MetricInfo(METRIC, METRIC, "higher"),))
    url = write(tmp_path, made, cases(number), [])
    tab.open(url)
    if number:
        assert cell(tab, 0, 1) == "not run"
        tab.page.click("[role='columnheader'] button")
        assert settle(tab) == ids(0, 1)
    else:
        assert tab.page.is_visible("text=The run has no cases.")
    clean(tab, url)
