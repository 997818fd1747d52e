"""Sentences, words and characters: how they are counted, and bounds that make sense."""

import pytest

from promptbench.error import SuiteError
from promptbench.metric.sentence import split_sentences

from .ask import metric, score

KINDS = ["sentences", "words", "characters"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Smith left. He was tired.", 2),
        ("Really?! Yes.", 2),
        ("One\nTwo\n\nThree", 3),
        ("- milk\n- bread", 2),
        ("  \n", 0),
        ("", 0),
        ("no full stop", 1),
        ("A lone \ud800 surrogate. Here.", 2),
    ],
)
def test_sentences_are_counted(text, expected):
    assert len(split_sentences(text, "en")) == expected
    assert score(metric("sentences", min=expected, max=expected), text) == 1.0


def test_sentences_are_stripped():
    assert split_sentences(" One.  Two. \n", "en") == ["One.", "Two."]


def test_the_language_decides_what_an_abbreviation_is():
    text = "Er kam am 3. März an."
    assert score(metric("sentences", max=1), text) == 0.0
    assert score(metric("sentences", max=1, language="de"), text) == 1.0


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("words", "  one two\nthree ", 3),
        ("words", "don't stop - now", 4),
        ("words", "", 0),
        ("characters", " héllo\n", 5),
        ("characters", "a b", 3),
        ("characters", "", 0),
    ],
)
def test_words_and_characters_are_counted(kind, text, expected):
    assert score(metric(kind, min=expected, max=expected), text) == 1.0
    assert score(metric(kind, min=expected + 1), text) == 0.0


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"min": 3}, 1.0),
        ({"min": 4}, 0.0),
        ({"max": 3}, 1.0),
        ({"max": 2}, 0.0),
        ({"min": 1, "max": 3}, 1.0),
        ({"min": 0, "max": 0}, 0.0),
    ],
)
def test_bounds_are_inclusive(settings, expected):
    assert score(metric("words", **settings), "one two three") == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs `min`, `max` or both"),
        ({"min": None}, "needs `min`, `max` or both"),
        ({"min": 3, "max": 2}, "can never be met: min 3 is larger than max 2"),
    ],
)
def test_bounds_must_make_sense(kind, settings, message):
    with pytest.raises(SuiteError) as raised:
        metric(kind, **settings)
    assert str(raised.value) == f"suite.yaml:7: metric '{kind}' {message}"


@pytest.mark.parametrize("bound", [-1, 2.5, "2", True])
def test_a_bound_is_a_whole_number(bound):
    with pytest.raises(SuiteError, match=f"setting 'max': found {bound!r}"):
        metric("words", max=bound)


@pytest.mark.parametrize(
    ("settings", "label"),
    [
        ({"max": 2}, "sentences <= 2"),
        ({"min": 2}, "sentences >= 2"),
        ({"min": 1, "max": 2}, "1 <= sentences <= 2"),
        ({"min": 2, "max": 2}, "sentences = 2"),
    ],
)
def test_labels_are_formulas(settings, label):
    info = metric("sentences", **settings).info
    assert info.label == label
    assert info.binary
    whole = {"metric": "sentences", "min": None, "max": None, "language": "en"}
    assert info.settings == whole | settings


@pytest.mark.parametrize("kind", KINDS)
def test_lengths_need_no_references(kind):
    assert not metric(kind, max=2).needs_references
