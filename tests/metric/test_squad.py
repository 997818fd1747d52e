"""SQuAD's F1 and exact match: its normalisation, its rules, and what it leaves unscored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptbench.metric.squad import squad_words, token_f1

from .ask import metric, score, unscored

KINDS = ["token_f1", "squad_exact"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The  Cat, sat.", "cat sat"),
        ("a an the", ""),
        ("it's A1 - theory", "its a1 theory"),
        ("“quoted”", "“quoted”"),
    ],
)
def test_words_are_normalised_as_in_squad(text, words):
    assert squad_words(text) == words.split()


@pytest.mark.parametrize(
    ("text", "reference", "f1", "exact"),
    [
        ("the Denver Broncos!", "Denver Broncos", 1.0, 1.0),
        ("Broncos Denver", "Denver Broncos", 1.0, 0.0),
        ("The Denver Broncos won", "Denver Broncos", 0.8, 0.0),
        ("so so so", "so good", 0.4, 0.0),
        ("nothing", "Denver", 0.0, 0.0),
        ("", "Denver", 0.0, 0.0),
        ("the", "", 1.0, 1.0),
        ("Denver", "the", 0.0, 0.0),
    ],
)
def test_values_by_the_formula(text, reference, f1, exact):
    assert score(metric("token_f1"), text, reference) == pytest.approx(f1)
    assert score(metric("squad_exact"), text, reference) == exact


@pytest.mark.parametrize("kind", KINDS)
def test_the_best_reference_counts(kind):
    assert (
        score(metric(kind), "Santa Clara", "Levi's Stadium", "in Santa Clara", "Santa Clara") == 1
    )
    assert unscored(metric(kind), "Santa Clara") == "the case has no reference"
    assert "Rajpurkar" in metric(kind).info.description


@given(st.text(), st.text())
def test_f1_is_symmetric_and_within_its_range(one, other):
    first, second = squad_words(one + "\ud800"), squad_words(other)
    assert token_f1(first, second) == token_f1(second, first)
    assert 0 <= token_f1(first, second) <= 1
    assert token_f1(first, first) == 1
