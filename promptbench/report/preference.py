"""Whose outputs people prefer: ratings in, preferences by pair and win rates out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from promptbench.record import Case, Rating, Sample
from promptbench.report.grid import Grid
from promptbench.stats.interval import Estimate, estimate
from promptbench.stats.multiplicity import holm
from promptbench.stats.paired import paired_difference

HALF = 0.5
SIDES = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Vote:
    """A rating without its sides: of two outputs, the `first` one's candidate ranks higher.

    `worth` is 1 where the first output was found better, 0 where the second was, a half for a tie.
    """

    rater: str
    case_id: str
    first: str
    second: str
    first_repeat: int
    second_repeat: int
    worth: float

    @property
    def decided(self) -> bool:
        """Whether one of the outputs was found better."""
        return self.worth != HALF

    @property
    def outputs(self) -> tuple[str, str, str, int, int]:
        """What was rated; the same for everybody who rated it."""
        return self.case_id, self.first, self.second, self.first_repeat, self.second_repeat


@dataclass(frozen=True, slots=True)
class Preferred:
    """How often people found the `first` of two candidates better.

    `estimate` is the mean over cases of what their votes are worth, ties a half, with its
    interval; `p_value` is of the test that signs of whole clusters flip, which for one vote a case
    is the exact sign test, and `p_holm` the same after Holm over all pairs. `wins`, `ties` and
    `losses` count votes, `decided` the cases whose votes are not even. In `same` cases of the run
    both wrote the very same text, so that there was nothing to rate.
    """

    first: str
    second: str
    wins: int
    ties: int
    losses: int
    decided: int
    same: int
    estimate: Estimate
    p_value: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class Liked:
    """A candidate's win rate over all that it was rated in, ties a half, and its votes."""

    candidate: str
    estimate: Estimate
    wins: int
    ties: int
    losses: int


def votes(ratings: Iterable[Rating], names: Sequence[str]) -> tuple[Vote, ...]:
    """The ratings as votes, `names` in the order of the ranking; what was skipped is none."""
    rank = {name: place for place, name in enumerate(names)}
    return tuple(
        _vote(each, swapped=rank[each.left] > rank[each.right])
        for each in ratings
        if each.verdict != "skip"
    )


def preferences(found: Sequence[Vote], grid: Grid, names: Sequence[str]) -> tuple[Preferred, ...]:
    """Every pair of candidates that was rated, in the order of the ranking."""
    pairs = [
        (first, second, own)
        for first, second in combinations(names, 2)
        if (own := [each for each in found if (each.first, each.second) == (first, second)])
    ]
    values = [_by_case(own) for _, _, own in pairs]
    tests = [_sign_flips(each, grid) for each in values]
    return tuple(
        Preferred(
            first,
            second,
            *counts(each.worth for each in own),
            decided=sum(worth != HALF for worth in worths.values()),
            same=sum(_same(grid, case, first, second) for case in grid.cases),
            estimate=mean_of([*worths.items()], grid),
            p_value=p_value,
            p_holm=p_holm,
        )
        for (first, second, own), worths, p_value, p_holm in zip(
            pairs, values, tests, holm(tests), strict=True
        )
    )


def win_rates(found: Sequence[Vote], grid: Grid, names: Sequence[str]) -> tuple[Liked, ...]:
    """The candidates by win rate, the highest first; those that nobody rated are left out.

    A plain mean: a session pairs all candidates equally often, so none needs a model of how strong
    its opponents are, as that of Bradley and Terry 1952 would give; that one also has no finite
    value for a candidate that wins always.
    """
    rated = [liked for name in names if (liked := _liked(name, found, grid))]
    return tuple(sorted(rated, key=lambda each: -each.estimate.mean))


def even(pairs: Sequence[Preferred]) -> bool:
    """Whether all pairs of those rated have about as many cases, as a single session makes it."""
    cases = [each.estimate.n for each in pairs]
    rated = {name for each in pairs for name in (each.first, each.second)}
    every = len(rated) * (len(rated) - 1) // 2
    return len(cases) == every and max(cases, default=0) - min(cases, default=0) <= max(
        1, min(cases, default=0) // 10
    )


def mean_of(worths: Sequence[tuple[str, float]], grid: Grid) -> Estimate:
    """The mean of values from 0 to 1, each with its case's id: one or more of them.

    Values of one case or cluster are taken to belong together.
    """
    values = [worth for _, worth in worths]
    whole = all(value in SIDES for value in values)
    found = estimate(values, labels(worths, grid), binary=whole, limits=SIDES)
    if found is None:
        raise ValueError("there is no value to average")
    return found


def labels(worths: Sequence[tuple[str, float]], grid: Grid) -> list[str]:
    """The cluster of each value."""
    clusters = {case.id: grid.unit(case) for case in grid.cases}
    return [clusters[case_id] for case_id, _ in worths]


def counts(worths: Iterable[float]) -> tuple[int, int, int]:
    """Wins, ties and losses."""
    found = list(worths)
    wins, losses = (sum(worth == side for worth in found) for side in (1.0, 0.0))
    return wins, len(found) - wins - losses, losses


def _vote(rating: Rating, *, swapped: bool) -> Vote:
    worth = {"left": 1.0, "right": 0.0}.get(rating.verdict, HALF)
    sides = [(rating.left, rating.left_repeat), (rating.right, rating.right_repeat)]
    (first, first_repeat), (second, second_repeat) = reversed(sides) if swapped else sides
    return Vote(
        rating.rater,
        rating.case_id,
        first,
        second,
        first_repeat,
        second_repeat,
        1 - worth if swapped else worth,
    )


def _by_case(found: Sequence[Vote]) -> dict[str, float]:
    """What the votes on a case are worth in the mean."""
    by_case: dict[str, list[float]] = {}
    for each in found:
        by_case.setdefault(each.case_id, []).append(each.worth)
    return {case_id: math.fsum(each) / len(each) for case_id, each in by_case.items()}


def _sign_flips(worths: dict[str, float], grid: Grid) -> float:
    ours = list(worths.values())
    groups = labels([*worths.items()], grid)
    difference = paired_difference(ours, [1 - each for each in ours], groups)
    return difference.p_value if difference else math.nan


def _liked(name: str, found: Sequence[Vote], grid: Grid) -> Liked | None:
    own = [(pair, worth) for pair, worth in _own(name, found)]
    if not own:
        return None
    by_case: dict[tuple[str, str], list[float]] = {}
    for pair, worth in own:
        by_case.setdefault(pair, []).append(worth)
    means = [(case_id, math.fsum(each) / len(each)) for (case_id, _), each in by_case.items()]
    return Liked(name, mean_of(means, grid), *counts(worth for _, worth in own))


def _own(name: str, found: Sequence[Vote]) -> Iterator[tuple[tuple[str, str], float]]:
    """A candidate's votes: the case and the other candidate, and what the vote is worth to it."""
    for each in found:
        if name == each.first:
            yield (each.case_id, each.second), each.worth
        elif name == each.second:
            yield (each.case_id, each.first), 1 - each.worth


def _same(grid: Grid, case: Case, first: str, second: str) -> bool:
    """Whether both candidates' first outputs for a case are one and the same text."""
    one, other = (_text(grid.cells[name, case.id]) for name in (first, second))
    return one is not None and one == other


def _text(samples: Sequence[Sample]) -> str | None:
    """The first output that is there, which is the one that people are shown."""
    found = (each.completion for each in samples if each.completion)
    return next((each.text for each in found if not each.error), None)
