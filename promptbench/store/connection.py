"""Open the store's SQLite file: durable settings, schema version and migrations."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from promptbench.disk import make_folder
from promptbench.error import StoreError
from promptbench.store.held import Held

BUSY_SECONDS = 60.0


def connect(path: Path) -> sqlite3.Connection:
    """Open or create the file and bring it to the newest schema. Raises StoreError."""
    try:
        make_folder(path.parent)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, factory=Held)
        connection.hold(path)
        with explained(path):
            refuse_foreign(connection, path)
            refuse_code(connection, path)
            switch_to_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            migrate(connection, path)
    except OSError as error:
        what = f"the store cannot be created: {error.strerror}"
        hint = f"{path.parent} must be a folder that you may write to."
        raise StoreError(what, where=str(path), hint=hint) from error
    except sqlite3.Error as error:
        raise explanation(path, error) from error
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a file that is there and see it as it is now, whatever others write meanwhile.

    Nothing can be written through it, and no writer waits for it. Raises StoreError, also where
    the file lacks migrations: they are a writer's to apply.
    """
    with explained(path):
        address = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' * is_at_rest(path)}"
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("BEGIN")
            refuse_code(connection, path)
            check_version(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def is_at_rest(path: Path) -> bool:
    """Whether a store lies where nothing can be written, and nobody had it open: on a DVD, say.

    SQLite would have to make a file beside it to read it together with others.
    """
    return not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError unless the file has the newest schema that this promptbench knows."""
    newest = len(migrations())
    version = schema_version(connection, path)
    if version < newest:
        raise StoreError(
            f"its schema {version} is older than that of this promptbench ({newest})",
            where=str(path),
            hint="`promptbench runs` brings it up to date.",
        )


def schema_version(connection: sqlite3.Connection, path: Path) -> int:
    """How many migrations the file has had. Raises StoreError if those are more than there are."""
    version, known = int(connection.execute("PRAGMA user_version").fetchone()[0]), len(migrations())
    if version > known:
        raise StoreError(
            f"its schema {version} is newer than this promptbench knows ({known})",
            where=str(path),
            hint="Use the newer promptbench that wrote it, or another workspace.",
        )
    return version


def refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError for another program's file, as a link may lead to, before it is changed."""
    sql = """SELECT (SELECT count(*) FROM sqlite_master), user_version FROM pragma_user_version"""
    objects, version = connection.execute(sql).fetchone()
    if objects and not version:
        hint = "Move it away: promptbench makes a store of its own."
        raise StoreError("a database of another program", where=str(path), hint=hint)


def refuse_code(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError for a file that brings code: a store of ours has tables and indexes alone.

    A trigger would change what is written, and a view, read as a table, may never end.
    """
    sql = """SELECT name FROM sqlite_master
             WHERE type IN ('trigger', 'view') OR sql LIKE '%VIRTUAL%' LIMIT 1"""
    if found := connection.execute(sql).fetchone():
        what = f"it holds {found[0]!r:.80}, a trigger or a view, and promptbench makes none"
        hint = "If it is yours, drop it with the program sqlite3; if not, move the file away."
        raise StoreError(what, where=str(path), hint=hint)


def switch_to_wal(connection: sqlite3.Connection) -> None:
    """Let readers and a writer work at once. The mode stays with the file."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite does not wait here: two processes that open a new file would collide.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the migrations that the file lacks: all of them, or none."""
    scripts = migrations()
    with transaction(connection):
        version = schema_version(connection, path)
        for number, script in enumerate(scripts[version:], start=version + 1):
            for statement in statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def migrations() -> list[str]:
    """The schema's scripts in order: 001.sql makes it, each later one changes it."""
    folder = resources.files("promptbench.store") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [f.read_text(encoding="utf-8") for f in files]


def statements(script: str) -> Iterator[str]:
    """The single statements of a script: executescript() would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that takes the write lock at once; rolled back if anything is raised."""
    if connection.in_transaction:
        # Ctrl-C came between BEGIN and the next line: it left open what nobody was promised.
        connection.execute("ROLLBACK")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        if isinstance(connection, Held):
            connection.refuse_lost()
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise explanation(path, error) from error


def explanation(path: Path, error: sqlite3.Error) -> StoreError:
    """What an error of SQLite means for the user."""
    text = str(error)
    hint = "Rows that were stored before are intact."
    if "full" in text or "disk I/O" in text:
        hint = "The disk is full. Free some space; the same command continues. " + hint
    elif "locked" in text:
        hint = "Another process has been writing for a minute. Try again when it has ended."
    elif "not a database" in text or "malformed" in text:
        hint = "The file is damaged, or not a store: move it away, or restore it from a backup."
    elif "readonly" in text or "unable to open" in text:
        hint = "Check who owns the file and its folder."
    return StoreError(f"the store cannot be used: {text}", where=str(path), hint=hint)
