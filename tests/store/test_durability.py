"""What survives: a full disk, kill -9 in the middle of writing, several processes at once."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from promptbench.error import EXIT_NOT_FINISHED, StoreError
from promptbench.store.database import Store
from tests.store.records import begin, completion, save

BATCH = 4

# Arguments: the file, a name for this writer's keys, how many batches, and of which candidate.
WRITER = f"""
import sys
from pathlib import Path
from promptbench.store.database import Store
from tests.store.records import CREATED, begin, completion, request

path, name, batches, candidate = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])
print("ready", flush=True)
sys.stdin.readline()
store = Store(path)
begin(store, cases={BATCH} * 400)
for number in range(batches):
    keys = [f"{{name}}-{{number}}-{{i}}" for i in range({BATCH})]
    cells = {{k: [(candidate, number * {BATCH} + i, 0)] for i, k in enumerate(keys)}}
    done = [completion(k, "words " * 200) for k in keys]
    store.save("mail-1", CREATED, {{k: request(k) for k in keys}}, done, cells)
    print(number, flush=True)
store.close()
"""


def writer(path: Path, name: str, batches: int, candidate: int = 0) -> subprocess.Popen[str]:
    """A process that waits for a line before it opens the store."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(batches), str(candidate)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def codes_of(*writers: subprocess.Popen[str]) -> list[int]:
    """Let them start at the same moment, once all are ready, and wait for their exit codes."""
    assert [line(each) for each in writers] == ["ready\n"] * len(writers)
    for each in writers:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in writers:
        each.communicate(timeout=60)
    return [each.returncode for each in writers]


def check(path: Path) -> str:
    opened = sqlite3.connect(path)
    try:
        return str(opened.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        opened.close()


def test_two_processes_write_at_once_and_both_succeed(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    assert codes_of(writer(path, "first", 30, 0), writer(path, "second", 30, 1)) == [0, 0]
    store = Store(path)
    assert len(store.filled("mail-1")) == 2 * 30 * BATCH
    store.close()
    assert check(path) == "ok"


def test_a_new_store_that_several_processes_open_at_once_serves_them_all(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    assert codes_of(*(writer(path, f"writer-{n}", 1, n % 2) for n in range(6))) == [0] * 6


def test_kill_9_in_the_middle_of_writes_leaves_whole_batches_and_a_sound_file(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    draw = random.Random(9)
    told = 0
    for sitting in range(4):
        with writer(path, f"sitting-{sitting}", 400) as process:
            assert process.stdin and line(process) == "ready\n"
            print("go", file=process.stdin, flush=True)
            told += sum(line(process) != "" for _ in range(draw.randint(3, 25)))
            process.kill()
        assert process.returncode == -signal.SIGKILL
        assert check(path) == "ok"
    opened = sqlite3.connect(path)
    (written,) = opened.execute("SELECT count(*) FROM completion").fetchone()
    (orphans,) = opened.execute(
        "SELECT count(*) FROM sample LEFT JOIN completion ON id = completion WHERE id IS NULL"
    ).fetchone()
    opened.close()
    assert written % BATCH == 0
    assert written >= told * BATCH  # what was said to be stored is stored
    assert orphans == 0


class Interrupting:
    """A connection during whose first BEGIN the user presses Ctrl-C."""

    def __init__(self, inner: sqlite3.Connection) -> None:
        self.inner = inner
        self.armed = True

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        cursor = self.inner.execute(sql, *values)
        if sql.startswith("BEGIN") and self.armed:
            self.armed = False
            raise KeyboardInterrupt
        return cursor

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


def test_an_interruption_at_the_worst_moment_leaves_a_store_that_can_be_written(tmp_path: Path):
    store = Store(tmp_path / "store.sqlite")
    begin(store)
    store.connection = Interrupting(store.connection)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        save(store, "mail-1", completion("key"), (0, 0, 0))
    store.set_status("mail-1", "interrupted")
    assert store.run("mail-1").status == "interrupted"
    assert store.filled("mail-1") == set()
    save(store, "mail-1", completion("key"), (0, 0, 0))
    assert store.filled("mail-1") == {(0, 0, 0)}
    store.close()


def test_a_full_disk_is_an_error_and_leaves_the_earlier_rows_intact(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    store = Store(path)
    begin(store)
    save(store, "mail-1", completion("key", "stored before"), (0, 0, 0))
    (pages,) = next(store.query("PRAGMA page_count"))
    next(store.query(f"PRAGMA max_page_count = {pages + 1}"))
    with pytest.raises(StoreError, match="full") as caught:
        save(store, "mail-1", completion("big", "x" * 100_000), (0, 1, 0))
    assert caught.value.where == str(path)
    assert caught.value.exit_code == EXIT_NOT_FINISHED
    assert "Free some space" in caught.value.hint
    assert [done.text for _, done in store.outputs("mail-1")] == ["stored before"]
    # There is room again: the same write goes through.
    next(store.query("PRAGMA max_page_count = 1000000"))
    save(store, "mail-1", completion("big", "x" * 100_000), (0, 1, 0))
    assert store.filled("mail-1") == {(0, 0, 0), (0, 1, 0)}
    store.close()
    assert check(path) == "ok"
