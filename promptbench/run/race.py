"""Run a plan as a race: cases in rounds, and who is beaten beyond doubt generates no more."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Protocol

from promptbench.error import SuiteError
from promptbench.record import Case, Completion, MetricInfo
from promptbench.run.execute import Work, generate, score
from promptbench.run.plan import Plan
from promptbench.run.slot import Slot
from promptbench.stats.race import start
from promptbench.store.cell import Cell
from promptbench.store.database import Store
from promptbench.store.outcome import save_stops

# The order of the cases must have nothing to do with them, and be the same in every sitting.
SEED = 0
SMALLEST_ROUND = 16
ROUNDS = 8

Unit = tuple[int, ...]
"""Positions of cases that are judged as one: a cluster, or a case that stands alone."""


class Marshal(Protocol):
    """Is told who leaves the race."""

    def stopped(self, candidate: str, cases: int, total: int, saved: int) -> None:
        """A candidate is out after `cases` of `total`; `saved` outputs need no generating."""
        ...


def check_race(plan: Plan) -> None:
    """Raise SuiteError unless the plan can be raced: two candidates, a metric with known ends."""
    metric = primary(plan)
    where, hint = plan.suite.shown, "Name another metric as `primary:`, or run without --race."
    if len(plan.ready) < 2:
        what = "a race needs two candidates; this run has one"
        raise SuiteError(what, where=where, hint="Run without --race.")
    if metric.pool:
        what = f"a race needs a value for each case; {metric.name} is made of all cases at once"
        raise SuiteError(what, where=where, hint=hint)
    if metric.low is None or metric.high is None:
        what = f"a race needs a metric whose lowest and highest value are known; {metric.name} has"
        raise SuiteError(f"{what} no such bounds", where=where, hint=hint)
    if metric.direction == "none":
        what = f"a race needs to know what is better; {metric.name} does not say"
        raise SuiteError(what, where=where, hint=hint)


def race(plan: Plan, store: Store, work: Work, marshal: Marshal) -> Iterator[list[Completion]]:
    """Generate round by round, score, and leave out whoever is beaten; yield stored batches.

    Over the whole race the chance that a best candidate is ever left out is at most 5%. What an
    earlier sitting has stored is raced again from the store, so a race goes on where it ended.
    """
    state = start([one.candidate.name for one in plan.ready], _limits(primary(plan)))
    pending = {slot.key: slot for slot in work.missing}
    stops: dict[int, int] = {}
    for units in rounds(plan.cases):
        inside = {case for unit in units for case in unit}
        now = _taken(pending, work, inside, stops)
        yield from generate(plan, store, replace(work, missing=now))
        score(plan, store, work.run_id)
        state = state.add_all(_scores(plan, store, work.run_id, units))
        for place, one in enumerate(plan.ready):
            saved = _left(pending, work, place)
            if one.candidate.name in state.beaten and place not in stops and saved:
                stops[place] = _there(plan, store, work.run_id, place)
                marshal.stopped(one.candidate.name, stops[place], len(plan.cases), saved)
        save_stops(store, work.run_id, stops)


def rounds(cases: Sequence[Case]) -> list[list[Unit]]:
    """The cases in a shuffled order that is always the same, in rounds of whole clusters.

    A round has an eighth of the cases, and 16 at least.
    """
    groups: dict[str | int, list[int]] = {}
    for place, case in enumerate(cases):
        groups.setdefault(case.cluster or place, []).append(place)
    units = [tuple(group) for group in groups.values()]
    random.Random(SEED).shuffle(units)
    size = max(SMALLEST_ROUND, -(-len(cases) // ROUNDS))
    found: list[list[Unit]] = [[]]
    for unit in units:
        if sum(map(len, found[-1])) >= size:
            found.append([])
        found[-1].append(unit)
    return found


def unfinished(plan: Plan, store: Store, run_id: str) -> int:
    """How many cells lack a usable output; those that a race did not ask for are none of them."""
    filled = store.filled(run_id)
    empty = [cell for cell in plan.slots.cells() if cell not in filled]
    stopped = store.run(run_id).stopped
    if not stopped:
        return len(empty)
    tried = {cell for cell, _ in store.outputs(run_id)}
    return sum(plan.ready[cell[0]].candidate.name not in stopped or cell in tried for cell in empty)


def primary(plan: Plan) -> MetricInfo:
    """The metric that decides the race."""
    return next(metric for metric in plan.infos if metric.name == plan.primary)


def _limits(metric: MetricInfo) -> tuple[float, float]:
    """The ends of the metric as scores of which the higher is better."""
    low, high = metric.low or 0.0, metric.high or 0.0
    return (-high, -low) if metric.direction == "lower" else (low, high)


def _taken(
    pending: dict[str, Slot], work: Work, inside: set[int], stops: Mapping[int, int]
) -> tuple[Slot, ...]:
    """Take out of `pending` what the round needs: an output may fill cells of several."""
    keys = [
        key
        for key in pending
        if any(cell[0] not in stops and cell[1] in inside for cell in work.cells[key])
    ]
    return tuple(pending.pop(key) for key in keys)


def _left(pending: Iterable[str], work: Work, candidate: int) -> int:
    """How many outputs of a candidate are not generated yet."""
    return sum(cell[0] == candidate for key in pending for cell in work.cells[key])


def _there(plan: Plan, store: Store, run_id: str, candidate: int) -> int:
    """How many cases have all their outputs of a candidate."""
    found = Counter(cell[1] for cell, _ in store.outputs(run_id) if cell[0] == candidate)
    return sum(count == plan.repeats for count in found.values())


def _scores(plan: Plan, store: Store, run_id: str, units: Sequence[Unit]) -> list[dict[str, float]]:
    """A score a candidate for each unit, higher is better.

    It is the mean over the unit's cases; a unit with a case that lacks a score has none.
    """
    sign = -1.0 if primary(plan).direction == "lower" else 1.0
    values: dict[Cell, float] = {
        cell: sign * found.value
        for cell, found in store.scores(run_id)
        if found.metric == plan.primary and found.value is not None
    }
    return [
        {
            one.candidate.name: mean
            for place, one in enumerate(plan.ready)
            if (mean := _unit_mean(values, place, unit, plan.repeats)) is not None
        }
        for unit in units
    ]


def _unit_mean(
    values: Mapping[Cell, float], candidate: int, unit: Unit, repeats: int
) -> float | None:
    means = []
    for case in unit:
        cells = [(candidate, case, repeat) for repeat in range(repeats)]
        found = [values[cell] for cell in cells if cell in values]
        if not found:
            return None
        means.append(fmean(found))
    return fmean(means)
