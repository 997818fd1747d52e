"""A mean's interval: against scipy, against arithmetic by hand, and by how often it is right."""

import math
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy import stats

from promptbench.stats.interval import Estimate, estimate
from promptbench.stats.share import jeffreys


def known(values, clusters=None, **options) -> Estimate:
    found = estimate(values, clusters, **options)
    assert found is not None
    return found


def test_no_values_have_no_estimate():
    assert estimate([]) is None
    assert estimate([], [], binary=True) is None


@pytest.mark.parametrize("values", [[0.1, 0.4, 0.35, 0.8], [3.0, -2.0], list(range(30))])
def test_independent_values_get_students_t(values):
    found = known(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.mean == pytest.approx(np.mean(values))
    assert (found.n, found.clusters, found.method) == (len(values), len(values), "Student t")


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (10, 10), (3, 10), (1, 2), (97, 200)])
def test_binary_values_get_the_modified_jeffreys_interval(hits, n):
    found = known([1.0] * hits + [0.0] * (n - hits), binary=True)
    assert (found.low, found.high) == jeffreys(found.mean, n)
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert found.method == "modified Jeffreys"


def test_zeros_and_ones_of_another_metric_are_no_shares():
    assert known([0.0, 1.0, 1.0]).method == "Student t"


def test_averaged_repeats_of_a_binary_metric_stay_within_its_range():
    found = known([0.5, 1.0, 1.0], binary=True)
    assert found.method == "score, Student t"
    assert 0 < found.low < found.mean < found.high < 1


def test_the_score_interval_by_hand():
    # Mean 0.25 and error 0.05 are worth 0.25 * 0.75 / 0.05^2 = 75 trials; t on 3 degrees.
    found = known([0.1, 0.2, 0.3, 0.4], limits=(0.0, 1.0))
    t, trials = 3.182446, 0.25 * 0.75 / (0.129099 / 2) ** 2
    roots = np.roots([1 + t**2 / trials, -(2 * 0.25 + t**2 / trials), 0.25**2])
    assert (found.low, found.high) == pytest.approx(sorted(roots), abs=1e-5)


def test_limits_move_with_the_scale():
    values = [0.1, 0.2, 0.0, 0.7]
    unit = known(values, limits=(0.0, 1.0))
    points = known([100 * value - 50 for value in values], limits=(-50.0, 50.0))
    assert (points.low, points.high) == pytest.approx((100 * unit.low - 50, 100 * unit.high - 50))


def test_limits_that_the_values_break_are_not_used():
    found = known([0.5, 1.5, 0.2, 0.9], limits=(0.0, 1.0))
    assert found.caution == "Some values lie outside the limits of the metric."
    assert (found.low, found.high) == (known([0.5, 1.5, 0.2, 0.9]).low, found.high)
    assert known([0.5, -1.0], binary=True).method == "Student t"
    assert known([1.0 + 1e-13, 0.5, 0.2], limits=(0.0, 1.0)).method == "score, Student t"


def test_skewness_is_corrected_for_where_it_shows():
    skewed = [0.0] * 15 + [1.0, 2.0, 4.0, 8.0, 16.0]
    found = known(skewed)
    plain = stats.ttest_1samp(skewed, 0).confidence_interval(0.95)
    assert found.method == "Student t, corrected for skewness"
    assert found.low > plain.low and found.high > plain.high + 1
    mirrored = known([-value for value in skewed])
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


def test_cluster_error_equals_the_hand_computed_one():
    # Mean 3; residuals -2 -1 | 0 | 1 2, so group sums -3, 0, 3, with shares 2/5, 1/5, 2/5.
    # CR2: (9 / 0.6 + 9 / 0.6) / 25 = 1.2. Degrees as in satterthwaite.
    found = known([1, 2, 3, 4, 5], ["a", "a", "b", "c", "c"])
    shared = np.array([4 / 0.6, 1 / 0.8, 4 / 0.6])
    degrees = 25 / (9 + (shared.sum() ** 2 - shared @ shared) / 25)
    half = stats.t.ppf(0.975, degrees) * math.sqrt(1.2)
    assert (found.low, found.high) == pytest.approx((3 - half, 3 + half))
    assert (found.n, found.clusters) == (5, 3)
    assert found.method == "t, clustered by 3 groups"


def test_clusters_need_not_be_neighbours():
    together = known([1, 2, 3, 4, 5], ["a", "a", "b", "c", "c"])
    apart = known([4, 1, 3, 5, 2], ["c", "a", "b", "c", "a"])
    assert (apart.low, apart.high) == pytest.approx((together.low, together.high))


