"""A program that runs a suite again and again, each time dying at a later write of the store.

`python -m tests.crash.dying FOLDER FIRST STEP` prints a line a death: how many outputs the process
had been told were stored, how many are, and what became of the run that went on from there. It
ends when a run came to its end before its time to die.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import sys
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptbench.model.spec import BACKENDS
from promptbench.record import Completion
from promptbench.run.job import run_suite, store_path
from promptbench.run.option import Options
from promptbench.store import connection, database
from promptbench.store.export import export
from tests.fake import Behaviour, FakeBackend
from tests.run.workspace import Workspace, write_workspace

WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "COMMIT")
COMMENT = re.compile(r"--.*")
DEAD = 9


@dataclass
class Told:
    """A watcher that writes down, beyond the process's death, what it was told is stored."""

    path: Path
    file: Any = field(init=False)

    def __post_init__(self) -> None:
        self.file = self.path.open("a", buffering=1)

    def note(self, message: str) -> None:
        """See Watcher."""

    def planned(self, total: int, missing: int, what: str = "outputs") -> None:
        """See Watcher."""

    def generated(self, batch: list[Completion]) -> None:
        """See Watcher."""
        self.file.write("".join(f"{done.key}\n" for done in batch))

    def found(self, number: int) -> None:
        """See Watcher."""

    def stopped(self, candidate: str, cases: int, total: int, saved: int) -> None:
        """See Watcher."""


class Countdown:
    """Is told of each statement before SQLite carries it out; dies at the n-th that writes."""

    def __init__(self, writes: int, words: tuple[str, ...] = WRITES) -> None:
        self.left = writes
        self.words = words

    def __call__(self, statement: str) -> None:
        if COMMENT.sub("", statement).lstrip().upper().startswith(self.words):
            self.left -= 1
            if self.left == 0:
                os._exit(DEAD)  # no handler runs, no transaction is rolled back


def child(workspace: Workspace, told: Path, writes: int) -> int:
    """Run the suite in a forked process; returns its exit code. 0 writes are never enough."""
    if (pid := os.fork()) == 0:
        code = 1
        with suppress(BaseException):
            countdown = Countdown(writes)
            plain = connection.connect

            def connect(path: Path) -> sqlite3.Connection:
                # The schema is made by statements that count as well.
                opener = sqlite3.connect
                sqlite3.connect = traced(opener, countdown)  # type: ignore[assignment]
                try:
                    return plain(path)
                finally:
                    sqlite3.connect = opener

            database.connect = connect
            run_suite(workspace.suite, Options(), Told(told))
            code = 0
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def traced(opener: Any, countdown: Countdown) -> Any:
    """A `sqlite3.connect` whose connections tell of their statements."""

    def connect(*arguments: Any, **settings: Any) -> sqlite3.Connection:
        opened: sqlite3.Connection = opener(*arguments, **settings)
        opened.set_trace_callback(countdown)
        return opened

    return connect


def outcome(workspace: Workspace) -> str:
    """Rows, scores and report of the only run, with its date and duration left out."""
    with closing(sqlite3.connect(store_path(workspace.folder))) as opened, opened:
        opened.execute("UPDATE run SET created = '2026-01-02T03:04:05Z', seconds = 1.0")
    with workspace.store() as store:
        (line,) = store.runs()
        export(store, line.id, "jsonl", workspace.folder / "rows.jsonl")
        from promptbench.run.page import page_of

        page = page_of(store, line.id)[1]
    return line.status + (workspace.folder / "rows.jsonl").read_text() + page


def keys(workspace: Workspace) -> set[str]:
    """The outputs that are stored; none where the file was not made yet."""
    path = store_path(workspace.folder)
    if not path.exists():
        return set()
    with closing(sqlite3.connect(path)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        try:
            return {key for (key,) in opened.execute("SELECT key FROM completion")}
        except sqlite3.OperationalError:  # no table is there yet
            return set()


def main() -> None:
    """Die at every STEP-th write, from FIRST on."""
    folder, first, step = Path(sys.argv[1]), *map(int, sys.argv[2:])
    BACKENDS["fake"] = FakeBackend(Behaviour())
    whole = write_workspace(folder / "whole")
    assert child(whole, folder / "whole.told", 0) == 0
    wanted = outcome(whole)
    number, code = first, DEAD
    while code == DEAD:
        workspace, told = write_workspace(folder / "dying"), folder / "told"
        code = child(workspace, told, number)
        acknowledged = set(told.read_text().split()) if told.exists() else set()
        there = keys(workspace)
        resumed = child(workspace, folder / "again", 0)
        line = {
            "write": number,
            "code": code,
            "told": len(acknowledged),
            "stored": len(there),
            "lost": len(acknowledged - there),
            "resumed": resumed,
            "same": resumed == 0 and outcome(workspace) == wanted,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        shutil.rmtree(workspace.folder)
        told.unlink(missing_ok=True)
        number += step


if __name__ == "__main__":
    main()
