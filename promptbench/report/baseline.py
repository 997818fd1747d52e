"""Everyone against a baseline of one's choice: a run's figures in, a table a baseline out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from promptbench.record import MetricInfo, Run
from promptbench.report.axis import Axis, Mark, axis
from promptbench.report.comparison import SIGNIFICANT, Comparison, Finding, compared, led, turned
from promptbench.report.early import is_early
from promptbench.report.grid import Grid
from promptbench.report.learning import duel, learning
from promptbench.report.number import Scale
from promptbench.report.summary import Summary
from promptbench.stats.paired import Difference

# A page grows with the square of the candidates: only so many of the best are offered.
MOST = 12
WORDS: Mapping[Finding, str] = {
    "better": "behind",
    "worse": "ahead",
    "unproven": "may be chance",
    "unclear": "can't tell",
    "same": "the same",
    "none": "no shared case",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A candidate against the baseline; `mean`, `low` and `high` are > 0 where it is better.

    None where no case is scored for both. `comparison` is the baseline's side of it.
    """

    mean: float | None
    low: float
    high: float
    comparison: Comparison

    @property
    def word(self) -> str:
        """Say in a word or two what became of the candidate."""
        return WORDS[self.comparison.finding]


@dataclass(frozen=True, slots=True)
class Board:
    """All others against `baseline`, by name, with p-values after Holm over these comparisons."""

    baseline: str
    lines: Mapping[str, Line]
    axis: Axis | None

    def mark(self, name: str) -> Mark | None:
        """Place a candidate's difference on the axis."""
        line = self.lines.get(name)
        if line is None or line.mean is None or self.axis is None:
            return None
        return self.axis.mark(line.mean, line.low, line.high)

    def unseen(self, name: str, scale: Scale) -> str:
        """What the data cannot tell of a candidate, as ` under 0.050`; "" where they can."""
        comparison = self.lines[name].comparison
        if comparison.finding != "unclear" or comparison.detectable is None:
            return ""
        return f" under {scale.show(comparison.detectable)}"


@dataclass(frozen=True, slots=True)
class Boards:
    """The boards in the order of the ranking, of which that of `default` is shown first.

    `own` says what the verdict itself compares; `left_out` counts the candidates without a board.
    """

    boards: tuple[Board, ...]
    default: str
    own: str
    left_out: int

    @property
    def first(self) -> Board | None:
        """The board of the default baseline."""
        return next((each for each in self.boards if each.baseline == self.default), None)


@dataclass(frozen=True, slots=True)
class Pairs:
    """What each is ahead of each other by: of a pair only one side is worked out."""

    grid: Grid
    metric: MetricInfo
    early: bool
    found: dict[tuple[str, str], Difference | None] = field(default_factory=dict)

    def lead(self, one: str, other: str) -> Difference | None:
        """What the first is ahead of the second by; None where no case is shared."""
        if (other, one) in self.found:
            return turned(self.found[other, one])
        if (one, other) not in self.found:
            self.found[one, other] = led(one, other, self.grid, self.metric, self.early)
        return self.found[one, other]


def boards(run: Run, grid: Grid, summary: Summary) -> Boards:
    """Make a board a baseline, for the best MOST candidates; none where nothing is compared."""
    if not summary.comparisons:
        return Boards((), "", "", 0)
    default, own = _default(run, grid, summary)
    able = [each.candidate.name for each in summary.standings if each.estimate(summary.primary)]
    offered = able[:MOST] if default in able[:MOST] else [*able[: MOST - 1], default]
    names = [each.candidate.name for each in summary.standings]
    pairs = Pairs(grid, summary.primary, is_early(run))
    pairs.found.update({(each.best, each.other): each.difference for each in summary.comparisons})
    made = tuple(_board(name, names, pairs) for name in offered)
    told = own + limit(summary.clusters or summary.cases, len(names) - 1)
    return Boards(made, default, told, len(names) - len(made))


def limit(groups: int, comparisons: int) -> str:
    """Say so where even a difference in every group could not be beyond chance after Holm."""
    least = min(1.0, 2.0 ** (1 - groups))
    after = min(1.0, least * comparisons)
    if after < SIGNIFICANT:
        return ""
    return (
        f" From {groups} independent groups no p-value can come below {least:.2g}, which Holm makes"
        f" {after:.2g} for {comparisons} comparisons: what may be chance here need not be."
    )


def _default(run: Run, grid: Grid, summary: Summary) -> tuple[str, str]:
    """The baseline that is shown first, and which comparison is the verdict's own."""
    best = summary.best
    if is_early(run):
        return best, f"The verdict compares everyone with {best}, the best so far."
    found = learning(run, grid)
    if found is not None and found.last is not None:
        prompt = found.last.prompt
        return prompt.members[0], (
            f"The verdict compares fine-tunes, all seeds of a size as one, with {prompt.name}, the"
            " prompt chosen on dev; here each candidate stands for itself."
        )
    lead = duel(run, grid) if found is None else None
    if lead is not None:
        return best, (
            f"The verdict compares {lead.tuned.name}, the best fine-tune, with {lead.prompt.name},"
            " the best prompt."
        )
    return best, f"The verdict compares everyone with {best}, the best."


def _board(baseline: str, names: Sequence[str], pairs: Pairs) -> Board:
    others = [name for name in names if name != baseline]
    found = compared(baseline, {other: pairs.lead(baseline, other) for other in others})
    return Board(baseline, {each.other: _line(each) for each in found}, _axis(found))


def _line(found: Comparison) -> Line:
    difference = found.difference
    if difference is None:
        return Line(None, float("nan"), float("nan"), found)
    return Line(-difference.mean, -difference.high, -difference.low, found)


def _axis(found: Sequence[Comparison]) -> Axis | None:
    """An axis that holds the intervals, 0 and what would go unseen on both sides of it."""
    known = [each.difference for each in found if each.difference]
    if not known:
        return None
    spans = [
        (-each.mean, -each.low, -each.high, each.detectable, -each.detectable) for each in known
    ]
    return axis([0.0, *(value for span in spans for value in span)], 4)
