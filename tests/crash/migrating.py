"""A program that brings old stores up to date again and again, and dies while it does so.

`python -m tests.crash.migrating FOLDER HOW:SCHEMA:STEP ...` prints a line a death. HOW is
"statement": each process dies before a later statement that writes; "byte": each may write a file
so many bytes further, and dies in the middle of a write; "crowd": two at once, of which one dies.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from promptbench.store.connection import migrations
from promptbench.store.database import Store
from tests.crash.dying import DEAD, WRITES, Countdown, traced
from tests.crash.test_schema import SCHEMAS

WORDS = (*WRITES, "BEGIN", "PRAGMA JOURNAL_MODE", "PRAGMA USER_VERSION")
NEWEST = len(migrations())
# More than a migration has statements.
MOST = 40
Act = Callable[[Path], None]


def forked(path: Path, act: Act, go: int | None = None) -> int:
    """Begin a process that does something with a store, once it may; returns its id."""
    if (pid := os.fork()) == 0:
        code = 1
        with suppress(BaseException):
            if go is not None:
                os.read(go, 1)
            act(path)
            code = 0
        os._exit(code)
    return pid


def ended(pid: int) -> int:
    """A process's exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def upgrade(path: Path) -> None:
    """What every command does first."""
    Store(path).close()


def dying_at(writes: int) -> Act:
    """Bring a store up to date, or die before a statement that writes."""

    def act(path: Path) -> None:
        sqlite3.connect = traced(sqlite3.connect, Countdown(writes, WORDS))  # type: ignore[assignment]
        upgrade(path)

    return act


def dying_beyond(size: int) -> Act:
    """Bring a store up to date, or die in the write that makes a file longer than this."""

    def act(path: Path) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        upgrade(path)

    return act


def leave(schema: int) -> Act:
    """Write a store as the promptbench of its time did, and die before it is closed."""

    def act(path: Path) -> None:
        opened = sqlite3.connect(path)
        opened.execute("PRAGMA journal_mode = WAL")
        opened.executescript((SCHEMAS / f"schema_{schema}.sql").read_text(encoding="utf-8"))
        opened.execute(f"PRAGMA user_version = {schema}")
        os._exit(DEAD)

    return act


def fresh(folder: Path, schema: int) -> Path:
    """An old store in an empty folder, its last writes not yet where they belong."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / "store.sqlite"
    assert ended(forked(path, leave(schema))) == DEAD
    return path


def look(path: Path) -> dict[str, Any]:
    """What another program sees in a store: is it whole, which schema, how many outputs."""
    with closing(sqlite3.connect(path)) as opened:
        whole = opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        whole &= opened.execute("PRAGMA foreign_key_check").fetchall() == []
        (version,) = opened.execute("PRAGMA user_version").fetchone()
        (rows,) = opened.execute("SELECT count(*) FROM completion").fetchone()
    return {"whole": whole, "version": version, "rows": rows}


def content(path: Path) -> list[str]:
    """All of a store."""
    with closing(sqlite3.connect(path)) as opened:
        (version,) = opened.execute("PRAGMA user_version").fetchone()
        return [str(version), *opened.iterdump()]


def alone(folder: Path, schema: int, how: Callable[[int], Act], step: int) -> Iterator[Any]:
    """Die ever later, until one lives; after each death the next process finishes."""
    number, code = step, DEAD
    while code:
        path = fresh(folder, schema)
        code = ended(forked(path, how(number)))
        seen = look(path)
        upgrade(path)
        yield {"at": number, "code": code, **seen}, path
        number += step


def crowd(folder: Path, schema: int, step: int) -> Iterator[Any]:
    """Two that begin at the same moment; one dies ever later, if it is the first to write."""
    for number in range(1, MOST, step):
        path = fresh(folder, schema)
        reading, writing = os.pipe()
        pair = [forked(path, act, reading) for act in (dying_at(number), upgrade)]
        os.write(writing, b"go")
        code, other = map(ended, pair)
        os.close(reading)
        os.close(writing)
        yield {"at": number, "code": code, "other": other, **look(path)}, path


def tried(folder: Path, how: str, schema: int, step: int) -> Iterator[dict[str, Any]]:
    """What became of each death, and whether the store is at last what it is without one."""
    path = fresh(folder, schema)
    upgrade(path)
    wanted = content(path)
    assert wanted[0] == str(NEWEST)
    ways = {"statement": dying_at, "byte": dying_beyond}
    found = alone(folder, schema, ways[how], step) if how in ways else crowd(folder, schema, step)
    for line, path in found:
        yield {"how": how, "schema": schema, **line, "same": content(path) == wanted}


def main() -> None:
    """Try all that is asked for."""
    for order in sys.argv[2:]:
        how, schema, step = order.split(":")
        for line in tried(Path(sys.argv[1]) / "store", how, int(schema), int(step)):
            sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
