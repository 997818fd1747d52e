"""What a run came to beside its scores: gates judged and candidates stopped, written and read."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping

from promptbench.record import Judgement, Sample
from promptbench.store.cell import align
from promptbench.store.code import judgement_from, judgement_json
from promptbench.store.connection import explained, transaction
from promptbench.store.database import Store


def save_judgements(store: Store, run_id: str, judgements: Iterable[Judgement]) -> None:
    """Write what became of a run's gates, in place of what was written before."""
    rows = [(run_id, place, judgement_json(each)) for place, each in enumerate(judgements)]
    with explained(store.path), transaction(store.connection):
        store.connection.execute("DELETE FROM judgement WHERE run = ?", (run_id,))
        store.connection.executemany("INSERT INTO judgement VALUES (?, ?, ?)", rows)


def judgements(store: Store, run_id: str) -> tuple[Judgement, ...]:
    """What became of a run's gates, in the order of the suite."""
    sql = "SELECT json FROM judgement WHERE run = ? ORDER BY position"
    return tuple(judgement_from(text) for (text,) in store.query(sql, (run_id,)))


def save_stops(store: Store, run_id: str, stops: Mapping[int, int]) -> None:
    """Write which candidates (by position) were stopped after how many cases, in place of all."""
    rows = [(run_id, candidate, cases) for candidate, cases in stops.items()]
    with explained(store.path), transaction(store.connection):
        store.connection.execute("DELETE FROM stop WHERE run = ?", (run_id,))
        store.connection.executemany("INSERT INTO stop VALUES (?, ?, ?)", rows)


def spent(store: Store, run_id: str) -> float | None:
    """What a run's answers cost, those that metrics asked for included; None without a price.

    An answer that an earlier run paid for counts as well: it is what the run's answers are worth.
    """
    sql = """SELECT sum(cost) FROM completion WHERE id IN (
                 SELECT completion FROM sample WHERE run = ?
                 UNION SELECT completion FROM answer WHERE run = ?)"""
    ((found,),) = store.query(sql, (run_id, run_id))
    return None if found is None else float(found)


def samples_by_arrival(store: Store, run_id: str) -> list[Sample]:
    """A run's samples in the order in which their outputs were stored; those without one last."""
    sql = """SELECT candidate, "case", repeat, completion FROM sample
             WHERE run = ? ORDER BY candidate, "case", repeat"""
    stored = ((row[:3], row[3]) for row in store.query(sql, (run_id,)))
    places = (math.inf if n is None else n for n in align(store.cells(run_id), stored))
    numbers = array("d", places)
    samples = list(store.samples(run_id))
    return [samples[place] for place in sorted(range(len(samples)), key=numbers.__getitem__)]


def newest_of(store: Store, suite: str, split: str = "", before: str = "") -> str | None:
    """The id of the newest complete run of a suite, None if there is none.

    With `split`, of that split alone; with `before`, the id of a run, begun no later than that one.
    """
    limit = store.run(before).created if before else "~"
    for line in store.runs():
        if line.suite != suite or line.status != "complete" or line.id == before:
            continue
        if line.created <= limit and split in ("", store.run(line.id).split):
            return line.id
    return None
