"""A mean's interval: against scipy, against arithmetic by hand, and by how often it is right."""

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from promptbench.stats.interval import Estimate, estimate


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
def test_binary_values_get_wilson(hits, n):
    found = known([1.0] * hits + [0.0] * (n - hits), binary=True)
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert found.method == "Wilson"


def test_zeros_and_ones_of_another_metric_do_not_get_wilson():
    assert known([0.0, 1.0, 1.0]).method == "Student t"


def test_averaged_repeats_of_a_binary_metric_get_t_within_its_range():
    found = known([0.5, 1.0, 1.0], binary=True)
    assert found.method == "Student t"
    assert found.high == 1.0
    assert found.low == pytest.approx(5 / 6 - 4.302653 * (1 / 6))


def test_cluster_error_equals_the_hand_computed_one():
    # Mean 3; residuals -2 -1 | 0 | 1 2, so group sums -3, 0, 3.
    # CR1: 3/2 * (9 + 0 + 9) / 25 = 1.08; t on 2 degrees of freedom is 4.302653.
    found = known([1, 2, 3, 4, 5], ["a", "a", "b", "c", "c"])
    half = 4.302653 * math.sqrt(1.08)
    assert (found.low, found.high) == pytest.approx((3 - half, 3 + half))
    assert (found.n, found.clusters, found.method) == (5, 3, "t, clustered by 3 groups")


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
    once = known([1.0, 4.0, 6.0])
    copied = known([1.0, 4.0, 6.0] * 20, ["a", "b", "c"] * 20)
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))


def test_clustered_binary_intervals_stay_within_the_range():
    found = known([1, 1, 1, 1, 1, 0], list("aabbcc"), binary=True)
    assert found.high == 1.0
    assert found.method == "t, clustered by 3 groups"


def test_unanimous_groups_are_not_certain():
    found = known([1.0] * 12, list("abc") * 4, binary=True)
    expected = stats.binomtest(3, 3).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, 1.0))
    assert found.method == "Wilson, 3 independent trials"


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
    code = "import sys, promptbench.stats.paired; assert not any('scipy' in m for m in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
