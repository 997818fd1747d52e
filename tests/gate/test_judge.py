from __future__ import annotations

import math

import pytest

from promptbench.gate.judge import Unknown, judge
from tests.gate.figures import gate, lead, measured


@pytest.mark.parametrize(
    ("words", "mean", "low", "high", "verdict"),
    [
        ("rougeL >= 0.25", 0.3, 0.25, 0.35, "passed"),
        ("rougeL >= 0.25", 0.3, 0.249, 0.35, "failed"),
        ("mean rougeL >= 0.25", 0.25, 0.1, 0.4, "passed"),
        ("mean rougeL >= 0.25", 0.249, 0.1, 0.4, "failed"),
        ("invented_facts <= 0.1", 0.05, 0.0, 0.1, "passed"),
        ("invented_facts <= 0.1", 0.05, 0.0, 0.11, "failed"),
        ("mean invented_facts <= 0.1", 0.1, 0.0, 0.2, "passed"),
        ("rougeL >= 0.3", 0.1 + 0.2, 0.1 + 0.2 - 1e-15, 0.4, "passed"),
    ],
)
def test_the_end_of_the_interval_that_is_against_the_claim_decides(
    words: str, mean: float, low: float, high: float, verdict: str
):
    assert judge(gate(words), [measured(mean, low, high)]).verdict == verdict


def test_a_failed_gate_says_which_end_missed_the_bound_and_whether_the_mean_did():
    found = judge(gate("rougeL >= 0.25"), [measured(0.3, 0.2, 0.4, scored=38)])
    assert found.figure == "plain 0.300 (0.200 to 0.400), 38 of 40 cases"
    assert found.reason == (
        "the low end 0.200 is below 0.25, though the mean is not: more cases may decide"
    )
    found = judge(gate("invented_facts <= 0.1"), [measured(0.2, 0.1, 0.3)])
    assert found.reason == "the high end 0.300 is above 0.1"
    assert (found.mean, found.low, found.high) == (0.2, 0.1, 0.3)


@pytest.mark.parametrize(
    ("low", "verdict"), [(-0.02, "passed"), (-0.0201, "failed"), (0.1, "passed")]
)
def test_not_worse_is_judged_on_the_low_end_of_the_lead(low: float, verdict: str):
    found = judge(gate("not worse than latest by more than 0.02"), [lead(0.05, low, 0.2)])
    assert found.verdict == verdict
    assert "against email-1a2b3c4d:plain" in found.figure


def test_equal_outputs_are_not_worse_by_anything():
    assert judge(gate("not worse than latest"), [lead(0, 0, 0)]).verdict == "passed"


def test_without_an_interval_a_bound_is_undecided_and_a_mean_is_judged():
    alone = measured(0.3, math.nan, math.nan, scored=40)
    found = judge(gate("rougeL >= 0.25"), [alone])
    assert (found.verdict, found.low, found.high) == ("undecided", None, None)
    assert "no interval" in found.reason
    assert judge(gate("mean rougeL >= 0.25"), [alone]).verdict == "passed"
    assert judge(gate("mean rougeL >= 0.35"), [alone]).verdict == "failed"


def test_a_candidate_without_a_score_fails():
    found = judge(gate("rougeL >= 0"), [measured(None, math.nan, math.nan, scored=0)])
    assert (found.verdict, found.reason) == ("failed", "no output has a score")


def test_what_is_not_known_is_undecided_with_why():
    found = judge(gate("rougeL >= 0.25 for executive"), [Unknown("executive", "it is gone")])
    assert (found.verdict, found.reason, found.figure) == ("undecided", "it is gone", "")
    assert judge(gate("rougeL >= 0.25"), []).verdict == "undecided"


def test_all_must_pass_and_every_one_that_fails_is_named():
    rule = gate("rougeL >= 0.25 for all")
    good = measured(0.5, 0.4, 0.6, "good")
    bad, worse = measured(0.2, 0.1, 0.3, "bad"), measured(0.1, 0.05, 0.2, "worse")
    unknown = Unknown("gone", "it is gone")
    assert judge(rule, [good, good]).verdict == "passed"
    assert judge(rule, [good, unknown]).verdict == "undecided"
    found = judge(rule, [good, unknown, bad, worse])
    assert (found.verdict, found.candidate) == ("failed", "bad")
    assert found.reason.endswith("; likewise worse")
