"""Blind rating in a real browser: what is shown, what the keys do, what is saved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from promptbench.record import Case, Sample
from promptbench.report.digest import data_digest, text_digest
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.write import write_report
from tests.browser import Tab, needs_chromium, tab_of
from tests.report.records import cases, completion, run, sample

pytestmark = needs_chromium

NAMES = ("first-candidate", "second-candidate", "third-candidate")
CASES = 12


def outputs(names: Sequence[str]) -> list[Sample]:
    """Each candidate writes something else for each case."""
    return [
        sample(name, case, 0.5, done=completion(f"{case} in the words of number {place}"))
        for place, name in enumerate(names)
        for case in range(CASES)
    ]


def written(folder: Path, names: Sequence[str] = NAMES[:2]) -> str:
    page = build_page(Material(run(*names), cases(CASES), outputs(names)))
    return write_report(page, folder).as_uri()


def begin(tab: Tab, *, rater: str = "Ada", wanted: int = 6, seed: int = 1) -> None:
    tab.page.click("#rate-open")
    tab.page.fill("[name=rater]", rater)
    tab.page.fill("[name=wanted]", str(wanted))
    tab.page.fill("[name=seed]", str(seed))
    tab.page.click("#rate-setup .main")


def press(tab: Tab, keys: str) -> None:
    for key in keys:
        tab.page.keyboard.press(key)


def saved(tab: Tab, button: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    with tab.page.expect_download() as download:
        tab.page.click(button)
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path, json.loads(path.read_text())


def test_keys_rate_and_the_file_says_who_said_what_of_which_texts(tab: Tab, tmp_path: Path):
    url = written(tmp_path)
    tab.open(url)
    begin(tab)
    texts = [tab.page.inner_text(f".rate-output:nth-child({place}) .said") for place in (1, 2)]
    press(tab, "1b0u0sT")
    tab.page.keyboard.press("n")
    tab.page.keyboard.type("both <b>1 2</b>")
    tab.page.keyboard.press("Enter")
    press(tab, "A")
    assert "5 ratings, 1 skipped" in tab.page.inner_text("#rate-end")
    path, found = saved(tab, ".rate-save", tmp_path)
    assert path.name == "ratings-20250102-030405-ab12-ada.json"
    assert [each["verdict"] for each in found["ratings"]] == [
        "left",
        "right",
        "tie",
        "skip",
        "tie",
        "left",
    ]
    assert [each["note"] for each in found["ratings"]] == [""] * 5 + ["both <b>1 2</b>"]
    assert (found["format"], found["version"]) == ("promptbench ratings", 1)
    assert (found["run"], found["suite"]) == ("20250102-030405-ab12", "email")
    assert found["data"] == data_digest(cases(CASES))
    assert (found["rater"], found["seed"], found["references"]) == ("Ada", 1, False)
    assert found["candidates"] == [*NAMES[:2]]
    first = found["ratings"][0]
    assert [first["left_digest"], first["right_digest"]] == [text_digest(each) for each in texts]
    case = int(first["case"].removeprefix("mail-"))
    sides = [NAMES.index(first[side]) for side in ("left", "right")]
    assert texts == [f"{case} in the words of number {place}" for place in sides]
    assert all(each["seconds"] >= 0 for each in found["ratings"])
    assert (tab.complaints, tab.dialogs) == ([], [])
    assert [each for each in tab.requests if not each.startswith("blob:")] == [url]


def test_while_rating_nothing_tells_who_wrote_what(tab: Tab, tmp_path: Path):
    tab.open(written(tmp_path, NAMES))
    begin(tab, wanted=9)
    for _ in range(9):
        assert tab.page.locator("#rate-outputs .said").count() == 2
        html = tab.run("document.getElementById('rate').outerHTML")
        assert not [name for name in NAMES if name in html]
        assert "glyph" not in html and not any(f"c{place} " in html for place in range(8))
        # Of the page behind, nothing can be reached, seen or read out.
        assert tab.run("document.getElementById('rate').matches(':modal')")
        box = tab.run("JSON.stringify(document.getElementById('rate').getBoundingClientRect())")
        assert (json.loads(box)["width"], json.loads(box)["height"]) == (1280, 900)
        press(tab, "1")
    end = tab.page.inner_text("#rate-end")
    assert all(name in end for name in NAMES)
    tab.page.click("#rate-back")
    html = tab.run("document.getElementById('rate').outerHTML")
    assert not [name for name in NAMES if name in html]


PLANS = """(async ({ seeds, wanted, candidates }) => {
  const data = await bench.load();
  return seeds.map((seed) =>
    bench.session.plan(data, { seed, wanted, candidates }).items.map(
      ({ number, left, right }) => [number, left.candidate, right.candidate]));
})"""


def test_over_many_seeds_sides_pairs_and_order_follow_nobody(tab: Tab, tmp_path: Path):
    tab.open(written(tmp_path, NAMES))
    seeds = list(range(400))
    argument = {"seeds": seeds, "wanted": 30, "candidates": [0, 1, 2]}
    plans = tab.page.evaluate(PLANS, argument)
    assert tab.page.evaluate(PLANS, argument) == plans
    assert len({json.dumps(plan) for plan in plans}) == 400
    for plan in plans:
        pairs = [tuple(sorted(each[1:])) for each in plan]
        counts = [pairs.count(pair) for pair in ((0, 1), (0, 2), (1, 2))]
        assert counts == [10, 10, 10]
        assert len({(number, *sorted(rest)) for number, *rest in plan}) == 30
        for pair in ((0, 1), (0, 2), (1, 2)):
            lefts = [left for _, left, right in plan if tuple(sorted((left, right))) == pair]
            assert lefts.count(pair[0]) == 5
    for at in (0, 1, 15, 29):
        left = [plan[at][1] for plan in plans]
        for candidate in (0, 1, 2):
            # A third of 400, within four standard errors (9.4 each).
            assert abs(left.count(candidate) - 400 / 3) < 38
    # Whose output stood left says nothing of who will stand there next: of the 29 others, 9 are
    # as well that candidate's turn. Within four standard errors.
    again = sum(one[1] == other[1] for plan in plans for one, other in pairwise(plan))
    assert abs(again / (400 * 29) - 9 / 29) < 0.018
    numbers = [plan[0][0] for plan in plans]
    assert len(set(numbers)) == CASES


def test_identical_outputs_and_errors_are_not_shown(tab: Tab, tmp_path: Path):
    found = outputs(NAMES[:2])
    found[0] = sample(NAMES[0], 0, 0.5, done=completion(found[CASES].completion.text))  # type: ignore[union-attr]
    found[1] = sample(NAMES[0], 1, None, done=completion("", error="it broke"))
    page = build_page(Material(run(*NAMES[:2]), cases(CASES), found))
    tab.open(write_report(page, tmp_path).as_uri())
    tab.page.click("#rate-open")
    supply = tab.page.locator("#rate-supply")
    expect(supply).to_have_text(
        "10 pairs of outputs can be rated. 1 pair of identical outputs left out."
    )
    argument = {"seeds": [5], "wanted": 40, "candidates": [0, 1]}
    (plan,) = tab.page.evaluate(PLANS, argument)
    assert sorted(number for number, *_ in plan) == list(range(2, 12))
    tab.page.uncheck("#rate-setup [name=candidate] >> nth=0")
    assert tab.page.inner_text("#rate-supply") == "Choose two candidates at least."
    assert tab.page.is_disabled("#rate-setup .main")


def test_a_session_can_be_left_saved_loaded_and_ended(tab: Tab, tmp_path: Path):
    url = written(tmp_path)
    tab.open(url)
    begin(tab, rater='<img src=x onerror="document.title=1">')
    press(tab, "12")
    tab.page.keyboard.press("Escape")
    assert not tab.run("document.getElementById('rate').open")
    tab.until("document.getElementById('rate-state').innerText.includes('2 ratings of <img')")
    assert "not all of them saved" in tab.page.inner_text("#rate-state")
    path, half = saved(tab, "#rate-keep", tmp_path)
    assert len(half["ratings"]) == 2
    tab.open(url)
    tab.page.click("#rate-open")
    tab.page.set_input_files("[name=saved]", path)
    tab.page.wait_for_selector("#rate-work:visible")
    assert tab.page.inner_text("#rate-progress") == "3 of 6"
    press(tab, "1111")
    _, whole = saved(tab, ".rate-save", tmp_path)
    assert whole["ratings"][:2] == half["ratings"]
    assert len(whole["ratings"]) == 6
    assert whole["started"] == half["started"]
    assert tab.run("document.title") == "email · promptbench report"
    assert (tab.complaints, tab.dialogs) == ([], [])


def test_leaving_the_page_with_unsaved_ratings_warns(tab: Tab, tmp_path: Path):
    tab.open(written(tmp_path))
    begin(tab)
    # A dialog asks only where somebody has touched the page.
    press(tab, "1")
    tab.page.keyboard.press("Escape")
    with tab.page.expect_event("dialog"):
        tab.page.close(run_before_unload=True)
    assert len(tab.dialogs) == 1
    assert not tab.page.is_closed()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": "else"}, "This is no file of ratings."),
        ({"version": 2}, "another version"),
        ({"run": "other"}, "another run"),
        ({"data": "other"}, "another run"),
        ({"seed": -1}, "damaged"),
        ({"candidates": ["first-candidate", "else"]}, "damaged"),
        ({"seed": 2}, "not those that the file rates"),
        ({"wanted": 1}, "more than was planned"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    tab: Tab, tmp_path: Path, change: dict[str, Any], told: str
):
    tab.open(written(tmp_path))
    begin(tab)
    press(tab, "12")
    tab.page.keyboard.press("Escape")
    path, found = saved(tab, "#rate-keep", tmp_path)
    path.write_text(json.dumps(found | change))
    tab.page.click("#rate-new")
    tab.page.set_input_files("[name=saved]", path)
    tab.page.wait_for_selector("#rate-refused:not(:empty)")
    assert told in tab.page.inner_text("#rate-refused")


def test_a_held_key_rates_once_and_typing_a_note_rates_nothing(tab: Tab, tmp_path: Path):
    tab.open(written(tmp_path))
    begin(tab)
    for _ in range(4):
        tab.page.keyboard.down("1")
    tab.page.keyboard.up("1")
    assert tab.page.inner_text("#rate-progress") == "2 of 6"
    press(tab, "n12tsu")
    assert tab.page.inner_text("#rate-progress") == "2 of 6"
    assert tab.page.input_value("#rate-note") == "12tsu"
    # The first Escape leaves the note, the second the dialog.
    tab.page.keyboard.press("Escape")
    assert tab.run("document.getElementById('rate').open")


@pytest.mark.parametrize("text", ["word " * 600, "x" * 3000])
def test_long_texts_fit_a_phone(browser: Browser, tmp_path: Path, text: str):
    case = Case("mail-0", {"body": text, text[:60]: text}, (text,))
    found = [sample(name, 0, 0.5, done=completion(text + name)) for name in ("a", "b")]
    page = build_page(Material(run("a", "b"), [case], found))
    with tab_of(browser, 360, 740) as tab:
        tab.open(write_report(page, tmp_path).as_uri())
        tab.page.click("#rate-open")
        wide = "document.getElementById('rate').scrollWidth"
        assert tab.run(wide) == 360
        tab.page.check("[name=references]")
        begin_here(tab)
        assert tab.run(wide) == 360
        press(tab, "1")
        assert tab.run(wide) == 360


def begin_here(tab: Tab) -> None:
    tab.page.fill("[name=rater]", "Ada")
    tab.page.click("#rate-setup .main")


@pytest.mark.parametrize("text", ["", "plain", "Grüße 🙂 \u202e", "a\nb\t\0"])
def test_page_and_python_make_the_same_digest(tab: Tab, tmp_path: Path, text: str):
    tab.open(written(tmp_path))
    assert tab.page.evaluate("(text) => bench.session.digest(text)", text) == text_digest(text)
