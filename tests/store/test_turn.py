from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from promptbench.record import Turn
from promptbench.store.answer import answers
from promptbench.store.database import Store
from promptbench.store.state import state
from promptbench.store.turn import link_replies, save_replies, talks, turns
from tests.store.records import begin, completion, request, run

NOW = "2026-01-01T00:00:00Z"
FIRST = Turn("a", "talk", 0, 1, "Hello", "Hi!", "k1")
SECOND = Turn(
    "a",
    "talk",
    0,
    2,
    "Who am I?",
    "Ada",
    "k2",
    "mail-1",
    (1,),
    "Ada is here",
    -0.5,
    "upset",
    9,
    3,
    4,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.sqlite")
    begin(opened, run(repeats=2))
    yield opened
    opened.close()


def test_turns_come_back_as_they_were_said(store: Store):
    link_replies(store, "mail-1", {}, [(0, 1, SECOND), (0, None, FIRST)])
    assert list(turns(store, "mail-1")) == [FIRST, SECOND]
    whole = "User: Hello\nAssistant: Hi!\nUser: Who am I?"
    assert list(talks(store, "mail-1")) == [((0, 1, 0), "Who am I?", whole)]


def test_a_turn_that_is_said_again_replaces_the_one_before(store: Store):
    link_replies(store, "mail-1", {}, [(0, None, FIRST)])
    before = state(store, "mail-1")
    link_replies(store, "mail-1", {}, [(0, None, replace(FIRST, reply="Hello you"))])
    assert [turn.reply for turn in turns(store, "mail-1")] == ["Hello you"]
    link_replies(store, "mail-1", {}, [(0, 1, SECOND)])
    assert state(store, "mail-1") != before


def test_a_reply_its_cell_and_its_turn_are_one_transaction(store: Store):
    done = completion("k2", text="Ada")
    cells = {"k2": [(0, 1, 0)]}
    save_replies(store, "mail-1", NOW, {"k2": request("k2")}, [done], cells, [(0, 1, SECOND)])
    assert answers(store, "mail-1", ["k2"]) == {"k2": done}
    assert [(cell, found.text) for cell, found in store.outputs("mail-1")] == [((0, 1, 0), "Ada")]
    assert list(turns(store, "mail-1")) == [SECOND]


def test_nothing_of_a_batch_is_kept_if_one_of_it_fails(store: Store):
    done = [completion("k2", text="Ada"), completion("k3", text="Bob")]
    with pytest.raises(KeyError):
        save_replies(store, "mail-1", NOW, {"k2": request("k2")}, done, {}, [(0, 1, SECOND)])
    assert list(turns(store, "mail-1")) == []
    assert answers(store, "mail-1", ["k2"]) == {}


def test_an_error_is_no_answer_but_shows_in_its_cells(store: Store):
    done = completion("k2", error="broken")
    save_replies(store, "mail-1", NOW, {"k2": request("k2")}, [done], {"k2": [(0, 1, 0)]})
    assert answers(store, "mail-1", ["k2"]) == {}
    assert [found.error for _, found in store.outputs("mail-1")] == ["broken"]


def test_an_answer_fills_cells_that_come_later(store: Store):
    done = completion("k2", text="Ada")
    save_replies(store, "mail-1", NOW, {"k2": request("k2")}, [done], {})
    link_replies(store, "mail-1", {"k2": [(0, 1, 0), (0, 1, 1)], "k9": [(0, 0, 0)]})
    assert [cell for cell, _ in store.outputs("mail-1")] == [(0, 1, 0), (0, 1, 1)]


def test_turns_go_with_their_run(store: Store):
    link_replies(store, "mail-1", {}, [(0, None, FIRST)])
    store.connection.execute("DELETE FROM run WHERE id = 'mail-1'")
    (count,) = next(store.query("SELECT count(*) FROM turn"))
    assert count == 0
