"""Cells of a plan, kept small."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptbench.run.slot import Cells, Slot, Slots

numbers = st.integers(0, 2**32 - 1)
made = st.lists(
    st.builds(Slot, numbers, numbers, numbers, st.text("abc", min_size=3, max_size=3), numbers)
)


def slot(place: int, key: str, candidate: int = 0, tokens: int = 7) -> Slot:
    return Slot(candidate, place, 0, key, tokens)


@given(made)
def test_slots_are_what_was_put_in(slots: list[Slot]):
    kept = Slots.of(slots)
    assert list(kept) == slots
    assert [kept[place] for place in range(-len(slots), len(slots))] == slots + slots
    assert list(kept[1:]) == slots[1:]
    assert list(kept.names()) == [each.key for each in slots]
    assert list(kept.at(range(len(slots))[::-2])) == slots[::-2]
    assert list(kept.cells()) == [each.cell for each in slots]
    with pytest.raises(IndexError):
        kept[len(slots)]


@given(made)
def test_each_key_has_its_cells_in_order(slots: list[Slot]):
    cells = Cells(Slots.of(slots))
    wanted: dict[str, list[tuple[int, int, int]]] = {}
    for each in slots:
        wanted.setdefault(each.key, []).append(each.cell)
    assert dict(cells) == wanted
    assert list(cells) == list(wanted)
    assert len(cells) == len(wanted)
    assert "zzz" not in cells


def test_equal_requests_are_there_once():
    kept = Slots.of([slot(0, "b"), slot(1, "a"), slot(2, "b")])
    assert list(kept.first_of_each()) == [slot(0, "b"), slot(1, "a")]


def test_the_longest_prompt_of_each_candidate_is_known():
    kept = Slots.of([slot(0, "a", 0, 3), slot(1, "b", 0, 9), slot(0, "c", 2, 0)])
    assert kept.longest() == {0: 9, 2: 0}


def test_a_slot_takes_80_bytes():
    kept = Slots.of(slot(place, "f" * 64) for place in range(1000))
    assert array("I").itemsize * len(kept.numbers) + len(kept.keys) == 80_000
