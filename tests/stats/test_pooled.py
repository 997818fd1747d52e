"""Metrics of the whole corpus: a mean in disguise, clusters, wins, and tests that can fail."""

import math
import time

import numpy as np
import pytest
from scipy import stats

from promptbench.stats.paired import paired_difference
from promptbench.stats.pooled import estimate_pooled, pooled_difference
from promptbench.stats.swap import swaps


def mean(parts: np.ndarray, weights: np.ndarray) -> float:
    return float(weights @ parts[:, 0] / weights.sum())


def macro_f1(parts: np.ndarray, weights: np.ndarray) -> float:
    hits, both = np.split(weights @ parts, 2)
    return float(np.mean(2 * hits[both > 0] / both[both > 0]))


def labelled(truth: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    true, told = np.eye(classes)[truth], np.eye(classes)[said]
    return np.concatenate([true * told, true + told], axis=1)


def median(parts: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(parts[:, 0])
    reached = np.cumsum(weights[order]) >= weights.sum() / 2
    return float(parts[order[int(np.argmax(reached))], 0])


def column(seed: int, n: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 1))


def test_a_mean_is_estimated_as_a_mean():
    values = column(1)
    found = estimate_pooled(values, mean)
    expected = stats.ttest_1samp(values[:, 0], 0).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert found.method == "jackknife, Student t"


def test_a_difference_of_means_is_compared_as_one():
    first, second = column(1) + 0.5, column(2)
    pooled, paired = (
        pooled_difference(first, second, mean),
        paired_difference(first[:, 0], second[:, 0]),
    )
    assert pooled is not None and paired is not None
    assert (pooled.low, pooled.high) == pytest.approx((paired.low, paired.high), abs=1e-9)
    assert (pooled.wins, pooled.ties, pooled.losses) == (paired.wins, paired.ties, paired.losses)
    assert pooled.p_value == pytest.approx(paired.p_value, abs=0.02)
    assert pooled.detectable == pytest.approx(paired.detectable)


def test_few_clusters_are_swapped_in_every_way():
    first, second, labels = column(3, 24) + 0.3, column(4, 24), list("abcdef") * 4
    pooled = pooled_difference(first, second, mean, labels)
    paired = paired_difference(first[:, 0], second[:, 0], labels)
    assert pooled is not None and paired is not None
    assert pooled.p_value == pytest.approx(paired.p_value, abs=1e-9)
    assert pooled.method == "jackknife, t, clustered by 6 groups; exact swaps"
    assert pooled.caution.startswith("Only 6 independent groups")


def test_clusters_widen_the_interval():
    values, labels = np.repeat(column(5, 12), 10, axis=0), [str(i // 10) for i in range(120)]
    together, alone = estimate_pooled(values, mean, labels), estimate_pooled(values, mean)
    assert together is not None and alone is not None
    assert together.high - together.low > 2.5 * (alone.high - alone.low)


def test_a_median_needs_resamples():
    random = np.random.default_rng(6)
    smooth = rough = 0
    for seed in range(60):
        values = random.exponential(size=(40, 1))
        one = estimate_pooled(values, median)
        other = estimate_pooled(values, median, smooth=False, seed=seed)
        assert one is not None and other is not None
        smooth += one.low <= math.log(2) <= one.high
        rough += other.low <= math.log(2) <= other.high
    assert rough >= 54 > smooth


def test_equal_candidates_do_not_differ():
    parts = column(7)
    found = pooled_difference(parts, parts, mean)
    assert found is not None
    assert (found.mean, found.p_value, found.wins, found.ties) == (0.0, 1.0, 0, 30)


def test_swapping_the_candidates_changes_only_the_sign():
    first, second = column(8, 40), column(9, 40)
    there, back = pooled_difference(first, second, mean), pooled_difference(second, first, mean)
    assert there is not None and back is not None
    assert there.p_value == back.p_value
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert (there.wins, there.losses) == (back.losses, back.wins)


def test_the_smallest_p_value_of_draws_is_one_in_two_thousand():
    found = swaps(np.ones((40, 1)), np.zeros((40, 1)), mean, np.arange(40), 0)
    assert (found.p_value, found.wins, found.losses) == (1 / 2_000, 40, 0)


def alarms(seed: int, strict: bool) -> float:
    """How often equals are told apart at 5%: few cases, many ties."""
    random = np.random.default_rng(seed)
    hits = 0
    for _ in range(200):
        truth = random.integers(2, size=12)
        first, second = (
            labelled(truth, np.where(random.random(12) < 0.7, truth, 1 - truth), 2) for _ in "ab"
        )
        found = swaps(first, second, macro_f1, np.arange(12), 0).p_value
        if strict:
            found = beyond(first, second)
        hits += found <= 0.05
    return hits / 200


def beyond(first: np.ndarray, second: np.ndarray) -> float:
    """The wrong way: only larger differences count, not equal ones."""
    observed = abs(macro_f1(first, np.ones(12)) - macro_f1(second, np.ones(12)))
    random, larger = np.random.default_rng(0), 0
    for _ in range(200):
        swap = random.integers(2, size=(12, 1)) == 1
        one, other = np.where(swap, second, first), np.where(swap, first, second)
        gap = abs(macro_f1(one, np.ones(12)) - macro_f1(other, np.ones(12)))
        larger += gap > observed + 1e-9
    return larger / 200


def test_equals_are_rarely_told_apart():
    assert alarms(1, strict=False) <= 0.05


def test_strict_comparison_fails_the_same_check():
    assert alarms(1, strict=True) > 0.08


def test_what_is_not_defined_is_said():
    def ratio(parts: np.ndarray, weights: np.ndarray) -> float:
        hits, all_of_them = weights @ parts
        return float(hits / all_of_them) if all_of_them else math.nan

    parts = np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    found = estimate_pooled(np.vstack([parts, [[0.0, 1.0]]]), ratio)
    assert found is not None and found.caution
    with pytest.raises(ValueError, match="no value over these cases"):
        estimate_pooled(np.zeros((3, 2)), ratio)


def test_one_case_or_none():
    assert estimate_pooled(np.zeros((0, 1)), mean) is None
    assert pooled_difference(np.zeros((0, 1)), np.zeros((0, 1)), mean) is None
    alone = estimate_pooled(column(1, 1), mean)
    assert alone is not None and math.isnan(alone.low)
    assert alone.method == "no interval: one value"
    with pytest.raises(ValueError, match="cannot be paired"):
        pooled_difference(column(1, 2), column(1, 3), mean)


def test_many_cases_and_classes_are_quick():
    random = np.random.default_rng(10)
    truth = random.integers(20, size=1_000)
    first, second = (
        labelled(
            truth, np.where(random.random(1_000) < p, truth, random.integers(20, size=1_000)), 20
        )
        for p in (0.7, 0.65)
    )
    began = time.process_time()
    found = pooled_difference(first, second, macro_f1)
    assert time.process_time() - began < 5
    assert found is not None and found.low < found.mean < found.high
