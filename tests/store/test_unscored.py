"""What is still to be scored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from promptbench.record import Score
from promptbench.store.cell import Cell
from promptbench.store.database import Store
from promptbench.store.unscored import unscored
from tests.store.records import begin, completion, save


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Of two candidates and three cases all outputs; one is an error."""
    opened = Store(tmp_path / "store.sqlite")
    begin(opened)
    for number, cell in enumerate(ALL):
        error = "out of memory" if cell == ERROR else ""
        save(opened, "mail-1", completion(f"key {number}", f"text {number}", error=error), cell)
    yield opened
    opened.close()


ALL: list[Cell] = [(candidate, case, 0) for candidate in range(2) for case in range(3)]
ERROR: Cell = (0, 2, 0)


def parts(store: Store, *metrics: str, most: int = 2) -> list[list[tuple[Cell, str, set[str]]]]:
    found = unscored(store, "mail-1", metrics, most)
    return [[(cell, out.text, set(have)) for cell, out, have in part] for part in found]


def test_all_outputs_without_an_error_lack_a_score_at_first(store: Store):
    found = parts(store, "rougeL", "words")
    assert [cell for part in found for cell, *_ in part] == [c for c in ALL if c != ERROR]
    assert [len(part) for part in found] == [2, 2, 1]
    assert found[0][0] == ((0, 0, 0), "text 0", set())


def test_what_has_every_score_is_left_out_and_what_has_some_tells_which(store: Store):
    both = [Score("rougeL", 0.5), Score("words", None, "a reason")]
    store.save_scores("mail-1", [((0, 0, 0), both), ((1, 1, 0), both[:1])])
    found = {cell: have for part in parts(store, "rougeL", "words") for cell, _, have in part}
    assert (0, 0, 0) not in found
    assert found[1, 1, 0] == {"rougeL"}
    assert [cell for part in parts(store, "rougeL") for cell, *_ in part] == [
        (0, 1, 0),
        (1, 0, 0),
        (1, 2, 0),
    ]


def test_scores_may_be_written_between_two_parts(store: Store):
    seen = []
    for part in unscored(store, "mail-1", ["rougeL"], 2):
        store.save_scores("mail-1", [(cell, [Score("rougeL", 1.0)]) for cell, *_ in part])
        seen += [cell for cell, *_ in part]
    assert seen == [cell for cell in ALL if cell != ERROR]
    assert parts(store, "rougeL") == []


def test_without_a_metric_nothing_lacks(store: Store):
    assert parts(store) == []
