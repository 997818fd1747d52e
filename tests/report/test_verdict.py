import math

from promptbench.record import Sample
from promptbench.report.number import Scale
from promptbench.report.summary import Summary, summarise
from promptbench.report.verdict import reading
from tests.report.records import cases, run, sample, samples

HIGH = [0.80, 0.82, 0.79, 0.85, 0.81, 0.83, 0.80, 0.84, 0.82, 0.86]
LOW = [0.40, 0.45, 0.38, 0.41, 0.44, 0.39, 0.42, 0.40, 0.45, 0.43]
WILD = [0.90, 0.70, 0.95, 0.60, 0.99, 0.62, 0.91, 0.66, 0.93, 0.72]


def summary(cluster_size: int = 0, **table: list[float]) -> Summary:
    number = max(len(values) for values in table.values())
    return summarise(run(*table), cases(number, cluster_size=cluster_size), samples(table))


def readings(found: Summary) -> list[str]:
    return [reading(each, Scale(3)) for each in found.comparisons]


def test_a_clear_winner_is_called_best_with_the_evidence():
    found = summary(good=HIGH, bad=LOW)
    assert found.verdict == (
        "good is best on rougeL (0.822, 95% interval 0.805 to 0.838); it beats bad by 0.405 "
        "(0.383 to 0.427, p = 0.002 after Holm)."
    )
    assert readings(found) == ["good is better."]


def test_without_evidence_no_win_is_claimed():
    found = summary(good=HIGH, wild=WILD)
    assert found.verdict.startswith("good has the highest mean rougeL (0.822, 95% interval")
    assert ", but against wild the data cannot tell: a difference under 0.1" in found.verdict
    assert found.verdict.endswith("would likely go unseen with 10 cases.")
    assert "best" not in found.verdict and "beats" not in found.verdict


def test_a_win_and_a_tie_are_told_apart():
    found = summary(good=HIGH, wild=WILD, bad=LOW)
    assert "good has the highest mean rougeL" in found.verdict
    assert "; it beats bad by 0.405 (" in found.verdict
    assert ", while against wild the data cannot tell:" in found.verdict


def test_clusters_are_named():
    found = summary(cluster_size=2, good=HIGH, wild=sorted(WILD))
    assert "10 cases in 5 clusters" in found.verdict


def test_an_interval_without_a_p_value_may_be_chance():
    found = summary(cluster_size=3, good=HIGH, bad=LOW)
    assert found.comparisons[0].finding == "unproven"
    assert "the difference to bad, 0.405 (" in found.verdict
    assert found.verdict.endswith("may be chance.")
    assert readings(found) == ["Not shown: 10 cases in 4 clusters do not rule out chance."]


def test_a_single_candidate_is_compared_with_nothing():
    assert summary(only=HIGH).verdict == (
        "only has a mean rougeL of 0.822, 95% interval 0.805 to 0.838 over 10 cases; "
        "it is the only candidate, so there is nothing to compare it with."
    )


def test_one_case_has_no_interval():
    assert "of 0.800, no interval over 1 case;" in summary(only=[0.8]).verdict
    found = summary(good=[0.8], bad=[0.1])
    assert found.verdict.endswith("but against bad 1 case cannot tell.")
    assert readings(found) == ["The data cannot tell: too few cases."]


def test_nothing_scored_says_so():
    rows = [sample("a", 0, None, reason="no reference"), sample("b", 0, math.nan)]
    found = summarise(run("a", "b"), cases(1), rows)
    assert found.verdict == "Nothing is compared: no output has a score for rougeL."
    assert found.notes == ("2 of 2 outputs are unscored on rougeL, mostly: no reference.",)
    assert found.best == ""


def test_one_candidate_without_scores_is_no_win_over_it():
    rows = [*samples({"good": HIGH}), *(Sample("gone", f"mail-{i}", 0, None) for i in range(10))]
    found = summarise(run("good", "gone"), cases(10), rows)
    assert found.verdict.endswith("; no case is scored both for it and for gone.")
    assert "best" not in found.verdict
    assert readings(found) == ["No case is scored for both, so they cannot be compared."]


def test_equal_candidates_share_the_lead():
    found = summary(b=HIGH, a=HIGH)
    assert found.verdict.startswith("a and b share the highest mean rougeL")
    assert found.verdict.endswith("but against b every case scores the same.")
    assert readings(found) == ["Every case scores the same."]


def test_a_metric_without_direction_ranks_nothing():
    table = {"b": [0.4, 0.6], "a": [0.1, 0.1]}
    found = summarise(run("b", "a", direction="none"), cases(2), samples(table))
    assert found.verdict == (
        "Nothing is ranked, because rougeL does not say which direction is better; "
        "the means: a 0.100 and b 0.500."
    )
    assert (found.best, found.comparisons) == ("", ())


def test_a_leader_that_loses_on_the_shared_cases_is_not_hidden():
    # b answers the easy half only, and worse than a does.
    b = [*(value - 0.3 for value in HIGH)]
    rows = samples({"a": [*HIGH, *([0.05] * 10)]}) + samples({"b": b})
    found = summarise(run("a", "b"), cases(20), rows)
    assert found.best == "b"
    assert found.verdict.endswith(
        "; on the cases that both have, a is ahead by 0.300 (p = 0.002 after Holm)."
    )
    assert readings(found) == ["a is better on the cases that both have."]


def test_many_wins_are_told_together():
    bad = {f"bad{place}": [value - place / 100 for value in LOW] for place in range(5)}
    found = summary(good=HIGH, **bad)
    assert "it beats bad0, bad1, bad2, bad3 and bad4 by 0.405 to 0.445 (p = " in found.verdict
