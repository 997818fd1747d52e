"""Look through all differences of a run for ideas: a grid in, leads with q-values out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from promptbench.record import MetricInfo, Run
from promptbench.report.comparison import lead, turned
from promptbench.report.early import is_early
from promptbench.report.grid import Grid
from promptbench.stats.multiplicity import benjamini_hochberg
from promptbench.stats.paired import Difference

# The share of false alarms that is put up with among what is called a lead.
FALSE_SHARE = 0.05
TOLD = 40
# More comparisons than this would take minutes, and nobody reads them.
MOST = 5_000


@dataclass(frozen=True, slots=True)
class Explored:
    """A metric on which `better` is ahead of `worse` by `difference`.

    `q_value` is its p-value after Benjamini and Hochberg over all that was looked through.
    """

    metric: MetricInfo
    better: str
    worse: str
    difference: Difference
    q_value: float

    @property
    def found(self) -> bool:
        """Whether it is among the leads, 5% of which are expected to be false alarms."""
        return self.q_value <= FALSE_SHARE


def explore(run: Run, grid: Grid) -> tuple[Explored, ...]:
    """Compare every pair of candidates on every metric that has a direction, smallest q first.

    Empty before a run's end, where that is no more than the planned comparison, and where there are
    too many to look through. Pooled metrics are left out: comparing them takes thousands of
    resamples each. What a race stopped is left out too.
    """
    names, metrics = explorable(run)
    if is_early(run) or not 2 <= math.comb(len(names), 2) * len(metrics) <= MOST:
        return ()
    pairs = list(combinations(names, 2))
    found = [each for metric in metrics for pair in pairs for each in _leads(*pair, grid, metric)]
    q_values = benjamini_hochberg([difference.p_value for *_, difference in found])
    explored = (Explored(*each, q) for each, q in zip(found, q_values, strict=True))
    return tuple(sorted(explored, key=lambda each: (each.q_value, each.difference.p_value)))


def explorable(run: Run) -> tuple[list[str], list[MetricInfo]]:
    """The candidates and the metrics that can be looked through."""
    names = [each.name for each in run.candidates if each.name not in run.stopped]
    return names, [each for each in run.metrics if each.direction != "none" and not each.pool]


def too_many(run: Run) -> int:
    """How many comparisons were left out because they are too many; 0 if they are not."""
    names, metrics = explorable(run)
    number = math.comb(len(names), 2) * len(metrics)
    return 0 if is_early(run) or number <= MOST else number


def _leads(
    first: str, second: str, grid: Grid, metric: MetricInfo
) -> Iterator[tuple[MetricInfo, str, str, Difference]]:
    """One lead, of whoever is ahead; none where no case is shared."""
    found = lead(first, second, grid, metric)
    if found and found.mean < 0:
        first, second, found = second, first, turned(found)
    if found:
        yield metric, first, second, found
