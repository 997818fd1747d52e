"""Batches for workers: every request once, equal beginnings together, something for everybody."""

from __future__ import annotations

from collections import Counter, deque

from hypothesis import given
from hypothesis import strategies as st

from promptbench.error import ModelError, RunError
from promptbench.model.cluster.crew import TRIES, Errand, again
from promptbench.model.cluster.share import MOST, ROWS, batches, size_for
from promptbench.model.cluster.worker import trouble
from promptbench.record import Encoded, Request, Sampling


def request(key: str, ids: tuple[int, ...] = (), text: str = "") -> Request:
    return Request(key, (), Encoded(text, ids, len(ids)), Sampling())


IDS = st.lists(st.integers(0, 3), max_size=6).map(tuple)


@given(st.lists(IDS, max_size=200), st.integers(1, 8))
def test_every_request_is_in_one_batch(prompts: list[tuple[int, ...]], workers: int):
    asked = [request(str(at), ids) for at, ids in enumerate(prompts)]
    found = batches(asked, workers)
    assert Counter(one.key for batch in found for one in batch) == Counter(r.key for r in asked)
    assert all(found)
    assert all(len(batch) <= size_for(len(asked), workers) for batch in found)


@given(st.integers(1, 5000), st.integers(1, 16))
def test_there_is_work_for_all_and_no_batch_is_too_much(requests: int, workers: int):
    size = size_for(requests, workers)
    assert 1 <= size <= MOST
    assert -(-requests // size) >= min(requests, workers)
    if requests >= workers * ROWS:
        assert size >= ROWS, "enough for the rows of an engine"


def test_what_begins_alike_stays_together():
    shared = [tuple([group] * 50 + [row]) for row in range(30) for group in range(8)]
    found = batches([request(str(at), ids) for at, ids in enumerate(shared)], 2)
    groups = [{one.encoded.ids[0] for one in batch} for batch in found]
    assert sum(map(len, groups)) == 8, "no group is cut"
    texts = [request(f"{row} {group}", text=f"{group} {row}") for row in "abc" for group in "xy"]
    assert [{one.encoded.text[0] for one in batch} for batch in batches(texts, 2)] == [
        {"x"},
        {"y"},
    ]


def test_what_is_lost_too_often_is_given_up_with_its_reason():
    waiting: deque[Errand] = deque()
    errand = Errand({key: request(key) for key in "abc"})
    del errand.left["b"]
    for lost in range(1, TRIES):
        assert again(errand, waiting, "killed") == []
        errand = waiting.popleft()
        assert (sorted(errand.left), errand.lost) == (["a", "c"], lost)
    found = again(errand, waiting, "killed")
    assert not waiting
    assert [done.key for done in found] == ["a", "c"]
    assert all("3 workers were lost over its batch: killed" in done.error for done in found)


def test_a_batch_whose_answers_all_came_is_not_given_out_again():
    waiting: deque[Errand] = deque()
    assert again(Errand({}), waiting, "killed") == []
    assert not waiting


def test_an_error_arrives_as_it_was_raised():
    for error in (ModelError("no such model", where="x.yaml:3", hint="Look."), RunError("broken")):
        found = trouble(error).error()
        assert (type(found), str(found)) == (type(error), str(error))
