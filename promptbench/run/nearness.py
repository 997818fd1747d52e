"""Hold a run's outputs against the training targets: how near each comes to the nearest."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from promptbench.metric.nearest import Targets
from promptbench.record import Nearness
from promptbench.run.examples import train_cases
from promptbench.run.plan import Plan
from promptbench.store.cell import Cell
from promptbench.store.database import Store
from promptbench.store.nearness import save_nearness


def measure_nearness(plan: Plan, store: Store, run_id: str) -> None:
    """Measure and store it, where the suite has training targets that an output could copy.

    A label of a classification is always one of the targets, and so is a train case's own answer.
    """
    suite = plan.suite
    if suite.labels is not None or "train" not in suite.splits or plan.options.split == "train":
        return
    targets = [(case.id, text) for case in train_cases(suite) for text in case.references]
    if targets:
        save_nearness(store, run_id, measured(plan, store, run_id, targets))


def measured(
    plan: Plan, store: Store, run_id: str, targets: list[tuple[str, str]]
) -> Iterator[tuple[Cell, Nearness]]:
    """What is found for every output that has a word and no error; `targets` are ids and texts."""
    index = Targets([text for _, text in targets])
    own = {}
    for place, case in enumerate(plan.cases):
        found = [near[0] for text in case.references if (near := index.nearest(text))]
        own[place] = fmean(found) if found else None
    for cell, done in store.outputs(run_id):
        near = None if done.error else index.nearest(done.text)
        if near:
            candidate = plan.ready[cell[0]].candidate.name
            train, text = targets[near[1]]
            case_id = plan.cases[cell[1]].id
            yield cell, Nearness(candidate, case_id, cell[2], near[0], own[cell[1]], train, text)
