"""A run that is killed at random moments, and what must be the same at its end."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptbench.run.job import store_path
from promptbench.store.export import export
from tests.run.workspace import Workspace, email, write_workspace

CASES = 60
CELLS = 2 * CASES
COMMAND = ("run", "suites/mail.yaml", "--json")
# So that generating, 40 batches, takes about as long as all the rest does.
BEHAVIOUR: dict[str, Any] = {"batch": 3, "delay": 0.02}
PHASES = {"to generate": "generating", "Scoring": "scoring", "Writing": "writing the report"}


def crowded(folder: Path) -> Workspace:
    """A workspace with enough cases to be killed in the middle of."""
    workspace = write_workspace(folder)
    workspace.many(*map(email, range(CASES)))
    return workspace


@dataclass(frozen=True, slots=True)
class Strike:
    """A kill: the phase that it struck in, and how many outputs were stored then."""

    phase: str
    stored: int


def strike(workspace: Workspace, seconds: float, goal: int = 0) -> Strike:
    """Start the command, kill it `seconds` after `goal` outputs are stored, look at the file."""
    with workspace.start(*COMMAND, **BEHAVIOUR) as process:
        while stored(workspace.folder) < goal and process.poll() is None:
            time.sleep(0.002)
        time.sleep(seconds)
        process.kill()
        _, err = process.communicate()
    assert process.returncode in (-signal.SIGKILL, 0), err
    sound(workspace.folder)
    return Strike(phase_of(err, process.returncode), stored(workspace.folder))


def phase_of(err: str, code: int | None) -> str:
    """How far a command had come, by what it said."""
    if code == 0:
        return "ended before"
    told = [name for words, name in PHASES.items() if words in err]
    return told[-1] if told else "starting"


def stored(folder: Path) -> int:
    """How many cells are filled, as another process sees it."""
    path = store_path(folder)
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as opened:
            return int(opened.execute("SELECT count(*) FROM sample").fetchone()[0])
    except sqlite3.OperationalError:  # it is being made
        return 0


def sound(folder: Path) -> None:
    """The store is whole, and every cell has its output."""
    path = store_path(folder)
    if not path.exists():
        return
    with closing(sqlite3.connect(path)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert opened.execute("PRAGMA foreign_key_check").fetchall() == []


def finish(workspace: Workspace) -> str:
    """The same command to its end; returns the run."""
    with workspace.start(*COMMAND, **BEHAVIOUR) as process:
        _, err = process.communicate()
    assert process.returncode == 0, err
    with workspace.store() as store:
        (line,) = store.runs()
    assert (line.status, line.done) == ("complete", CELLS)
    return line.id


def result(workspace: Workspace, run_id: str) -> tuple[bytes, bytes]:
    """The exported rows with every score, and the bytes of the report.

    When a run began and how long it took may differ: both are set to the same before.
    """
    with closing(sqlite3.connect(store_path(workspace.folder))) as opened, opened:
        opened.execute("UPDATE run SET created = '2026-01-02T03:04:05Z', seconds = 1.0")
    rows = workspace.folder / "rows.jsonl"
    with workspace.store() as store:
        export(store, run_id, "jsonl", rows)
    with workspace.start("report", run_id) as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    return rows.read_bytes(), Path(out.strip()).read_bytes()


def generated_twice(workspace: Workspace) -> int:
    """Requests that were answered and stored more than once: nothing stored is done again."""
    with workspace.store() as store:
        sql = "SELECT count(*) - count(DISTINCT key) FROM completion"
        (found,) = next(store.query(sql))
    return int(found)


def ended(process: subprocess.Popen[str]) -> None:
    """Wait for the end of a process that must end well."""
    _, err = process.communicate()
    assert process.returncode == 0, err
