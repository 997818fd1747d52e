import math
from dataclasses import replace

import pytest

from promptbench.record import MetricInfo, Sample
from promptbench.report.summary import Summary, summarise
from tests.report.records import METRIC, cases, completion, run, sample, samples


def figures(summary: Summary, name: str, metric: str = METRIC):
    found = next(each for each in summary.standings if each.candidate.name == name)
    return found.figures[metric]


def names(summary: Summary) -> list[str]:
    return [each.candidate.name for each in summary.standings]


def test_candidates_are_ranked_best_first_and_ties_by_name():
    table = {"b": [0.2, 0.4], "z": [0.9, 0.9], "a": [0.3, 0.3]}
    assert names(summarise(run("b", "z", "a"), cases(2), samples(table))) == ["z", "a", "b"]


def test_lower_is_better_turns_the_ranking_and_the_difference_around():
    table = {"a": [0.9, 0.8, 0.9, 0.8], "b": [0.1, 0.3, 0.2, 0.2]}
    summary = summarise(run("a", "b", direction="lower"), cases(4), samples(table))
    assert names(summary) == ["b", "a"]
    assert summary.comparisons[0].difference.mean == pytest.approx(0.65)
    assert summary.comparisons[0].difference.wins == 4


def test_repeats_are_averaged_within_a_case_before_anything_else():
    rows = [sample("a", 0, value, repeat=repeat) for repeat, value in enumerate((0.0, 1.0, 0.2))]
    rows += [sample("a", 1, 0.8, repeat=0)]
    figure = figures(summarise(run("a", repeats=3), cases(2), rows), "a")
    assert figure.estimate.n == 2
    assert figure.estimate.mean == pytest.approx((0.4 + 0.8) / 2)


def test_unscored_is_counted_and_never_zero():
    rows = [sample("a", 0, 0.6), sample("a", 1, None, reason="no verdict"), sample("a", 2, 0.4)]
    figure = figures(summarise(run("a"), cases(3), rows), "a")
    assert figure.estimate.mean == pytest.approx(0.5)
    assert (figure.scored, figure.cases, figure.unscored, figure.errors) == (2, 3, 1, 0)


def test_both_denominators_are_there():
    rows = [sample("a", 0, 0.6), sample("a", 1, None)]
    assert figures(summarise(run("a"), cases(2), rows), "a").floor == pytest.approx(0.3)


def test_the_floor_of_a_metric_without_bounds_is_unknown():
    metrics = (MetricInfo(METRIC, METRIC, "lower", low=0.0, high=None),)
    summary = summarise(run("a", metrics=metrics), cases(2), [sample("a", 0, 5.0)])
    assert figures(summary, "a").floor is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_unscored(value: float):
    figure = figures(summarise(run("a"), cases(1), [sample("a", 0, value)]), "a")
    assert (figure.estimate, figure.unscored) == (None, 1)


def test_an_error_is_no_score_even_if_a_score_is_recorded():
    rows = [sample("a", 0, 0.9), sample("a", 1, 0.0, done=completion(error="server gone"))]
    summary = summarise(run("a"), cases(2), rows)
    figure = figures(summary, "a")
    assert (figure.estimate.mean, figure.errors, figure.unscored) == (0.9, 1, 0)
    assert summary.standings[0].errors == 1
    assert "1 of 2 outputs failed with an error" in summary.notes[0]


def test_what_was_planned_and_is_not_there_is_missing():
    rows = [sample("a", 0, 0.9), Sample("a", "mail-1", 0, None)]
    summary = summarise(run("a", status="interrupted"), cases(3), rows)
    assert (summary.standings[0].missing, summary.standings[0].outputs) == (2, 3)
    assert summary.notes[0] == "The run is interrupted: 2 of 3 outputs are not there."


def test_samples_outside_of_the_run_are_left_out():
    rows = [sample("a", 0, 0.5), sample("a", 9, 0.1), sample("b", 0, 0.1)]
    rows.append(sample("a", 0, 0.1, repeat=4))
    assert figures(summarise(run("a"), cases(1), rows), "a").estimate.mean == 0.5


