"""Count what a reader must not miss: a summary in, outputs without score, failed, cut off out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from promptbench.report.number import count
from promptbench.report.summary import Standing, Summary


@dataclass(frozen=True, slots=True)
class Tally:
    """Outputs of a run, by what became of them. `unscored` is on the primary metric."""

    outputs: int
    missing: int
    unscored: int
    errors: int
    cut_off: int


def tally(summary: Summary) -> Tally:
    """Add up all candidates."""
    standings = summary.standings
    return Tally(
        outputs=sum(each.outputs for each in standings),
        missing=sum(each.missing for each in standings),
        unscored=sum(unscored(each, summary) for each in standings),
        errors=sum(each.errors for each in standings),
        cut_off=sum(each.cut_off for each in standings),
    )


def unscored(standing: Standing, summary: Summary) -> int:
    """How many outputs of a candidate the primary metric could not judge."""
    figure = standing.figures.get(summary.primary.name)
    return figure.unscored if figure else 0


def flaws(standing: Standing, summary: Summary) -> tuple[str, ...]:
    """What is to be minded about one candidate, where it ranks: `2 errors`, `4 cut off`."""
    return tuple(_flaws(standing, summary))


def _flaws(standing: Standing, summary: Summary) -> Iterator[str]:
    if standing.errors:
        yield count(standing.errors, "error")
    if found := unscored(standing, summary):
        yield f"{found:,} unscored"
    if standing.cut_off:
        yield f"{standing.cut_off:,} cut off"
    if standing.missing:
        yield f"{standing.missing:,} not there"
