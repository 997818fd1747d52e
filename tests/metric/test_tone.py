"""Tone: its range and sign, figures of its authors, and empty texts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.metric.tone import mood_of

from .ask import metric, score, unscored


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("VADER is smart, handsome, and funny.", 0.8316),
        ("VADER is not smart, handsome, nor funny.", -0.7424),
        ("The book was good.", 0.4404),
        ("At least it isn't a horrible book.", 0.431),
        ("Today SUX!", -0.5461),
    ],
)
def test_figures_of_the_authors(text, published):
    """Example output in the README of https://github.com/cjhutto/vaderSentiment."""
    assert score(metric("tone"), text) == pytest.approx(published, abs=5e-5)


def test_the_tone_of_a_text_is_the_mean_of_its_sentences():
    assert score(metric("tone"), "The book was good. It has a cover.") == pytest.approx(0.2202)
    assert score(metric("tone"), "It has a cover.") == 0.0


def test_a_mood_is_the_same_mean_and_neutral_without_words():
    text = "The book was good. It has a cover."
    assert mood_of(text) == score(metric("tone"), text) == pytest.approx(0.2202)
    assert mood_of("At least it isn't a horrible book.") == pytest.approx(0.431, abs=5e-5)
    assert mood_of("") == mood_of(" \n") == 0.0


def test_empty_texts_are_unscored():
    assert unscored(metric("tone"), " \n") == "the output is empty"
    assert metric("tone").info.low == -1.0


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_no_text_is_a_crash_or_out_of_range(text):
    assert -1 <= score(metric("tone"), f"Good! {text}\ud800") <= 1
