"""Exploring all differences of a run: complete, in order, and called what it is."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from promptbench.record import MetricInfo, Run, Sample, Score
from promptbench.report.comparison import lead
from promptbench.report.explore import Explored, explore
from promptbench.report.grid import lay_out
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.summary import summarise_grid
from promptbench.stats.multiplicity import benjamini_hochberg
from tests.report.records import METRIC, cases, run, sample

OTHER = "shortness"
METRICS = (MetricInfo(METRIC, METRIC, "higher"), MetricInfo(OTHER, OTHER, "lower"))
MEANS = {"a": 0.8, "b": 0.5, "c": 0.5}


def rows(number: int = 30) -> list[Sample]:
    draw = random.Random(2)
    made = []
    for name, mean in MEANS.items():
        for case in range(number):
            one = sample(name, case, mean + draw.uniform(-0.2, 0.2))
            scores = {**one.scores, OTHER: Score(OTHER, draw.random())}
            made.append(replace(one, scores=scores))
    return made


def explored(made: Run) -> tuple[Explored, ...]:
    return explore(made, lay_out(made, cases(30), rows()))


def test_every_pair_is_compared_on_every_metric_and_the_leads_come_first():
    found = explored(run(*MEANS, metrics=METRICS))
    assert len(found) == 3 * 2
    assert {(each.better, each.worse) for each in found if each.found} == {("a", "b"), ("a", "c")}
    assert all(each.metric.name == METRIC for each in found[:2])
    assert all(each.difference.mean >= 0 for each in found)
    p_values = [each.difference.p_value for each in found]
    assert [each.q_value for each in found] == pytest.approx(benjamini_hochberg(p_values))


def test_who_is_ahead_where_less_is_better_has_the_lower_mean():
    made = run(*MEANS, metrics=METRICS)
    grid = lay_out(made, cases(30), rows())
    for each in explore(made, grid):
        ours, theirs = (sum(grid.values(n, each.metric.name)) for n in (each.better, each.worse))
        assert (ours < theirs) == (each.metric.direction == "lower")


def test_a_lead_is_the_same_as_compared_from_either_side():
    made = run(*MEANS, metrics=METRICS)
    grid = lay_out(made, cases(30), rows())
    for each in explore(made, grid):
        found = lead(each.better, each.worse, grid, each.metric)
        assert found is not None and replace(each.difference, mean=0, low=0, high=0) == replace(
            found, mean=0, low=0, high=0
        )
        ours = (each.difference.mean, each.difference.low, each.difference.high)
        assert ours == pytest.approx((found.mean, found.low, found.high))


def test_there_is_nothing_to_explore_before_the_end_or_beyond_the_plan():
    assert explored(run(*MEANS, metrics=METRICS, status="running")) == ()
    assert explored(run("a", "b")) == ()
    undirected = (METRICS[0], replace(METRICS[1], direction="none"))
    assert {e.metric.name for e in explored(run(*MEANS, metrics=undirected))} == {METRIC}
    stopped = replace(run(*MEANS, metrics=METRICS), stopped={"c": 5})
    assert len(explored(stopped)) == 2


def test_more_pairs_than_can_be_looked_through_are_left_out_and_the_page_says_so():
    names = [f"prompt {number}" for number in range(101)]  # 5,050 pairs
    made = run(*names)
    grid = lay_out(made, cases(1), [sample(name, 0, 0.5) for name in names])
    assert explore(made, grid) == ()
    told = "Every pair of candidates would be 5,050 comparisons: too many to look through."
    assert told in " ".join(summarise_grid(made, grid).notes)
    few = lay_out(run(*names[:3]), cases(1), [])
    assert "too many" not in " ".join(summarise_grid(run(*names[:3]), few).notes)


def test_the_page_calls_it_exploratory_and_keeps_holm_for_the_plan():
    made = run(*MEANS, metrics=METRICS)
    page = build_page(Material(made, cases(30), rows()))
    assert "Not planned, so no proof" in page
    assert "2 leads of 6 comparisons" in page
    assert "after Holm" in page
    assert page == build_page(Material(made, cases(30), rows()[::-1]))
