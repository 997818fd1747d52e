"""Estimate a mean with its 95% interval: one metric's values over the cases in, an Estimate out.

Which interval is used where follows the coverage measured in benchmarks/STATISTICS.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptbench.stats.caution import caution
from promptbench.stats.share import ROUNDING, jeffreys, wilson
from promptbench.stats.skew import corrected
from promptbench.stats.spread import CONFIDENCE, Spread, finite, group_numbers, spread, t_quantile

SHARE = (0.0, 1.0)
# How many standard errors of skewness ask for the correction; see skew.corrected.
SKEW_OF_VALUES = 1.0
SKEW_OF_GROUPS = 0.0
OUTSIDE = "Some values lie outside the limits of the metric."


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95% interval, in the unit of the values.

    `low` and `high` are nan where one value, or one group, cannot tell an interval; `method`
    then says so. `clusters` equals `n` where every value stands alone. `caution` is a sentence
    for the reader where the interval is known to miss the truth in more or fewer than 5% of
    cases; empty where it keeps its word.
    """

    mean: float
    low: float
    high: float
    n: int
    clusters: int
    method: str
    caution: str = ""


def estimate(
    values: Sequence[float],
    clusters: Sequence[str] | None = None,
    *,
    binary: bool = False,
    limits: tuple[float, float] | None = None,
) -> Estimate | None:
    """The mean of `values` with its 95% interval; None without a value.

    Modified Jeffreys when the values are 0 or 1, `binary` is set and no two share a cluster.
    Else, where the scale's `limits` are known (0 and 1 for a binary metric), the score interval
    on Student's t; without limits, Student's t, with Hall's correction where skewness shows.
    Standard errors are cluster-robust (CR2); a value whose cluster is "" stands alone.
    Limits that the values break are not used, and `caution` says so. Raises ValueError on values
    that are not finite, and on a label too many or too few.
    """
    array = finite(values)
    groups = group_numbers(clusters, len(array))
    limits = SHARE if binary else limits
    if not len(array):
        return None
    beyond = limits is not None and not _within(array, limits)
    limits = None if beyond else limits
    found = spread(array, groups)
    whole = binary and bool(np.isin(array, (0, 1)).all())
    bounds, method = _bounds(found, limits, whole=whole)
    warning = OUTSIDE if beyond else caution(array, found, scale=limits is not None)
    return Estimate(found.mean, *bounds, found.n, found.clusters, method, warning)


def scaled(found: Spread, limits: tuple[float, float], degrees: float) -> tuple[float, float]:
    """The score interval of a mean between `limits`, on Student's t.

    The variance is taken to be proportional to (mean - low) * (high - mean), as that of shares
    is; the factor comes from the standard error. Groups without any spread count as one trial
    each, for t would claim certainty.
    """
    low, high = limits
    share = min(max((found.mean - low) / (high - low), 0.0), 1.0)
    error = found.error / (high - low)
    if error > 0:
        quantile = t_quantile(0.5 + CONFIDENCE / 2, degrees)
        bounds = wilson(share, share * (1 - share) / error**2, quantile)
    else:
        bounds = wilson(share, found.trials)
    return low + bounds[0] * (high - low), low + bounds[1] * (high - low)


def _within(values: NDArray[np.float64], limits: tuple[float, float]) -> bool:
    """Whether all values lie between the limits, but for rounding."""
    low, high = limits
    room = ROUNDING * (high - low)
    return bool(values.min() >= low - room and values.max() <= high + room)


def _bounds(
    found: Spread, limits: tuple[float, float] | None, *, whole: bool
) -> tuple[tuple[float, float], str]:
    """Interval and method; `whole` says that every value is 0 or 1 of a binary metric."""
    if found.clusters == 1:
        return (math.nan, math.nan), found.method
    if whole and not found.clustered:
        return jeffreys(found.mean, found.n), "modified Jeffreys"
    if limits is None:
        return corrected(found, SKEW_OF_GROUPS if found.clustered else SKEW_OF_VALUES)
    # The spread of zeros and ones is estimated well: their groups need no fewer degrees.
    bounds = scaled(found, limits, found.clusters - 1 if whole else found.degrees)
    if found.error == 0:
        return bounds, f"score, {found.trials:.3g} independent trials"
    return bounds, f"score, {found.method}"
