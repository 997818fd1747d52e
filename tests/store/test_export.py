from __future__ import annotations

import csv
import errno
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from promptbench.error import EXIT_NOT_FINISHED, InputError, StoreError
from promptbench.record import MetricInfo, Run, Score, Turn
from promptbench.store import export as module
from promptbench.store.database import Store
from promptbench.store.export import WRITERS, export, export_turns
from promptbench.store.turn import link_replies
from tests.store.records import begin, completion, run, save

TEXT = 'Two lines,\nand a "quote"; Grüße 🙂 \u2028 end'
COLUMNS = ["run", "candidate", "prompt", "model", "case", "repeat", "output", "error"]
COLUMNS += ["finish_reason", "prompt_tokens", "output_tokens", "seconds", "cost"]
METRIC_COLUMNS = ["rougeL", "rougeL unscored", "words", "words unscored"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def filled(store: Store) -> Store:
    """Of candidate a: an output with scores, one that is unscored, an error; of b nothing."""
    begin(store, measured("rougeL", "words"))
    save(store, "mail-1", completion("scored", TEXT), (0, 0, 0))
    save(store, "mail-1", completion("unscored", ""), (0, 1, 0))
    save(store, "mail-1", completion("bad", "half an out", error="out of memory"), (0, 2, 0))
    scored = [Score("rougeL", 1 / 3), Score("words", 1.0)]
    unscored = [Score("rougeL", None, "the case has no reference"), Score("words", 0.0)]
    store.save_scores("mail-1", [((0, 0, 0), scored), ((0, 1, 0), unscored)])
    return store


def measured(*names: str, candidates: Sequence[str] = ("a", "b")) -> Run:
    """A run with these metrics."""
    return replace(run(names=candidates), metrics=tuple(MetricInfo(n, n, "higher") for n in names))


def rows(store: Store, kind: str, path: Path) -> list[dict[str, Any]]:
    """What a reader of the file finds; what is empty there is None."""
    assert export(store, "mail-1", kind, path) == 6
    if kind == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            return [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]
    if kind == "jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    frame = pd.read_parquet(path).astype(object)
    return [dict(row) for row in frame.where(frame.notna(), None).to_dict(orient="records")]


@pytest.mark.parametrize("kind", WRITERS)
def test_every_cell_is_a_row_with_the_same_columns(filled: Store, tmp_path: Path, kind: str):
    found = rows(filled, kind, tmp_path / "run")
    assert [list(row) for row in found] == [COLUMNS + METRIC_COLUMNS] * 6
    assert [(row["candidate"], row["case"]) for row in found] == [
        (name, f"mail-{number}") for name in "ab" for number in range(3)
    ]


@pytest.mark.parametrize("kind", WRITERS)
def test_text_comes_back_as_the_model_wrote_it(filled: Store, tmp_path: Path, kind: str):
    assert rows(filled, kind, tmp_path / "run")[0]["output"] == TEXT


@pytest.mark.parametrize("kind", WRITERS)
def test_a_score_comes_back_with_all_its_digits(filled: Store, tmp_path: Path, kind: str):
    first = rows(filled, kind, tmp_path / "run")[0]
    assert float(first["rougeL"]) == 1 / 3
    assert float(first["words"]) == 1.0


@pytest.mark.parametrize("kind", WRITERS)
def test_unscored_is_empty_with_a_reason_and_never_0(filled: Store, tmp_path: Path, kind: str):
    unscored = rows(filled, kind, tmp_path / "run")[1]
    assert unscored["rougeL"] is None
    assert unscored["rougeL unscored"] == "the case has no reference"
    assert float(unscored["words"]) == 0.0


@pytest.mark.parametrize("kind", WRITERS)
def test_an_error_has_neither_output_nor_score(filled: Store, tmp_path: Path, kind: str):
    bad = rows(filled, kind, tmp_path / "run")[2]
    assert (bad["output"], bad["error"]) == (None, "out of memory")
    assert (bad["rougeL"], bad["words"]) == (None, None)


@pytest.mark.parametrize("kind", WRITERS)
def test_what_was_not_generated_is_a_row_that_says_so(filled: Store, tmp_path: Path, kind: str):
    missing = rows(filled, kind, tmp_path / "run")[3]
    assert (missing["output"], missing["error"]) == (None, "not generated")
    assert missing["output_tokens"] is None


@pytest.mark.parametrize("kind", WRITERS)
def test_token_counts_stay_whole_numbers_beside_missing_ones(
    filled: Store, tmp_path: Path, kind: str
):
    first = rows(filled, kind, tmp_path / "run")[0]
    assert (str(first["prompt_tokens"]), str(first["output_tokens"])) == ("3", "5")


@pytest.mark.parametrize("kind", WRITERS)
def test_a_run_without_any_score_can_be_exported(store: Store, tmp_path: Path, kind: str):
    begin(store)
    found = rows(store, kind, tmp_path / "run")
    assert [row["error"] for row in found] == ["not generated"] * 6
    assert [row["rougeL"] for row in found] == [None] * 6


@pytest.mark.parametrize("name", ["run", "prompt", "model", "output", "error", "case", "seconds"])
def test_a_metric_named_like_a_column_replaces_none(store: Store, tmp_path: Path, name: str):
    begin(store, measured(name))
    save(store, "mail-1", completion("one", "text"), (0, 0, 0))
    store.save_scores("mail-1", [((0, 0, 0), [Score(name, 0.5)])])
    found = rows(store, "jsonl", tmp_path / "run")[0]
    assert (found["run"], found["case"], found["output"]) == ("mail-1", "mail-0", "text")
    assert (found["prompt"], found["model"], found["error"]) == ("a", "fake", "")
    assert 0.5 in [value for column, value in found.items() if column not in COLUMNS]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_folder_that_is_not_there_is_an_error(filled: Store, tmp_path: Path, kind: str):
    with pytest.raises(StoreError, match="cannot be written: No such file") as caught:
        export(filled, "mail-1", kind, tmp_path / "none" / "run")
    assert caught.value.where == str(tmp_path / "none" / "run")
    assert caught.value.exit_code == EXIT_NOT_FINISHED


@pytest.mark.parametrize("kind", WRITERS)
def test_a_folder_in_the_place_of_the_file_is_an_error(filled: Store, tmp_path: Path, kind: str):
    (tmp_path / "run").mkdir()
    with pytest.raises(StoreError, match="cannot be written: Is a directory"):
        export(filled, "mail-1", kind, tmp_path / "run")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run", *store_files(tmp_path)]


def test_a_full_disk_is_an_error_and_leaves_the_older_file(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(tables: Iterator[pd.DataFrame], path: str) -> None:
        Path(path).write_text("half a")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "run").write_text("older")
    monkeypatch.setitem(WRITERS, "csv", full)
    with pytest.raises(StoreError, match="No space left on device"):
        export(filled, "mail-1", "csv", tmp_path / "run")
    assert (tmp_path / "run").read_text() == "older"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run", *store_files(tmp_path)]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_table_in_parts_is_the_table_in_one(
    filled: Store, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
):
    whole = rows(filled, kind, tmp_path / "run")
    monkeypatch.setattr(module, "AT_ONCE", 1)  # the last parts have neither output nor score
    assert rows(filled, kind, tmp_path / "parts") == whole
    if kind != "parquet":
        assert (tmp_path / "parts").read_bytes() == (tmp_path / "run").read_bytes()


