"""Let models answer what metrics ask: stored outputs in; answers, then scores in the store out.

A question is a request like any other: its fingerprint covers the model, the exact prompt and the
settings. What the store has is not asked again, and every batch is stored before it is read.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Protocol

from promptbench.metric.ask import AskingMetric
from promptbench.model.protocol import Model
from promptbench.record import Completion, Message, Request, Score
from promptbench.run.batch import now, refuse_strangers
from promptbench.run.desk import Desk, Item
from promptbench.run.plan import Plan
from promptbench.run.told import said_in
from promptbench.store.answer import answers, controls, reuse_answers, save_answers, save_controls
from promptbench.store.cell import Cell
from promptbench.store.database import Store
from promptbench.store.prompt import messages_of

# On so many cases constant answers are tried.
SAMPLED = 20
READ_AT_ONCE = 500


class Listener(Protocol):
    """Is told how the asking goes on."""

    def planned(self, total: int, missing: int, what: str = "outputs") -> None:
        """There are `total` questions, of which `missing` must be asked."""
        ...

    def generated(self, batch: list[Completion]) -> None:
        """A batch of answers is stored."""
        ...


Finding = tuple[Item, Score]


def ask(plan: Plan, store: Store, run_id: str, listener: Listener | None = None) -> int:
    """Find every score that is asked for and not there; returns how many found no answer.

    What has no value is looked at again each time: its answer may be there by now.
    """
    metrics = [metric for metric in plan.metrics if isinstance(metric, AskingMetric)]
    if not metrics:
        return 0
    outputs = [(cell, out) for cell, out in store.outputs(run_id) if not out.error]
    desk = Desk(plan, {cell: out.text for cell, out in outputs})
    if plan.suite.chat:
        keys = {cell: out.key for cell, out in outputs}
        sent = partial(sent_in, store, keys)
        desk = replace(desk, sent=sent, said=said_in(plan, store, run_id))
    waiting: list[Item] = []
    findings: list[Finding] = []
    for item in wanted(desk, metrics, store, run_id):
        found = desk.requests(item)
        if isinstance(found, Score):
            findings.append((item, found))
        else:
            waiting.append(replace(item, keys=tuple(request.key for request in found)))
    save(store, run_id, findings)
    failures = answer(desk, store, run_id, waiting, listener)
    return read(desk, store, run_id, waiting, failures)


def sent_in(store: Store, keys: Mapping[Cell, str], cell: Cell) -> tuple[Message, ...]:
    """The messages that a cell's output answered."""
    return messages_of(store, keys[cell])


def wanted(
    desk: Desk, metrics: Sequence[AskingMetric], store: Store, run_id: str
) -> Iterator[Item]:
    """What lacks a value: outputs by metric, then controls."""
    scored = {(cell, s.metric) for cell, s in store.scores(run_id) if s.value is not None}
    tried = {
        (each.score.metric, each.name, each.case_id)
        for each in controls(store, run_id)
        if each.score.value is not None
    }
    few = sampled([case.id for case in desk.plan.cases])
    for metric in metrics:
        name = metric.info.name
        for cell in desk.texts:
            if (cell, name) not in scored:
                yield Item(metric, *cell)
        for place, case in enumerate(desk.plan.cases):
            for control in metric.controls(case, place in few):
                if (name, control, case.id) not in tried:
                    yield Item(metric, None, place, 0, control)


def sampled(ids: Sequence[str]) -> set[int]:
    """The places of the cases on which constant answers are tried: the same for the same cases."""
    order = sorted(range(len(ids)), key=lambda i: hashlib.sha256(ids[i].encode()).hexdigest())
    return set(order[:SAMPLED])


def answer(
    desk: Desk, store: Store, run_id: str, items: Sequence[Item], listener: Listener | None
) -> dict[str, str]:
    """Let the models answer what is not stored; returns what failed: the errors by fingerprint."""
    every = list(dict.fromkeys(key for item in items for key in item.keys))
    known = reuse_answers(store, run_id, every)
    missing = [key for key in every if key not in known]
    if listener and every:
        listener.planned(len(every), len(missing), "answers for metrics")
    failures = dict.fromkeys(missing, "it was not answered")
    for model, part in by_model(desk, items, set(missing)):
        for batch in stream(desk, store, run_id, model, part, set(missing)):
            for done in batch:
                failures[done.key] = done.error
            if listener:
                listener.generated(batch)
    return {key: why for key, why in failures.items() if why}


def by_model(
    desk: Desk, items: Iterable[Item], missing: set[str]
) -> Iterator[tuple[Model, list[Item]]]:
    """A model at a time, with the items that it has to answer something for."""
    found: dict[str, tuple[Model, list[Item]]] = {}
    for item in items:
        if not missing.isdisjoint(item.keys):
            model = desk.model(item)
            found.setdefault(model.info.identity, (model, []))[1].append(item)
    yield from found.values()


def stream(
    desk: Desk, store: Store, run_id: str, model: Model, items: Sequence[Item], missing: set[str]
) -> Iterator[list[Completion]]:
    """Yield each batch of answers once it is stored."""
    sent: dict[str, Request] = {}
    started = time.monotonic()
    for batch in model.stream(fresh(desk, items, missing, sent)):
        refuse_strangers(batch, sent, model.info.spec)
        save_answers(store, run_id, now(), sent, batch)
        for done in batch:
            del sent[done.key]
        store.add_seconds(run_id, time.monotonic() - started)
        started = time.monotonic()
        yield batch


def fresh(
    desk: Desk, items: Sequence[Item], missing: set[str], sent: dict[str, Request]
) -> Iterator[Request]:
    """Render missing questions as the model asks for them, each once, and note them in `sent`."""
    open_keys = set(missing)
    for item in items:
        if open_keys.isdisjoint(item.keys):
            continue
        found = desk.requests(item)
        for request in found if isinstance(found, list) else ():
            if request.key in open_keys:
                open_keys.remove(request.key)
                sent[request.key] = request
                yield request


def read(
    desk: Desk, store: Store, run_id: str, items: Sequence[Item], failures: Mapping[str, str]
) -> int:
    """Read scores from the stored answers; returns how many items lack an answer."""
    failed = 0
    waiting = iter(items)
    while part := list(islice(waiting, READ_AT_ONCE)):
        found = answers(store, run_id, (key for item in part for key in item.keys))
        findings: list[Finding] = []
        for item in part:
            lacking = [key for key in item.keys if key not in found]
            if lacking:
                failed += 1
                why = f"{desk.model(item).info.spec} failed: {failures.get(lacking[0], '')}"
                findings.append((item, Score(item.metric.info.name, None, why)))
            else:
                replies = [found[key] for key in item.keys]
                findings.append((item, item.metric.read(replies, desk.subject(item))))
        save(store, run_id, findings)
    return failed


def save(store: Store, run_id: str, findings: Iterable[Finding]) -> None:
    """Write scores: those of cells and those of controls."""
    found = list(findings)
    store.save_scores(
        run_id,
        [
            ((item.candidate, item.case, item.repeat), [score])
            for item, score in found
            if item.candidate is not None
        ],
    )
    save_controls(
        store,
        run_id,
        [(item.control, item.case, score) for item, score in found if item.candidate is None],
    )
