import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from promptbench.error import EXIT_NOT_FINISHED, StoreError
from promptbench.store import connection as module
from promptbench.store.connection import (
    connect,
    connect_to_read,
    migrations,
    statements,
    switch_to_wal,
)
from promptbench.store.database import Store
from tests.store.records import begin, completion, run, save

NEWEST = len(migrations())


def version(path: Path) -> int:
    opened = sqlite3.connect(path)
    try:
        return int(opened.execute("PRAGMA user_version").fetchone()[0])
    finally:
        opened.close()


def test_a_new_file_gets_the_newest_schema(tmp_path: Path):
    connect(tmp_path / "deep" / "store.sqlite").close()
    assert version(tmp_path / "deep" / "store.sqlite") == NEWEST >= 1


def test_an_empty_file_of_version_0_gets_the_schema(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    path.touch()
    store = Store(path)
    begin(store)
    assert store.run("mail-1") == run()
    store.close()
    assert version(path) == NEWEST


def test_every_commit_is_on_the_disk_before_it_returns(tmp_path: Path):
    opened = connect(tmp_path / "store.sqlite")
    assert opened.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert opened.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    opened.close()


class Busy:
    """A connection whose file another process is switching for a while."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def execute(self, sql: str) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise sqlite3.OperationalError("database is locked")


def test_two_processes_that_open_a_new_file_wait_for_each_other(monkeypatch: pytest.MonkeyPatch):
    busy = Busy(refusals=3)
    switch_to_wal(busy)  # type: ignore[arg-type]
    assert busy.refusals == -1
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        switch_to_wal(Busy(refusals=10_000))  # type: ignore[arg-type]


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    opened = connect(path)
    opened.execute(f"PRAGMA user_version = {NEWEST + 1}")
    opened.close()
    with pytest.raises(StoreError, match=f"schema {NEWEST + 1} is newer .* knows .{NEWEST}"):
        connect(path)
    assert version(path) == NEWEST + 1


def test_a_later_migration_keeps_the_rows_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "store.sqlite"
    store = Store(path)
    begin(store)
    store.close()
    added = [*migrations(), "ALTER TABLE run ADD COLUMN note TEXT NOT NULL DEFAULT 'x';\n"]
    monkeypatch.setattr(module, "migrations", lambda: added)
    store = Store(path)
    assert list(store.query("SELECT id, note FROM run")) == [("mail-1", "x")]
    store.close()
    assert version(path) == NEWEST + 1


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "store.sqlite"
    connect(path).close()
    broken = "CREATE TABLE extra (x);\nCREATE TABLE run (again);\n"
    monkeypatch.setattr(module, "migrations", lambda: [*migrations(), broken])
    with pytest.raises(StoreError, match="already exists"):
        connect(path)
    opened = sqlite3.connect(path)
    assert opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'extra'").fetchone() is None
    opened.close()
    assert version(path) == NEWEST


def test_a_script_is_cut_where_statements_end():
    script = "-- a; b\nCREATE TABLE a (x);\nCREATE TABLE b (\n  x TEXT DEFAULT ';'\n);\n"
    assert [s.strip().splitlines()[-1] for s in statements(script)] == ["CREATE TABLE a (x);", ");"]


@pytest.mark.parametrize("content", [b"this is no database\n" * 100, b"SQLite format 3\0" * 9])
def test_a_file_that_is_no_store_is_an_error_with_a_way_out(tmp_path: Path, content: bytes):
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        Store(path)
    assert caught.value.where == str(path)
    assert "damaged" in caught.value.hint
    assert caught.value.exit_code == EXIT_NOT_FINISHED
    assert path.read_bytes() == content


def test_a_store_damaged_in_the_middle_is_an_error_with_a_way_out(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    store = Store(path)
    begin(store, cases=200)
    for n in range(200):
        save(store, "mail-1", completion(f"key-{n}", "words " * 40), (0, n, 0))
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    # Whether opening notices it depends on how many pages the schema takes.
    with pytest.raises(StoreError) as caught, closing(Store(path)) as store:
        list(store.samples("mail-1"))
    assert "damaged" in caught.value.hint


def test_a_file_in_the_way_of_the_folder_is_an_error(tmp_path: Path):
    (tmp_path / ".promptbench").write_text("a file")
    with pytest.raises(StoreError, match="cannot be created") as caught:
        Store(tmp_path / ".promptbench" / "store.sqlite")
    assert caught.value.where.endswith(".promptbench/store.sqlite")


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path: Path):
    (tmp_path / "store.sqlite").mkdir()
    with pytest.raises(StoreError, match="unable to open") as caught:
        Store(tmp_path / "store.sqlite")
    assert "owns the file" in caught.value.hint


def test_a_store_that_another_process_holds_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    path = tmp_path / "store.sqlite"
    store = Store(path)
    begin(store)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked") as caught:
        save(store, "mail-1", completion("key"), (0, 0, 0))
    assert "Another process" in caught.value.hint
    holder.execute("ROLLBACK")
    holder.close()
    save(store, "mail-1", completion("key"), (0, 0, 0))
    assert store.filled("mail-1") == {(0, 0, 0)}
    store.close()


# Reading alone


def test_a_reader_cannot_write(tmp_path: Path):
    path = tmp_path / "a folder?#%20" / "store.sqlite"
    begin(Store(path))
    reader = Store(path, reading=True)
    with pytest.raises(StoreError, match="readonly"):
        reader.set_status("mail-1", "complete")
    reader.close()
    assert [line.status for line in Store(path, reading=True).runs()] == ["running"]


def test_a_reader_sees_one_moment_and_holds_up_nobody(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    writer = Store(path)
    begin(writer)
    reader = Store(path, reading=True)
    save(writer, "mail-1", completion("key"), (0, 0, 0))
    assert reader.runs()[0].done == 0
    reader.close()
    later = Store(path, reading=True)
    assert later.runs()[0].done == 1
    later.close()
    writer.close()


def test_a_reader_makes_no_file_and_no_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "store.sqlite"
    with pytest.raises(StoreError, match="unable to open"):
        connect_to_read(path)
    assert list(tmp_path.iterdir()) == []
    connect(path).close()
    monkeypatch.setattr(module, "migrations", lambda: ["SELECT 1;"] * (NEWEST + 1))
    with pytest.raises(StoreError, match=f"schema {NEWEST} is older") as caught:
        connect_to_read(path)
    assert "promptbench runs" in caught.value.hint
    monkeypatch.setattr(module, "migrations", lambda: ["SELECT 1;"] * (NEWEST - 1))
    with pytest.raises(StoreError, match=f"schema {NEWEST} is newer"):
        connect_to_read(path)
    assert version(path) == NEWEST