def test_costs_are_means_over_outputs_that_are_no_errors():
    rows = [
        sample("a", 0, 0.5, done=completion(tokens=10, seconds=1.0)),
        sample("a", 1, 0.5, done=completion(tokens=20, seconds=2.0, reason="length")),
        sample("a", 2, None, done=completion("", error="too long", tokens=0, seconds=9.0)),
    ]
    standing = summarise(run("a"), cases(3), rows).standings[0]
    assert (standing.output_tokens, standing.seconds, standing.cut_off) == (15.0, 1.5, 1)


def test_clusters_widen_the_interval():
    values = {"a": [0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5]}
    alone = figures(summarise(run("a"), cases(9), samples(values)), "a").estimate
    summary = summarise(run("a"), cases(9, cluster_size=3), samples(values))
    together = figures(summary, "a").estimate
    assert (summary.clusters, together.clusters) == (3, 3)
    assert together.high - together.low > alone.high - alone.low


def test_cases_without_a_cluster_stand_alone_beside_those_that_have_one():
    values = {"a": [0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5, 0.7]}
    mixed = [*cases(9, cluster_size=3), cases(10)[9]]
    summary = summarise(run("a"), mixed, samples(values))
    found = figures(summary, "a").estimate
    alone = figures(summarise(run("a"), cases(10), samples(values)), "a").estimate
    assert (summary.clusters, found.clusters) == (4, 4)
    assert found.high - found.low > alone.high - alone.low


def test_cases_of_one_cluster_tell_no_interval_and_no_difference():
    values = {"a": [0.5, 0.6, 0.7, 0.8] * 4, "b": [0.1, 0.2, 0.3, 0.4] * 4}
    summary = summarise(run("a", "b"), cases(16, cluster_size=16), samples(values))
    assert math.isnan(figures(summary, "a").estimate.low)
    assert "no interval" in summary.verdict
    assert "16 cases in 1 cluster cannot tell" in summary.verdict


def test_an_interval_stays_within_what_the_metric_can_be():
    estimate = figures(summarise(run("a"), cases(2), samples({"a": [0.1, 0.9]})), "a").estimate
    assert 0 <= estimate.low < 0.1
    assert 0.9 < estimate.high <= 1


def test_p_values_are_adjusted_together():
    table = {
        "a": [0.9, 0.8, 0.9, 0.85, 0.8, 0.9],
        "b": [0.5, 0.5, 0.4, 0.45, 0.5, 0.4],
        "c": [0.5, 0.4, 0.4, 0.45, 0.5, 0.5],
    }
    summary = summarise(run("a", "b", "c"), cases(6), samples(table))
    for comparison in summary.comparisons:
        assert comparison.p_holm == pytest.approx(2 * comparison.difference.p_value)


def test_differences_are_over_the_cases_that_both_have_scored():
    table = {"a": [0.9, 0.8, 0.7], "b": [0.1, 0.1, 0.1]}
    rows = [each for each in samples(table) if each.case_id != "mail-2" or each.candidate == "a"]
    assert summarise(run("a", "b"), cases(3), rows).comparisons[0].difference.n == 2


def test_a_run_without_cases_or_metrics_still_has_a_summary():
    summary = summarise(run("a", "b"), [], [])
    assert (summary.best, summary.comparisons) == ("", ())


def test_a_candidate_that_a_race_has_stopped_is_ranked_after_those_that_finished():
    made = replace(run("a", "b"), stopped={"a": 2})
    cells = samples({"a": [0.9, 0.9], "b": [0.1, 0.1, 0.1, 0.1]})
    summary = summarise(made, cases(4), cells)
    assert [each.candidate.name for each in summary.standings] == ["b", "a"]
    assert summary.best == "b"
    assert summary.standings[1].figures[METRIC].floor is None
    assert summary.notes[0] == "a: stopped after 2 of 4 cases by the race."
    assert not any("not there" in note for note in summary.notes)