def test_clusters_of_one_are_no_clusters():
    values = [0.0, 1.0, 1.0, 0.0]
    assert known(values, ["a", "b", "c", "d"], binary=True) == known(values, binary=True)


def test_the_empty_label_stands_alone():
    values = [1.0, 2.0, 3.0, 5.0]
    assert known(values, [""] * 4) == known(values)
    assert known(values, ["", "a", "a", ""]) == known(values, ["x", "a", "a", "y"])


def test_copies_within_a_cluster_do_not_narrow_the_interval():
    once = known([1.0, 4.0, 7.0])
    copied = known([1.0, 4.0, 7.0] * 20, ["a", "b", "c"] * 20)
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))


def test_clustered_binary_intervals_stay_within_the_range():
    found = known([1, 1, 1, 1, 1, 0], list("aabbcc"), binary=True)
    assert found.low > 0 and found.high < 1
    assert found.method == "score, t, clustered by 3 groups"


def test_unanimous_groups_are_not_certain():
    found = known([1.0] * 12, list("abc") * 4, binary=True)
    expected = stats.binomtest(3, 3).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, 1.0))
    assert found.method == "score, 3 independent trials"


def test_unanimous_groups_of_unequal_size_count_for_less():
    even = known([1.0] * 12, list("abc") * 4, binary=True)
    uneven = known([1.0] * 12, list("a" * 10 + "bc"), binary=True)
    assert uneven.low < even.low


@pytest.mark.parametrize(
    ("values", "clusters", "options", "words"),
    [
        ([1.0] * 49 + [0.0], None, {"binary": True}, "Only 1 of 50 values differs from the rest"),
        ([1.0] * 30 + [0.0] * 30, None, {"binary": True}, ""),
        (list(range(12)), list("aabbccddeeff"), {}, "Only 6 independent groups"),
        ([0.0] * 12 + [1.0, 2.0, 3, 4, 5, 6, 7, 8, 9, 60, 70, 200], None, {}, "far out"),
        (list(range(30)), None, {}, ""),
        ([1.0], None, {}, ""),
    ],
)
def test_a_caution_says_where_the_interval_is_known_to_be_off(values, clusters, options, words):
    found = known(values, clusters, **options).caution
    assert words in found
    assert bool(found) == bool(words)


def test_equal_values_have_no_rounding_in_their_mean():
    found = known([0.1] * 3)
    assert (found.mean, found.low, found.high) == (0.1, 0.1, 0.1)


@pytest.mark.parametrize(
    ("values", "clusters", "method"),
    [([1.0], None, "no interval: one value"), ([1.0, 0.0], ["a", "a"], "no interval: one group")],
)
@pytest.mark.parametrize("binary", [True, False])
def test_one_value_or_group_tells_no_interval(values, clusters, method, binary):
    found = known(values, clusters, binary=binary)
    assert found.mean == np.mean(values)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.method == method


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_score_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        estimate([1.0, value])


def test_labels_must_fit_the_values():
    with pytest.raises(ValueError, match="2 cluster labels for 3 values"):
        estimate([1, 2, 3], ["a", "b"])


def test_clustered_intervals_cover_where_naive_ones_do_not():
    random = np.random.default_rng(7)
    labels = [f"thread {i // 6}" for i in range(25 * 6)]
    clustered = naive = 0
    for _ in range(600):
        values = (random.normal(size=(25, 1)) + random.normal(size=(25, 6))).ravel().tolist()
        inside = [found.low <= 0 <= found.high for found in (known(values, labels), known(values))]
        clustered, naive = clustered + inside[0], naive + inside[1]
    assert 0.925 <= clustered / 600 <= 0.975
    assert naive / 600 < 0.8


def test_importing_is_quick_because_scipy_waits():
    names = "paired, pooled, power, race, agreement, components, superiority"
    code = f"import sys; from promptbench.stats import {names}; "
    code += "assert not any('scipy' in m for m in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_estimate_of_200_values_takes_far_less_than_50_milliseconds():
    values = np.random.default_rng(1).random(200).tolist()
    labels = [f"thread {i // 3}" for i in range(200)]
    known(values, labels)
    began = time.process_time()
    for _ in range(20):
        known(values, labels, limits=(0.0, 1.0))
    assert (time.process_time() - began) / 20 < 0.05
