"""How far judges agree, with each other and with people: a run's ratings in, coefficients out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from promptbench.metric.pointwise import RATED
from promptbench.record import Control, MetricInfo, Run
from promptbench.report.grid import Grid, value
from promptbench.stats.agreement import cohen_kappa, krippendorff_alpha
from promptbench.stats.interval import Estimate

PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Accord:
    """Two who rate, over the `texts` that both rated; a coefficient is None where it has no value.

    `kappa` is Cohen's with quadratic weights, of ratings rounded to whole numbers, `alpha`
    Krippendorff's on the interval level.
    """

    first: str
    second: str
    texts: int
    kappa: Estimate | None
    alpha: Estimate | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two ratings of one text, and what it belongs together with: its case or cluster.

    The outputs for one case are not independent, nor are those of one cluster.
    """

    first: float
    second: float
    cluster: str


def accords(
    run: Run, judges: Sequence[MetricInfo], grid: Grid, controls: Sequence[Control]
) -> Iterator[Accord]:
    """Every two judges that rate on the same scale, then each one and the people, where asked."""
    rating = [judge for judge in judges if "scale" in judge.settings]
    for one, other in combinations(rating, 2):
        if one.settings["scale"] == other.settings["scale"]:
            yield accord(one.name, other.name, list(_both(run, one.name, other.name, grid)))
    for judge in rating:
        if judge.settings["human"]:
            pairs = [*_texts(judge, grid, controls), *_outputs(run, judge, grid)]
            yield accord(judge.name, PEOPLE, pairs)


def _both(run: Run, one: str, other: str, grid: Grid) -> Iterator[Pair]:
    """The outputs that both judges rated."""
    for candidate in run.candidates:
        for case in grid.cases:
            for sample in grid.cells[candidate.name, case.id]:
                first, second = value(sample, one), value(sample, other)
                if first is not None and second is not None:
                    yield Pair(first, second, grid.unit(case))


def _texts(judge: MetricInfo, grid: Grid, controls: Sequence[Control]) -> Iterator[Pair]:
    """The texts of the cases that people rated."""
    cases = {case.id: case for case in grid.cases}
    for each in controls:
        if each.name == RATED and each.score.metric == judge.name and each.score.value is not None:
            case = cases[each.case_id]
            rating = _number(case.variables.get(judge.settings["human"]))
            if rating is not None:
                yield Pair(each.score.value, rating, grid.unit(case))


def _outputs(run: Run, judge: MetricInfo, grid: Grid) -> Iterator[Pair]:
    """The outputs that people rated, under the names of their candidates."""
    for case in grid.cases:
        given = case.variables.get(judge.settings["human"])
        for candidate in run.candidates if isinstance(given, Mapping) else ():
            rating = _number(given.get(candidate.name)) if isinstance(given, Mapping) else None
            for sample in grid.cells[candidate.name, case.id]:
                found = value(sample, judge.name)
                if found is not None and rating is not None:
                    yield Pair(found, rating, grid.unit(case))


def accord(first: str, second: str, pairs: Sequence[Pair]) -> Accord:
    """How far two agree over what both rated."""
    clusters = [pair.cluster for pair in pairs]
    ours = [math.floor(pair.first + 0.5) for pair in pairs]
    theirs = [math.floor(pair.second + 0.5) for pair in pairs]
    rows = [(pair.first, pair.second) for pair in pairs]
    return Accord(
        first,
        second,
        len(pairs),
        coefficient(lambda: cohen_kappa(ours, theirs, weighting="quadratic", clusters=clusters)),
        coefficient(lambda: krippendorff_alpha(rows, level="interval", clusters=clusters)),
    )


def coefficient(measure: Callable[[], Estimate | None]) -> Estimate | None:
    """None where all ratings are equal: agreement beyond chance has no value there."""
    try:
        found = measure()
    except ValueError:
        return None
    return found if found is not None and math.isfinite(found.mean) else None


def _number(found: object) -> float | None:
    """A rating; a table's cells are text."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        number = float(found)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
