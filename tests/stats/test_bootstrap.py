"""The bootstrap: against R's boot package, scipy, and clusters that must stay whole."""

import numpy as np
import pytest
from scipy import stats

from promptbench.stats.bootstrap import basic, bca, percentile, resample, studentised, weights

# Figures of R's `boot` package (boot.ci of the mean, a million resamples), as scipy 1.17 keeps
# them in scipy/stats/tests/test_resampling.py, test_bootstrap_against_R.
R_DATA = [10, 12, 12.5, 12.5, 13.9, 15, 21, 22, 23, 34, 50, 81, 89, 121, 134, 213]
R_BASIC, R_PERCENTILE, R_BCA = (23.77, 79.12), (28.86, 84.21), (32.31, 91.43)


def of_r(draws: int = 200_000):
    return resample(np.array(R_DATA), np.ones(len(R_DATA)), weights(len(R_DATA), 0, draws))


def test_rs_figures():
    found = of_r()
    assert percentile(found.means) == pytest.approx(R_PERCENTILE, rel=0.007)
    assert basic(found.mean, found.means) == pytest.approx(R_BASIC, rel=0.007)
    assert bca(found.mean, found.means, found.acceleration) == pytest.approx(R_BCA, rel=0.007)


def test_rs_bca_is_not_met_without_acceleration():
    found = of_r()
    assert bca(found.mean, found.means, 0.0)[1] < 0.97 * R_BCA[1]


def test_scipy_gives_the_same_interval_from_the_same_draws():
    data = np.random.default_rng(1).exponential(size=40)
    found = resample(data, np.ones(40), weights(40, 7, 5_000))
    for name, ours in (
        ("percentile", percentile(found.means)),
        ("basic", basic(found.mean, found.means)),
        ("BCa", bca(found.mean, found.means, found.acceleration)),
    ):
        theirs = stats.bootstrap((data,), np.mean, n_resamples=5_000, method=name, rng=7)
        assert ours == pytest.approx(tuple(theirs.confidence_interval), abs=1e-9)


def test_every_resample_has_as_many_groups():
    drawn = np.concatenate(list(weights(7, 0, 500)))
    assert drawn.shape == (500, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert drawn.mean(axis=0) == pytest.approx(np.ones(7), abs=0.15)


def test_memory_is_bounded_by_blocks(monkeypatch):
    monkeypatch.setattr("promptbench.stats.bootstrap.BLOCK", 100)
    assert [len(block) for block in weights(40, 0, 5)] == [2, 2, 1]


def test_groups_stay_whole():
    # Sums 0 and 10 of two groups of five: a resample's mean is 0, 1 or 2.
    found = resample(np.array([0.0, 10.0]), np.array([5.0, 5.0]), weights(2, 0, 200))
    assert set(found.means) == {0.0, 1.0, 2.0}


def test_errors_are_those_of_each_resample():
    data = np.random.default_rng(2).normal(size=12)
    found = resample(data, np.ones(12), weights(12, 5, 3))
    drawn = np.concatenate(list(weights(12, 5, 3)))
    for row, mean, error in zip(drawn, found.means, found.errors, strict=True):
        sample = np.repeat(data, row.astype(int))
        assert (mean, error) == pytest.approx((sample.mean(), stats.sem(sample)))


def test_studentised_is_wider_on_the_long_side():
    found = of_r(5_000)
    low, high = studentised(found)
    assert high - found.mean > 1.3 * (found.mean - low)


def test_equal_values_have_no_width():
    found = resample(np.full(5, 0.1), np.ones(5), weights(5, 0, 100))
    assert studentised(found) == (found.mean, found.mean)
    assert percentile(found.means) == pytest.approx((0.1, 0.1))
