"""Tone kept: every part of what a tone rule expects, and turns without any."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.metric.tone import mood_of

from .ask import case, metric, output

KIND = "I am so sorry! We love to help, and it will be great."
CROSS = "This is a horrible, stupid question. I hate it."


def scored(text, **expect):
    rule = {"name": "upset", "say": "Be kind.", "expect": expect}
    found = metric("tone_kept").score(output(text), case(rule=rule))
    return found.value, found.reason


@pytest.mark.parametrize(
    ("text", "expect", "reason"),
    [
        (KIND, {"tone_at_least": 0.1}, ""),
        (CROSS, {"tone_at_least": 0.0}, "tone -0.68, at least 0 expected"),
        (CROSS, {"tone_at_most": 0.0}, ""),
        ("Good.", {"tone_at_most": 0.25}, "tone 0.44, at most 0.25 expected"),
        ("one two three", {"words_at_most": 3}, ""),
        ("one two three", {"words_at_most": 2}, "3 words, at most 2 expected"),
        ("one two three", {"words_at_least": 3}, ""),
        ("one two three", {"words_at_least": 4}, "3 words, at least 4 expected"),
        ("One. Two.", {"sentences_at_most": 2}, ""),
        ("One. Two.", {"sentences_at_most": 1}, "2 sentences, at most 1 expected"),
        ("We apologise.", {"says": ["sorry", "apolog"]}, ""),
        ("SORRY!", {"says": ["sorry", "apolog"]}, ""),
        ("Unapologetic", {"says": ["sorry", "apolog"]}, "says none of 'sorry', 'apolog'"),
        ("Fine", {"says": ["a1", "b", "c", "d"]}, "says none of 'a1', 'b', 'c', ..."),
        ("All is well", {"never": ["calm down"]}, ""),
        ("Please, Calm down!", {"never": ["calm down"]}, "says 'Calm down'"),
        ("You can\u2019t do it", {"never": ["can't"]}, 'says "can\'t"'),
        ("I did", {"never": ["id"]}, ""),
        ("One. Two.", {"words_at_most": 1, "says": ["x"]}, "2 words, at most 1 expected; "),
    ],
)
def test_each_part_of_what_is_expected_counts(text, expect, reason):
    value, found = scored(text, **expect)
    assert value == float(not reason)
    assert found.startswith(reason) and bool(found) == bool(reason)


def test_every_part_that_is_not_kept_is_named():
    reason = scored("one two", words_at_most=1, says=["sorry"], never=["two"])[1]
    assert reason == "2 words, at most 1 expected; says none of 'sorry'; says 'two'"


def test_the_tone_is_kept_with_the_score():
    rule = {"name": "any", "say": "", "expect": {"words_at_most": 99}}
    found = metric("tone_kept").score(output(KIND), case(rule=rule))
    assert found.parts == (mood_of(KIND),)


def test_an_empty_reply_keeps_no_tone():
    assert scored(" \n", words_at_most=9) == (0.0, "the reply is empty")


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "no tone rule was chosen for this turn"),
        ({"rule": {}}, "no tone rule was chosen for this turn"),
        ({"rule": None}, "no tone rule was chosen for this turn"),
        ({"rule": "upset"}, "the tone rule of this turn expects nothing"),
        (
            {"rule": {"name": "upset", "say": "", "expect": {}}},
            "the tone rule of this turn expects nothing",
        ),
    ],
)
def test_where_nothing_is_expected_there_is_no_score(variables, reason):
    found = metric("tone_kept").score(output("Hi"), case(**variables))
    assert (found.value, found.reason) == (None, reason)


def test_what_a_reader_sees():
    info = metric("tone_kept").info
    assert (info.direction, info.binary) == ("higher", True)
    assert "VADER" in info.description


@settings(max_examples=100, deadline=None)
@given(st.text(), st.floats(-1, 1))
def test_a_bound_on_the_tone_holds_or_is_named(text, bound):
    tone = mood_of(f"Good {text}\ud800")
    value, reason = scored(f"Good {text}\ud800", tone_at_least=bound)
    assert value == float(tone >= bound) == float(not reason)
