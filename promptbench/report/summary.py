"""Turn a run's samples into figures: means with intervals, a ranking, differences, a verdict."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from promptbench.record import Candidate, Case, Completion, MetricInfo, Run, Sample
from promptbench.report.ablation import Ablation, ablation
from promptbench.report.advice import answer
from promptbench.report.comparison import Comparison, compare
from promptbench.report.early import can_hold, early_estimate, is_early
from promptbench.report.explore import too_many
from promptbench.report.grid import Grid, lay_out, primary_metric, state
from promptbench.report.notes import cautions, notes
from promptbench.report.number import count
from promptbench.report.pooled import pooled_estimate, rows
from promptbench.report.variance import Variance, variances
from promptbench.report.verdict import Leader, verdict
from promptbench.stats.interval import Estimate, estimate


@dataclass(frozen=True, slots=True)
class Figure:
    """One candidate on one metric, over cases (repeats are averaged within a case first).

    `estimate` is a mean, or for a pooled metric what its pool makes of all the cases.
    `scored` of `cases` have a score, and `estimate` is over those. `floor` is the mean over all
    cases if each one without a score had got the worst there is; None where nothing bounds it
    and where the metric is pooled.
    `unscored` and `errors` count outputs.
    """

    metric: MetricInfo
    estimate: Estimate | None
    floor: float | None
    scored: int
    cases: int
    unscored: int
    errors: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One candidate: a figure a metric, and what its outputs cost.

    `missing`, `errors` and `cut_off` (ended by the token limit) are of `outputs` planned.
    `output_tokens` and `seconds` are means over the outputs that are there and no error; `cost`
    too, of those whose price is stated, None where there is none.
    """

    candidate: Candidate
    figures: Mapping[str, Figure]
    outputs: int
    missing: int
    errors: int
    cut_off: int
    output_tokens: float | None
    seconds: float | None
    cost: float | None = None

    def estimate(self, metric: MetricInfo) -> Estimate | None:
        """Give the mean on a metric, None where nothing is scored or the metric is unknown."""
        figure = self.figures.get(metric.name)
        return figure.estimate if figure else None


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in figures. `standings` are ranked by the primary metric; `best` may be empty.

    `clusters` is 0 where the cases are independent. `notes` are what a reader should mind.
    `variances` say where the primary metric's scores differ, where the run can tell. `ablation`
    is what the blocks of a prompt are worth, in a run that left them out.
    """

    primary: MetricInfo
    cases: int
    clusters: int
    standings: tuple[Standing, ...]
    best: str
    comparisons: tuple[Comparison, ...]
    verdict: str
    notes: tuple[str, ...]
    variances: tuple[Variance, ...] = ()
    ablation: Ablation | None = None


def summarise(run: Run, cases: Sequence[Case], samples: Iterable[Sample]) -> Summary:
    """Compute every figure of a report. Same records, same figures."""
    return summarise_grid(run, lay_out(run, cases, samples))


def summarise_grid(run: Run, grid: Grid) -> Summary:
    """Do the same for samples that are laid out already."""
    grid = grid.by_id()
    primary = primary_metric(run)
    standings = standings_of(run, grid)
    ranked = [each for each in standings if each.estimate(primary) is not None]
    best = ranked[0].candidate.name if ranked and primary.direction != "none" else ""
    others = [each.candidate.name for each in standings[1:]]
    comparisons = compare(best, others, grid, primary, early=is_early(run)) if best else ()
    blocks = ablation(run, grid)
    return Summary(
        primary=primary,
        cases=len(grid.cases),
        clusters=len(set(map(grid.unit, grid.cases))) if grid.clustered else 0,
        standings=tuple(standings),
        best=best,
        comparisons=comparisons,
        verdict=(blocks.verdict if blocks else "")
        or ("" if is_early(run) else answer(run, grid))
        or verdict(primary, len(standings), _leaders(ranked, primary), comparisons),
        notes=(
            *notes(run, grid, primary),
            *cautions(_warnings(ranked, primary, comparisons)),
            *_unexplored(run),
        ),
        variances=variances(run, grid, primary),
        ablation=blocks,
    )


def _unexplored(run: Run) -> Iterator[str]:
    """Say that not every pair was compared, where that is so."""
    if number := too_many(run):
        yield (
            f"Every pair of candidates would be {count(number, 'comparison')}: too many to look"
            " through. `promptbench compare` compares any two."
        )


def standings_of(run: Run, grid: Grid) -> list[Standing]:
    """Give the candidates with their figures, ranked by the primary metric."""
    stood = [_standing(run, item, grid) for item in run.candidates]
    return _rank(stood, primary_metric(run), run.stopped)


def _warnings(
    ranked: Iterable[Standing], primary: MetricInfo, comparisons: Iterable[Comparison]
) -> list[tuple[str, str]]:
    """Pair each interval of the primary metric with what is to be minded about it."""
    means = ((each.candidate.name, each.estimate(primary)) for each in ranked)
    found = [(f"the mean of {name}", each.caution) for name, each in means if each]
    leads = ((each.other, each.difference) for each in comparisons)
    return found + [(f"the lead over {name}", each.caution) for name, each in leads if each]


def _standing(run: Run, candidate: Candidate, grid: Grid) -> Standing:
    samples = grid.samples(candidate.name)
    there = [sample.completion for sample in samples if sample.completion is not None]
    good = [completion for completion in there if not completion.error]
    return Standing(
        candidate=candidate,
        figures={
            metric.name: _figure_of(run, candidate.name, metric, grid) for metric in run.metrics
        },
        outputs=len(samples),
        missing=len(samples) - len(there),
        errors=len(there) - len(good),
        cut_off=sum(_cut_off(completion) for completion in good),
        output_tokens=_mean([completion.output_tokens for completion in good]),
        seconds=_mean([completion.seconds for completion in good]),
        cost=_mean([completion.cost for completion in good if completion.cost is not None]),
    )


def _figure_of(run: Run, candidate: str, metric: MetricInfo, grid: Grid) -> Figure:
    """Give a figure; what a race left out is no failure, so there is no floor for it."""
    found = _figure(candidate, metric, grid)
    if is_early(run) and can_hold(metric) and found.estimate is not None:
        found = replace(found, estimate=early_estimate(found.estimate, candidate, metric, grid))
    return replace(found, floor=None) if candidate in run.stopped else found


def _figure(candidate: str, metric: MetricInfo, grid: Grid) -> Figure:
    by_case = grid.values(candidate, metric.name)
    values = [each for each in by_case if each is not None]
    states = [state(sample, metric.name) for sample in grid.samples(candidate)]
    return Figure(
        metric=metric,
        estimate=estimate_of(candidate, metric, grid),
        floor=_floor(values, len(by_case), metric),
        scored=len(values),
        cases=len(by_case),
        unscored=states.count("unscored"),
        errors=states.count("error"),
    )


def estimate_of(candidate: str, metric: MetricInfo, grid: Grid) -> Estimate | None:
    """A candidate's mean on a metric over a grid's cases, or what the metric's pool makes of it.

    The interval is cluster-robust where the cases have clusters, and ends where the metric does.
    """
    return _bounded(_estimate(candidate, metric, grid), metric)


def _estimate(candidate: str, metric: MetricInfo, grid: Grid) -> Estimate | None:
    if metric.pool:
        return pooled_estimate(rows(candidate, metric, grid), metric.pool, grid)
    by_case = grid.values(candidate, metric.name)
    clusters = grid.clusters([each is not None for each in by_case])
    values = [each for each in by_case if each is not None]
    limits = None if metric.low is None or metric.high is None else (metric.low, metric.high)
    return estimate(values, clusters, binary=metric.binary, limits=limits)


def _bounded(found: Estimate | None, metric: MetricInfo) -> Estimate | None:
    """Keep an interval to the values that the metric can have: few clusters reach beyond them."""
    if found is None or not math.isfinite(found.low):
        return found
    low = found.low if metric.low is None else max(found.low, metric.low)
    high = found.high if metric.high is None else min(found.high, metric.high)
    return replace(found, low=low, high=high)


def _floor(values: Sequence[float], cases: int, metric: MetricInfo) -> float | None:
    worst = {"higher": metric.low, "lower": metric.high, "none": None}[metric.direction]
    if worst is None or not cases or metric.pool:
        return None
    return (math.fsum(values) + worst * (cases - len(values))) / cases


def _rank(
    standings: Iterable[Standing], primary: MetricInfo, stopped: Collection[str]
) -> list[Standing]:
    sign = {"higher": -1.0, "lower": 1.0, "none": 0.0}[primary.direction]

    def place(standing: Standing) -> tuple[bool, float, str]:
        found = standing.estimate(primary)
        # Rounding must not part means that are equal.
        mean = math.inf if found is None else sign * round(found.mean, 12)
        # The few cases of one that a race has stopped must not put it before one that finished.
        return (standing.candidate.name in stopped, mean, standing.candidate.name)

    return sorted(standings, key=place)


def _leaders(ranked: Iterable[Standing], metric: MetricInfo) -> list[Leader]:
    estimates = ((each.candidate.name, each.estimate(metric)) for each in ranked)
    return [Leader(name, found) for name, found in estimates if found is not None]


def _cut_off(completion: Completion) -> bool:
    return completion.finish_reason == "length"


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
