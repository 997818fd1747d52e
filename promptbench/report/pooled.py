"""Pool a metric over the cases of a grid: the parts of its scores in, estimates out.

A case is one row of parts, whatever the number of its repeats: those that are scored share its
weight evenly, and the others have none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from promptbench.metric.pool import Pool, pool_named
from promptbench.record import MetricInfo, Sample
from promptbench.report.grid import Grid, value
from promptbench.stats.interval import Estimate
from promptbench.stats.paired import Difference
from promptbench.stats.pooled import estimate_pooled, pooled_difference

Parts = tuple[float, ...]
Row = tuple[Parts, ...]


def rows(candidate: str, metric: MetricInfo, grid: Grid) -> list[Row | None]:
    """Give one row a case: the parts of each scored repeat; None where no repeat is scored."""
    return [_row(grid.cells[candidate, case.id], metric.name) for case in grid.cases]


def pooled_estimate(found: Sequence[Row | None], name: str, grid: Grid) -> Estimate | None:
    """Estimate what the pool of that name makes of the rows; None where no case has one."""
    there = [row for row in found if row is not None]
    if not there:
        return None
    repeats = max(map(len, there))
    clusters = grid.clusters([row is not None for row in found])
    return estimate_pooled(_array(there, repeats), _by_case(pool_named(name), repeats), clusters)


def pooled_lead(best: str, other: str, metric: MetricInfo, grid: Grid) -> Difference | None:
    """Compare two candidates over the cases that both have scored: positive favours the best."""
    ours, theirs = rows(best, metric, grid), rows(other, metric, grid)
    if metric.direction == "lower":
        ours, theirs = theirs, ours
    pairs = list(zip(ours, theirs, strict=True))
    both = [(first, second) for first, second in pairs if first is not None and second is not None]
    if not both:
        return None
    repeats = max(len(row) for pair in both for row in pair)
    first, second = (_array(side, repeats) for side in zip(*both, strict=True))
    clusters = grid.clusters([None not in pair for pair in pairs])
    return pooled_difference(first, second, _by_case(pool_named(metric.pool), repeats), clusters)


def _row(samples: Sequence[Sample], metric: str) -> Row | None:
    scored = [sample.scores[metric] for sample in samples if value(sample, metric) is not None]
    return tuple(score.parts for score in scored if score.parts) or None


def _array(found: Sequence[Row], repeats: int) -> NDArray[np.float64]:
    """Put each case on one row: of every repeat its parts and its share of the case's weight."""
    blank = (0.0,) * (len(found[0][0]) + 1)
    return np.array([_flat(row, blank, repeats) for row in found])


def _flat(row: Row, blank: Parts, repeats: int) -> Parts:
    weighted = [(*parts, 1 / len(row)) for parts in row] + [blank] * (repeats - len(row))
    return tuple(number for parts in weighted for number in parts)


def _by_case(pool: Pool, repeats: int) -> Pool:
    """Make a pool of repeats one of cases."""

    def pooled(array: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
        single = array.reshape(len(array) * repeats, -1)
        return pool(single[:, :-1], np.repeat(weights, repeats) * single[:, -1])

    return pooled
