from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from promptbench.tune.batch import cut, pieces, plan_steps, steps_an_epoch
from promptbench.tune.example import Example

LENGTHS = st.lists(st.integers(1, 400), min_size=1, max_size=120)
BATCH = st.integers(1, 20)


def example(number: int, tokens: int) -> Example:
    return Example(str(number), (1,) * tokens, ())


@given(LENGTHS, BATCH, st.integers(1, 3), st.integers(0, 5))
def test_each_example_occurs_once_an_epoch(lengths: list[int], batch: int, epochs: int, seed: int):
    steps = plan_steps(lengths, batch, epochs, seed)
    an_epoch = steps_an_epoch(len(lengths), batch)
    assert len(steps) == an_epoch * epochs
    for first in range(0, len(steps), an_epoch):
        seen = Counter(i for step in steps[first : first + an_epoch] for i in step)
        assert seen == Counter(range(len(lengths)))


@given(LENGTHS, BATCH, st.integers(0, 5))
def test_a_step_is_neither_much_larger_nor_much_smaller_than_asked(
    lengths: list[int], batch: int, seed: int
):
    steps = plan_steps(lengths, batch, 1, seed)
    for step in steps:
        assert len(step) < 1.5 * batch
        assert 2 * len(step) >= batch or len(steps) == 1


@given(LENGTHS, BATCH, st.integers(0, 5))
def test_equal_arguments_give_equal_steps(lengths: list[int], batch: int, seed: int):
    assert plan_steps(lengths, batch, 2, seed) == plan_steps(lengths, batch, 2, seed)


def test_seeds_and_epochs_give_other_orders():
    lengths = list(range(1, 65))
    one = plan_steps(lengths, 4, 2, seed=0)
    assert one != plan_steps(lengths, 4, 2, seed=1)
    assert one[:16] != one[16:]


def test_steps_do_not_come_in_the_order_of_length():
    lengths = list(range(1, 257))
    means = [sum(lengths[i] for i in step) / len(step) for step in plan_steps(lengths, 4, 1, 0)]
    assert means != sorted(means)
    rising = sum(a < b for a, b in pairwise(means))
    assert len(means) * 0.3 < rising < len(means) * 0.7


def test_a_step_holds_examples_of_like_length():
    lengths = list(range(1, 257))
    spread = [max(s) - min(s) for s in plan_steps(lengths, 4, 1, 0)]
    assert sum(spread) / len(spread) < 64  # four drawn at random lie 150 apart


@given(st.lists(st.integers()), BATCH)
def test_cutting_loses_nothing_and_keeps_the_order(order: list[int], batch: int):
    assert [i for piece in cut(order, batch) for i in piece] == order


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 120))
def test_pieces_hold_every_example_and_no_more_tokens_than_allowed(lengths: list[int], most: int):
    rows = [example(i, tokens) for i, tokens in enumerate(lengths)]
    found = list(pieces(rows, most))
    assert Counter(row.case_id for part in found for row in part) == Counter(
        row.case_id for row in rows
    )
    for part in found:
        assert len(part) == 1 or sum(row.tokens for row in part) <= most
