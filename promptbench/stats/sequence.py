"""Bound a mean, or bet against "no better", after every value: bounded values in, bounds out.

What these say holds at every look, so a run may stop as soon as they have said enough. It rests
on values that come in an order which has nothing to do with them (shuffle the cases first) and on
independent values: of clustered cases feed one value a cluster, its mean (`cluster_means`), when
the cluster is complete. The claim is then about the mean over clusters, each counted once.
Everything is from Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by
betting", JRSS-B 86(1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptbench.stats.spread import finite, group_numbers, group_sums

LEVEL = 0.05
# A bet never risks more than this share of what a value can cost.
STAKE = 0.5
GRID = 1_001


@dataclass(frozen=True, slots=True)
class Wager:
    """A fortune bet on mean differences above 0; arrays of one shape, a bet each.

    Where the true mean is 0 or less, the chance that the fortune ever reaches x is at most 1/x.
    `logarithm` is of the fortune, `count`, `total` and `squares` sum up what was seen.
    """

    reach: float
    logarithm: NDArray[np.float64]
    count: NDArray[np.float64]
    total: NDArray[np.float64]
    squares: NDArray[np.float64]

    def add(self, difference: NDArray[np.float64]) -> Wager:
        """Bet on one more difference each, from -reach to reach; nan is no bet.

        The stake is total / squares over what was seen before (the paper's aGRAPA), between 0
        and half of what cannot ruin; one prior difference of 0 with a square of reach^2 / 4.
        """
        if (np.abs(difference) > self.reach * (1 + 1e-9)).any():
            raise ValueError(f"a difference lies beyond {self.reach:g}")
        there = ~np.isnan(difference)
        value = np.where(there, difference, 0.0)
        best = self.total / (self.squares + self.reach**2 / 4)
        stake = np.clip(best, 0.0, STAKE / self.reach)
        return Wager(
            self.reach,
            self.logarithm + np.log1p(stake * value),
            self.count + there,
            self.total + value,
            self.squares + value**2,
        )


def wager(reach: float, shape: tuple[int, ...] = ()) -> Wager:
    """A wager before the first difference: every fortune is 1. Raises ValueError on reach <= 0."""
    if not reach > 0:
        raise ValueError("the reach of a difference must be above 0")
    empty = np.zeros(shape)
    return Wager(reach, empty, empty, empty, empty)


def evidence_of_better(differences: Sequence[float], reach: float) -> NDArray[np.float64]:
    """The e-value for "the mean difference is above 0" after each difference (shape: n).

    An e-process: under "no better", whenever one stops, it is 20 or more with a chance of at most
    5%. 1 / its largest value so far is an anytime-valid p-value. Raises ValueError on differences
    beyond `reach`.
    """
    state = wager(reach)
    fortunes = []
    for difference in finite(differences):
        state = state.add(difference)
        fortunes.append(math.exp(float(state.logarithm)))
    return np.array(fortunes)


def mean_bounds(
    values: Sequence[float], limits: tuple[float, float] = (0.0, 1.0), level: float = LEVEL
) -> NDArray[np.float64]:
    """Lower and upper bound of the mean after each value (shape: n, 2), all valid at once.

    The hedged-capital confidence sequence on a grid of 1,001 means, rounded outwards by a step,
    and intersected over time. For paired differences of scores from a to b, the limits are
    (a - b, b - a). Raises ValueError on values outside the limits.
    """
    low, high = limits
    array = finite(values)
    if len(array) and (array.min() < low or array.max() > high):
        raise ValueError(f"values must lie between {low:g} and {high:g}")
    return low + (high - low) * _hedged((array - low) / (high - low), level)


def cluster_means(values: Sequence[float], clusters: Sequence[str]) -> list[float]:
    """The mean of each cluster, in order of first appearance; "" stands alone."""
    groups = group_numbers(clusters, len(values))
    return [float(x) for x in group_sums(finite(values), groups) / np.bincount(groups)]


def _hedged(values: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """Bounds for values from 0 to 1: a mean is out once a bet for or against it has won 2/level."""
    grid = np.linspace(0.0, 1.0, GRID)
    with np.errstate(divide="ignore"):
        most_up, most_down = STAKE / grid, STAKE / (1 - grid)
    gains = np.zeros((2, GRID))
    inside = np.ones(GRID, dtype=bool)
    bounds = np.empty((len(values), 2))
    for place, (value, stake) in enumerate(zip(values, _stakes(values, level), strict=True)):
        gains[0] += np.log1p(np.minimum(stake, most_up) * (value - grid))
        gains[1] += np.log1p(-np.minimum(stake, most_down) * (value - grid))
        inside &= gains.max(axis=0) < math.log(2 / level)
        kept = grid[inside]
        # Between two points of the grid that are out, no mean is in.
        found = (kept[0], kept[-1]) if len(kept) else bounds[max(place - 1, 0)]
        bounds[place] = max(found[0] - 1 / (GRID - 1), 0.0), min(found[1] + 1 / (GRID - 1), 1.0)
    return bounds


def _stakes(values: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """The predictable stakes of the paper's equation 24: each from the values before it alone."""
    times = np.arange(1, len(values) + 1)
    means = (0.5 + np.cumsum(values)) / (times + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2)) / (times + 1)
    before = np.concatenate([[0.25], variances[:-1]])[: len(values)]
    return np.sqrt(2 * math.log(2 / level) / (before * times * np.log1p(times)))
