"""The likelihood of the reference: one question, and the figure that is read from its answer."""

from __future__ import annotations

import math

import pytest

from promptbench.metric.ask import AskingMetric, Subject
from promptbench.metric.protocol import NO_REFERENCE
from promptbench.record import Case, Completion, Message, Score
from tests.metric.ask import metric

SENT = (Message("system", "Be brief."), Message("user", "When is lunch?"))
SUBJECT = Subject("Two.", Case("one", {}, (" At two. ", "At 2.")), SENT)


def build(kind: str) -> AskingMetric:
    found = metric(kind)
    assert isinstance(found, AskingMetric)
    return found


def test_the_candidates_own_prompt_is_asked_for_the_first_reference():
    questions = build("reference_logprob").questions(SUBJECT)
    assert not isinstance(questions, Score)
    (question,) = questions
    assert question.messages == SENT
    choice = question.sampling.choice
    assert choice is not None
    assert (choice.words, choice.normalise) == ((("At two.",),), "tokens")


@pytest.mark.parametrize("references", [(), ("",), ("  ", "x")])
def test_without_a_reference_it_is_unscored(references: tuple[str, ...]):
    found = build("reference_perplexity").questions(Subject("", Case("one", {}, references), SENT))
    assert found == Score("reference_perplexity", None, NO_REFERENCE)


def test_what_is_read_of_the_mean():
    answer = Completion("key", "reference", 9, 3, "choice", 0.1, choices=(-2.0,))
    assert build("reference_logprob").read([answer], SUBJECT).value == -2.0
    found = build("reference_perplexity").read([answer], SUBJECT).value
    assert found == pytest.approx(math.exp(2))


def test_a_perplexity_beyond_numbers_is_unscored():
    answer = Completion("key", "reference", 9, 3, "choice", 0.1, choices=(-1000.0,))
    found = build("reference_perplexity").read([answer], SUBJECT)
    assert (found.value, found.reason) == (None, "the reference is too unlikely to be a number")


def test_bounds_and_direction():
    logprob, perplexity = build("reference_logprob").info, build("reference_perplexity").info
    assert (logprob.low, logprob.high, logprob.direction) == (None, 0.0, "higher")
    assert (perplexity.low, perplexity.high, perplexity.direction) == (1.0, None, "lower")
