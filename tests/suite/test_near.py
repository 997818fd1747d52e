"""Near texts among many: all that the exact index finds, and nothing else."""

import random
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.suite.content import plain, similarity
from promptbench.suite.near import AT_ONCE, BLOCK, Index, empty, run_hashes, sketch

THRESHOLD = 0.85
WORDS = [
    line
    for line in Path("promptbench/metric/words.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


def written(seed: int, number: int = 40) -> list[str]:
    """A text of random words."""
    return random.Random(seed).choices(WORDS, k=number)


def edited(seed: int, changes: int) -> str:
    """The same text with some words changed."""
    parts = written(seed)
    for place in random.Random(-seed - 1).sample(range(len(parts)), changes):
        parts[place] = "changed"
    return " ".join(parts)


def pairs(index: Index) -> dict[tuple[int, int], float]:
    """All near pairs of an index, the earlier place first."""
    return {
        (other, place): found
        for place in range(len(index.texts))
        for other, found in index.earlier(place, THRESHOLD)
    }


def test_what_is_found_is_what_comparing_every_pair_finds():
    texts = [edited(seed, changes) for seed in range(24) for changes in (0, 1, 2, 3, 4)]
    expected = {
        (one, other): found
        for one, other in combinations(range(len(texts)), 2)
        if (found := similarity(texts[one], texts[other])) >= THRESHOLD
    }
    assert len(expected) > 40
    assert pairs(Index(texts)) == expected
    index = Index(texts[:60])
    for place, text in enumerate(texts):
        near = dict(index.near(text, THRESHOLD))
        there = {other for other in range(60) if similarity(text, texts[other]) >= THRESHOLD}
        assert set(near) == there, place


def test_of_many_equal_texts_each_is_proposed_once_and_the_first_first():
    texts = [edited(1, 0)] * (3 * BLOCK)
    index = Index(texts)
    assert [other for other, _ in index.earlier(len(texts) - 1, THRESHOLD)] == list(
        range(len(texts) - 1)
    )
    assert [other for other, _ in index.near(texts[0], THRESHOLD)] == list(range(len(texts)))
    assert list(index.earlier(0, THRESHOLD)) == []


def test_a_pair_is_found_whichever_side_it_is_looked_up_from():
    one, other = " ".join(written(1)), edited(1, 1)
    assert list(Index([one]).near(other, 0.85)) == list(Index([other]).near(one, 0.85)) != []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=80).map(plain).filter(bool), min_size=1, max_size=8))
def test_an_equal_text_is_always_found(texts: list[str]):
    index = Index(texts)
    for place, text in enumerate(texts):
        assert (place, 1.0) in index.near(text, THRESHOLD)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 60))
def test_texts_of_other_letters_are_never_near(one: int, other: int, number: int):
    ours, theirs = " ".join(written(one, number)), " ".join(written(other, number))
    assert list(Index([ours.translate(DISGUISE)]).near(theirs, 0.01)) == []


DISGUISE = {code: code + 0x400 for code in range(ord("a"), ord("z") + 1)} | {ord(" "): "-"}


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_nothing_is_near_an_empty_text(texts: list[str]):
    index = Index(texts)
    assert pairs(index) == {}
    assert list(index.near("", THRESHOLD)) == list(index.near("a text", THRESHOLD)) == []


def test_a_long_text_is_taken_in_parts_without_a_difference():
    long = " ".join(written(1, 2000))
    assert len(long) > 2 * AT_ONCE
    whole = sketch(long)
    numbers = run_hashes(long).tolist()
    once = empty().copy()
    once.update_batch(numbers)
    assert (whole.hashvalues == once.hashvalues).all()


def test_equal_runs_have_equal_numbers_and_others_have_not():
    one, other = run_hashes("abcdefgh"), run_hashes("xbcdefgh")
    assert one.tolist()[5:] == other.tolist()[5:]
    assert one[0] != other[0]
    assert len(set(run_hashes("".join(chr(code) for code in range(0x100, 0x3000))).tolist())) > 1e4
    assert run_hashes("ab\ud800").max() < 2**32
