"""Find what is still to be scored: a run's outputs in; those that lack a score, in parts, out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptbench.record import Completion
from promptbench.store.cell import Cell
from promptbench.store.code import completion_from
from promptbench.store.database import COLUMNS, Store

Lacking = tuple[Cell, Completion, frozenset[str]]
"""A cell, its output, and the metrics that it has a score of."""


def unscored(
    store: Store, run_id: str, metrics: Sequence[str], most: int
) -> Iterator[list[Lacking]]:
    """Outputs without an error that lack a score of one of the metrics, `most` at a time.

    Each part is read when the one before has been dealt with: it may write the scores meanwhile.
    """
    after: Cell = (-1, 0, 0)
    while metrics and (part := _part(store, run_id, metrics, after, most)):
        yield part
        after = part[-1][0]


def _part(
    store: Store, run_id: str, metrics: Sequence[str], after: Cell, most: int
) -> list[Lacking]:
    marks = ",".join("?" * len(metrics))
    sql = f"""SELECT candidate, "case", repeat, key, {COLUMNS} FROM sample AS s
              JOIN completion ON completion.id = completion
              WHERE run = ? AND (candidate, "case", repeat) > (?, ?, ?) AND error = '' AND (
                  SELECT count(*) FROM score WHERE run = s.run AND candidate = s.candidate
                  AND "case" = s."case" AND repeat = s.repeat AND metric IN ({marks})) < ?
              ORDER BY candidate, "case", repeat LIMIT ?"""
    rows = list(store.query(sql, (run_id, *after, *metrics, len(metrics), most)))
    have = _have(store, run_id, rows[0][:3], rows[-1][:3]) if rows else {}
    return [(row[:3], completion_from(row[3:]), frozenset(have.get(row[:3], ()))) for row in rows]


def _have(store: Store, run_id: str, first: Cell, last: Cell) -> dict[Cell, list[str]]:
    sql = """SELECT candidate, "case", repeat, metric FROM score WHERE run = ?
             AND (candidate, "case", repeat) >= (?, ?, ?)
             AND (candidate, "case", repeat) <= (?, ?, ?)"""
    found: dict[Cell, list[str]] = {}
    for row in store.query(sql, (run_id, *first, *last)):
        found.setdefault(row[:3], []).append(row[3])
    return found
