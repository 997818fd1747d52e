"""The nearest of many targets: the exact one, by word pairs that both share."""

from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptbench.metric.nearest import Targets, word_pairs

WORDS = ["the", "a", "meeting", "is", "on", "friday", "room", "bring", "notes"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=8)


def f1(one: str, other: str) -> float:
    ours, theirs = word_pairs(one), word_pairs(other)
    return 2 * len(ours & theirs) / (len(ours) + len(theirs))


def test_similarity_by_hand():
    # "bring your notes" has 4 pairs with its ends, "bring the notes" too; the two ends are shared.
    assert Targets(["Bring the notes."]).nearest("bring your notes") == (4 / 8, 0)
    assert Targets(["Bring the notes."]).nearest("bring the  NOTES") == (1.0, 0)
    assert Targets(["one"]).nearest("two") == (0.0, 0)
    assert Targets(["lunch", "meeting"]).nearest("Meeting") == (1.0, 1)


def test_word_order_counts():
    found = Targets(["dog bites man"]).nearest("man bites dog")
    assert found == (0.0, 0)


def test_the_first_of_equally_near_targets_is_told():
    assert Targets(["a b", "c d", "a b"]).nearest("a b") == (1.0, 0)


def test_without_targets_or_words_there_is_nothing():
    assert Targets([]).nearest("a text") is None
    assert Targets(["a text"]).nearest("") is None
    assert Targets(["a text"]).nearest(" ... ") is None
    assert Targets(["", "a text"]).nearest("a text") == (1.0, 1)


@pytest.mark.parametrize("text", ["今日は", "Ünïcode tëxt", "a + b = c"])
def test_texts_of_any_script_are_their_own_nearest(text: str):
    assert Targets(["another", text]).nearest(text) == (1.0, 1)


@given(st.lists(TEXTS.map(" ".join).filter(bool), min_size=1, max_size=6), TEXTS.map(" ".join))
def test_it_is_what_comparing_with_every_target_finds(targets: list[str], text: str):
    found = Targets(targets).nearest(text)
    if not text:
        assert found is None
        return
    each = [f1(text, target) for target in targets]
    assert found == (max(each), each.index(max(each)))


@given(TEXTS.map(" ".join).filter(bool), TEXTS.map(" ".join).filter(bool))
def test_similarity_is_symmetric(one: str, other: str):
    assert Targets([one]).nearest(other) == Targets([other]).nearest(one)


def test_a_thousand_outputs_meet_a_thousand_targets_without_comparing_all_words():
    chance = random.Random(0)
    words = [f"{a}{b}" for a, b in product("bcdfghjklm", "aeiou")]
    targets = [" ".join(chance.choices(words, k=30)) for _ in range(1000)]
    index = Targets(targets)
    for place, target in enumerate(targets):
        retold = target.split()
        retold[place % 30] = "changed"
        assert index.nearest(" ".join(retold))[1] == place
