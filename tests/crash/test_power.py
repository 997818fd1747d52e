"""A loss of power: what the system is asked to bring to the disk, and in which order.

No test can pull the plug. So these watch what is asked: a file has all of its bytes on the disk
before it gets its name, and the name is there before anybody is told.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from promptbench.disk import write_whole
from promptbench.gate.junit import write_junit
from promptbench.model.embedded import weights_path
from promptbench.model.local.convert import converted
from promptbench.model.protocol import quiet
from promptbench.model.wheel import EMBEDDED
from promptbench.report.write import write_report
from promptbench.store.connection import connect
from promptbench.store.export import export
from promptbench.tune import course
from tests.crash.test_finetune import toy
from tests.run.workspace import Workspace
from tests.store.test_durability import WRITER
from tests.tune.toy import tune

ROOT = Path(__file__).parents[2]


@dataclass
class Ledger:
    """What was brought to the disk, and what was given a name before that."""

    safe: dict[int, tuple[int, int]] = field(default_factory=dict)
    named: list[Path] = field(default_factory=list)
    early: list[Path] = field(default_factory=list)
    waiting: set[Path] = field(default_factory=set)

    def synced(self, handle: int) -> None:
        """A file or a folder is on the disk as it is now."""
        found = os.fstat(handle)
        self.safe[found.st_ino] = (found.st_size, found.st_mtime_ns)
        self.waiting -= {path for path in self.waiting if path.stat().st_ino == found.st_ino}

    def moved(self, source: Path, target: Path) -> None:
        """Something gets its name."""
        held = [source, *source.rglob("*")] if source.is_dir() else [source]
        for path in held:
            found = path.stat()
            if self.safe.get(found.st_ino) != (found.st_size, found.st_mtime_ns):
                self.early.append(path)
        self.named.append(target)
        self.waiting.add(target.parent)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Sees every fsync and every new name, and holds that the order is right."""
    found = Ledger()
    fsync = os.fsync

    def watched(handle: int) -> None:
        fsync(handle)
        found.synced(handle)

    monkeypatch.setattr(os, "fsync", watched)
    for name in ("rename", "replace"):
        monkeypatch.setattr(os, name, renaming(getattr(os, name), found))
    yield found
    assert found.named, "nothing was written"
    assert found.early == [], "named before it was on the disk"
    assert found.waiting == set(), "named, and the name not on the disk"


def renaming(plain: Any, ledger: Ledger) -> Any:
    """os.rename, seen by a ledger."""

    def rename(source: Any, target: Any) -> None:
        ledger.moved(Path(source), Path(target))
        plain(source, target)

    return rename


def test_the_ledger_sees_a_file_that_is_named_too_early(tmp_path: Path):
    ledger, path = Ledger(), tmp_path / "made"
    path.write_text("half", encoding="utf-8")
    with path.open("a", encoding="utf-8") as file:
        ledger.synced(file.fileno())
        file.write(" and half")
    ledger.moved(path, tmp_path / "named")
    assert (ledger.early, ledger.waiting) == ([path], {tmp_path})


def test_what_a_run_leaves_is_on_the_disk(workspace: Workspace, ledger: Ledger):
    result = workspace.run()
    with workspace.store() as store:
        for kind in ("csv", "jsonl", "parquet"):
            export(store, result.run_id, kind, workspace.folder / f"rows.{kind}")
    write_junit(workspace.folder / "gates.xml", "<testsuites/>\n")
    names = {path.name for path in ledger.named}
    assert names == {"index.html", "rows.csv", "rows.jsonl", "rows.parquet", "gates.xml"}


def test_a_folder_that_is_made_for_a_store_is_on_the_disk(tmp_path: Path, ledger: Ledger):
    connect(tmp_path / "new" / ".promptbench" / "store.sqlite").close()
    made = (tmp_path, tmp_path / "new")
    assert {folder.stat().st_ino for folder in made} <= set(ledger.safe)
    write_whole(tmp_path / "file", "")


def test_a_checkpoint_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    workspace = toy(tmp_path / "toy")
    monkeypatch.setattr(course, "SAVE_EVERY", -1.0)
    tuned = tune(workspace, epochs=1, batch=48, learning_rate=3e-3, name="tuned")
    names = {path.name for path in ledger.named}
    assert {"tuned", "promptbench.json", "course.json", "training.json"} <= names
    assert {path.stat().st_ino for path in tuned.folder.iterdir()} <= set(ledger.safe)


@pytest.mark.long
def test_converted_weights_are_on_the_disk_before_they_have_their_name(
    tmp_path: Path, ledger: Ledger
):
    if weights_path(EMBEDDED["minilm"]) is None:
        pytest.skip("minilm is not installed")
    assert converted(EMBEDDED["minilm"], tmp_path, quiet) in ledger.named


def test_a_page_whose_disk_fails_at_the_last_moment_keeps_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = write_report("old", tmp_path)
    monkeypatch.setattr(os, "fsync", lambda handle: os.write(-1, b""))
    with pytest.raises(Exception, match="cannot be written"):
        write_report("new", tmp_path)
    assert path.read_text(encoding="utf-8") == "old"


TRACE = ["strace", "-f", "-y", "-e", "trace=fdatasync,fsync,write,pwrite64"]
LOG, TOLD = re.compile(r"pwrite64\(\d+<.*-wal>"), re.compile(r'write\(1<.*>, "\d+"')


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_store_asks_for_each_batch_to_be_on_the_disk_before_it_says_so(tmp_path: Path):
    path, batches = tmp_path / "store.sqlite", 5
    trace = tmp_path / "trace"
    done = subprocess.run(
        [*TRACE, "-o", trace, sys.executable, "-c", WRITER, str(path), "x", str(batches), "0"],
        cwd=ROOT,
        input="go\n",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told, unsafe, logged = 0, 0, 0
    for line in trace.read_text(encoding="utf-8").splitlines():
        if LOG.search(line):
            unsafe, logged = unsafe + 1, logged + 1
        elif "sync(" in line and "-wal>" in line:
            unsafe = 0
        elif TOLD.search(line):
            assert unsafe == 0 < logged, "told before it was on the disk"
            told, logged = told + 1, 0
    assert told == batches
