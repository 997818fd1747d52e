"""Intervals of a share: against scipy, and against figures that were published."""

import numpy as np
import pytest
from scipy import stats

from promptbench.stats.share import exact, jeffreys, wilson

# Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I:
# hits, trials, then methods 3 (Wilson) and 5 (Clopper-Pearson).
PUBLISHED = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]


@pytest.mark.parametrize(("hits", "trials", "by_wilson", "by_clopper"), PUBLISHED)
def test_newcombes_figures(hits, trials, by_wilson, by_clopper):
    assert wilson(hits / trials, trials) == pytest.approx(by_wilson, abs=6e-5)
    assert exact(hits / trials, trials) == pytest.approx(by_clopper, abs=6e-5)


@pytest.mark.parametrize(("hits", "trials"), [(0, 7), (1, 7), (3, 7), (7, 7), (97, 200)])
def test_scipy_agrees(hits, trials):
    test = stats.binomtest(hits, trials)
    for ours, name in ((wilson, "wilson"), (exact, "exact")):
        theirs = test.proportion_ci(method=name)
        assert ours(hits / trials, trials) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_jeffreys_is_a_quantile_of_the_posterior():
    posterior = stats.beta(12 + 0.5, 30 - 12 + 0.5)
    assert jeffreys(12 / 30, 30) == pytest.approx(posterior.ppf([0.025, 0.975]), abs=1e-9)


def test_jeffreys_near_the_ends_is_modified():
    assert jeffreys(0.0, 10) == pytest.approx((0.0, 1 - 0.025 ** (1 / 10)))
    assert jeffreys(1 / 10, 10)[0] == 0.0
    assert jeffreys(9 / 10, 10) == pytest.approx(tuple(1 - x for x in jeffreys(0.1, 10)[::-1]))


def lowest_coverage(method, n: int) -> float:
    intervals = [method(hits / n, n) for hits in range(n + 1)]
    found = []
    for p in np.arange(0.02, 0.985, 0.01):
        chances = stats.binom.pmf(np.arange(n + 1), n, p)
        inside = [low <= p + 1e-12 and p - 1e-12 <= high for low, high in intervals]
        found.append(float(chances @ inside))
    return min(found)


def test_the_modification_is_needed():
    def plain(share: float, trials: float) -> tuple[float, ...]:
        hits = share * trials
        return tuple(stats.beta(hits + 0.5, trials - hits + 0.5).ppf([0.025, 0.975]))

    assert lowest_coverage(jeffreys, 50) > 0.91
    assert lowest_coverage(plain, 50) < 0.89


def test_fractions_of_trials_are_allowed():
    narrow, wide = wilson(0.9, 80.5), wilson(0.9, 20.5)
    assert wide[0] < narrow[0] < 0.9 < narrow[1] < wide[1]
    assert wilson(0.9, 20.5, quantile=3.0)[0] < wide[0]
