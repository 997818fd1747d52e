"""The cells of a run: where each lies, and what there is of them, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from promptbench.record import Score

Cell = tuple[int, int, int]
"""Candidate position, case position, repeat."""

Value = TypeVar("Value")

# Of so many different sets of scores the objects are used again.
REMEMBERED = 10_000


@dataclass(slots=True)
class Once:
    """Scores of outputs, equal ones as the same objects: most metrics have few values."""

    known: dict[tuple[Score, ...], dict[str, Score]] = field(default_factory=dict)

    def scores(self, found: Iterable[Score]) -> dict[str, Score]:
        """One output's scores by metric."""
        key = tuple(found)
        made = self.known.get(key) or {score.metric: score for score in key}
        if len(self.known) < REMEMBERED:
            self.known[key] = made
        return made


def align(cells: Iterable[Cell], rows: Iterator[tuple[Cell, Value]]) -> Iterator[Value | None]:
    """For each cell in order its row's value, or None; the rows are in the same order."""
    waiting = next(rows, None)
    for cell in cells:
        if waiting is not None and waiting[0] == cell:
            yield waiting[1]
            waiting = next(rows, None)
        else:
            yield None
