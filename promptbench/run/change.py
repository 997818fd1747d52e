"""Say what changed on one metric: a grid of two candidates in; difference and flips out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from promptbench.record import Case, MetricInfo
from promptbench.report.grid import Grid
from promptbench.run.pairing import FIRST, SECOND, lead, same_measure
from promptbench.stats.paired import Difference

LARGEST = 10
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Flip:
    """A case whose value changed: from wrong to right or back, or by much."""

    case_id: str
    first: float
    second: float
    better: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A metric from the first candidate to the second, over the cases that both have scored.

    `difference` is second minus first; its `wins` are the cases that got better, whichever
    direction that is. None where no case is shared. `p_holm` is after Holm over all that is told
    at once, `q_value` after Benjamini and Hochberg, for exploring. `flips` are all cases that went
    between right and wrong where the metric is binary, otherwise the largest changes.
    """

    metric: MetricInfo
    first: float | None
    second: float | None
    difference: Difference | None
    p_holm: float
    flips: tuple[Flip, ...]
    q_value: float = math.nan


def refusal(ours: MetricInfo, theirs: MetricInfo | None, other: str) -> str:
    """Why a metric cannot be compared, or ""."""
    if theirs is None:
        return f"{other} does not have it"
    if same_measure(ours, theirs):
        return ""
    names = {**ours.settings, **theirs.settings}
    parts = [
        f"{name} {ours.settings.get(name)} and {theirs.settings.get(name)}"
        for name in names
        if ours.settings.get(name) != theirs.settings.get(name)
    ]
    return f"its settings differ ({', '.join(parts) or 'range or direction'})"


def change_of(grid: Grid, metric: MetricInfo) -> Change:
    """Turn the lead of the first, in the direction that is better, into a change to the second."""
    found = lead(grid, metric)
    sign = 1.0 if metric.direction == "lower" else -1.0
    before = grid.values(FIRST, metric.name)
    after = grid.values(SECOND, metric.name)
    both = list(_shared(grid.cases, before, after))
    return Change(
        metric=metric,
        first=_mean([one for _, one, _ in both]) if not metric.pool else None,
        second=_mean([two for _, _, two in both]) if not metric.pool else None,
        difference=_turned(found, sign) if found else None,
        p_holm=math.nan,
        flips=tuple(_flips(both, metric)),
    )


def _turned(found: Difference, sign: float) -> Difference:
    """Second minus first; wins become the cases that got better."""
    low, high = sorted((sign * found.low + 0.0, sign * found.high + 0.0))
    if math.isnan(found.low):
        low, high = math.nan, math.nan
    mean = sign * found.mean + 0.0
    return replace(found, mean=mean, low=low, high=high, wins=found.losses, losses=found.wins)


def _shared(
    cases: Sequence[Case], before: Sequence[float | None], after: Sequence[float | None]
) -> Iterator[tuple[str, float, float]]:
    for case, one, two in zip(cases, before, after, strict=True):
        if one is not None and two is not None:
            yield case.id, one, two


def _flips(both: Sequence[tuple[str, float, float]], metric: MetricInfo) -> list[Flip]:
    """Right to wrong first, then the reverse; or the largest changes, the losses first."""
    better: Callable[[float, float], bool] = (
        (lambda one, two: two < one) if metric.direction == "lower" else lambda one, two: two > one
    )
    found = [Flip(case, one, two, better(one, two)) for case, one, two in both if one != two]
    if metric.binary:
        found = [each for each in found if (each.first > HALF) != (each.second > HALF)]
    else:
        found = sorted(found, key=lambda each: -abs(each.second - each.first))[:LARGEST]
    return sorted(found, key=lambda each: each.better)


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
