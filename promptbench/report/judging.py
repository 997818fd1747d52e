"""What a run's judges are worth: verdicts that parse, constant answers, position, agreement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from promptbench.metric.pointwise import RATED
from promptbench.record import Control, MetricInfo, Run, Score
from promptbench.report.accord import Accord, accords
from promptbench.report.comparison import SIGNIFICANT
from promptbench.report.grid import Grid
from promptbench.report.number import count, listing, probability, scale_of
from promptbench.report.summary import Summary
from promptbench.stats.interval import Estimate, estimate
from promptbench.stats.paired import Difference, paired_difference

HALF = 0.5
Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Judged:
    """Whom the judge rated: a candidate, or a `control`, a constant answer.

    `scored` of `texts` have a score; `parsed` of `asked` verdicts could be read.
    """

    name: str
    control: bool
    estimate: Estimate | None
    scored: int
    texts: int
    parsed: int
    asked: int


@dataclass(frozen=True, slots=True)
class Position:
    """Texts compared in both orders: how often the judge contradicted itself, and chose the first.

    Of `pairs`, in `contradictions` each order found another text better. Of the `decided` orders,
    in `first` the text that stood first was preferred.
    """

    pairs: int
    contradictions: int
    decided: int
    first: int


@dataclass(frozen=True, slots=True)
class Judge:
    """One judge; `position` is of one that compares.

    `fooled_by` names the constant answers that do not get clearly less than the best candidate,
    and `warnings` say how much each of them gets.
    """

    metric: MetricInfo
    rows: tuple[Judged, ...]
    fooled_by: tuple[str, ...]
    warnings: tuple[str, ...]
    position: Position | None


@dataclass(frozen=True, slots=True)
class Judging:
    """All judges of a run, and how far they agree."""

    judges: tuple[Judge, ...]
    accords: tuple[Accord, ...]


def judging(run: Run, grid: Grid, summary: Summary, controls: Sequence[Control]) -> Judging | None:
    """Look at the judges of a run; None if it has none."""
    found = [metric for metric in run.metrics if metric.settings.get("metric") == "judge"]
    if not found:
        return None
    return Judging(
        tuple(_judge(metric, grid, summary, controls) for metric in found),
        tuple(accords(run, found, grid, controls)),
    )


def noted(summary: Summary, found: Judging | None) -> Summary:
    """The summary, with what fools its judges among the notes."""
    fooled = [
        f"The judge {judge.metric.name} can be fooled by a constant answer"
        f" ({listing(judge.fooled_by)}): do not rely on its scores; see the report's judges."
        for judge in (found.judges if found else ())
        if judge.fooled_by
    ]
    return replace(summary, notes=(*summary.notes, *fooled))


def _judge(metric: MetricInfo, grid: Grid, summary: Summary, controls: Sequence[Control]) -> Judge:
    own = [each for each in controls if each.score.metric == metric.name and each.name != RATED]
    constant: dict[str, dict[str, Score]] = {}
    for each in own:
        constant.setdefault(each.name, {})[each.case_id] = each.score
    names = [standing.candidate.name for standing in summary.standings]
    rows = [_candidate(name, metric, grid, summary) for name in names]
    rows += [_control(name, metric, grid, scores) for name, scores in sorted(constant.items())]
    warnings = {
        control: text
        for control, scores in sorted(constant.items())
        if (text := _fooled(metric, control, grid, names, scores))
    }
    position = _position(grid, names, metric.name) if "against" in metric.settings else None
    return Judge(metric, tuple(rows), tuple(warnings), tuple(warnings.values()), position)


def _candidate(name: str, metric: MetricInfo, grid: Grid, summary: Summary) -> Judged:
    scores = _scores(grid, name, metric.name)
    figures = {each.candidate.name: each.figures for each in summary.standings}
    return _judged(name, False, figures[name][metric.name].estimate, scores)


def _control(name: str, metric: MetricInfo, grid: Grid, scores: dict[str, Score]) -> Judged:
    values = _constant(grid, scores)
    kept = [each is not None for each in values]
    limits = (metric.low or 0.0, 1.0 if metric.high is None else metric.high)
    there = [each for each in values if each is not None]
    return _judged(name, True, estimate(there, grid.clusters(kept), limits=limits), scores.values())


def _judged(name: str, control: bool, found: Estimate | None, scores: Iterable[Score]) -> Judged:
    every = list(scores)
    return Judged(
        name=name,
        control=control,
        estimate=found,
        scored=sum(score.value is not None for score in every),
        texts=len(every),
        parsed=int(sum(score.parts[1] for score in every if score.parts)),
        asked=int(sum(score.parts[0] for score in every if score.parts)),
    )


def _fooled(
    metric: MetricInfo, control: str, grid: Grid, names: Sequence[str], scores: dict[str, Score]
) -> str:
    """Say so if a constant answer does not get clearly less than the best candidate does."""
    constant = _constant(grid, scores)
    shared = {name: _shared(grid.values(name, metric.name), constant) for name in names}
    means = {
        name: math.fsum(ours for ours, _ in pairs) / len(pairs)
        for name, pairs in shared.items()
        if pairs
    }
    if not means:
        return ""
    best = max(means, key=lambda name: means[name])
    values = grid.values(best, metric.name)
    kept = [a is not None and b is not None for a, b in zip(values, constant, strict=True)]
    first, second = zip(*shared[best], strict=True)
    found = paired_difference(first, second, grid.clusters(kept))
    if found is None or (found.low > 0 and found.p_value < SIGNIFICANT):
        return ""
    return _warning(metric, control, best, means[best], found)


def _warning(metric: MetricInfo, control: str, best: str, mean: float, found: Difference) -> str:
    scale = scale_of(metric, [mean])
    on = count(found.n, "case")
    what = (
        f"This judge can be fooled: a constant answer ({control}) gets"
        f" {scale.show(mean - found.mean)}, the best candidate there, {best}, {scale.show(mean)}"
    )
    if found.mean <= 0:
        return f"{what} (on the same {on})."
    return (
        f"{what}, and on {on} that difference is not significant"
        f" ({probability(found.p_value)}, 95% interval {scale.interval(found.low, found.high)})."
    )


def _position(grid: Grid, names: Sequence[str], metric: str) -> Position:
    orders = [score.parts[2:] for name in names for score in _scores(grid, name, metric)]
    both = [(parts[0], parts[1]) for parts in orders if len(parts) == 2]
    apart = sum((one - HALF) * (other - HALF) < 0 for one, other in both)
    # How far the first text was preferred: in the second order that is the other one.
    leads = [lead for one, other in both for lead in (one, 1 - other) if lead != HALF]
    return Position(len(both), apart, len(leads), sum(lead > HALF for lead in leads))


def _scores(grid: Grid, name: str, metric: str) -> list[Score]:
    samples = grid.samples(name)
    return [sample.scores[metric] for sample in samples if metric in sample.scores]


def _constant(grid: Grid, scores: dict[str, Score]) -> list[float | None]:
    """One value a case, as a grid gives it for a candidate."""
    return [scores[case.id].value if case.id in scores else None for case in grid.cases]


def _shared(ours: Values, theirs: Values) -> list[tuple[float, float]]:
    return [
        (one, other)
        for one, other in zip(ours, theirs, strict=True)
        if one is not None and other is not None
    ]
