"""How near a run's outputs come to their nearest training targets, written and read."""

from __future__ import annotations

import json
from collections.abc import Iterable

from promptbench.record import Nearness
from promptbench.store.cell import Cell
from promptbench.store.code import dumps
from promptbench.store.connection import explained, transaction
from promptbench.store.database import Store


def save_nearness(store: Store, run_id: str, found: Iterable[tuple[Cell, Nearness]]) -> None:
    """Write it for all cells of a run, in place of what was written before."""
    measured = list(found)  # which may read the store: before the lock is taken
    with explained(store.path), transaction(store.connection):
        store.connection.execute("DELETE FROM nearness WHERE run = ?", (run_id,))
        rows = [
            (run_id, *cell, one.value, one.own, one.train, store.put_body(dumps(one.target)))
            for cell, one in measured
        ]
        store.connection.executemany("INSERT INTO nearness VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def nearness(store: Store, run_id: str) -> tuple[Nearness, ...]:
    """What is known of a run, in the order of candidates, cases and repeats."""
    names = [candidate.name for candidate in store.run(run_id).candidates]
    ids = [case.id for case in store.cases(run_id)]
    sql = """SELECT candidate, "case", repeat, value, own, train, json FROM nearness
             JOIN body ON digest = target WHERE run = ? ORDER BY candidate, "case", repeat"""
    return tuple(
        Nearness(names[candidate], ids[case], repeat, value, own, train, json.loads(target))
        for candidate, case, repeat, value, own, train, target in store.query(sql, (run_id,))
    )
