"""Compare candidates with the best one, case by case: differences that favour it are positive."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from promptbench.record import MetricInfo
from promptbench.report.early import can_hold, early_difference
from promptbench.report.grid import Grid
from promptbench.report.pooled import pooled_lead
from promptbench.stats.paired import Difference, holm, paired_difference

SIGNIFICANT = 0.05

Finding = Literal["better", "worse", "unproven", "unclear", "same", "none"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The best candidate against another one, over the cases that both have scored.

    `difference` is what the best one is ahead by, whichever direction the metric has; None where
    no case is shared. `p_holm` is its p-value after Holm over all comparisons (may be nan).
    """

    best: str
    other: str
    difference: Difference | None
    p_holm: float

    @property
    def detectable(self) -> float | None:
        """Give the smallest difference that would likely be seen; None where that is unknown."""
        found = self.difference.detectable if self.difference else 0.0
        return found if math.isfinite(found) and found > 0 else None

    @property
    def finding(self) -> Finding:
        """Say what the best candidate is to the other; a claim needs both p-value and interval.

        Where only one of them speaks for a difference it is `unproven`.
        """
        found = self.difference
        if found is None:
            return "none"
        if found.wins == found.losses == 0:
            return "same"
        apart = found.low > 0 or found.high < 0
        if apart != (self.p_holm < SIGNIFICANT):
            return "unproven"
        if not apart:
            return "unclear"
        return "better" if found.low > 0 else "worse"


def compare(
    best: str, others: Sequence[str], grid: Grid, metric: MetricInfo, *, early: bool = False
) -> tuple[Comparison, ...]:
    """Pair the best candidate with every other one; p-values are adjusted together.

    `early` asks for bounds and p-values that hold at every look, where the metric allows it.
    """
    return compared(best, {other: led(best, other, grid, metric, early) for other in others})


def compared(best: str, found: Mapping[str, Difference | None]) -> tuple[Comparison, ...]:
    """What one is to others, whom it is ahead of by so much; p-values are adjusted together."""
    adjusted = holm([each.p_value if each else math.nan for each in found.values()])
    return tuple(
        Comparison(best, other, difference, p_holm)
        for (other, difference), p_holm in zip(found.items(), adjusted, strict=True)
    )


def led(
    best: str, other: str, grid: Grid, metric: MetricInfo, early: bool = False
) -> Difference | None:
    """What the first is ahead by; where it is early and can be, at every look."""
    found = lead(best, other, grid, metric)
    if found and early and can_hold(metric):
        return early_difference(found, (best, other), metric, grid)
    return found


def turned(found: Difference | None) -> Difference | None:
    """The same difference from the other side."""
    return found and replace(
        found,
        mean=-found.mean,
        low=-found.high,
        high=-found.low,
        wins=found.losses,
        losses=found.wins,
    )


def lead(best: str, other: str, grid: Grid, metric: MetricInfo) -> Difference | None:
    """What the first is ahead by, in the direction that is better; None where no case is shared."""
    if metric.pool:
        return _bounded(pooled_lead(best, other, metric, grid), metric)
    pairs = list(zip(grid.values(best, metric.name), grid.values(other, metric.name), strict=True))
    if metric.direction == "lower":
        pairs = [(theirs, ours) for ours, theirs in pairs]
    both = [(first, second) for first, second in pairs if first is not None and second is not None]
    kept = [first is not None and second is not None for first, second in pairs]
    first, second = [each for each, _ in both], [each for _, each in both]
    return _bounded(paired_difference(first, second, grid.clusters(kept)), metric)


def _bounded(found: Difference | None, metric: MetricInfo) -> Difference | None:
    """Keep a difference to those that the metric can have: few clusters reach beyond them."""
    if found is None or metric.low is None or metric.high is None or not math.isfinite(found.low):
        return found
    reach = metric.high - metric.low
    return replace(
        found,
        low=max(found.low, -reach),
        high=min(found.high, reach),
        detectable=min(found.detectable, reach),
    )
