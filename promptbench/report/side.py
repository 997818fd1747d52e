"""How often a metric, a judge or another person takes a person's side: votes in, shares out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from promptbench.record import MetricInfo, Run
from promptbench.report.grid import Grid, value
from promptbench.report.preference import HALF, Vote, mean_of
from promptbench.stats.interval import Estimate

Kind = Literal["metric", "judge", "person"]
ANOTHER = "another person"
# Scores that were added in another order are still equal.
ROUNDING = 1e-12

Agreed = tuple[str, float]
"""A case's id; 1 for the same side, 0 for the other one, a half for neither."""


@dataclass(frozen=True, slots=True)
class Side:
    """The share of decided votes whose side is taken, by whom, with its interval.

    `ties` of the votes counted half, for the metric found both outputs equal; `unscored` could not
    be counted, for it has no value for one of them. None where no vote can be counted.
    """

    name: str
    label: str
    kind: Kind
    estimate: Estimate | None
    ties: int
    unscored: int


def sides(run: Run, grid: Grid, found: Sequence[Vote]) -> tuple[Side, ...]:
    """Every metric and judge that has a direction, and the people; the highest share first."""
    decided = [each for each in found if each.decided]
    measured = [_measured(each, grid, decided) for each in run.metrics if each.direction != "none"]
    people = _people(grid, decided)
    every = [*measured, *([people] if people else [])]
    return tuple(sorted(every, key=_share, reverse=True))


def twice_rated(found: Sequence[Vote]) -> Iterator[tuple[Vote, Vote]]:
    """Every two votes of different people on the same two outputs."""
    by_outputs: dict[tuple[str, str, str, int, int], list[Vote]] = {}
    for each in found:
        by_outputs.setdefault(each.outputs, []).append(each)
    for same in by_outputs.values():
        yield from combinations(same, 2)


def _measured(metric: MetricInfo, grid: Grid, decided: Sequence[Vote]) -> Side:
    leads = [(each, _lead(metric, grid, each)) for each in decided]
    agreed = [
        (each.case_id, HALF if lead == 0 else float((lead > 0) == (each.worth > HALF)))
        for each, lead in leads
        if lead is not None
    ]
    kind: Kind = "judge" if metric.settings.get("metric") == "judge" else "metric"
    return _side(metric.name, metric.label, kind, agreed, len(leads) - len(agreed), grid)


def _lead(metric: MetricInfo, grid: Grid, vote: Vote) -> float | None:
    """What the first output is ahead by, in the metric's direction; None where it is unscored."""
    first = value(grid.cells[vote.first, vote.case_id][vote.first_repeat], metric.name)
    second = value(grid.cells[vote.second, vote.case_id][vote.second_repeat], metric.name)
    if first is None or second is None:
        return None
    if math.isclose(first, second, rel_tol=ROUNDING):
        return 0.0
    return first - second if metric.direction == "higher" else second - first


def _people(grid: Grid, decided: Sequence[Vote]) -> Side | None:
    """How often two people who both decided took the same side."""
    agreed = [(one.case_id, float(one.worth == other.worth)) for one, other in twice_rated(decided)]
    return _side(ANOTHER, ANOTHER, "person", agreed, 0, grid) if agreed else None


def _side(
    name: str, label: str, kind: Kind, agreed: Sequence[Agreed], unscored: int, grid: Grid
) -> Side:
    ties = sum(worth == HALF for _, worth in agreed)
    return Side(name, label, kind, mean_of(agreed, grid) if agreed else None, ties, unscored)


def _share(side: Side) -> float:
    return side.estimate.mean if side.estimate else -1.0
