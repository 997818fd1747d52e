"""How a run stands in the store: counts that change whenever what a report shows of it does."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from promptbench.store.database import Store

# What to add up of a table beside its number of rows: a row may give way to another.
SUMS = {
    "value": "count(value), total(value)",
    "completion": "total(completion)",
    "cases": "total(cases)",
    "json": "group_concat(json)",
    "verdict": "group_concat(verdict || note || seconds)",
}


def state(store: Store, run_id: str) -> Hashable:
    """The same as long as nothing is written to a run; takes no model and builds nothing."""
    header = tuple(store.query("SELECT status, seconds FROM run WHERE id = ?", (run_id,)))
    return header, tuple(_tables(store, run_id))


def arrivals(store: Store, run_id: str, most: int) -> list[str]:
    """When the newest `most` outputs of a run were stored, the newest first."""
    sql = """SELECT created FROM (
                 SELECT completion AS newest FROM sample WHERE run = ? ORDER BY 1 DESC LIMIT ?)
             JOIN completion ON id = newest ORDER BY id DESC"""
    return [str(created) for (created,) in store.query(sql, (run_id, most))]


def score_count(store: Store, run_id: str) -> int:
    """How many scores a run has."""
    (found,) = store.query("SELECT count(*) FROM score WHERE run = ?", (run_id,))
    return int(found[0])


def _tables(store: Store, run_id: str) -> Iterator[tuple[object, ...]]:
    """Count and sums of every table that has rows of a run."""
    sql = """SELECT m.name, group_concat(c.name) FROM sqlite_master AS m
             JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' GROUP BY m.name"""
    for name, columns in list(store.query(sql)):
        names = columns.split(",")
        if "run" not in names:
            continue
        sums = ", ".join(["count(*)", *(SUMS[each] for each in SUMS if each in names)])
        yield (name, *next(store.query(f'SELECT {sums} FROM "{name}" WHERE run = ?', (run_id,))))
