"""Estimate a mean with its 95% interval: one metric's values over the cases in, an Estimate out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from promptbench.stats.spread import CONFIDENCE, Spread, finite, group_numbers, spread

# A standard error below this is rounding.
NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95% interval, in the unit of the values.

    `low` and `high` are nan where one value, or one group, cannot tell an interval; `method`
    then says so. `clusters` equals `n` where every value stands alone.
    """

    mean: float
    low: float
    high: float
    n: int
    clusters: int
    method: str


def estimate(
    values: Sequence[float], clusters: Sequence[str] | None = None, *, binary: bool = False
) -> Estimate | None:
    """The mean of `values` with its 95% interval; None without a value.

    Wilson's interval (1927) when the values are 0 or 1, `binary` is set and no two values share a
    cluster. Otherwise Student's t; where G clusters hold more than one value, with the
    cluster-robust standard error of Miller 2024, "Adding Error Bars to Evals", on G - 1 degrees
    of freedom. A binary metric's is clipped to [0, 1], and is Wilson's over the G clusters where
    these do not differ at all. A value whose cluster is "" stands alone.
    Raises ValueError on values that are not finite, and on a label too many or too few.
    """
    array = finite(values)
    groups = group_numbers(clusters, len(array))
    if not len(array):
        return None
    found = spread(array, groups)
    bounds, method = found.interval(), found.method
    if binary and found.clusters > 1:
        bounds, method = _share_bounds(found, whole=bool(np.isin(array, (0, 1)).all()))
    return Estimate(found.mean, *bounds, n=found.n, clusters=found.clusters, method=method)


def _share_bounds(found: Spread, *, whole: bool) -> tuple[tuple[float, float], str]:
    """The interval of a mean in [0, 1]; `whole` says that every value is 0 or 1."""
    if whole and not found.clustered:
        return _wilson(found.mean, found.n), "Wilson"
    if found.error <= NO_SPREAD:
        # t would claim certainty. Groups that all agree are worth one trial each.
        method = f"Wilson, {found.clusters} independent trials"
        return _wilson(found.mean, found.clusters), method
    low, high = found.interval()
    return (max(low, 0.0), min(high, 1.0)), found.method


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Wilson's score interval of a share of `n` trials (Wilson 1927), without continuity."""
    from scipy.special import ndtri

    z = float(ndtri(0.5 + CONFIDENCE / 2))
    shrink = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / shrink
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / shrink
    # Rounding must not lift a bound off the end of the scale.
    return (0.0 if share == 0 else middle - half), (1.0 if share == 1 else middle + half)
