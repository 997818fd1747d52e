"""`promptbench import-ratings`: what it takes in, prints and refuses; from the page and back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promptbench.run.job import store_path
from promptbench.store.database import Store
from promptbench.store.rating import ratings
from tests.browser import Tab, needs_chromium
from tests.cli.conftest import Ask
from tests.run.rated import put, rating_file
from tests.run.workspace import Workspace

SUITE = "suites/mail.yaml"
PLAIN, BRIEF = "plain", "brief"
HOSTILE = '<script>document.title="owned"</script><b>\x1b[2J'


@pytest.fixture
def run_id(ask: Ask) -> str:
    return str(json.loads(ask("run", SUITE, "--json").out)["run"])


@pytest.fixture
def store(workspace: Workspace, run_id: str) -> Iterator[Store]:
    opened = Store(store_path(workspace.folder))
    yield opened
    opened.close()


def test_an_import_tells_preferences_sides_and_the_report(
    ask: Ask, store: Store, run_id: str, tmp_path: Path
):
    verdicts = ["left", "left", "left", "left", "tie", "right"]
    path = put(tmp_path / "ada.json", rating_file(store, run_id, verdicts))
    reply = ask("import-ratings", path)
    assert (reply.code, reply.err) == (0, "")
    lines = reply.out.splitlines()
    assert lines[0] == f"{run_id}: 6 new, 0 replaced, 0 known already"
    (pair,) = [line for line in lines if "4 · 1 · 1" in line or "1 · 1 · 4" in line]
    assert ("0.75" in pair) == ("4 · 1 · 1" in pair)
    assert any(line.startswith("rougeL") and " 5" in line for line in lines)
    assert lines[-1].endswith("index.html")
    page = Path(lines[-1].removeprefix("report").strip()).read_text(encoding="utf-8")
    assert "6 ratings by <bdi>Ada</bdi> (6)" in page


def test_the_same_file_twice_adds_nothing(ask: Ask, store: Store, run_id: str, tmp_path: Path):
    path = put(tmp_path / "ada.json", rating_file(store, run_id, ["left", "tie", "skip"]))
    first = ask("import-ratings", path)
    page = Path(first.out.splitlines()[-1].removeprefix("report").strip())
    content = page.read_bytes()
    again = ask("import-ratings", path, path)
    assert again.out.startswith(f"{run_id}: 0 new, 0 replaced, 6 known already")
    assert len(ratings(store, run_id)) == 3
    assert page.read_bytes() == content


def test_several_people_are_compared(ask: Ask, store: Store, run_id: str, tmp_path: Path):
    ada = rating_file(store, run_id, ["left", "left", "right", "right", "tie", "left"])
    bob = rating_file(store, run_id, ["right", "right", "left", "tie"], rater="Bob", turned=True)
    reply = ask("import-ratings", put(tmp_path / "a", ada), put(tmp_path / "b", bob))
    assert reply.code == 0
    (line,) = [line for line in reply.out.splitlines() if line.startswith("Ada and Bob")]
    assert line.split()[3] == "4"
    (line,) = [line for line in reply.out.splitlines() if line.startswith("another person")]
    # Three of three in two threads, 2 and 1: worth 9 / (4 + 1) = 1.8 trials, 1.8 / (1.8 + 1.96^2).
    assert line.split()[2:] == ["person", "1.00", "0.32", "to", "1.00", "3"]


def test_another_verdict_is_refused_unless_it_is_to_replace_the_first(
    ask: Ask, store: Store, run_id: str, tmp_path: Path
):
    ask("import-ratings", put(tmp_path / "a", rating_file(store, run_id, ["left", "left"])))
    # The same outputs on the other sides.
    again = rating_file(store, run_id, ["left", "left", "tie"], turned=True)
    path = put(tmp_path / "b", again)
    refused = ask("import-ratings", path)
    assert refused.code == 2
    assert f"error: {path}: rating 1: 'Ada' has rated these outputs" in refused.err
    assert len(ratings(store, run_id)) == 2
    taken = ask("import-ratings", "--replace", path)
    assert taken.out.startswith(f"{run_id}: 1 new, 2 replaced, 0 known already")
    assert [each.left for each in ratings(store, run_id)] == [again["candidates"][1]] * 3


def test_a_file_of_two_fails_and_nothing_is_imported(
    ask: Ask, store: Store, run_id: str, tmp_path: Path
):
    good = put(tmp_path / "good", rating_file(store, run_id, ["left"]))
    content = rating_file(store, run_id, ["left"] * 3, rater="Bob")
    content["ratings"][2]["left_digest"] = "0" * 16
    bad = put(tmp_path / "bad", content)
    assert ask("import-ratings", good, bad).code == 2
    assert ratings(store, run_id) == ()


def test_hostile_names_and_notes_reach_neither_terminal_nor_page(
    ask: Ask, store: Store, run_id: str, tmp_path: Path
):
    content = rating_file(store, run_id, ["left", "right"], rater=HOSTILE)
    content["ratings"][0]["note"] = HOSTILE
    other = rating_file(store, run_id, ["left"], rater="Bob")
    reply = ask("import-ratings", put(tmp_path / "a", content), put(tmp_path / "b", other))
    assert reply.code == 0
    assert "\x1b" not in reply.out + reply.err
    page = Path(reply.out.splitlines()[-1].removeprefix("report").strip()).read_text()
    assert HOSTILE[:20] not in page and "\x1b" not in page
    assert page.count("&lt;script&gt;document.title") >= 2


Change = Callable[[dict[str, Any]], object]


def entry(**fields: Any) -> Change:
    """Fields of the second rating."""
    return lambda content: content["ratings"][1].update(fields)


def top(**fields: Any) -> Change:
    return lambda content: content.update(fields)


def without(name: str) -> Change:
    return lambda content: content.pop(name)


def repeated(content: dict[str, Any]) -> None:
    content["ratings"].append(dict(content["ratings"][1], verdict="tie"))


BROKEN: dict[str, tuple[Change, str]] = {
    "version": (top(version=2), "version: this promptbench reads 1, found 2"),
    "version-text": (top(version="1"), "version: this promptbench reads 1, found '1'"),
    "format": (top(format="else"), "this is no file of ratings"),
    "unknown-run": (top(run="mail-none"), "run: there is no run 'mail-none' in "),
    "other-data": (top(data="0" * 64), "data: the cases of "),
    "unknown-candidate": (
        top(candidates=["plane", BRIEF]),
        "candidates: the run has no candidate 'plane'",
    ),
    "one-candidate": (top(candidates=[PLAIN]), "candidates: expected two or more, found 1"),
    "no-rater": (without("rater"), "key 'rater' is missing"),
    "empty-rater": (top(rater="  "), "rater: there is no name"),
    "unknown-key": (top(colour="red"), "unknown key 'colour'"),
    "ratings-no-list": (top(ratings="many"), "ratings: expected a list, found 'many'"),
    "unknown-case": (entry(case="mail-x"), "rating 2: the run has no case 'mail-x'"),
    "text-changed": (entry(left_digest="0" * 16), "rating 2: left: 'plain' has another text"),
    "no-digest": (entry(right_digest="abc"), "rating 2: right: 'brief' has another text"),
    "unknown-repeat": (entry(right_repeat=3), "rating 2: right: 'brief' has no output in repeat 3"),
    "negative-repeat": (entry(left_repeat=-1), "rating 2: left_repeat: expected at least 0"),
    "foreign-side": (entry(left="other"), "rating 2: left: 'other' is not among the file's"),
    "one-side": (entry(left=BRIEF), "rating 2: both outputs are of 'brief'"),
    "verdict": (
        entry(verdict="A"),
        "rating 2: verdict: should be 'left', 'right', 'tie' or 'skip'",
    ),
    "seconds-text": (entry(seconds="2"), "rating 2: seconds: expected a number, found '2'"),
    "seconds-below": (entry(seconds=-1), "rating 2: seconds: expected at least 0, found -1"),
    "long-note": (entry(note="x" * 10_001), "rating 2: note: "),
    "twice": (repeated, "rating 4: these outputs for case "),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_entry_gives_one_clear_message_and_changes_nothing(
    ask: Ask, store: Store, run_id: str, tmp_path: Path, name: str
):
    change, told = BROKEN[name]
    content = rating_file(store, run_id, ["left", "right", "tie"])
    change(content)
    path = put(tmp_path / "ratings.json", content)
    check(ask("import-ratings", path), path, told)
    assert ratings(store, run_id) == ()


def link(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to(path.with_name("real"))


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def edited(old: str, new: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(path.read_text().replace(old, new, 1))


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-40]), "not JSON from column "),
    "empty": (lambda path: path.write_bytes(b""), "not JSON from column 1 on"),
    "binary": (lambda path: path.write_bytes(bytes(range(256))), "not UTF-8"),
    "list": (lambda path: path.write_text("[]"), "expected a JSON object, found a list of 0"),
    "deep": (lambda path: path.write_text("[" * 100_000), "not usable JSON: it is nested too deep"),
    "nan": (edited("2.5", "NaN"), "not usable JSON: NaN is no JSON value"),
    "endless": (edited("2.5", "1e999"), "not usable JSON: 1e999 is too large a number"),
    "two-of-a-key": (
        edited('"seed"', '"run": "x", "seed"'),
        "not usable JSON: field 'run' is given twice",
    ),
    "half-character": (
        edited('"note": ""', '"note": "\\ud83d"'),
        "not usable JSON: a \\u escape stands for half of",
    ),
    "huge": (lambda path: path.write_bytes(b" " * (16 * 2**20 + 1)), "the file is larger than "),
    "missing": (lambda path: path.unlink(), "no such file"),
    "symlink": (link, "this is a symbolic link"),
    "folder": (folder, "this is not a file"),
    "pipe": (pipe, "this is not a file"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_gives_one_clear_message_and_changes_nothing(
    ask: Ask, store: Store, run_id: str, tmp_path: Path, name: str
):
    damage, told = FILES[name]
    path = put(tmp_path / "ratings.json", rating_file(store, run_id, ["left", "right", "tie"]))
    damage(path)
    check(ask("import-ratings", path), path, told)
    assert ratings(store, run_id) == ()


def check(reply: Any, path: Path, told: str) -> None:
    assert (reply.code, reply.out) == (2, "")
    what, *hint = reply.err.splitlines()
    assert what.startswith(f"error: {path}: {told}")
    assert len(hint) == 1 and hint[0].startswith("  ") and len(hint[0]) > 12


@needs_chromium
def test_from_the_page_by_keyboard_into_the_store_and_back_into_the_page(
    ask: Ask, store: Store, run_id: str, workspace: Workspace, tab: Tab, tmp_path: Path
):
    url = (workspace.folder / "reports" / run_id / "index.html").as_uri()
    tab.open(url)
    tab.page.click("#rate-open")
    tab.page.fill("[name=rater]", "Ada <b>")
    tab.page.click("#rate-setup .main")
    assert tab.page.inner_text("#rate-progress") == "1 of 6"
    for key in ("1", "2", "0", "b", "a"):
        tab.page.keyboard.press(key)
    tab.page.keyboard.press("n")
    tab.page.keyboard.type(HOSTILE.replace("\x1b", ""))
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("t")
    with tab.page.expect_download() as download:
        tab.page.click(".rate-save")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    reply = ask("import-ratings", path)
    assert (reply.code, reply.err) == (0, "")
    assert reply.out.startswith(f"{run_id}: 6 new, 0 replaced, 0 known already")
    assert sorted(each.verdict for each in ratings(store, run_id)) == [
        "left",
        "left",
        "right",
        "right",
        "tie",
        "tie",
    ]
    tab.open(url)
    shown = tab.page.inner_text("#human")
    assert "6 ratings by Ada <b> (6)" in shown
    assert HOSTILE.replace("\x1b", "") in shown
    tab.page.click('#human a[href^="#case-"]')
    tab.page.wait_for_selector("#case:visible")
    assert (tab.complaints, tab.dialogs, tab.requests) == ([], [], [url])
