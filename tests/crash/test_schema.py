"""Stores that earlier versions wrote: each schema, written by the promptbench of its time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from promptbench.error import StoreError
from promptbench.run.job import report_of, store_path
from promptbench.run.pairing import load
from promptbench.store import connection
from promptbench.store.connection import migrations
from promptbench.store.database import Store
from promptbench.store.export import export
from tests.crash.killed import sound

NEWEST = len(migrations())
SCHEMAS = Path(__file__).with_name("schemas")


def old_store(folder: Path, schema: int) -> Path:
    """A store as it was left by a run of four cases and two candidates, one case with errors."""
    path = store_path(folder)
    path.parent.mkdir(parents=True)
    text = (SCHEMAS / f"schema_{schema}.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as opened:
        opened.executescript(text)
        opened.execute(f"PRAGMA user_version = {schema}")
    return path


def test_there_is_one_of_each():
    found = sorted(path.name for path in SCHEMAS.iterdir())
    assert found == [f"schema_{number}.sql" for number in range(1, NEWEST)]


@pytest.mark.parametrize("schema", range(1, NEWEST))
def test_it_opens_with_every_row(tmp_path: Path, schema: int):
    path = old_store(tmp_path, schema)
    with closing(sqlite3.connect(path)) as opened:
        before = opened.execute("SELECT key, text, error FROM completion ORDER BY id").fetchall()
        scores = opened.execute("SELECT value, reason FROM score").fetchall()
    assert len(before) == 8 and sum(bool(error) for *_, error in before) == 2
    store = Store(path)
    (line,) = store.runs()
    found = load(store, line.id)
    done = [s.completion for s in found.samples if s.completion]
    assert sorted((c.key, c.text, c.error) for c in done) == sorted(before)
    told = [(s.value, s.reason) for each in found.samples for s in each.scores.values()]
    assert sorted(told) == sorted(scores) and len(told) == 12
    summary, report = report_of(store, line.id, tmp_path / "reports")
    assert summary.standings[0].errors == 1
    assert "Meeting number" in report.read_text(encoding="utf-8") or report.stat().st_size > 10_000
    assert export(store, line.id, "csv", tmp_path / "rows.csv") == 8
    store.close()
    sound(tmp_path)


def test_a_newer_schema_is_refused(tmp_path: Path):
    path = old_store(tmp_path, NEWEST - 1)
    with closing(sqlite3.connect(path)) as opened:
        opened.execute(f"PRAGMA user_version = {NEWEST + 1}")
    with pytest.raises(StoreError, match=f"schema {NEWEST + 1} is newer than this promptbench"):
        Store(path)


@pytest.mark.parametrize("schema", range(1, NEWEST))
def test_a_migration_that_breaks_off_leaves_the_old_schema(
    tmp_path: Path, schema: int, monkeypatch: pytest.MonkeyPatch
):
    path = old_store(tmp_path, schema)
    broken = [*migrations()[:-1], migrations()[-1] + "\nSELECT * FROM no_such_table;\n"]
    monkeypatch.setattr(connection, "migrations", lambda: broken)
    with pytest.raises(StoreError):
        Store(path)
    with closing(sqlite3.connect(path)) as opened:
        assert opened.execute("PRAGMA user_version").fetchone() == (schema,)
        assert opened.execute("SELECT count(*) FROM completion").fetchone() == (8,)
    monkeypatch.undo()
    Store(path).close()
    sound(tmp_path)
