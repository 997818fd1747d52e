"""Carry out a plan: what the store lacks is generated, stored batch by batch, then scored."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from promptbench.metric.ask import AskingMetric
from promptbench.metric.protocol import BatchMetric, Metric
from promptbench.record import Case, Completion, Request, Run, Score
from promptbench.run.ask import Listener, ask
from promptbench.run.batch import now, refuse_strangers
from promptbench.run.converse import Listener as TurnListener
from promptbench.run.converse import converse
from promptbench.run.manifest import manifest_of
from promptbench.run.plan import Plan
from promptbench.run.slot import Cells, Slot
from promptbench.run.told import said_in, told
from promptbench.store.cell import Cell
from promptbench.store.database import Sitting, Store
from promptbench.store.unscored import unscored

SCORED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Work:
    """A run that has begun. `missing` is left to generate: equal requests are there once.

    `cells` are those that a fingerprint's completion fills, and `reused` counts the cells that
    need no generating of their own.
    """

    run_id: str
    missing: Sequence[Slot]
    cells: Mapping[str, Sequence[Cell]]
    reused: int


def begin(plan: Plan, store: Store) -> Work:
    """Write the run down, or find the one that this plan began, and fill what is known already.

    The same plan continues its newest run. `fresh` starts a run that reuses nothing from before
    it, or continues such a run if it did not get to its end.
    """
    sitting = sitting_for(plan, store)
    run_id = run_id_of(plan, sitting.serial)
    if not store.resume(run_id, plan.digest):
        store.begin(new_run(plan, run_id), sitting, plan.cases)
    filled = store.filled(run_id)
    cells = enumerate(plan.slots.cells())
    empty = plan.slots.at([place for place, cell in cells if cell not in filled])
    del filled
    known = {} if sitting.fresh else store.reusable(list(dict.fromkeys(empty.names())))
    found = empty.at([place for place, name in enumerate(empty.names()) if name in known])
    store.link(run_id, ((slot.cell, known[slot.key]) for slot in found))
    left = empty.at([place for place, name in enumerate(empty.names()) if name not in known])
    missing = left.first_of_each()
    return Work(run_id, missing, Cells(left), len(plan.slots) - len(missing))


def sitting_for(plan: Plan, store: Store) -> Sitting:
    """Which run of the plan to write to."""
    newest, fresh = store.newest(plan.digest), plan.options.fresh
    if newest is None:
        return Sitting(plan.digest, 0, fresh)
    if fresh and not (newest.fresh and newest.status != "complete"):
        return Sitting(plan.digest, newest.serial + 1, fresh)
    return newest


def run_id_of(plan: Plan, serial: int) -> str:
    """A run's id is made from the plan: the same plan has the same id anywhere."""
    suffix = f"-{serial + 1}" if serial else ""
    return f"{plan.suite.name}-{plan.digest[:8]}{suffix}"


def new_run(plan: Plan, run_id: str) -> Run:
    """The run's record."""
    return Run(
        id=run_id,
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
    for _, slots in groupby(work.missing, key=lambda s: plan.ready[s.candidate].candidate.model):
        first = next(slots)
        model = plan.ready[first.candidate].model
        sent: dict[str, Request] = {}
        started = time.monotonic()
        for batch in model.stream(requests(plan, chain([first], slots), sent)):
            refuse_strangers(batch, sent, model.info.spec)
            store.save(work.run_id, now(), sent, batch, work.cells)
            for done in batch:
                del sent[done.key]
            store.add_seconds(work.run_id, time.monotonic() - started)
            started = time.monotonic()
            yield batch
        if not plan.options.race:  # which comes back to every model, round by round
            model.release()


def requests(plan: Plan, slots: Iterable[Slot], sent: dict[str, Request]) -> Iterator[Request]:
    """Render requests as the model asks for them, and note them in `sent`."""
    for slot in slots:
        sent[slot.key] = plan.request(slot)
        yield sent[slot.key]


def score(plan: Plan, store: Store, run_id: str, listener: Listener | None = None) -> int:
    """Score every stored output that lacks a score. An error is not an output.

    Returns for how many scores a model was asked that did not answer.
    """
    score_alone(plan, store, run_id)
    return ask(plan, store, run_id, listener)


def score_alone(plan: Plan, store: Store, run_id: str) -> None:
    """Score what lacks a score by the metrics that ask no model."""
    metrics = [each for each in plan.metrics if not isinstance(each, AskingMetric)]
    said = said_in(plan, store, run_id)
    for part in unscored(store, run_id, [each.info.name for each in metrics], SCORED_AT_ONCE):
        for metric in metrics:
            lacking = [(cell, done) for cell, done, have in part if metric.info.name not in have]
            found = scores(metric, [(done, told(plan, cell, said)) for cell, done in lacking])
            cells = (cell for cell, _ in lacking)
            store.save_scores(run_id, [(c, [s]) for c, s in zip(cells, found, strict=True)])


def scores(metric: Metric, pairs: Sequence[tuple[Completion, Case]]) -> list[Score]:
    """A metric's scores, all at once where it can do that."""
    if isinstance(metric, BatchMetric):
        return metric.score_all(pairs) if pairs else []
    return [metric.score(completion, case) for completion, case in pairs]
