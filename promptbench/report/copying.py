"""Tell learning from copying: how near each candidate's outputs come to training targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from promptbench.metric.nearest import COPIED
from promptbench.record import Nearness
from promptbench.report.grid import Grid


@dataclass(frozen=True, slots=True)
class Closest:
    """The output that comes nearest to a training target. `number` is its case's on the page."""

    number: int
    case_id: str
    output: str
    similarity: float
    train: str
    target: str


@dataclass(frozen=True, slots=True)
class Copying:
    """A candidate: medians of the similarity to the nearest training target, from 0 to 1.

    `own` is that of the cases' own references, None where no case has one. `copied` of `outputs`
    are at least COPIED near.
    """

    candidate: str
    outputs: int
    similarity: float
    own: float | None
    copied: int
    closest: Closest

    @property
    def share(self) -> float:
        """The copied outputs in per cent."""
        return 100 * self.copied / self.outputs


def copying(
    found: Sequence[Nearness], grid: Grid, candidates: Sequence[str]
) -> tuple[Copying, ...]:
    """Give a view a candidate, in their order; none of those without a measured output."""
    by_candidate = {name: [each for each in found if each.candidate == name] for name in candidates}
    return tuple(_view(name, rows, grid) for name, rows in by_candidate.items() if rows)


def _view(candidate: str, rows: Sequence[Nearness], grid: Grid) -> Copying:
    own = {each.case_id: each.own for each in rows if each.own is not None}
    return Copying(
        candidate=candidate,
        outputs=len(rows),
        similarity=median(each.value for each in rows),
        own=median(own.values()) if own else None,
        copied=sum(each.value >= COPIED for each in rows),
        closest=_closest(max(rows, key=lambda each: each.value), grid),
    )


def _closest(found: Nearness, grid: Grid) -> Closest:
    numbers = {case.id: number for number, case in enumerate(grid.cases, 1)}
    done = grid.cells[found.candidate, found.case_id][found.repeat].completion
    return Closest(
        number=numbers[found.case_id],
        case_id=found.case_id,
        output=done.text if done else "",
        similarity=found.value,
        train=found.train,
        target=found.target,
    )
