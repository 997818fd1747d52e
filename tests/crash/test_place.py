"""Stores in unusual places: names that mean something elsewhere, disks that cannot be written."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from promptbench.error import StoreError
from promptbench.record import Completion
from promptbench.run.job import report_of, reports_folder, store_path
from promptbench.store.database import Store, open_store
from promptbench.store.export import export
from tests.crash.killed import sound
from tests.crash.mount import mount
from tests.fake import FakeBackend
from tests.run.workspace import Notes, Workspace, write_workspace

CELLS = 12
# Each means something in an address, to a shell, to SQLite, or is no text at all.
NAMES: list[Any] = ['it\'s 100% ü\n日本 🎉 "a"?mode=ro#b&immutable=1%41%2f;[x]*$HOME']
MORE = ["-", "~", "what?mode=ro", "a#b", "%41%2f", os.fsdecode(b"\xff\xfe"), "x" * 200]
NAMES += [pytest.param(name, marks=pytest.mark.long) for name in MORE]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_workspace_may_have_any_name(tmp_path: Path, fake: FakeBackend, name: str):
    workspace = write_workspace(tmp_path / name)
    result = workspace.run()
    assert result.report.is_relative_to(tmp_path / name)
    path = store_path(workspace.folder)
    with closing(Store(path, reading=True)) as store:
        assert [line.done for line in store.runs()] == [CELLS]
        rows = workspace.folder / "rows.parquet"
        assert export(store, result.run_id, "parquet", rows) == CELLS
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert workspace.run().reused == CELLS


@contextmanager
def closed(place: Path) -> Iterator[None]:
    """Nothing can be written to a disk."""
    mount("-o", "remount,ro", str(place))
    try:
        yield
    finally:
        mount("-o", "remount,rw", str(place))


def test_a_store_on_a_disk_that_cannot_be_written_is_read(
    tmp_path: Path, disk: Path, fake: FakeBackend
):
    workspace = write_workspace(disk / "workspace")
    run = workspace.run().run_id
    with closed(disk):
        with closing(open_store(store_path(workspace.folder))) as store:
            assert [line.done for line in store.runs()] == [CELLS]
            assert export(store, run, "csv", tmp_path / "rows.csv") == CELLS
            with pytest.raises(StoreError, match="cannot be written: Read-only file system"):
                report_of(store, run, reports_folder(workspace.folder))
            with pytest.raises(StoreError, match="cannot be used: attempt to write a readonly"):
                store.set_status(run, "failed")
        with pytest.raises(StoreError, match="Read-only file system") as caught:
            workspace.run()
        assert "Nothing was run" in caught.value.hint
    assert workspace.run().reused == CELLS


def test_a_store_that_was_not_closed_is_not_read_by_half(disk: Path, fake: FakeBackend):
    workspace = write_workspace(disk / "workspace")
    workspace.run()
    path = store_path(workspace.folder)
    before = path.read_bytes()
    with closing(sqlite3.connect(path)) as opened, opened:
        opened.execute("UPDATE run SET suite = 'newer'")
        opened.commit()
        log = path.with_name("store.sqlite-wal")
        shutil.copy(log, disk / "log")
    path.write_bytes(before)
    shutil.move(disk / "log", log)  # as after a kill: the newest rows are in the log alone
    with closed(disk), pytest.raises(StoreError, match="unable to open"):
        open_store(path)
    with closing(open_store(path)) as store:
        assert [line.suite for line in store.runs()] == ["newer"]


class Removing(Notes):
    """A watcher that does something to the workspace once the first batch is stored."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.act = act

    def generated(self, batch: list[Completion]) -> None:
        super().generated(batch)
        if len(self.batches) == 1:
            self.act()


def renewed(workspace: Workspace) -> None:
    shutil.rmtree(workspace.folder)
    write_workspace(workspace.folder)
    Store(store_path(workspace.folder)).close()


@pytest.mark.parametrize("what", ["workspace", "store", "renewed"])
def test_a_run_whose_store_is_taken_away_ends_and_says_nothing_is_stored_that_is_not(
    workspace: Workspace, what: str
):
    acts: dict[str, Callable[[], object]] = {
        "workspace": lambda: shutil.rmtree(workspace.folder),
        "store": lambda: shutil.rmtree(store_path(workspace.folder).parent),
        "renewed": lambda: renewed(workspace),
    }
    watcher = Removing(acts[what])
    with pytest.raises(StoreError, match="removed or moved while it was in use"):
        workspace.run(watcher)
    assert len(watcher.batches) == 1, "no later batch is said to be stored"


def test_a_run_whose_workspace_is_moved_goes_on_where_it_is_now(
    workspace: Workspace, tmp_path: Path
):
    place = tmp_path / "elsewhere"
    watcher = Removing(lambda: workspace.folder.rename(place))
    with pytest.raises(StoreError, match="removed or moved"):
        workspace.run(watcher)
    (stored,) = map(len, watcher.batches)
    result = Workspace(place).run()
    assert (result.reused, result.generated) == (stored, CELLS - stored)
    sound(place)


def test_a_run_writes_its_report_though_the_folder_of_reports_is_taken_away(workspace: Workspace):
    result = workspace.run(Removing(lambda: shutil.rmtree(reports_folder(workspace.folder))))
    assert result.report.is_file()
