from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from promptbench.record import Judgement, Score
from promptbench.store.database import Store
from promptbench.store.outcome import save_judgements, save_stops
from promptbench.store.state import arrivals, score_count, state
from tests.store.records import CREATED, begin, completion, request, run, save

ZERO = (0, 0, 0)


@pytest.fixture
def store(tmp_path: Path):
    opened = Store(tmp_path / "store.sqlite")
    begin(opened)
    save(opened, "mail-1", completion("key"), ZERO)
    opened.save_scores("mail-1", [(ZERO, [Score("rougeL", 0.5)])])
    save_judgements(opened, "mail-1", [judgement("passed")])
    yield opened
    opened.close()


def judgement(verdict) -> Judgement:
    return Judgement("rougeL >= 0.2", 1, verdict, "rougeL", "a", "0.5")


CHANGES: dict[str, Callable[[Store], None]] = {
    "an output": lambda store: save(store, "mail-1", completion("more"), (0, 1, 0)),
    "another score": lambda store: store.save_scores("mail-1", [(ZERO, [Score("words", 1.0)])]),
    "a new value": lambda store: store.save_scores("mail-1", [(ZERO, [Score("rougeL", 0.6)])]),
    "no value": lambda store: store.save_scores("mail-1", [(ZERO, [Score("rougeL", None)])]),
    "status": lambda store: store.set_status("mail-1", "complete"),
    "seconds": lambda store: store.add_seconds("mail-1", 1.0),
    "a verdict": lambda store: save_judgements(store, "mail-1", [judgement("failed")]),
    "a stop": lambda store: save_stops(store, "mail-1", {1: 2}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_a_report_shows_changes_the_state(store: Store, change):
    before = state(store, "mail-1")
    assert state(store, "mail-1") == before
    change(store)
    assert state(store, "mail-1") != before


def test_what_is_written_to_another_run_does_not(store: Store):
    before = state(store, "mail-1")
    begin(store, run("other-1"))
    save(store, "other-1", completion("else"), ZERO)
    store.save_scores("other-1", [(ZERO, [Score("rougeL", 0.1)])])
    assert state(store, "mail-1") == before


def test_arrivals_are_those_of_the_newest_outputs(store: Store):
    for number in range(1, 4):
        done = completion(f"key {number}")
        store.save(
            "mail-1",
            f"time {number}",
            {done.key: request(done.key)},
            [done],
            {done.key: [(1, number - 1, 0)]},
        )
    assert arrivals(store, "mail-1", 2) == ["time 3", "time 2"]
    assert arrivals(store, "mail-1", 9) == ["time 3", "time 2", "time 1", CREATED]
    assert arrivals(store, "none", 9) == []


def test_scores_are_counted(store: Store):
    assert (score_count(store, "mail-1"), score_count(store, "none")) == (1, 0)
