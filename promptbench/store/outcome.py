"""What a run came to beside its scores: gates judged and candidates stopped, written and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptbench.record import Judgement
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
