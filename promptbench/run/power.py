"""Plan the next run from the last one: what its cases can find, and how many would find more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from promptbench.error import InputError, choices
from promptbench.record import MetricInfo
from promptbench.report.grid import Grid, lay_out, primary_metric
from promptbench.report.summary import summarise_grid
from promptbench.run.evidence import best_of
from promptbench.run.pairing import Loaded, load
from promptbench.stats.power import detectable_effect, plan
from promptbench.stats.spread import finite, group_numbers, spread
from promptbench.store.database import Store
from promptbench.store.outcome import newest_of


@dataclass(frozen=True, slots=True)
class Need:
    """The best candidate against another one.

    `detectable` is the smallest true difference that the present cases find with the wished power;
    `cases_needed`, in `clusters_needed` groups, would find the wished effect. None where the cases
    tell no spread, and `note` then says why.
    """

    best: str
    other: str
    cases: int
    clusters: int
    detectable: float | None
    cases_needed: int | None
    clusters_needed: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a run says of the next one. `clustered` cases come in groups that are alike."""

    run_id: str
    metric: MetricInfo
    effect: float
    power: float
    clustered: bool
    needs: tuple[Need, ...]


def outlook(store: Store, run_id: str, metric: str, effect: float, power: float) -> Outlook:
    """Plan by the spread of the paired differences of a run, on a metric or its primary one.

    Raises InputError where there is nothing to plan by: one candidate, a pooled metric, an effect
    that the metric cannot have.
    """
    loaded = load(store, run_id)
    info = metric_of(loaded, metric)
    check_effect(info, effect)
    grid = lay_out(loaded.run, loaded.cases, loaded.samples)
    summary = summarise_grid(loaded.run, grid)
    names = [each.candidate.name for each in summary.standings]
    best = best_of(summary) or names[0]
    if len(names) < 2:
        what = f"the run {run_id} has one candidate: there is no difference to plan for"
        raise InputError(what, hint="Run the suite with two prompts or models.")
    needs = tuple(need(grid, best, name, info, effect, power) for name in names if name != best)
    return Outlook(run_id, info, effect, power, grid.clustered, needs)


def newest_run(store: Store, suite: Path, name: str) -> str:
    """The newest complete run of a suite. Raises InputError that says how to get one."""
    found = newest_of(store, name)
    if found is None:
        raise InputError(
            f"there is no complete run of the suite '{name}' to plan by",
            where=str(store.path),
            hint=f"`promptbench run {suite}` makes one; a few dozen cases are a pilot.",
        )
    return found


def metric_of(loaded: Loaded, name: str) -> MetricInfo:
    """The metric asked for, or the primary one; not one that has no value a case."""
    known = {metric.name: metric for metric in loaded.run.metrics}
    if name and name not in known:
        what = f"the run {loaded.run.id} has no metric '{name}'"
        raise InputError(what, hint=choices(name, known))
    found = known[name] if name else primary_metric(loaded.run)
    if found.pool:
        means = [metric.name for metric in known.values() if not metric.pool]
        what = f"{found.name} is made of all cases at once: it has no spread over cases to plan by"
        raise InputError(what, hint=choices("", means, "Choose another with --metric"))
    return found


def check_effect(metric: MetricInfo, effect: float) -> None:
    """Refuse an effect that the metric cannot have."""
    if metric.low is None or metric.high is None or effect <= metric.high - metric.low:
        return
    reach = metric.high - metric.low
    what = f"an effect of {effect:g} is more than {metric.name} can differ by"
    raise InputError(what, hint=f"Allowed: up to {reach:g}.")


def need(
    grid: Grid, best: str, other: str, metric: MetricInfo, effect: float, power: float
) -> Need:
    """What it takes to tell two candidates apart."""
    pairs = list(zip(grid.values(best, metric.name), grid.values(other, metric.name), strict=True))
    both = [(one, two) for one, two in pairs if one is not None and two is not None]
    clusters = grid.clusters([None not in pair for pair in pairs])
    if not both:
        return Need(best, other, 0, 0, None, None, None, "no case is scored for both")
    first, second = [one for one, _ in both], [two for _, two in both]
    values = np.subtract(finite(first), finite(second))
    found = spread(values, group_numbers(clusters, len(values)))
    if not found.error > 0:
        note = "every case differs by the same" if found.clusters > 1 else "one case or cluster"
        return Need(best, other, found.n, found.clusters, None, None, None, f"no spread: {note}")
    detectable = detectable_effect(found.error, found.degrees, power)
    try:
        wanted = plan(first, second, effect, clusters, wished=power)
    except ValueError as error:  # more cases than anyone has
        return Need(best, other, found.n, found.clusters, detectable, None, None, str(error))
    return Need(best, other, found.n, found.clusters, detectable, wanted.cases, wanted.clusters)
