"""Nearness in the store: what is written is read, a second time replaces the first."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

from promptbench.record import Nearness
from promptbench.run.job import store_path
from promptbench.store.connection import migrations, statements
from promptbench.store.database import Store
from promptbench.store.nearness import nearness, save_nearness
from tests.run.workspace import Workspace


def test_what_is_written_is_read_in_the_order_of_cells(workspace: Workspace):
    run = workspace.run(limit=2)
    one = Nearness("brief", "mail-1", 0, 0.25, None, "mail-20", "A target \U0001f600 of\nlines.")
    two = Nearness("plain", "mail-0", 0, 1 / 3, 0.1, "mail-21", "Another.")
    with workspace.store() as store:
        save_nearness(store, run.run_id, [((1, 1, 0), one), ((0, 0, 0), two)])
        assert nearness(store, run.run_id) == (two, one)
        save_nearness(store, run.run_id, [((1, 1, 0), replace(one, value=0.5))])
        assert nearness(store, run.run_id) == (replace(one, value=0.5),)
        save_nearness(store, run.run_id, [])
        assert nearness(store, run.run_id) == ()


def test_a_store_from_before_opens_and_knows_of_none(tmp_path: Path, workspace: Workspace):
    run = workspace.run(limit=1)
    path = store_path(workspace.folder)
    connection = sqlite3.connect(path)
    later = re.findall(r"CREATE TABLE (\w+)", "".join(migrations()[3:]))
    assert "nearness" in later
    connection.executescript("".join(f"DROP TABLE {name};" for name in later))
    connection.execute("ALTER TABLE completion DROP COLUMN ends")
    connection.execute("ALTER TABLE completion DROP COLUMN cost")
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    store = Store(path)
    assert store.connection.execute("PRAGMA user_version").fetchone() == (len(migrations()),)
    assert nearness(store, run.run_id) == ()
    store.close()


def test_each_migration_is_whole_statements():
    assert all(list(statements(script)) for script in migrations())
