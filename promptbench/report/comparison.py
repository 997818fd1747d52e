"""Compare candidates with the best one, case by case: differences that favour it are positive."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from promptbench.record import MetricInfo
from promptbench.report.grid import Grid
from promptbench.stats.paired import Difference, holm, paired_difference

SIGNIFICANT = 0.05

Finding = Literal["better", "worse", "unclear", "same", "none"]


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
    def finding(self) -> Finding:
        """Say what the best candidate is to the other; a claim needs both p-value and interval."""
        found = self.difference
        if found is None:
            return "none"
        if found.wins == found.losses == 0:
            return "same"
        if self.p_holm < SIGNIFICANT and found.low > 0:
            return "better"
        return "worse" if self.p_holm < SIGNIFICANT and found.high < 0 else "unclear"


def compare(
    best: str, others: Sequence[str], grid: Grid, metric: MetricInfo
) -> tuple[Comparison, ...]:
    """Pair the best candidate with every other one; p-values are adjusted together."""
    differences = [_difference(best, other, grid, metric) for other in others]
    adjusted = holm([each.p_value if each else math.nan for each in differences])
    return tuple(
        Comparison(best, other, difference, p_holm)
        for other, difference, p_holm in zip(others, differences, adjusted, strict=True)
    )


def _difference(best: str, other: str, grid: Grid, metric: MetricInfo) -> Difference | None:
    pairs = list(zip(grid.values(best, metric.name), grid.values(other, metric.name), strict=True))
    if metric.direction == "lower":
        pairs = [(theirs, ours) for ours, theirs in pairs]
    both = [(first, second) for first, second in pairs if first is not None and second is not None]
    kept = [first is not None and second is not None for first, second in pairs]
    return paired_difference(
        [first for first, _ in both], [second for _, second in both], grid.clusters(kept)
    )
