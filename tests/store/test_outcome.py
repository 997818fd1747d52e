"""Judged gates and stopped candidates, as the store keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from promptbench.record import Judgement
from promptbench.store.database import Store
from promptbench.store.outcome import (
    judgements,
    newest_of,
    samples_by_arrival,
    save_judgements,
    save_stops,
)
from tests.store.records import begin, completion, run, save


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def judgement(gate: str) -> Judgement:
    return Judgement(gate, 7, "failed", "rougeL", "a", "a 0.1 \u2028", "below", 0.1, None, 0.3)


def test_judgements_come_back_in_order_and_replace_those_before(store: Store):
    begin(store)
    assert judgements(store, "mail-1") == ()
    save_judgements(store, "mail-1", [judgement("one"), judgement("two"), judgement("three")])
    save_judgements(store, "mail-1", [judgement("two"), judgement("one")])
    assert judgements(store, "mail-1") == (judgement("two"), judgement("one"))


def test_stops_come_back_with_the_run_under_the_candidates_names(store: Store):
    begin(store)
    save_stops(store, "mail-1", {0: 16})
    save_stops(store, "mail-1", {1: 32})
    assert store.run("mail-1") == replace(run(), stopped={"b": 32})
    save_stops(store, "mail-1", {})
    assert store.run("mail-1") == run()


def complete(store: Store, name: str, created: str, *, suite: str = "mail", split: str = "test"):
    begin(store, replace(run(name), created=created, suite=suite, split=split))
    store.set_status(name, "complete")


def test_the_newest_run_of_a_suite_is_complete_and_of_the_same_split(store: Store):
    assert newest_of(store, "mail") is None
    complete(store, "one-1", "2025-01-01T00:00:00Z")
    complete(store, "two-1", "2025-01-02T00:00:00Z")
    complete(store, "three-1", "2025-01-03T00:00:00Z", split="dev")
    complete(store, "four-1", "2025-01-04T00:00:00Z", suite="other")
    begin(store, replace(run("five-1"), created="2025-01-05T00:00:00Z"))
    assert newest_of(store, "mail") == "three-1"
    assert newest_of(store, "mail", "test") == "two-1"
    assert newest_of(store, "mail", "test", before="two-1") == "one-1"
    assert newest_of(store, "mail", "test", before="one-1") is None
    assert newest_of(store, "mail", "test", before="five-1") == "two-1"


def test_samples_come_in_the_order_in_which_their_outputs_were_stored(store: Store):
    begin(store)
    save(store, "mail-1", completion("late"), (1, 2, 0))
    save(store, "mail-1", completion("later"), (0, 1, 0), (0, 0, 0))
    found = samples_by_arrival(store, "mail-1")
    assert [(s.candidate, s.case_id) for s in found] == [
        *(("b", "mail-2"), ("a", "mail-0"), ("a", "mail-1")),
        *(("a", "mail-2"), ("b", "mail-0"), ("b", "mail-1")),
    ]
    assert [s.completion is None for s in found] == [False] * 3 + [True] * 3
