"""What the metrics of a run asked a model: questions and answers, and the scores of controls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptbench.record import Completion, Control, Request, Score
from promptbench.store.code import completion_from, packed, unpacked
from promptbench.store.connection import explained, transaction
from promptbench.store.database import CHUNK, COLUMNS, Store


def reuse_answers(store: Store, run_id: str, keys: Sequence[str]) -> set[str]:
    """Give a run the answers that are stored already; returns the keys that it has one for.

    A run that was begun as `fresh` takes only those that it generated itself.
    """
    own = set(_own(store, run_id))
    (fresh,) = next(store.query("SELECT fresh FROM run WHERE id = ?", (run_id,)))
    if not fresh:
        found = store.reusable([key for key in keys if key not in own])
        rows = [(run_id, key, completion) for key, completion in found.items()]
        with explained(store.path), transaction(store.connection):
            store.connection.executemany("INSERT OR IGNORE INTO answer VALUES (?, ?, ?)", rows)
        own |= set(found)
    return own.intersection(keys)


def save_answers(
    store: Store,
    run_id: str,
    created: str,
    requests: Mapping[str, Request],
    completions: Sequence[Completion],
) -> None:
    """Write one batch of answers, all or nothing; one with an error is kept but not the run's."""
    with explained(store.path), transaction(store.connection):
        for done in completions:
            number = store.put_completion(requests[done.key], done, created)
            if not done.error:
                row = (run_id, done.key, number)
                store.connection.execute("INSERT OR IGNORE INTO answer VALUES (?, ?, ?)", row)


def answers(store: Store, run_id: str, keys: Iterable[str]) -> dict[str, Completion]:
    """The answers that a run has to some questions, by fingerprint."""
    wanted = list(dict.fromkeys(keys))
    found: dict[str, Completion] = {}
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        marks = ",".join("?" * len(part))
        sql = f"""SELECT completion.key, {COLUMNS} FROM answer
                  JOIN completion ON completion.id = completion
                  WHERE run = ? AND answer.key IN ({marks})"""
        for row in store.query(sql, (run_id, *part)):
            found[row[0]] = completion_from(row)
    return found


def save_controls(store: Store, run_id: str, scored: Iterable[tuple[str, int, Score]]) -> None:
    """Write scores by the control's name and its case's position; one that is there is replaced."""
    rows = [
        (run_id, score.metric, name, case, score.value, score.reason, packed(score.parts))
        for name, case, score in scored
    ]
    with explained(store.path), transaction(store.connection):
        store.connection.executemany(
            "INSERT OR REPLACE INTO control VALUES (?, ?, ?, ?, ?, ?, ?)", rows
        )


def controls(store: Store, run_id: str) -> Iterator[Control]:
    """What a run's metrics made of controls, by metric, name and case."""
    ids = [case.id for case in store.cases(run_id)]
    sql = """SELECT metric, name, "case", value, reason, parts FROM control
             WHERE run = ? ORDER BY metric, name, "case" """
    for metric, name, case, value, reason, parts in store.query(sql, (run_id,)):
        yield Control(name, ids[case], Score(metric, value, reason, unpacked(parts)))


def _own(store: Store, run_id: str) -> Iterator[str]:
    for (key,) in store.query("SELECT key FROM answer WHERE run = ?", (run_id,)):
        yield str(key)
