"""Gather what the gates of a run are judged on: a summary and the store in, judgements out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from promptbench.error import InputError, SuiteError
from promptbench.gate.judge import Evidence, Lead, Measured, Unknown, judge
from promptbench.gate.rule import ALL, BEST, LATEST, Gate
from promptbench.record import Judgement, MetricInfo, Run
from promptbench.report.grid import Grid
from promptbench.report.summary import Summary, summarise
from promptbench.run.pairing import (
    FIRST,
    SECOND,
    Loaded,
    lead,
    load,
    paired,
    same_measure,
    same_requests,
)
from promptbench.stats.paired import Difference
from promptbench.store.database import Store
from promptbench.store.outcome import newest_of


def check_baselines(gates: Sequence[Gate], store: Store, suite: str) -> None:
    """Raise SuiteError before anything runs if a gate names a run that is not in the store."""
    for gate in gates:
        if gate.baseline in ("", LATEST):
            continue
        try:
            store.run(gate.baseline)
        except InputError as error:
            what = f"gate '{gate.text}': {error.what}"
            raise SuiteError(what, where=f"{suite}:{gate.line}", hint=error.hint) from error


def judged(
    gates: Sequence[Gate], loaded: Loaded, summary: Summary, store: Store
) -> tuple[Judgement, ...]:
    """Judge every gate of a run on its figures, and on those of the runs that the gates name."""
    return tuple(
        judge(
            gate, [_evidence(gate, name, loaded, summary, store) for name in _whom(gate, summary)]
        )
        for gate in gates
    )


def best_of(summary: Summary) -> str:
    """The best-ranked candidate; a lone one is, whatever its figure. Empty where none is."""
    if summary.best:
        return summary.best
    ranks = summary.primary.direction != "none" or len(summary.standings) == 1
    return summary.standings[0].candidate.name if ranks and summary.standings else ""


def _whom(gate: Gate, summary: Summary) -> tuple[str, ...]:
    if gate.candidate == ALL:
        return tuple(each.candidate.name for each in summary.standings)
    name = best_of(summary) if gate.candidate == BEST else gate.candidate
    return (name,) if name else ()


def _evidence(gate: Gate, name: str, loaded: Loaded, summary: Summary, store: Store) -> Evidence:
    figures = {each.candidate.name: each.figures for each in summary.standings}
    if name not in figures:
        return Unknown(name, f"{name} is not in this run")
    if gate.baseline:
        return _lead(gate, name, loaded, store)
    figure = figures[name][gate.metric]
    found = figure.estimate
    if found is None:
        return Measured(name, None, float("nan"), float("nan"), 0, figure.cases)
    return Measured(name, found.mean, found.low, found.high, figure.scored, figure.cases)


def _lead(gate: Gate, name: str, loaded: Loaded, store: Store) -> Evidence:
    """The candidate against the same one of the other run, or that run's best."""
    run = loaded.run
    other_id = gate.baseline
    if gate.baseline == LATEST:
        other_id = newest_of(store, run.suite, run.split, run.id) or ""
    if not other_id:
        return Unknown(name, "there is no earlier complete run of this suite and split")
    if other_id == run.id:
        return Unknown(name, f"{other_id} is this run itself")
    other = load(store, other_id)
    ours, theirs = _metric(run, gate.metric), _metric(other.run, gate.metric)
    if ours is None or theirs is None or not same_measure(ours, theirs):
        return Unknown(name, f"{other_id} does not measure {gate.metric} in the same way")
    return _against(name, loaded, other, ours)


def _against(name: str, loaded: Loaded, other: Loaded, metric: MetricInfo) -> Evidence:
    names = [candidate.name for candidate in other.run.candidates]
    rival = name if name in names else best_of(summarise(other.run, other.cases, other.samples))
    grid = paired(loaded, name, other, rival) if rival else None
    found = lead(grid, metric) if grid else None
    lost = lost_scores(grid, metric) if grid and name not in loaded.run.stopped else []
    cases = len(loaded.cases)
    if lost and found is None:
        return Measured(name, None, float("nan"), float("nan"), 0, cases)
    if grid is None or found is None:
        return Unknown(name, f"no case is the same and scored in {other.run.id}")
    baseline = f"{other.run.id}:{rival}"
    low, high = found.low, found.high
    if same_requests(grid) and found.mean == found.wins == found.losses == 0:
        # The same model under the same words: no sample is needed to know that nothing changed.
        # But a server's model can change behind its name, and so can a rival's output.
        low = high = 0.0
    floor = floor_of(found, lost, metric)
    return Lead(name, baseline, found.mean, low, high, found.n, cases, len(lost), floor)


def lost_scores(grid: Grid, metric: MetricInfo) -> list[float]:
    """What the other run scored where this one has an output without a score."""
    sides = (grid.values(FIRST, metric.name), grid.values(SECOND, metric.name))
    pairs = zip(*sides, strict=True)
    return [theirs for ours, theirs in pairs if ours is None and theirs is not None]


def floor_of(found: Difference, lost: Sequence[float], metric: MetricInfo) -> float | None:
    """The mean lead if what was lost had got the worst there is; None where that has no bound."""
    lower = metric.direction == "lower"
    worst = metric.high if lower else metric.low
    if not lost or worst is None or metric.pool:
        return None
    sign = -1.0 if lower else 1.0
    behind = math.fsum(sign * (worst - theirs) for theirs in lost)
    return (found.mean * found.n + behind) / (found.n + len(lost))


def _metric(run: Run, name: str) -> MetricInfo | None:
    return next((metric for metric in run.metrics if metric.name == name), None)
