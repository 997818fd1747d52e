"""Looking after every value: false alarms stay rare, however often one looks."""

import math

import numpy as np
import pytest
from scipy import stats

from promptbench.stats.sequence import cluster_means, evidence_of_better, mean_bounds, wager


def ties(random: np.random.Generator, n: int) -> np.ndarray:
    return random.choice([-1.0, 0.0, 1.0], p=[0.15, 0.7, 0.15], size=n)


def test_evidence_rarely_reaches_twenty_between_equals():
    random = np.random.default_rng(1)
    ever = [evidence_of_better(ties(random, 150), 1.0).max() >= 20 for _ in range(400)]
    assert np.mean(ever) <= 0.05


def test_a_test_at_each_look_fails_the_same_check():
    random = np.random.default_rng(1)
    ever = []
    for _ in range(150):
        values = ties(random, 150)
        looks = [stats.ttest_1samp(values[:n], 0).pvalue for n in range(20, 151, 10)]
        ever.append(min(looks) <= 0.05)
    assert np.mean(ever) > 0.1


def test_the_mean_fortune_between_equals_is_one():
    # All 3^8 sequences of -1, 0 and 1, each as likely.
    grid = np.array(np.meshgrid(*[[-1.0, 0.0, 1.0]] * 8)).reshape(8, -1)
    state = wager(1.0, (3**8,))
    for row in grid:
        state = state.add(row)
    assert np.exp(state.logarithm).mean() == pytest.approx(1.0)


def test_a_clear_lead_is_seen():
    random = np.random.default_rng(2)
    values = random.choice([-1.0, 0.0, 1.0], p=[0.05, 0.6, 0.35], size=300)
    fortunes = evidence_of_better(values, 1.0)
    assert fortunes.max() > 1000
    assert evidence_of_better(-values, 1.0).max() < 20


def test_the_scale_does_not_matter():
    values = ties(np.random.default_rng(3), 50)
    assert evidence_of_better(7 * values, 7.0) == pytest.approx(evidence_of_better(values, 1.0))


def test_what_lies_beyond_the_limits_is_refused():
    with pytest.raises(ValueError, match="beyond 1"):
        evidence_of_better([0.5, 1.5], 1.0)
    with pytest.raises(ValueError, match="above 0"):
        wager(0.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        mean_bounds([1.5])


def test_bounds_hold_at_all_times_at_once():
    random = np.random.default_rng(4)
    lost = wald = 0
    for _ in range(200):
        values = (random.random(100) < 0.9).astype(float)
        bounds = mean_bounds(values)
        lost += bool((bounds[:, 0] > 0.9).any() or (bounds[:, 1] < 0.9).any())
        n = np.arange(10, 101)
        means = np.cumsum(values)[9:] / n
        wald += bool((np.abs(means - 0.9) > 1.96 * np.sqrt(means * (1 - means) / n)).any())
    assert lost / 200 <= 0.05
    assert wald / 200 > 0.2


def test_bounds_only_ever_narrow_and_come_close():
    values = np.random.default_rng(5).beta(2, 5, size=1_000)
    bounds = mean_bounds(values)
    assert (np.diff(bounds[:, 0]) >= 0).all() and (np.diff(bounds[:, 1]) <= 0).all()
    assert bounds[-1, 0] < values.mean() < bounds[-1, 1]
    fixed = 2 * 1.96 * values.std() / math.sqrt(1_000)
    assert bounds[-1, 1] - bounds[-1, 0] < 2.5 * fixed
    assert mean_bounds([]).shape == (0, 2)


def test_bounds_move_with_the_scale():
    values = ties(np.random.default_rng(6), 60)
    unit = mean_bounds((values + 1) / 2)
    assert mean_bounds(values, (-1.0, 1.0)) == pytest.approx(2 * unit - 1)


def test_clusters_are_fed_as_their_means():
    means = cluster_means([1, 2, 5, 3, 8], ["b", "a", "b", "", ""])
    assert means == [3.0, 2.0, 3.0, 8.0]


def test_cases_of_a_cluster_fed_one_by_one_raise_false_alarms():
    random = np.random.default_rng(7)
    alone = whole = 0
    for _ in range(200):
        values = np.repeat(random.choice([-1.0, 1.0], size=12), 12)
        labels = [str(i // 12) for i in range(144)]
        alone += evidence_of_better(values, 1.0).max() >= 20
        whole += evidence_of_better(cluster_means(values, labels), 1.0).max() >= 20
    assert whole / 200 <= 0.05
    assert alone / 200 > 0.3
