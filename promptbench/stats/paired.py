"""Compare two candidates case by case: two rows of scores in, a Difference out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptbench.stats.caution import caution
from promptbench.stats.discordant import tango
from promptbench.stats.multiplicity import holm as holm
from promptbench.stats.permutation import TOLERANCE, sign_flips
from promptbench.stats.power import detectable_effect
from promptbench.stats.skew import corrected
from promptbench.stats.spread import (
    CONFIDENCE,
    Spread,
    finite,
    group_numbers,
    group_sums,
    spread,
    t_quantile,
)

# How many standard errors of skewness ask for the correction. More than for a mean: differences
# of candidates that are as good are symmetric.
SKEW_OF_DIFFERENCES = 2.0


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean difference of paired scores, first minus second, with what it is worth.

    `low` and `high` bound the 95% interval. `p_value` is two-sided, of the sign-flip test, not
    corrected for other comparisons. `wins` counts the cases where the first is larger, which is
    not always better. `detectable` is the smallest true difference that a test at the 5% level
    would have found in 80% of such experiments; it is 0 where all differences are equal, for
    then their spread is unknown. `low`, `high` and `detectable` are nan for one value or group.
    `caution` is a sentence where the interval is known not to keep its 95%.
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
    caution: str = ""


def paired_difference(
    first: Sequence[float],
    second: Sequence[float],
    clusters: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> Difference | None:
    """Compare the scores of two candidates on the same cases in the same order; None without one.

    The interval is Student's t on the differences, with cluster-robust errors (CR2) and Hall's
    correction for evident skewness; where every score is 0 or 1 it is Tango's score interval.
    The p-value flips the signs of whole clusters; a case whose cluster is "" stands alone. Equal
    input gives an equal result; `seed` matters only where signs are drawn. Raises ValueError on
    sequences of different lengths, and on values that are not finite.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} values cannot be paired with {len(second)}")
    groups = group_numbers(clusters, len(first))
    ours, theirs = finite(first), finite(second)
    if not len(ours):
        return None
    values = differences(ours, theirs)
    found = spread(values, groups)
    passes = bool(np.isin(ours, (0, 1)).all() and np.isin(theirs, (0, 1)).all())
    (low, high), method = _bounds(values, found, passes=passes)
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
        detectable=detectable_effect(found.error, found.degrees),
        method=f"{method}; {flips.method}",
        caution=caution(values, found, scale=False),
    )


def differences(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """First minus second, with 0 where they differ by no more than rounding."""
    values = first - second
    rounding = TOLERANCE * np.maximum(np.abs(first), np.abs(second))
    return np.where(np.abs(values) <= rounding, 0.0, values)


def clustered_tango(values: NDArray[np.float64], found: Spread) -> tuple[float, float]:
    """Tango's interval of differences of 0/1 scores, on as many trials as their error is worth.

    The counts shrink by the design effect: the squared CR2 error over that of independent cases,
    on Student's t with G - 1 degrees. Independent cases keep counts and the normal quantile.
    """
    wins, losses = float(np.sum(values > 0)), float(np.sum(values < 0))
    if not found.clustered:
        return tango(wins, losses, found.n)
    alone = float(np.var(values)) / (found.n - 1)
    worth = found.trials / found.n if found.error == 0 else alone / found.error**2
    quantile = t_quantile(0.5 + CONFIDENCE / 2, found.clusters - 1) if found.error > 0 else None
    return tango(wins * worth, losses * worth, found.n * worth, quantile)


def _bounds(
    values: NDArray[np.float64], found: Spread, *, passes: bool
) -> tuple[tuple[float, float], str]:
    """Interval and method; `passes` says that all scores are 0 or 1."""
    if not passes or found.clusters == 1:
        return corrected(found, SKEW_OF_DIFFERENCES)
    grouped = f", clustered by {found.clusters} groups" if found.clustered else ""
    return clustered_tango(values, found), f"Tango{grouped}"
