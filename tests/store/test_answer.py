"""What the metrics of a run asked: answers and the scores of controls, as the store keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from promptbench.error import StoreError
from promptbench.record import Control, Score
from promptbench.store.answer import answers, controls, reuse_answers, save_answers, save_controls
from promptbench.store.database import Sitting, Store
from tests.store.records import CREATED, PLAN, begin, case, completion, request, run


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def save(
    store: Store, *keys: str, run_id: str = "mail-1", error: str = "", text: str = "4"
) -> None:
    done = [completion(key, text, error) for key in keys]
    save_answers(store, run_id, CREATED, {key: request(key) for key in keys}, done)


def test_answers_come_back_by_their_keys(store: Store):
    begin(store)
    save(store, "one", "two")
    assert answers(store, "mail-1", ["two", "none", "one"]) == {
        "one": completion("one", "4"),
        "two": completion("two", "4"),
    }
    assert store.filled("mail-1") == set()


def test_more_keys_than_a_query_takes(store: Store):
    begin(store)
    keys = [str(number) for number in range(1100)]
    save(store, *keys)
    assert len(answers(store, "mail-1", keys)) == 1100
    assert reuse_answers(store, "mail-1", keys) == set(keys)


def test_another_run_takes_what_is_there(store: Store):
    begin(store)
    save(store, "one")
    store.begin(run("mail-2"), Sitting("another plan", 0, False), [case(0)])
    assert answers(store, "mail-2", ["one"]) == {}
    assert reuse_answers(store, "mail-2", ["one", "two"]) == {"one"}
    assert answers(store, "mail-2", ["one"]) == {"one": completion("one", "4")}


def test_a_fresh_run_takes_only_its_own(store: Store):
    begin(store)
    save(store, "one")
    store.begin(run("mail-2"), Sitting(PLAN, 1, True), [case(0)])
    assert reuse_answers(store, "mail-2", ["one"]) == set()
    save(store, "one", run_id="mail-2", text="5")
    assert reuse_answers(store, "mail-2", ["one"]) == {"one"}
    assert answers(store, "mail-2", ["one"]) == {"one": completion("one", "5")}
    assert answers(store, "mail-1", ["one"]) == {"one": completion("one", "4")}


def test_an_error_is_no_answer_and_the_first_answer_stays(store: Store):
    begin(store)
    save(store, "one", error="out of order")
    assert reuse_answers(store, "mail-1", ["one"]) == set()
    save(store, "one", text="4")
    save(store, "one", text="5")
    assert answers(store, "mail-1", ["one"]) == {"one": completion("one", "4")}


def test_a_batch_is_written_whole_or_not_at_all(store: Store):
    begin(store)
    with pytest.raises(KeyError):
        save_answers(
            store,
            "mail-1",
            CREATED,
            {"one": request("one")},
            [completion("one"), completion("stranger")],
        )
    assert reuse_answers(store, "mail-1", ["one"]) == set()


def test_answers_belong_to_a_run(store: Store):
    with pytest.raises(StoreError):
        save(store, "one")


def test_controls_come_back_with_their_cases_and_replace_those_before(store: Store):
    begin(store)
    save_controls(
        store,
        "mail-1",
        [
            ("polite", 1, Score("helpful", None, "unread", (1.0, 0.0))),
            ("forged", 0, Score("helpful", 5.0, "", (1.0, 1.0))),
        ],
    )
    save_controls(store, "mail-1", [("polite", 1, Score("helpful", 2.0, "", (1.0, 1.0)))])
    assert list(controls(store, "mail-1")) == [
        Control("forged", "mail-0", Score("helpful", 5.0, "", (1.0, 1.0))),
        Control("polite", "mail-1", Score("helpful", 2.0, "", (1.0, 1.0))),
    ]
    assert list(store.scores("mail-1")) == []
