"""Look at a run before its end: scores in the order of their arrival in, bounds that hold out.

An interval made for one look, at the end, misses the truth more often than it says if one looks
again and again. What is given here holds at every look at once (stats/sequence.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from promptbench.record import MetricInfo, Run
from promptbench.report.grid import Grid, state
from promptbench.stats.interval import Estimate
from promptbench.stats.paired import Difference
from promptbench.stats.sequence import evidence_of_better, mean_bounds

METHOD = "confidence sequence, holds at every look"
NONE_WHOLE = "no interval: no case or cluster is whole"


@dataclass(frozen=True, slots=True)
class Whole:
    """The values of whole cases or clusters, one each, in the order in which they were whole.

    `cases` is how many cases they are of.
    """

    values: tuple[float, ...]
    cases: int


def is_early(run: Run) -> bool:
    """Whether more outputs of the run may come."""
    return run.status != "complete"


def can_hold(metric: MetricInfo) -> bool:
    """Whether a mean of the metric has bounds that hold at every look: its scale must end."""
    return not metric.pool and metric.low is not None and metric.high is not None


def early_estimate(found: Estimate, candidate: str, metric: MetricInfo, grid: Grid) -> Estimate:
    """The estimate with bounds that hold at every look; of clusters it is the mean over clusters.

    As it was where values break the metric's limits.
    """
    limits = _limits(metric)
    whole = _whole([candidate], grid, grid.values(candidate, metric.name), metric)
    if any(not limits[0] <= value <= limits[1] for value in whole.values):
        return found
    if not whole.values:
        return replace(found, low=math.nan, high=math.nan, method=NONE_WHOLE, caution="")
    low, high = mean_bounds(whole.values, limits)[-1]
    mean = math.fsum(whole.values) / len(whole.values)
    count = len(whole.values)
    return Estimate(mean, float(low), float(high), whole.cases, count, METHOD)


def early_difference(
    found: Difference, names: tuple[str, str], metric: MetricInfo, grid: Grid
) -> Difference:
    """The difference with bounds and a p-value that hold at every look, first minus second.

    The p-value is 2 over the largest fortune that betting on either side has won.
    """
    sign = -1.0 if metric.direction == "lower" else 1.0
    pairs = zip(*(grid.values(name, metric.name) for name in names), strict=True)
    leads = [sign * (a - b) if a is not None and b is not None else None for a, b in pairs]
    whole = _whole(names, grid, leads, metric)
    low, high = _limits(metric)
    reach = high - low
    if any(abs(value) > reach for value in whole.values):
        return found
    if not whole.values:
        return replace(found, low=math.nan, high=math.nan, p_value=1.0, method=NONE_WHOLE)
    bounds = mean_bounds(whole.values, (-reach, reach))[-1]
    fortunes = [evidence_of_better([s * v for v in whole.values], reach) for s in (1.0, -1.0)]
    best = max(float(fortune.max()) for fortune in fortunes)
    return replace(
        found,
        mean=math.fsum(whole.values) / len(whole.values),
        low=float(bounds[0]),
        high=float(bounds[1]),
        p_value=min(1.0, 2 / best),
        method=METHOD,
        caution="",
    )


def _limits(metric: MetricInfo) -> tuple[float, float]:
    """The ends of the scale. Raises ValueError for a metric that `can_hold` refuses."""
    if metric.low is None or metric.high is None:
        raise ValueError(f"the scale of {metric.name} has no ends")
    return metric.low, metric.high


def _whole(
    names: Sequence[str], grid: Grid, values: Sequence[float | None], metric: MetricInfo
) -> Whole:
    """One value a unit that is whole for all of `names`; an error may be tried again, so it waits.

    A unit is a cluster where the cases have them, otherwise a case. Values that are None are left
    out of their unit.
    """
    units: dict[str, list[int]] = {}
    for place, case in enumerate(grid.cases):
        units.setdefault(grid.unit(case), []).append(place)
    found: list[tuple[int, float, int]] = []
    for places in units.values():
        cells = [(name, grid.cases[place].id) for name in names for place in places]
        samples = [sample for cell in cells for sample in grid.cells[cell]]
        there = [value for place in places if (value := values[place]) is not None]
        if there and not any(state(s, metric.name) in ("missing", "error") for s in samples):
            arrived = max(grid.arrival[cell] for cell in cells)
            found.append((arrived, math.fsum(there) / len(there), len(there)))
    found.sort()
    return Whole(tuple(value for _, value, _ in found), sum(count for *_, count in found))
