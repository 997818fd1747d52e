from dataclasses import replace

import numpy as np
import pytest

from promptbench.error import InputError
from promptbench.metric.pool import POOLS
from promptbench.record import Case, Completion, Sample
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.summary import summarise
from promptbench.stats.pooled import estimate_pooled, pooled_difference
from tests.report.labelled import chosen, drawn, labels_of, made, written

LABELS = labels_of(["good", "bad", "odd"])
POOLED = ["balanced_accuracy", "calibration", "macro_f1", "matthews"]


def cases(*references: str) -> list[Case]:
    return [Case(f"case-{place}", {"text": "?"}, (each,)) for place, each in enumerate(references)]


def say(*texts: str) -> list[list[Completion]]:
    return [[written(text)] for text in texts]


def parts(samples: list[Sample], name: str, metric: str) -> np.ndarray:
    rows = sorted((each for each in samples if each.candidate == name), key=lambda s: s.case_id)
    return np.array([each.scores[metric].parts for each in rows])


@pytest.mark.parametrize("metric", POOLED)
def test_a_figure_is_the_pool_of_all_cases_with_its_interval(metric):
    run, rows, samples = drawn(4, 40, primary=metric)
    standing = next(
        each for each in summarise(run, rows, samples).standings if each.candidate.name == "chosen"
    )
    found = standing.figures[metric].estimate
    wanted = estimate_pooled(parts(samples, "chosen", metric), POOLS[metric])
    assert (found.mean, found.n, found.method) == (wanted.mean, 40, wanted.method)
    assert found.low == max(wanted.low, -1.0 if metric == "matthews" else 0.0)
    assert standing.figures[metric].floor is None


def test_a_pooled_metric_ranks_and_compares():
    run, rows, samples = drawn(4, 40, primary="macro_f1")
    summary = summarise(run, rows, samples)
    first, second = (each.candidate.name for each in summary.standings)
    assert summary.standings[0].figures["macro_f1"].estimate.mean == pytest.approx(
        max(POOLS["macro_f1"](parts(samples, n, "macro_f1"), np.ones(40)) for n in (first, second))
    )
    wanted = pooled_difference(
        parts(samples, first, "macro_f1"), parts(samples, second, "macro_f1"), POOLS["macro_f1"]
    )
    found = summary.comparisons[0].difference
    assert (found.mean, found.p_value, found.wins) == (wanted.mean, wanted.p_value, wanted.wins)
    assert "macro-F1 over 4 labels" in summary.verdict
    assert "mean macro" not in summary.verdict


def test_where_lower_is_better_a_positive_difference_still_favours_the_best():
    rows = cases(*["good", "bad"] * 10)
    sure = [[chosen(each.references[0], _likely(each.references[0], 4))] for each in rows]
    unsure = [[chosen(each.references[0], _likely(each.references[0], 0.5))] for each in rows]
    run, rows, samples = made(LABELS, rows, {"unsure": unsure, "sure": sure}, "calibration")
    summary = summarise(run, rows, samples)
    assert summary.best == "sure"
    assert summary.comparisons[0].difference.mean > 0
    assert summary.comparisons[0].difference.wins == 20


def _likely(label: str, lead: float) -> list[float]:
    return [lead * (name == label) for name in LABELS.names]


def test_repeats_share_the_weight_of_their_case():
    rows = cases("good", "bad", "odd", "good")
    once = [["good", "bad"], ["bad", "bad"], ["odd", "good"], ["good", "good"]]
    answers = {"a": [[written(text) for text in row] for row in once]}
    run, rows, samples = made(LABELS, rows, answers, "macro_f1")
    found = summarise(run, rows, samples).standings[0].figures["macro_f1"].estimate
    every = parts(samples, "a", "macro_f1")
    assert found.mean == pytest.approx(POOLS["macro_f1"](every, np.full(8, 0.5)))
    assert (found.n, found.clusters) == (4, 4)


def test_a_repeat_without_a_score_leaves_its_weight_to_the_others():
    rows = cases("good", "bad", "odd")
    answers = {"a": [[written(text), written("bad")] for text in ("good", "bad", "odd")]}
    run, rows, samples = made(LABELS, rows, answers, "macro_f1")
    broken = [
        replace(each, completion=replace(each.completion, error="gone")) if each.repeat else each
        for each in samples
    ]
    found = summarise(run, rows, broken).standings[0].figures["macro_f1"].estimate
    assert found.mean == 1.0


def test_a_comparison_is_over_the_cases_that_both_have_scored():
    rows = cases("good", "bad", "odd", "dinner", "good")
    answers = {
        "a": say("good", "bad", "odd", "odd", "bad"),
        "b": say("good", "odd", "odd", "odd", "bad"),
    }
    run, rows, samples = made(LABELS, rows, answers, "macro_f1")
    summary = summarise(run, rows, samples)
    assert summary.comparisons[0].difference.n == 4
    figure = summary.standings[0].figures["macro_f1"]
    assert (figure.scored, figure.cases, figure.unscored) == (4, 5, 1)
    assert "is unscored" in summary.notes[0] or "are unscored" in summary.notes[0]


def test_clusters_are_the_unit_of_a_pooled_interval():
    run, rows, samples = drawn(3, 30, primary="macro_f1")
    grouped = [replace(case, cluster=f"c{place // 3}") for place, case in enumerate(rows)]
    summary = summarise(run, grouped, samples)
    assert summary.standings[0].figures["macro_f1"].estimate.clusters == 10
    assert summary.comparisons[0].difference.clusters == 10


def test_an_answer_that_names_no_label_is_counted_in_the_notes():
    run, rows, samples = made(LABELS, cases("good", "bad"), {"a": say("good", "no idea")})
    notes = summarise(run, rows, samples).notes
    assert notes[0] == "1 of 2 outputs is scored with a remark, mostly: names no label."


def test_a_pool_that_this_version_does_not_know_is_named():
    run, rows, samples = drawn(3, 6)
    strange = tuple(replace(each, pool=each.pool and "kendall") for each in run.metrics)
    with pytest.raises(InputError, match="'kendall'"):
        build_page(Material(replace(run, metrics=strange), rows, samples))
