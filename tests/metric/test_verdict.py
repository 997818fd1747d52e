"""A verdict is a JSON object of one key with a value that was offered, and nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptbench.metric.verdict import Form, first_object, shares
from promptbench.record import Completion

RATING = Form("score", (1, 2, 3, 4, 5), prefill=False)
BEGUN = Form("score", (1, 2, 3, 4, 5))
BETTER = Form("better", ("A", "B", "tie"))


def said(text: str, choices: tuple[float, ...] = ()) -> Completion:
    return Completion("key", text, 3, 5, "stop", 0.5, choices=choices)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"score": 4}', 4),
        ('My verdict:\n```json\n{ "score" : 4 }\n```', 4),
        ('{not json} {"score": 4}', 4),
        ('{"score": 4} {"score": 1}', 4),
    ],
)
def test_the_first_whole_object_counts(text: str, value: int):
    assert RATING.read(said(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "4", "score: 4", '{"score": 4', "{}", "[4]", '{"Score": 4}', '{"score": "4"}'),
        *('{"score": 4.0}', '{"score": 4.5}', '{"score": true}', '{"score": null}'),
        *('{"score": 0}', '{"score": 6}', '{"score": [4]}', '{"score": NaN}'),
        *('{"score": 4, "why": ""}', '{"score": 1, "score": 4}', '{"why": "", "score": 4}'),
        "{" * 100_000,
    ],
)
def test_anything_else_does_not_parse(text: str):
    with pytest.raises(ValueError, match="the judge's verdict does not parse: "):
        RATING.read(said(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [(" 4", 4), ("4", 4), (" 4}", 4), (" 4\n", 4), ('{"score": 4', 4), (' {"score": 4}', 4)],
)
def test_a_judge_whose_object_is_begun_writes_the_value_or_begins_anew(text: str, value: int):
    assert BEGUN.read(said(text)) == value


@pytest.mark.parametrize("text", ["", " four", " 4 of 5", " 45", ' "4"', " 9", " 4\n\nBecause"])
def test_a_begun_object_must_come_out_whole(text: str):
    with pytest.raises(ValueError, match="does not parse"):
        BEGUN.read(said(text))


def test_a_preference_is_one_of_three_words():
    assert BETTER.read(said(' "A"')) == "A"
    assert BETTER.read(said(' "tie"')) == "tie"
    with pytest.raises(ValueError, match="is no better that was offered"):
        BETTER.read(said(' "C"'))


def test_what_is_begun_is_asked_to_end_with_the_value():
    assert BEGUN.messages("Rate.")[-1].text == '{"score":'
    assert BEGUN.sampling(8, 0.0).stop == (",", "}")
    assert [message.role for message in RATING.messages("Rate.")] == ["user"]
    assert RATING.sampling(8, 0.0).stop == ()


def test_likelihoods_are_asked_of_whole_values_so_that_1_does_not_begin_10():
    form = Form("score", tuple(range(1, 11)), likelihood=True)
    choice = form.sampling(8, 0.0).choice
    assert choice is not None
    assert choice.labels == tuple(map(str, range(1, 11)))
    assert choice.words[0] == (" 1}",)
    assert choice.words[9] == (" 10}",)


def test_shares_are_probabilities():
    found = shares(said("1", choices=(math.log(0.2) - 900, math.log(0.6) - 900)))
    assert found == pytest.approx([0.25, 0.75])


@given(st.text(alphabet='{}[]":, 0123456789abcescore\n', max_size=60))
def test_no_answer_breaks_the_reading(text: str):
    first_object(text)
    for form in (RATING, BEGUN):
        try:
            assert form.read(said(text)) in (1, 2, 3, 4, 5)
        except ValueError as error:
            assert str(error).startswith("the judge's verdict does not parse")
