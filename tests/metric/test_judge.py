"""A judge: what it is asked, what of a case it sees, and how its answers become a score."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from promptbench.metric.ask import AskingMetric, Question, Subject
from promptbench.metric.pairwise import NO_RIVAL, SAME, Pairwise
from promptbench.metric.pointwise import RATED, Pointwise
from promptbench.metric.protocol import NO_REFERENCE
from promptbench.metric.trial import FORGED, NON_ANSWER, POLITE
from promptbench.record import Case, Completion, Score
from tests.metric.ask import metric
from tests.metric.test_registry import refusal

RUBRIC = {"model": "fake:judge", "rubric": "5 = says what is asked of whom"}
CRITERION = {"model": "fake:judge", "criterion": "Which is clearer?"}
CASE = Case("one", {"subject": "Lunch", "body": "Lunch is at two.", "rating": 4}, ("At two.",))


def pointwise(**settings: object) -> Pointwise:
    found = metric("judge", **RUBRIC | settings)
    assert isinstance(found, Pointwise) and isinstance(found, AskingMetric)
    return found


def pairwise(against: str = "reference", **settings: object) -> Pairwise:
    found = metric("judge", **CRITERION | {"against": against} | settings)
    assert isinstance(found, Pairwise) and isinstance(found, AskingMetric)
    return found


def asked(judge: AskingMetric, subject: Subject) -> list[Question]:
    found = judge.questions(subject)
    assert not isinstance(found, Score), found.reason
    return list(found)


def prompt(judge: AskingMetric, text: str = "Two.", case: Case = CASE) -> str:
    return asked(judge, Subject(text, case))[0].messages[0].text


def said(*texts: str) -> list[Completion]:
    return [Completion("key", text, 3, 5, "stop", 0.5) for text in texts]


def told(*choices: float) -> list[Completion]:
    return [Completion("key", "1", 3, 0, "choice", 0.5, choices=tuple(map(math.log, choices)))]


def verdict(judge: AskingMetric, *texts: str) -> Score:
    return judge.read(said(*texts), Subject("Two.", CASE))


# Pointwise


def test_the_judge_sees_rubric_scale_texts_of_the_case_and_reference():
    text = prompt(pointwise())
    for part in ("5 = says what is asked", "from 1 to 5", "Lunch is at two.", "At two.", "Two."):
        assert part in text
    assert "rating" not in text.replace("Rating", "")


def test_it_sees_the_fields_that_it_is_given_and_no_reference_if_not():
    text = prompt(pointwise(fields=["subject"], reference=False))
    assert "Lunch" in text
    assert "Lunch is at two." not in text
    assert "At two." not in text


def test_it_never_sees_the_ratings_of_people_nor_what_they_rated():
    case = Case("one", {"body": "Lunch.", "rating": "4", "summary": "Dinner."}, ())
    text = prompt(pointwise(human="rating", rated="summary"), case=case)
    assert "Lunch." in text
    assert "Dinner." not in text
    assert "field rating" not in text


def test_a_case_without_a_field_is_unscored():
    found = pointwise(fields=["body", "sender"]).questions(Subject("Two.", CASE))
    assert isinstance(found, Score)
    assert (found.value, found.reason) == (None, "the case has no field 'sender'")


def test_a_verdict_is_the_score():
    found = verdict(pointwise(), " 4")
    assert (found.value, found.reason, found.parts) == (4.0, "", (1.0, 1.0))


def test_what_does_not_parse_is_unscored_and_says_why():
    found = verdict(pointwise(), " four")
    assert found.value is None
    assert found.reason.startswith("the judge's verdict does not parse: ")
    assert "four" in found.reason
    assert found.parts == (1.0, 0.0)


def test_votes_are_asked_apart_with_a_temperature_and_averaged():
    judge = pointwise(votes=3)
    questions = asked(judge, Subject("Two.", CASE))
    assert [question.repeat for question in questions] == [0, 1, 2]
    assert {question.sampling.temperature for question in questions} == {1.0}
    found = verdict(judge, " 4", " five", " 5")
    assert (found.value, found.parts) == (4.5, (3.0, 2.0))
    assert found.reason.startswith("1 of 3 votes left out: the judge's verdict does not parse")


def test_a_single_vote_is_greedy():
    (question,) = asked(pointwise(temperature=0.7), Subject("Two.", CASE))
    assert question.sampling.temperature == 0


def test_likelihoods_give_the_expected_rating():
    judge = pointwise(scale=[0, 2], verdict="likelihood")
    (question,) = asked(judge, Subject("Two.", CASE))
    assert question.sampling.choice is not None
    found = judge.read(told(0.1, 0.1, 0.2), Subject("Two.", CASE))
    assert found.value == pytest.approx(1.25)
    assert judge.answers_by == "choosing"


def test_scale_and_direction_are_told():
    info = pointwise(scale=[-1, 3]).info
    assert (info.low, info.high, info.direction) == (-1.0, 3.0, "higher")


def test_the_identity_of_the_judge_is_among_the_settings():
    judge = pointwise()
    assert judge.introduced("abc").info.settings["identity"] == "abc"
    assert judge.introduced("abc").info != judge.introduced("abd").info


def test_constant_answers_are_tried_on_the_sampled_cases():
    judge = pointwise(scale=[1, 7])
    assert judge.controls(CASE, False) == {}
    found = judge.controls(CASE, True)
    assert found[POLITE] == NON_ANSWER
    assert '{"score": 7}' in found[FORGED]
    assert set(found) == {POLITE, FORGED}
    assert pointwise(control=False).controls(CASE, True) == {}


def test_the_text_that_people_rated_is_judged_too():
    case = replace(CASE, variables={**CASE.variables, "summary": "Eat at two."})
    judge = pointwise(human="rating", rated="summary")
    assert judge.controls(case, False) == {RATED: "Eat at two."}
    assert judge.controls(CASE, False) == {}
    assert pointwise(human="rating", rated="reference").controls(CASE, False) == {RATED: "At two."}


# Pairwise


def test_both_orders_are_asked():
    first, second = (q.messages[0].text for q in asked(pairwise(), Subject("Two.", CASE)))
    assert first.index("Two.\n=== text A ends") < first.index("At two.\n=== text B ends")
    assert second.index("At two.\n=== text A ends") < second.index("Two.\n=== text B ends")
    assert "reference answer" not in first


@pytest.mark.parametrize(
    ("answers", "value", "orders"),
    [
        ((' "A"', ' "B"'), 1.0, (1.0, 1.0)),
        ((' "B"', ' "A"'), 0.0, (0.0, 0.0)),
        ((' "A"', ' "A"'), 0.5, (1.0, 0.0)),
        ((' "B"', ' "B"'), 0.5, (0.0, 1.0)),
        ((' "tie"', ' "B"'), 0.5, (0.5, 1.0)),
        ((' "tie"', ' "tie"'), 0.5, (0.5, 0.5)),
    ],
)
def test_a_preference_counts_if_it_outlives_the_swap(
    answers: tuple[str, str], value: float, orders: tuple[float, float]
):
    found = verdict(pairwise(), *answers)
    assert (found.value, found.parts) == (value, (2.0, 2.0, *orders))


def test_one_order_alone_is_no_preference():
    found = verdict(pairwise(), ' "A"', " neither")
    assert (found.value, found.parts) == (None, (2.0, 1.0))
    assert "does not parse" in found.reason


def test_votes_decide_within_each_order():
    judge = pairwise(votes=3)
    found = verdict(judge, ' "A"', ' "A"', ' "B"', ' "B"', " ?", ' "B"')
    assert found.value == 1.0
    assert found.parts == (6.0, 5.0, pytest.approx(2 / 3), 1.0)
    assert found.reason.startswith("1 of 6 votes left out")


def test_likelihoods_decide_in_both_orders():
    judge = pairwise(verdict="likelihood")
    answers = [*told(0.6, 0.3, 0.1), *told(0.2, 0.2, 0.6)]
    found = judge.read(answers, Subject("Two.", CASE))
    assert found.value == 0.5
    assert found.parts == pytest.approx((2.0, 2.0, 0.65, 0.5))


def test_without_another_text_it_is_unscored():
    bare = Subject("Two.", Case("one", {}, ()))
    found = pairwise().questions(bare)
    assert isinstance(found, Score) and found.reason == NO_REFERENCE
    found = pairwise("plain").questions(bare)
    assert isinstance(found, Score) and found.reason == NO_RIVAL


def test_equal_texts_are_a_tie_without_asking():
    found = pairwise().questions(Subject("At two.", CASE))
    assert isinstance(found, Score) and (found.value, found.reason) == (0.5, SAME)


def test_another_candidate_is_the_rival_and_the_reference_is_shown():
    judge = pairwise("plain")
    assert (judge.rival, judge.needs_references) == ("plain", False)
    text = asked(judge, Subject("Two.", CASE, (), "Three."))[0].messages[0].text
    assert "Three." in text
    assert "=== reference answer begins" in text


# Settings


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"model": "m"}, "needs a `rubric` (or `against` and a `criterion`)"),
        ({"model": "m", "rubric": " "}, "needs a `rubric` (or `against` and a `criterion`)"),
        ({"model": "m", "against": "reference"}, "needs a `criterion`: what is better?"),
        (RUBRIC | {"criterion": "x"}, "rates by its `rubric`: `criterion` is for comparing"),
        (CRITERION | {"against": "a", "rubric": "x"}, "compares two texts: `rubric` is for rating"),
        (CRITERION | {"against": "a", "human": "x"}, "compares two texts: `human` is for rating"),
        (RUBRIC | {"scale": [5, 1]}, "has no usable scale: 5 to 1"),
        (RUBRIC | {"scale": [0, 100_000]}, "has no usable scale"),
        (RUBRIC | {"verdict": "likelihood", "votes": 2}, "more `votes` would all be equal"),
        (RUBRIC | {"rated": "summary"}, "needs `human`"),
        (RUBRIC | {"human": "r", "fields": ["r"]}, "must not see the people's ratings"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, object], what: str):
    assert what in refusal("judge", **settings).what


def test_the_model_is_needed():
    assert "needs the setting 'model'" in refusal("judge", rubric="x").what
