"""What people said of a run's outputs, written and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptbench.record import Rating
from promptbench.store.connection import explained, transaction
from promptbench.store.database import Store

Row = tuple[object, ...]

# The same two outputs, on whichever sides they stood.
REMOVE = """DELETE FROM rating WHERE run = ? AND rater = ? AND "case" = ? AND (
    (left_candidate, left_repeat, right_candidate, right_repeat) = (?, ?, ?, ?) OR
    (right_candidate, right_repeat, left_candidate, left_repeat) = (?, ?, ?, ?))"""


def save_ratings(store: Store, found: Mapping[str, Iterable[Rating]]) -> None:
    """Write ratings by run, all or nothing.

    What the same person said before of the same two outputs gives way.
    """
    rows = [row for run_id, ratings in found.items() for row in _rows(store, run_id, ratings)]
    with explained(store.path), transaction(store.connection):
        for row in rows:
            outputs = row[3:7]
            store.connection.execute(REMOVE, (*row[:3], *outputs, *outputs))
            store.connection.execute(
                "INSERT INTO rating VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
            )


def ratings(store: Store, run_id: str) -> tuple[Rating, ...]:
    """A run's ratings, by rater, then in the order of cases and candidates."""
    names = [candidate.name for candidate in store.run(run_id).candidates]
    ids = [case.id for case in store.cases(run_id)]
    sql = """SELECT rater, "case", left_candidate, right_candidate, left_repeat, right_repeat,
             verdict, note, seconds, "references" FROM rating WHERE run = ?
             ORDER BY rater, "case", left_candidate, right_candidate, left_repeat, right_repeat"""
    return tuple(
        Rating(
            rater=row[0],
            case_id=ids[row[1]],
            left=names[row[2]],
            right=names[row[3]],
            left_repeat=row[4],
            right_repeat=row[5],
            verdict=row[6],
            note=row[7],
            seconds=row[8],
            references=bool(row[9]),
        )
        for row in store.query(sql, (run_id,))
    )


def _rows(store: Store, run_id: str, found: Iterable[Rating]) -> list[Row]:
    """What the table holds of ratings. Raises KeyError on candidates and cases not in the run."""
    candidates = {each.name: place for place, each in enumerate(store.run(run_id).candidates)}
    cases = {case.id: place for place, case in enumerate(store.cases(run_id))}
    return [
        (
            run_id,
            each.rater,
            cases[each.case_id],
            candidates[each.left],
            each.left_repeat,
            candidates[each.right],
            each.right_repeat,
            each.verdict,
            each.note,
            each.seconds,
            each.references,
        )
        for each in found
    ]
