"""Estimate and compare a metric of the whole corpus: parts of every case in, intervals out.

Corpus BLEU, macro-F1, Matthews' coefficient or a calibration error are no means of scores. They
are a function of the weighted cases: `pool(parts, weights)`, with one row of `parts` and one
non-negative weight a case (shapes (n, k) and (n,)). A case of weight 2 counts as if it were there
twice, one of weight 0 as if it were not there. Which interval is used follows the coverage
measured in benchmarks/STATISTICS.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from promptbench.stats import bootstrap
from promptbench.stats.interval import Estimate
from promptbench.stats.paired import Difference
from promptbench.stats.power import detectable_effect
from promptbench.stats.spread import Spread, group_numbers, satterthwaite, skewness
from promptbench.stats.swap import swaps

Pool = Callable[[NDArray[np.float64], NDArray[np.float64]], float]
# A pool of parts that are fixed: the cases' weights (shape: n) in, a value out.
Weighed = Callable[[NDArray[np.float64]], float]

FEW_GROUPS = 10
# Leaving out each of more groups than this takes longer than it is worth: they are merged.
BLOCKS = 1_000


def estimate_pooled(
    parts: NDArray[np.float64],
    pool: Pool,
    clusters: Sequence[str] | None = None,
    *,
    smooth: bool = True,
    seed: int = 0,
) -> Estimate | None:
    """A pooled metric with its 95% interval; None without a case.

    Student's t on the jackknife's standard error, leaving out one cluster at a time; a case whose
    cluster is "" stands alone. A metric that jumps, like a quantile, is not `smooth`: it gets the
    percentile interval of 2,000 resamples of whole clusters, which `seed` draws. Raises
    ValueError where `pool` gives no number over all cases, and on a label too many or too few.
    """
    array = np.asarray(parts, dtype=np.float64)
    groups = group_numbers(clusters, len(array))
    if not len(array):
        return None
    found, undefined = jackknife(lambda weights: pool(array, weights), groups)
    source = "jackknife"
    if not smooth and found.clusters > 1:
        drawn = resampled(lambda weights: pool(array, weights), groups, seed)
        known = drawn[np.isfinite(drawn)]
        undefined, source = len(drawn) - len(known), "bootstrap"
        found = replace(found, error=float(np.std(known, ddof=1)))
    method = f"{source}, {found.method}" if found.clusters > 1 else found.method
    warning = _caution(found, undefined)
    return Estimate(found.mean, *found.interval(), found.n, found.clusters, method, warning)


def pooled_difference(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    pool: Pool,
    clusters: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> Difference | None:
    """Compare a pooled metric of two candidates on the same cases; None without a case.

    The interval leaves out whole clusters for both at once, as `estimate_pooled` does. The p-value
    swaps the candidates' parts over whole clusters (approximate randomisation: Noreen 1989). A
    case is a win where the first would lose by taking over the second's parts for it alone.
    Raises ValueError on parts of different shapes, and as `estimate_pooled` does.
    """
    ours, theirs = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if ours.shape != theirs.shape:
        raise ValueError(f"parts of shape {ours.shape} cannot be paired with {theirs.shape}")
    groups = group_numbers(clusters, len(ours))
    if not len(ours):
        return None
    found, undefined = jackknife(lambda w: pool(ours, w) - pool(theirs, w), groups)
    both = swaps(ours, theirs, pool, groups, seed)
    low, high = found.interval()
    return Difference(
        mean=found.mean,
        low=low,
        high=high,
        p_value=both.p_value,
        n=found.n,
        clusters=found.clusters,
        wins=both.wins,
        ties=found.n - both.wins - both.losses,
        losses=both.losses,
        detectable=detectable_effect(found.error, found.degrees),
        method=f"{'jackknife, ' * (found.clusters > 1)}{found.method}; {both.method}",
        caution=_caution(found, undefined),
    )


def jackknife(pooled: Weighed, groups: NDArray[np.intp]) -> tuple[Spread, int]:
    """The pooled value with its jackknife error, and how often one was not defined.

    The squared error is (G - 1)/G times the sum of squares of the values with one group left out
    each, about their mean (Tukey 1958), with the degrees of freedom of `satterthwaite`. More than
    1,000 groups are merged into as many (delete-a-group jackknife: Kott 2001).
    """
    n, clusters = len(groups), int(groups.max()) + 1
    value = _defined(pooled(np.ones(n)))
    sizes = np.bincount(groups).astype(np.float64)
    trials = n * n / float(sizes @ sizes)
    if clusters == 1:
        return Spread(value, math.nan, n, 1, 0.0, trials, 0.0), 0
    blocks = groups % BLOCKS
    count = int(blocks.max()) + 1
    left_out = np.array([pooled((blocks != block) * 1.0) for block in range(count)])
    known = left_out[np.isfinite(left_out)]
    if len(known) < 2:
        raise ValueError("the pooled metric has no value once a cluster is left out")
    away = known.mean() - known
    error = math.sqrt((len(known) - 1) / len(known) * float(away @ away))
    degrees = satterthwaite(np.bincount(blocks).astype(np.float64))
    found = Spread(value, error, n, clusters, degrees, trials, skewness(away))
    return found, len(left_out) - len(known)


def resampled(
    pooled: Weighed, groups: NDArray[np.intp], seed: int, draws: int = bootstrap.DRAWS
) -> NDArray[np.float64]:
    """The pooled value of each resample of whole groups (shape: draws); may hold nan."""
    blocks = bootstrap.weights(int(groups.max()) + 1, seed, draws)
    return np.array([pooled(row[groups]) for block in blocks for row in block])


def _defined(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("the pooled metric has no value over these cases")
    return float(value)


def _caution(found: Spread, undefined: int) -> str:
    if found.clusters == 1:
        return ""
    if undefined:
        return f"{undefined:,} of the resampled values are not defined and are left out."
    if found.clusters < FEW_GROUPS:
        return f"Only {found.clusters} independent groups: the interval may be too narrow."
    return ""
