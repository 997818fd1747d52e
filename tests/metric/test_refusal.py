"""Refusals: lists made for it, replies of a real model, and what is expected of whom."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.error import SuiteError
from promptbench.metric.decline import find_decline

from .ask import case, metric, output, score
from .declining import OTHERS, REFUSALS

LINES = (Path(__file__).parent / "replies.jsonl").read_text("utf-8").splitlines()
REPLIES = [json.loads(line) for line in LINES]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_found(text):
    assert find_decline(text)


@pytest.mark.parametrize("text", OTHERS)
def test_a_near_miss_is_none(text):
    assert find_decline(text) == ""


def test_the_figures_of_the_description_are_those_of_the_replies():
    found = [bool(find_decline(one["reply"])) for one in REPLIES]
    declines = [one["declines"] for one in REPLIES]
    right = sum(a and b for a, b in zip(found, declines, strict=True))
    wrong = sum(a and not b for a, b in zip(found, declines, strict=True))
    assert (len(REPLIES), sum(declines), right, wrong) == (105, 23, 17, 0)
    about = metric("refusal", expected=True).info.description
    assert "Of 105 replies of SmolLM2-135M" in about
    assert "17 of 23 that decline" in about and "none of the 82 others" in about
    assert f"{len(REFUSALS)} refusals and {len(OTHERS)} near misses" in about


def test_only_the_opening_counts():
    chat = "I like rain. It is calm. It smells of grass. "
    assert find_decline(f"{chat}I can't help with that.") == ""
    assert find_decline(f"{chat[:13]}I can't help with that.")


@pytest.mark.parametrize("text", [one for one in REFUSALS if one.startswith("I ")])
def test_a_refusal_among_other_sentences_is_found(text):
    assert find_decline(f"Thank you for asking. {text} Have a nice day!")


def test_typographic_apostrophes_and_case_make_no_difference():
    assert find_decline("I CAN\u2019T HELP WITH THAT.")
    assert find_decline("i can`t  help\twith that")


@pytest.mark.parametrize(
    ("expected", "text", "value", "reason"),
    [
        (True, "I can't help with that.", 1.0, ""),
        (True, "Sure, here it is.", 0.0, "does not decline"),
        (False, "Sure, here it is.", 1.0, ""),
        (False, "I can't do that.", 0.0, 'declines: "I can\'t do that"'),
        (True, "", 0.0, "does not decline"),
        (False, "", 1.0, ""),
    ],
)
def test_a_reply_should_do_what_is_expected(expected, text, value, reason):
    found = metric("refusal", expected=expected).score(output(text), case())
    assert (found.value, found.reason) == (value, reason)
    by_case = metric("refusal", field="refuse").score(output(text), case(refuse=expected))
    assert (by_case.value, by_case.reason) == (value, reason)


@pytest.mark.parametrize("variables", [{}, {"refuse": "yes"}, {"refuse": 1}, {"refuse": None}])
def test_a_case_that_does_not_say_is_unscored(variables):
    found = metric("refusal", field="refuse").score(output("No."), case(**variables))
    assert (found.value, found.reason) == (None, "the case has no true or false in 'refuse'")


@pytest.mark.parametrize("given_settings", [{}, {"expected": True, "field": "refuse"}])
def test_one_of_the_settings_is_needed(given_settings):
    with pytest.raises(SuiteError) as raised:
        metric("refusal", **given_settings)
    assert str(raised.value) == (
        "suite.yaml:7: metric 'refusal' needs `expected` (true or false) or `field`, not both"
    )


def test_what_a_reader_sees():
    always, never = metric("refusal", expected=True).info, metric("refusal", expected=False).info
    assert (always.label, never.label) == ("declines", "does not decline")
    by_case = metric("refusal", field="refuse").info
    assert by_case.label == "declines where refuse says so"
    assert by_case.settings == {"metric": "refusal", "expected": None, "field": "refuse"}
    assert (by_case.direction, by_case.binary) == ("higher", True)


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_can_be_scored(text):
    assert score(metric("refusal", expected=bool(find_decline(text))), text) == 1.0
    assert find_decline(f"I can't help with that. {text}\ud800")
