"""What memories are worth: a chat's turns and scores in; score by distance, tokens by turn out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from promptbench.record import Case, MetricInfo, Run, Turn
from promptbench.report.course import Point, Stage, stages
from promptbench.report.grid import Grid
from promptbench.report.summary import estimate_of


@dataclass(frozen=True, slots=True)
class Spent:
    """What a candidate's turns cost, as means over the turns that its model answered.

    `prompt`, `written` and `memory` are tokens a turn: read in the prompt, written as the reply,
    read and written to remember. `dropped` is the share of the turns before that did not stand in
    the prompt as they were said; None where no turn had one before it.
    """

    turns: int
    prompt: float
    written: float
    memory: float
    dropped: float | None

    @property
    def whole(self) -> float:
        """Tokens that were read for a turn, or written to remember."""
        return self.prompt + self.memory


@dataclass(frozen=True, slots=True)
class Far:
    """Scores by how far back the answer lies, or else by turn; `without` cases have no distance."""

    by_distance: bool
    columns: tuple[Stage, ...]
    points: Mapping[str, tuple[Point | None, ...]]
    without: int


def far(run: Run, grid: Grid, metric: MetricInfo) -> Far:
    """The primary metric by the cases' `distance`, where any has one, or by the turn's number."""
    distances = {case.id: number_of(case, "distance") for case in grid.cases}
    known = {case: found for case, found in distances.items() if found is not None}
    if not known:
        turns = {case.id: number_of(case, "turn") for case in grid.cases}
        known = {case: found for case, found in turns.items() if found is not None}
        distances = {}
    columns = stages(known.values())
    parts = [_part(grid, {case for case in known if each.holds(known[case])}) for each in columns]
    points = {
        candidate.name: tuple(scored(candidate.name, metric, part) for part in parts)
        for candidate in run.candidates
    }
    return Far(bool(distances), columns, points, len(grid.cases) - len(known))


def number_of(case: Case, name: str) -> int | None:
    """A whole number that a case has under a name, None for anything else."""
    found = case.variables.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def _part(grid: Grid, kept: set[str]) -> Grid:
    return replace(grid, cases=tuple(case for case in grid.cases if case.id in kept))


def scored(candidate: str, metric: MetricInfo, grid: Grid) -> Point | None:
    """A candidate's mean over a grid's cases; None where none is scored."""
    found = estimate_of(candidate, metric, grid)
    return Point(found.mean, found.low, found.high, found.n) if found else None


def answered(turns: Sequence[Turn]) -> dict[str, list[Turn]]:
    """The turns that models answered, by candidate: those whose reply the data gives are out."""
    found: dict[str, list[Turn]] = {}
    for turn in turns:
        if turn.key:
            found.setdefault(turn.candidate, []).append(turn)
    return found


def tokens_by_turn(
    turns: Mapping[str, Sequence[Turn]],
) -> tuple[tuple[Stage, ...], dict[str, tuple[Point | None, ...]]]:
    """Tokens read for a turn, those to remember included, by the turn's number."""
    columns = stages(turn.number for each in turns.values() for turn in each)
    points = {}
    for name, said in turns.items():
        by_stage: list[list[int]] = [[] for _ in columns]
        for turn in said:
            where = next(place for place, each in enumerate(columns) if each.holds(turn.number))
            by_stage[where].append(turn.prompt_tokens + turn.memory_tokens)
        points[name] = tuple(_mean_point(values) for values in by_stage)
    return columns, points


def _mean_point(values: Sequence[int]) -> Point | None:
    if not values:
        return None
    return Point(sum(values) / len(values), math.nan, math.nan, len(values))


def spent(turns: Sequence[Turn]) -> Spent | None:
    """What the turns of a candidate cost; None without one."""
    if not turns:
        return None
    count = len(turns)
    later = [turn for turn in turns if turn.number > 1]
    dropped = [1 - len(turn.kept) / (turn.number - 1) for turn in later]
    return Spent(
        turns=count,
        prompt=sum(turn.prompt_tokens for turn in turns) / count,
        written=sum(turn.output_tokens for turn in turns) / count,
        memory=sum(turn.memory_tokens for turn in turns) / count,
        dropped=math.fsum(dropped) / len(dropped) if dropped else None,
    )
