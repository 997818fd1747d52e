"""A run that is looked at before its end: what it says holds however often one looks."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from promptbench.record import Case, MetricInfo, Sample
from promptbench.report.summary import Summary, summarise
from tests.report.records import METRIC, cases, completion, run, sample

BINARY = (MetricInfo(METRIC, METRIC, "higher", binary=True),)


def summary_of(
    rows: list[Sample], given: list[Case], status: str = "interrupted", **more: object
) -> Summary:
    names = dict.fromkeys(row.candidate for row in rows)
    return summarise(run(*names, status=status, **more), given, rows)


def interval(summary: Summary, name: str = "a") -> tuple[float, float]:
    found = next(each for each in summary.standings if each.candidate.name == name)
    estimate = found.figures[METRIC].estimate
    return estimate.low, estimate.high


def values(number: int, seed: int = 1) -> list[Sample]:
    draw = random.Random(seed)
    return [sample("a", place, draw.random()) for place in range(number)]


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_before_the_end_intervals_are_wider(status: str):
    rows, given = values(40), cases(60)
    early = interval(summary_of(rows, given, status))
    usual = interval(summary_of(rows, given, "complete"))
    assert early[0] < usual[0] < usual[1] < early[1]


def test_it_is_said_in_words_and_only_before_the_end():
    rows, given = values(10), cases(20)
    (note,) = [n for n in summary_of(rows, given).notes if "before the end" in n]
    assert "hold at every look" in note
    assert not any("every look" in n for n in summary_of(rows, given, "complete").notes)


def test_a_scale_without_an_end_has_the_usual_interval_and_a_warning():
    metrics = (MetricInfo(METRIC, METRIC, "higher", high=None),)
    rows, given = values(40), cases(60)
    early = summary_of(rows, given, metrics=metrics)
    assert interval(early) == interval(summary_of(rows, given, "complete", metrics=metrics))
    assert any("may claim too much" in note for note in early.notes)


def test_the_order_of_arrival_is_that_of_the_samples():
    rows, given = values(40), cases(40)
    assert interval(summary_of(rows, given)) != interval(summary_of(rows[::-1], given))
    shuffled = random.Random(3).sample(rows, len(rows))
    assert interval(summary_of(shuffled, given)) != interval(summary_of(rows, given))
    assert interval(summary_of(rows, given[::-1])) == interval(summary_of(rows, given))


def test_a_cluster_counts_once_it_is_whole_and_as_one_value():
    given = cases(9, cluster_size=3)
    rows = [sample("a", place, value) for place, value in enumerate((0.0, 0.5, 1.0, 0.2, 0.2))]
    one = summary_of(rows, given).standings[0].figures[METRIC].estimate
    assert (one.mean, one.n, one.clusters) == (0.5, 3, 1)
    broken = [*rows, sample("a", 5, None, done=completion(error="gone"))]
    assert summary_of(broken, given).standings[0].figures[METRIC].estimate.clusters == 1
    whole = [*rows, sample("a", 5, 0.2)]
    two = summary_of(whole, given).standings[0].figures[METRIC].estimate
    assert (two.mean, two.n, two.clusters) == (pytest.approx(0.35), 6, 2)


def test_a_case_without_a_cluster_is_a_unit_of_its_own_before_the_end():
    given = [*cases(6, cluster_size=3), *cases(8)[6:]]
    rows = [sample("a", place, value) for place, value in ((0, 0.0), (6, 0.5), (7, 1.0))]
    found = summary_of(rows, given).standings[0].figures[METRIC].estimate
    assert (found.mean, found.n, found.clusters) == (0.75, 2, 2)


def test_without_a_whole_cluster_there_is_a_mean_and_no_interval():
    summary = summary_of([sample("a", 0, 0.5)], cases(6, cluster_size=3))
    assert "0.500, no interval" in summary.verdict


@pytest.mark.slow
def test_equals_that_are_looked_at_again_and_again_stay_equal():
    draw, given = random.Random(5), cases(80)
    named = dict.fromkeys(("early", "usual"), 0)
    times = 60
    for _ in range(times):
        hard = [draw.random() for _ in given]
        rows = [
            sample(name, place, float(draw.random() < 0.25 + 0.5 * hard[place]))
            for place in range(len(given))
            for name in ("a", "b")
        ]
        looks = range(20, 161, 14)
        for way, status in (("early", "running"), ("usual", "complete")):
            found = (summary_of(rows[:n], given, status, metrics=BINARY) for n in looks)
            named[way] += any(each.comparisons[0].finding == "better" for each in found)
    assert named["early"] <= 0.05 * times
    # The usual interval and test are both passed by more than one in twenty.
    assert named["usual"] > 0.05 * times


def test_a_clear_lead_is_seen_before_the_end():
    rows = [
        sample(name, place, value)
        for place in range(60)
        for name, value in (("a", 0.9), ("b", 0.1 + 0.002 * place))
    ]
    summary = summary_of(rows, cases(100))
    assert summary.comparisons[0].finding == "better"
    assert summary.comparisons[0].difference.low < 0.7 < summary.comparisons[0].difference.high
    lower = (MetricInfo(METRIC, METRIC, "lower"),)
    turned = summary_of(rows, cases(100), metrics=lower)
    assert (turned.best, turned.comparisons[0].finding) == ("b", "better")


def test_repeats_that_are_missing_leave_their_case_out():
    rows = [sample("a", 0, 0.4, repeat=0), sample("a", 0, 0.8, repeat=1), sample("a", 1, 0.9)]
    summary = summary_of(rows, cases(3), repeats=2)
    assert summary.standings[0].figures[METRIC].estimate.n == 1
    assert summary.standings[0].figures[METRIC].estimate.mean == pytest.approx(0.6)


def test_the_finished_run_is_as_it_was():
    rows, given = values(20), cases(20)
    summary = summarise(replace(run("a"), status="complete"), given, rows)
    assert summary.standings[0].figures[METRIC].estimate.method.startswith("score")
