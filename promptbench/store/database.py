"""The store: runs, requests, completions and scores in one SQLite file, written durably."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product
from pathlib import Path
from sys import intern
from typing import Any

from promptbench.error import InputError, StoreError, choices
from promptbench.record import Case, Completion, Request, Run, RunStatus, Sample, Score
from promptbench.store.cell import Cell, Once, align
from promptbench.store.code import (
    body_digest,
    case_from,
    case_json,
    completion_from,
    header_json,
    messages_json,
    packed,
    packed_counts,
    run_from,
    unpacked,
)
from promptbench.store.connection import (
    connect,
    connect_to_read,
    explained,
    is_at_rest,
    transaction,
)

COLUMNS = (
    "text, prompt_tokens, output_tokens, finish_reason, seconds, error,"
    " choices, logprobs, ends, cost"
)
CHUNK = 500


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run as a listing shows it."""

    id: str
    suite: str
    created: str
    status: RunStatus
    done: int


@dataclass(frozen=True, slots=True)
class Sitting:
    """Which run of a plan: its serial number, and whether it reuses nothing from before it."""

    plan: str
    serial: int
    fresh: bool
    status: RunStatus = "running"


class Store:
    """All that was ever computed. Safe to use from several processes, one Store each.

    Every writing method is one transaction, on the disk when it returns. Raises StoreError.
    """

    def __init__(self, path: Path, *, reading: bool = False) -> None:
        """Open the file, or create it; for `reading` alone, as it is at this moment."""
        self.path = path
        self.connection = connect_to_read(path) if reading else connect(path)

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    # Runs

    def newest(self, plan: str) -> Sitting | None:
        """The newest run of a plan, or None."""
        sql = "SELECT plan, serial, fresh, status FROM run WHERE plan = ? ORDER BY serial DESC"
        for _, serial, fresh, status in self.query(f"{sql} LIMIT 1", (plan,)):
            return Sitting(plan, serial, bool(fresh), status)
        return None

    def begin(self, run: Run, sitting: Sitting, cases: Iterable[Case]) -> None:
        """Write a new run with its cases, or set the status of the one that is there."""
        with explained(self.path), transaction(self.connection):
            if self.connection.execute("SELECT 1 FROM run WHERE id = ?", (run.id,)).fetchone():
                self.connection.execute(
                    "UPDATE run SET status = ? WHERE id = ?", (run.status, run.id)
                )
                return
            header = self.put_body(header_json(run))
            self.connection.execute(
                "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run.id,
                    sitting.plan,
                    sitting.serial,
                    sitting.fresh,
                    run.suite,
                    run.created,
                    run.status,
                    run.seconds,
                    header,
                ),
            )
            for position, case in enumerate(cases):
                row = (run.id, position, self.put_body(case_json(case)))
                self.connection.execute("INSERT INTO run_case VALUES (?, ?, ?)", row)

    def resume(self, run_id: str, plan: str) -> bool:
        """Mark a run that is there as running again; False if there is none.

        An id holds only the beginning of the plan's digest: raises StoreError if it is that of
        another plan's run, whose outputs are none of this one's.
        """
        with explained(self.path), transaction(self.connection):
            sql = "UPDATE run SET status = 'running' WHERE id = ? RETURNING plan"
            found = self.connection.execute(sql, (run_id,)).fetchall()
            if found and found[0] != (plan,):
                hint = "Change the suite's description by a word: its runs have other ids then."
                what = f"another plan's run has the id {run_id} by chance"
                raise StoreError(what, where=str(self.path), hint=hint)
            return bool(found)

    def set_status(self, run_id: str, status: RunStatus) -> None:
        """Say how a run stands."""
        with explained(self.path), transaction(self.connection):
            self.connection.execute("UPDATE run SET status = ? WHERE id = ?", (status, run_id))

    def run(self, run_id: str) -> Run:
        """One run. Raises InputError if there is none of that id."""
        sql = "SELECT id, created, status, seconds, json FROM run JOIN body ON digest = header"
        for row in self.query(f"{sql} WHERE id = ?", (run_id,)):
            run = run_from(*row)
            return replace(run, stopped=stops(self, run))
        known = [line.id for line in self.runs()]
        hint = choices(run_id, known, "There are") if known else "The store is empty."
        raise InputError(f"there is no run '{run_id}'", where=str(self.path), hint=hint)

    def runs(self) -> list[RunLine]:
        """All runs, the newest first."""
        sql = """SELECT id, suite, created, status, (
                    SELECT count(*) FROM sample WHERE run = id) FROM run
                 ORDER BY created DESC, id DESC"""
        return [RunLine(*row) for row in self.query(sql)]

    def cases(self, run_id: str) -> Iterator[Case]:
        """A run's cases in order."""
        sql = """SELECT json FROM run_case JOIN body ON digest = body
                 WHERE run = ? ORDER BY position"""
        for (text,) in self.query(sql, (run_id,)):
            yield case_from(text)

    # Completions

    def filled(self, run_id: str) -> set[Cell]:
        """The cells of a run that hold a completion without an error."""
        sql = """SELECT candidate, "case", repeat FROM sample
                 JOIN completion ON completion.id = completion WHERE run = ? AND error = ''"""
        return set(self.query(sql, (run_id,)))

    def reusable(self, keys: Sequence[str]) -> dict[str, int]:
        """Fingerprint -> id of the newest completion without an error, for those that have one."""
        found: dict[str, int] = {}
        for start in range(0, len(keys), CHUNK):
            part = keys[start : start + CHUNK]
            marks = ",".join("?" * len(part))
            sql = f"""SELECT key, max(id) FROM completion
                      WHERE key IN ({marks}) AND error = '' GROUP BY key"""
            found |= dict(self.query(sql, part))
        return found

    def link(self, run_id: str, cells: Iterable[tuple[Cell, int]]) -> None:
        """Fill cells of a run with completions that are stored already."""
        rows = [(run_id, *cell, completion) for cell, completion in cells]
        with explained(self.path), transaction(self.connection):
            self.put_samples(rows)

    def save(
        self,
        run_id: str,
        created: str,
        requests: Mapping[str, Request],
        completions: Sequence[Completion],
        cells: Mapping[str, Sequence[Cell]],
    ) -> None:
        """Write one batch: prompts, completions and the cells that they fill, all or nothing.

        `requests` and `cells` are looked up by the completion's key.
        """
        with explained(self.path), transaction(self.connection):
            for done in completions:
                number = self.put_completion(requests[done.key], done, created)
                self.put_samples([(run_id, *cell, number) for cell in cells[done.key]])

    def add_seconds(self, run_id: str, seconds: float) -> None:
        """Add to the wall time that a run has taken."""
        with explained(self.path), transaction(self.connection):
            self.connection.execute(
                "UPDATE run SET seconds = seconds + ? WHERE id = ?", (seconds, run_id)
            )

    # Scores

    def save_scores(self, run_id: str, scored: Iterable[tuple[Cell, Iterable[Score]]]) -> None:
        """Write scores of a run's cells; a score that is there is replaced."""
        rows = [
            (run_id, *cell, score.metric, score.value, score.reason, packed(score.parts))
            for cell, scores in scored
            for score in scores
        ]
        with explained(self.path), transaction(self.connection):
            self.connection.executemany(
                "INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
            )

    def outputs(self, run_id: str) -> Iterator[tuple[Cell, Completion]]:
        """A run's filled cells, in the order of candidates, cases and repeats."""
        sql = f"""SELECT candidate, "case", repeat, key, {COLUMNS} FROM sample
                  JOIN completion ON completion.id = completion
                  WHERE run = ? ORDER BY candidate, "case", repeat"""
        for row in self.query(sql, (run_id,)):
            yield row[:3], completion_from(row[3:])

    def scores(self, run_id: str) -> Iterator[tuple[Cell, Score]]:
        """A run's scores, in the order of candidates, cases and repeats."""
        sql = """SELECT candidate, "case", repeat, metric, value, reason, parts FROM score
                 WHERE run = ? ORDER BY candidate, "case", repeat, metric"""
        for row in self.query(sql, (run_id,)):
            # Each row brings its own copy of the metric's name.
            yield row[:3], Score(intern(row[3]), row[4], row[5], unpacked(row[6]))

    def samples(self, run_id: str) -> Iterator[Sample]:
        """Every cell of a run, filled or not, in the order of candidates, cases and repeats."""
        names = [candidate.name for candidate in self.run(run_id).candidates]
        ids = [case.id for case in self.cases(run_id)]
        once = Once()
        scores = (
            (cell, once.scores(score for _, score in group))
            for cell, group in groupby(self.scores(run_id), key=lambda row: row[0])
        )
        outputs = align(self.cells(run_id), self.outputs(run_id))
        found = align(self.cells(run_id), scores)
        for cell, output, scored in zip(self.cells(run_id), outputs, found, strict=True):
            candidate, case, repeat = cell
            yield Sample(names[candidate], ids[case], repeat, output, scored or {})

    def cells(self, run_id: str) -> Iterator[Cell]:
        """Every cell of a run, filled or not, in the order of candidates, cases and repeats."""
        run = self.run(run_id)
        sql = "SELECT count(*) FROM run_case WHERE run = ?"
        ((cases,),) = self.query(sql, (run_id,))
        return product(range(len(run.candidates)), range(cases), range(run.repeats))

    # Inside

    def query(self, sql: str, values: Sequence[object] = ()) -> Iterator[Any]:
        """Rows of a SELECT, its errors explained."""
        with explained(self.path):
            yield from self.connection.execute(sql, values)

    def put_body(self, text: str) -> str:
        """Store a body once and return its digest. Inside a transaction."""
        digest = body_digest(text)
        self.connection.execute("INSERT OR IGNORE INTO body VALUES (?, ?)", (digest, text))
        return digest

    def put_completion(self, request: Request, done: Completion, created: str) -> int:
        """Write what came back, and its prompt where that is new; returns the completion's id.

        Inside a transaction.
        """
        ids = array("I", request.encoded.ids).tobytes()
        prompt = (done.key, request.encoded.text, ids, messages_json(request.messages))
        self.connection.execute("INSERT OR IGNORE INTO request VALUES (?, ?, ?, ?)", prompt)
        cursor = self.connection.execute(
            f"INSERT INTO completion (key, created, {COLUMNS})"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                done.key,
                created,
                done.text,
                done.prompt_tokens,
                done.output_tokens,
                done.finish_reason,
                done.seconds,
                done.error,
                packed(done.choices),
                packed(done.logprobs),
                packed_counts(done.ends),
                done.cost,
            ),
        )
        return int(cursor.lastrowid or 0)

    def put_samples(self, rows: Sequence[tuple[object, ...]]) -> None:
        """Fill cells; an output gives way to nothing, an error to the next try.

        Two processes may carry out the same plan: the scores of a cell are those of the output
        that came first. Inside a transaction.
        """
        self.connection.executemany(
            """INSERT INTO sample VALUES (?, ?, ?, ?, ?) ON CONFLICT DO
               UPDATE SET completion = excluded.completion
               WHERE (SELECT error FROM completion WHERE id = sample.completion) <> ''""",
            rows,
        )


def stops(store: Store, run: Run) -> dict[str, int]:
    """The candidates of a run that a race stopped, and after how many cases each."""
    rows = store.query("SELECT candidate, cases FROM stop WHERE run = ? ORDER BY 1", (run.id,))
    return {run.candidates[position].name: cases for position, cases in rows}


def open_store(path: Path) -> Store:
    """Open a store that must exist already: only to read where nothing can be written.

    Raises InputError if there is none.
    """
    require_store(path)
    return Store(path, reading=is_at_rest(path))


def require_store(path: Path) -> None:
    """Raise InputError if there is no store."""
    if not path.is_file():
        raise InputError(
            "there is no store yet",
            where=str(path),
            hint="`promptbench run SUITE` makes it; run from the same workspace.",
        )
