"""What human eyes saw: a run and its ratings in, the figures of the report's section out."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from promptbench.record import Rating, Run
from promptbench.report.accord import Accord, Pair, accord, coefficient
from promptbench.report.grid import Grid
from promptbench.report.number import count, listing
from promptbench.report.preference import (
    Liked,
    Preferred,
    Vote,
    even,
    preferences,
    votes,
    win_rates,
)
from promptbench.report.side import Side, sides
from promptbench.stats.agreement import krippendorff_alpha
from promptbench.stats.coin import decisions_needed, fewest_wins
from promptbench.stats.interval import Estimate

# Shares of preference that a reader may want to find.
SHARES = (0.6, 0.7, 0.8)
# So many candidates make a ranking.
RANKED = 3


@dataclass(frozen=True, slots=True)
class Note:
    """What a person remarked of two outputs; `number` is the case's, from 1, in the report."""

    rater: str
    number: int
    case_id: str
    finding: str
    text: str


@dataclass(frozen=True, slots=True)
class Human:
    """The ratings of a run in figures.

    `raters` are names with numbers of ratings, those `skipped` included; `shown` counts the
    ratings made with the references in sight. `left` of `decided` ratings found the left output
    better. `rates` is empty where only two candidates were rated, and `even` says that all pairs
    were rated about equally often. `alpha` is over all raters where they are three or more.
    """

    raters: tuple[tuple[str, int], ...]
    rated: int
    skipped: int
    shown: int
    left: int
    decided: int
    seconds: float
    pairs: tuple[Preferred, ...]
    rates: tuple[Liked, ...]
    even: bool
    sides: tuple[Side, ...]
    accords: tuple[Accord, ...]
    alpha: Estimate | None
    limits: tuple[str, ...]
    notes: tuple[Note, ...]


def human(run: Run, grid: Grid, ratings: Sequence[Rating], names: Sequence[str]) -> Human | None:
    """Look at the ratings of a run, `names` in the order of its ranking; None without ratings."""
    if not ratings:
        return None
    found = votes(ratings, names)
    pairs = preferences(found, grid, names)
    rates = win_rates(found, grid, names)
    verdicts = Counter(each.verdict for each in ratings)
    return Human(
        raters=tuple(sorted(Counter(each.rater for each in ratings).items())),
        rated=len(found),
        skipped=verdicts["skip"],
        shown=sum(each.references for each in ratings if each.verdict != "skip"),
        left=verdicts["left"],
        decided=verdicts["left"] + verdicts["right"],
        seconds=sum(each.seconds for each in ratings),
        pairs=pairs,
        rates=rates if len(rates) >= RANKED else (),
        even=even(pairs),
        sides=sides(run, grid, found),
        accords=tuple(_accords(found, grid)),
        alpha=_alpha(found, grid),
        limits=tuple(_limits(pairs)),
        notes=tuple(_notes(ratings, grid)),
    )


@functools.cache
def needed(share: float) -> int:
    """How many decided cases find such a preference in 80% of sessions, at the 5% level."""
    return decisions_needed(share)


def _accords(found: Sequence[Vote], grid: Grid) -> Iterator[Accord]:
    """Every two people who rated some of the same outputs; 0, 1 and 2 for loss, tie and win."""
    own = _by_rater(found)
    clusters = {case.id: grid.unit(case) for case in grid.cases}
    for one, other in combinations(own, 2):
        both = [
            Pair(2 * own[one][outputs], 2 * own[other][outputs], clusters[outputs[0]])
            for outputs in own[one]
            if outputs in own[other]
        ]
        if both:
            yield accord(one, other, both)


def _alpha(found: Sequence[Vote], grid: Grid) -> Estimate | None:
    """Krippendorff's alpha over three or more people."""
    own = _by_rater(found)
    if len(own) < RANKED:
        return None
    clusters = {case.id: grid.unit(case) for case in grid.cases}
    outputs = list(dict.fromkeys(each.outputs for each in found))
    rows = [[each.get(place) for each in own.values()] for place in outputs]
    labels = [clusters[place[0]] for place in outputs]
    return coefficient(lambda: krippendorff_alpha(rows, level="interval", clusters=labels))


def _by_rater(found: Sequence[Vote]) -> dict[str, dict[tuple[str, str, str, int, int], float]]:
    own: dict[str, dict[tuple[str, str, str, int, int], float]] = {}
    for each in found:
        own.setdefault(each.rater, {})[each.outputs] = each.worth
    return own


def _limits(pairs: Sequence[Preferred]) -> Iterator[str]:
    """What so many ratings cannot tell."""
    for each in pairs:
        wins = fewest_wins(each.decided)
        decided = f"{each.first} against {each.second}: {count(each.decided, 'decided case')}"
        if wins is None:
            yield f"{decided}, too few to tell anything: six of six would be the first proof."
        else:
            yield (
                f"{decided}. One side must win at least {wins:,} of {each.decided:,} to rule out"
                " a coin; what lies below may be chance."
            )
    if pairs:
        told = listing(f"{needed(share):,} for {share:.0%}" for share in SHARES)
        yield (
            "To find a preference in 80% of such sessions takes so many decided, independent"
            f" cases a pair: {told}."
        )


def _notes(ratings: Sequence[Rating], grid: Grid) -> Iterator[Note]:
    numbers = {case.id: number for number, case in enumerate(grid.cases, start=1)}
    ordered = sorted(ratings, key=lambda each: (numbers[each.case_id], each.rater))
    for each in ordered:
        if each.note:
            number = numbers[each.case_id]
            yield Note(each.rater, number, each.case_id, _finding(each), each.note)


def _finding(rating: Rating) -> str:
    left, right = rating.left, rating.right
    return {
        "left": f"{left} rather than {right}",
        "right": f"{right} rather than {left}",
        "tie": f"{left} and {right} alike",
    }.get(rating.verdict, f"{left} and {right}, skipped")
