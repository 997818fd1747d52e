"""Compare two candidates case by case: two rows of scores in, a Difference out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptbench.stats.permutation import TOLERANCE, sign_flips
from promptbench.stats.spread import (
    CONFIDENCE,
    finite,
    group_numbers,
    group_sums,
    spread,
    t_quantile,
)

POWER = 0.8


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean difference of paired scores, first minus second, with what it is worth.

    `low` and `high` bound the 95% interval. `p_value` is two-sided, of the sign-flip test, not
    corrected for other comparisons. `wins` counts the cases where the first is larger, which is
    not always better. `detectable` is the smallest true difference that a test at the 5% level
    would have found in 80% of such experiments; it is 0 where all differences are equal, for
    then their spread is unknown. `low`, `high` and `detectable` are nan for one value or group.
    """

    mean: float
    low: float
    high: float
    p_value: float
    n: int
    clusters: int
    wins: int
    ties: int
    losses: int
    detectable: float
    method: str


def paired_difference(
    first: Sequence[float],
    second: Sequence[float],
    clusters: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> Difference | None:
    """Compare the scores of two candidates on the same cases in the same order; None without one.

    The interval is that of `estimate` on the differences, by Student's t. The p-value flips the
    signs of whole clusters; a case whose cluster is "" stands alone. Equal input gives an equal
    result; `seed` matters only where signs are drawn. Raises ValueError on sequences of
    different lengths, and on values that are not finite.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} values cannot be paired with {len(second)}")
    groups = group_numbers(clusters, len(first))
    values = _differences(finite(first), finite(second))
    if not len(values):
        return None
    found = spread(values, groups)
    low, high = found.interval()
    flips = sign_flips(group_sums(values, groups), seed)
    return Difference(
        mean=found.mean,
        low=low,
        high=high,
        p_value=flips.p_value,
        n=found.n,
        clusters=found.clusters,
        wins=int(np.sum(values > 0)),
        ties=int(np.sum(values == 0)),
        losses=int(np.sum(values < 0)),
        detectable=_detectable(found.error, found.degrees),
        method=f"{found.method}; {flips.method}",
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (1979), in the order given, at most 1.

    Rejecting those up to 0.05 keeps the chance of any false alarm among them at 5%. A nan is no
    comparison: it stays nan and does not count.
    """
    tested = [i for i in range(len(p_values)) if not math.isnan(p_values[i])]
    adjusted = [math.nan] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(tested, key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(tested) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def _differences(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """First minus second, with 0 where they differ by no more than rounding."""
    values = first - second
    rounding = TOLERANCE * np.maximum(np.abs(first), np.abs(second))
    return np.where(np.abs(values) <= rounding, 0.0, values)


def _detectable(error: float, degrees: int) -> float:
    """The minimum detectable effect: 80% power at the two-sided 5% level."""
    return (t_quantile(0.5 + CONFIDENCE / 2, degrees) + t_quantile(POWER, degrees)) * error
