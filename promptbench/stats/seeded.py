"""A mean over cases and training seeds: a value a case and seed in, an interval over both out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptbench.stats.spread import CONFIDENCE, finite, group_numbers, spread, t_quantile


@dataclass(frozen=True, slots=True)
class Seeded:
    """A mean with its 95% interval over cases and seeds, and the two-sided p-value of it being 0.

    `error` is the standard error, with Satterthwaite's `degrees`; `deviation` is the standard
    deviation between the seeds' means, nan for one seed, whose interval is over cases alone.
    """

    mean: float
    low: float
    high: float
    p_value: float
    error: float
    degrees: float
    seeds: int
    deviation: float


def seeded(
    values: Sequence[Sequence[float]],
    clusters: Sequence[str] | None = None,
    *,
    against: Sequence[Sequence[float]] | None = None,
) -> Seeded:
    """The mean of `values[seed][case]`, where every seed has the same cases in the same order.

    `against` is another side over the same cases: the mean is then of the difference, paired by
    case; seeds are not paired, and each side's spread between them is added.

    The squared error is that of the cases' means over seeds (CR2, clustered) plus that of the
    seeds' means over cases; the interplay of both is in each and so counts twice, which errs on
    the wide side. Degrees of freedom after Satterthwaite (1946). The p-value is that of Student's
    t, but never below what the signs of the clusters (or cases) could show at best, 2 of all their
    2**n ways: with 8 clusters 0.008. What is beyond that rests on the tails of a bell curve.
    Raises ValueError without a value and where the seeds have different numbers of cases.
    """
    table = _table(values)
    cases = table.mean(axis=0)
    parts = [_between_seeds(table)] if len(table) > 1 else []
    if against is not None:
        other = _table(against)
        if other.shape[1] != table.shape[1]:
            raise ValueError("both sides need the same cases")
        cases = cases - other.mean(axis=0)
        parts += [_between_seeds(other)] if len(other) > 1 else []
    groups = group_numbers(clusters, table.shape[1])
    found = spread(cases, groups)
    parts.append((found.error**2, found.degrees))
    deviation = float(table.mean(axis=1).std(ddof=1)) if len(table) > 1 else math.nan
    square = sum(part for part, _ in parts)
    error = math.sqrt(square)
    degrees = satterthwaite(parts)
    reach = t_quantile(0.5 + CONFIDENCE / 2, degrees) * error if degrees > 0 else math.nan
    return Seeded(
        mean=found.mean,
        low=found.mean - reach,
        high=found.mean + reach,
        p_value=max(two_sided(found.mean, error, degrees), 2.0 ** (1 - len(np.unique(groups)))),
        error=error,
        degrees=degrees,
        seeds=len(table),
        deviation=deviation,
    )


def _table(values: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Values as a table of seeds and cases."""
    if not values or len({len(row) for row in values}) != 1 or not len(values[0]):
        raise ValueError("every seed needs a value for every case")
    return np.array([finite(row) for row in values])


def _between_seeds(table: NDArray[np.float64]) -> tuple[float, float]:
    """Squared error of a mean over seeds, and its degrees of freedom."""
    deviation = float(table.mean(axis=1).std(ddof=1))
    return deviation**2 / len(table), len(table) - 1.0


def satterthwaite(parts: Sequence[tuple[float, float]]) -> float:
    """Degrees of freedom of a sum of squared errors, each with its own degrees."""
    total = sum(part for part, _ in parts)
    below = sum(part**2 / degrees for part, degrees in parts if part > 0 and degrees > 0)
    if math.isnan(total):
        return 0.0
    return total**2 / below if below > 0 else max(degrees for _, degrees in parts)


def two_sided(mean: float, error: float, degrees: float) -> float:
    """The p-value of Student's t for a mean of 0; nan where the spread is unknown."""
    if not error > 0 or degrees <= 0:
        return math.nan if degrees <= 0 or math.isnan(error) else float(mean == 0)
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(mean) / error))
