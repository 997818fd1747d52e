"""Reading ease: known figures, syllables that were counted by hand, and empty texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptbench.metric.reading import SCALES, syllables

from .ask import metric, score, unscored

SYLLABLES = {
    1: "the is makes played called used vague some be he like asked league time",
    2: "table tables handled wanted boxes creature mammal science people quiet simple agreed"
    " business every marriage",
    3: "australian platypus seemingly idea area radio serious example employee piano",
    4: "material usually experience information geography situation available",
}


@pytest.mark.parametrize("number", SYLLABLES)
def test_syllables_are_those_of_a_dictionary(number):
    words = SYLLABLES[number].split()
    assert [word for word in words if syllables(word) != number] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat sat on the mat.", 116.1),
        ("The Australian platypus is seemingly a hybrid of a mammal and reptilian creature.", 37.5),
    ],
)
def test_flesch_of_sentences_whose_syllables_are_known(text, expected):
    """By the formula: 6 words of 6 syllables, and 13 words of 24; to one decimal."""
    assert score(metric("reading_ease"), text) == pytest.approx(expected, abs=0.06)


def test_formulas_by_hand():
    """Two sentences, 10 words, 11 syllables, 30 letters, no hard word."""
    text = "The cat sat on the mat. Then it ran away."
    expected = {
        "flesch": 206.835 - 1.015 * 5 - 84.6 * 1.1,
        "kincaid": 0.39 * 5 + 11.8 * 1.1 - 15.59,
        "fog": 0.4 * 5,
        "ari": 4.71 * 3 + 0.5 * 5 - 21.43,
        "coleman_liau": 5.88 * 3 - 29.6 * 0.2 - 15.8,
    }
    for formula, value in expected.items():
        assert score(metric("reading_ease", formula=formula), text) == pytest.approx(value)


@pytest.mark.parametrize("formula", SCALES)
def test_empty_texts_are_unscored(formula):
    asked = metric("reading_ease", formula=formula)
    assert unscored(asked, "") == unscored(asked, " .!\n") == "the output has no words"
    assert asked.info.direction == ("higher" if formula == "flesch" else "lower")


@given(st.text())
def test_no_text_is_a_crash(text):
    assert score(metric("reading_ease"), f"Word. {text}\ud800") < 122
