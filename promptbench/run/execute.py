"""Carry out a plan: what the store lacks is generated, stored batch by batch, then scored."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from promptbench.metric.ask import AskingMetric
from promptbench.metric.protocol import BatchMetric, Metric
from promptbench.record import Case, Completion, Request, Run, Score
from promptbench.run.ask import Listener, ask
from promptbench.run.batch import now, refuse_strangers
from promptbench.run.converse import Listener as TurnListener
from promptbench.run.converse import converse
from promptbench.run.manifest import manifest_of
from promptbench.run.plan import Plan
from promptbench.run.slot import Slot
from promptbench.run.told import said_in, told
from promptbench.store.database import Cell, Sitting, Store

SCORED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Work:
    """A run that has begun. `missing` is left to generate: equal requests are there once.

    `cells` are those that a fingerprint's completion fills, and `reused` counts the cells that
    need no generating of their own.
    """

    run_id: str
    missing: tuple[Slot, ...]
    cells: Mapping[str, Sequence[Cell]]
    reused: int


def begin(plan: Plan, store: Store) -> Work:
    """Write the run down, or find the one that this plan began, and fill what is known already.

    The same plan continues its newest run. `fresh` starts a run that reuses nothing from before
    it, or continues such a run if it did not get to its end.
    """
    sitting = sitting_for(plan, store)
    run = new_run(plan, sitting.serial)
    store.begin(run, sitting, plan.cases)
    filled = store.filled(run.id)
    empty = [slot for slot in plan.slots if cell_of(slot) not in filled]
    known = {} if sitting.fresh else store.reusable(list({slot.key for slot in empty}))
    store.link(run.id, ((cell_of(s), known[s.key]) for s in empty if s.key in known))
    left = [slot for slot in empty if slot.key not in known]
    missing = first_of_each(left)
    return Work(run.id, missing, cells_by_key(left), len(plan.slots) - len(missing))


def sitting_for(plan: Plan, store: Store) -> Sitting:
    """Which run of the plan to write to."""
    newest, fresh = store.newest(plan.digest), plan.options.fresh
    if newest is None:
        return Sitting(plan.digest, 0, fresh)
    if fresh and not (newest.fresh and newest.status != "complete"):
        return Sitting(plan.digest, newest.serial + 1, fresh)
    return newest


def new_run(plan: Plan, serial: int) -> Run:
    """The run's record. Its id is made from the plan: the same plan has the same id anywhere."""
    suffix = f"-{serial + 1}" if serial else ""
    return Run(
        id=f"{plan.suite.name}-{plan.digest[:8]}{suffix}",
        suite=plan.suite.name,
        description=plan.suite.description,
        created=now(),
        status="running",
        split=plan.options.split,
        repeats=plan.repeats,
        primary=plan.primary,
        metrics=plan.infos,
        candidates=tuple(one.candidate for one in plan.ready),
        seconds=0.0,
        manifest=manifest_of(plan),
    )


def generate(
    plan: Plan, store: Store, work: Work, listener: TurnListener | None = None
) -> Iterator[list[Completion]]:
    """Generate what is missing and yield each batch once it is stored.

    A model at a time, with all that it has to do: it can see which prompts begin alike. Whatever
    ends this early, the batches yielded before are on the disk. `listener` is told of the turns of
    a chat.
    """
    if plan.suite.chat:
        yield from converse(plan, store, work.run_id, work.missing, listener)
        return
    for _, group in groupby(work.missing, key=lambda s: plan.ready[s.candidate].candidate.model):
        slots = list(group)
        model = plan.ready[slots[0].candidate].model
        sent: dict[str, Request] = {}
        started = time.monotonic()
        for batch in model.stream(requests(plan, slots, sent)):
            refuse_strangers(batch, sent, model.info.spec)
            store.save(work.run_id, now(), sent, batch, work.cells)
            for done in batch:
                del sent[done.key]
            store.add_seconds(work.run_id, time.monotonic() - started)
            started = time.monotonic()
            yield batch
        if not plan.options.race:  # which comes back to every model, round by round
            model.release()


def requests(plan: Plan, slots: Sequence[Slot], sent: dict[str, Request]) -> Iterator[Request]:
    """Render requests as the model asks for them, and note them in `sent`."""
    for slot in slots:
        sent[slot.key] = plan.request(slot)
        yield sent[slot.key]


def first_of_each(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """One slot a fingerprint: equal requests are generated once."""
    first: dict[str, Slot] = {}
    for slot in slots:
        first.setdefault(slot.key, slot)
    return tuple(first.values())


def cells_by_key(slots: Iterable[Slot]) -> dict[str, list[Cell]]:
    """Which cells a fingerprint's completion fills."""
    cells: dict[str, list[Cell]] = {}
    for slot in slots:
        cells.setdefault(slot.key, []).append(cell_of(slot))
    return cells


def cell_of(slot: Slot) -> Cell:
    """Where a slot lies in its run."""
    return (slot.candidate, slot.case, slot.repeat)


def score(plan: Plan, store: Store, run_id: str, listener: Listener | None = None) -> int:
    """Score every stored output that lacks a score. An error is not an output.

    Returns for how many scores a model was asked that did not answer.
    """
    score_alone(plan, store, run_id)
    return ask(plan, store, run_id, listener)


def score_alone(plan: Plan, store: Store, run_id: str) -> None:
    """Score what lacks a score by the metrics that ask no model."""
    have = {(cell, found.metric) for cell, found in store.scores(run_id)}
    outputs = [(cell, done) for cell, done in store.outputs(run_id) if not done.error]
    said = said_in(plan, store, run_id)
    for start in range(0, len(outputs), SCORED_AT_ONCE):
        part = outputs[start : start + SCORED_AT_ONCE]
        for metric in (each for each in plan.metrics if not isinstance(each, AskingMetric)):
            lacking = [(cell, done) for cell, done in part if (cell, metric.info.name) not in have]
            pairs = [(done, told(plan, cell, said)) for cell, done in lacking]
            found = scores(metric, pairs)
            cells = (cell for cell, _ in lacking)
            store.save_scores(run_id, [(c, [s]) for c, s in zip(cells, found, strict=True)])


def scores(metric: Metric, pairs: Sequence[tuple[Completion, Case]]) -> list[Score]:
    """A metric's scores, all at once where it can do that."""
    if isinstance(metric, BatchMetric):
        return metric.score_all(pairs) if pairs else []
    return [metric.score(completion, case) for completion, case in pairs]
