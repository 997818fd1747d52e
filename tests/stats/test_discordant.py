"""Passes and failures in pairs: McNemar's counts, and Tango's interval from its likelihood."""

import numpy as np
import pytest
from scipy import optimize, stats

from promptbench.stats.discordant import McNemar, mcnemar, tango
from promptbench.stats.permutation import sign_flips


def test_discordant_cases_are_counted():
    found = mcnemar([1, 1, 1, 0, 0, 1], [1, 0, 0, 1, 0, 0])
    assert found == McNemar(3, 1, 6, pytest.approx(stats.binomtest(3, 4).pvalue))


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (5, 0), (30, 15), (7, 7), (121, 59)])
def test_it_is_the_sign_flip_test(wins, losses):
    first = [1.0] * wins + [0.0] * losses + [1.0] * 10
    second = [0.0] * wins + [1.0] * losses + [1.0] * 10
    expected = sign_flips(np.subtract(first, second), 0).p_value
    assert mcnemar(first, second).p_value == pytest.approx(expected, abs=1e-9)


def test_only_passes_and_failures_fit():
    with pytest.raises(ValueError, match="0 or 1"):
        mcnemar([0.5], [1.0])
    with pytest.raises(ValueError, match="cannot be paired"):
        mcnemar([1.0], [1.0, 0.0])


def score(difference: float, wins: int, losses: int, n: int) -> float:
    """Tango's statistic from the likelihood itself, maximised numerically at this difference."""

    def unlikely(second_only: float) -> float:
        first_only, ties = second_only + difference, 1 - 2 * second_only - difference
        counts = zip(
            (wins, losses, n - wins - losses), (first_only, second_only, ties), strict=True
        )
        return -sum(count * np.log(max(p, 1e-300)) for count, p in counts)

    ends = (max(0.0, -difference), (1 - difference) / 2)
    best = optimize.minimize_scalar(
        unlikely, bounds=ends, method="bounded", options={"xatol": 1e-12}
    ).x
    variance = n * (2 * best + difference - difference**2)
    return (wins - losses - n * difference) / np.sqrt(variance)


@pytest.mark.parametrize(("wins", "losses", "n"), [(7, 2, 30), (12, 9, 60), (4, 1, 25)])
def test_tango_is_where_the_score_reaches_the_quantile(wins, losses, n):
    low, high = tango(wins, losses, n)
    assert score(low, wins, losses, n) == pytest.approx(1.959964, abs=1e-4)
    assert score(high, wins, losses, n) == pytest.approx(-1.959964, abs=1e-4)


def test_tango_turns_around():
    low, high = tango(7, 2, 30)
    assert tango(2, 7, 30) == pytest.approx((-high, -low), abs=1e-9)


@pytest.mark.parametrize("counts", [(0, 0, 10), (10, 0, 10), (0, 10, 10), (3, 0, 4)])
def test_tango_stays_within_the_range(counts):
    low, high = tango(*counts)
    assert -1 <= low < (counts[0] - counts[1]) / counts[2] + 1e-9
    assert (counts[0] - counts[1]) / counts[2] - 1e-9 < high <= 1