def test_an_exported_file_can_be_read_by_others(filled: Store, tmp_path: Path):
    export(filled, "mail-1", "csv", tmp_path / "run.csv")
    assert (tmp_path / "run.csv").stat().st_mode & 0o777 == 0o644


def test_an_unknown_run_is_an_error_and_writes_nothing(filled: Store, tmp_path: Path):
    with pytest.raises(InputError, match="there is no run 'mail-2'"):
        export(filled, "mail-2", "csv", tmp_path / "run.csv")
    assert not (tmp_path / "run.csv").exists()


def store_files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.name.startswith("store.sqlite"))


@pytest.mark.parametrize("kind", list(WRITERS))
def test_a_chat_has_a_row_for_each_turn_checked_or_not(store: Store, tmp_path: Path, kind: str):
    begin(store)
    given = Turn("a", "talk", 0, 1, "=Hello()", "Hi!")
    asked = Turn("a", "talk", 0, 2, "Who am I?", TEXT, "k2", "mail-1", (1,), "", -0.5, "upset", 9)
    link_replies(store, "mail-1", {}, [(0, None, given), (0, 1, asked)])
    path = tmp_path / f"turns.{kind}"
    assert export_turns(store, "mail-1", kind, path) == 2
    if kind == "jsonl":
        first, second = map(json.loads, path.read_text(encoding="utf-8").split("\n")[:2])
    else:
        frame = (
            pd.read_parquet(path) if kind == "parquet" else pd.read_csv(path, dtype={"kept": str})
        )
        first, second = frame.to_dict(orient="records")
    assert (first["turn"], first["given"], second["given"]) == (1, True, False)
    assert first["user"] == ("'=Hello()" if kind == "csv" else "=Hello()")
    assert (second["reply"], second["case"], second["kept"]) == (TEXT, "mail-1", "1")
    assert (second["mood"], second["rule"], second["prompt_tokens"]) == (-0.5, "upset", 9)


def test_a_run_that_is_no_chat_has_no_turns_to_write(store: Store, tmp_path: Path):
    begin(store)
    with pytest.raises(InputError, match="no chat"):
        export_turns(store, "mail-1", "csv", tmp_path / "turns.csv")
    assert list(tmp_path.glob("turns*")) == []
