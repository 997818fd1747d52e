"""kill -9, ten times at random moments; then the same command comes to the same end."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from promptbench.record import Run
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.run.job import store_path
from promptbench.store.export import export
from tests.fake import FakeBackend
from tests.run.chatting import expected, said, write_chat, write_rows
from tests.run.chatting import rows as chat_rows
from tests.run.workspace import Workspace, email, write_workspace

CASES = 60
CELLS = 2 * CASES
COMMAND = ("run", "suites/mail.yaml", "--json")
BEHAVIOUR = {"batch": 3, "delay": 0.02}


def crowded(folder: Path) -> Workspace:
    """A workspace with enough cases to be killed in the middle of."""
    workspace = write_workspace(folder)
    workspace.many(*map(email, range(CASES)))
    return workspace


def stored(workspace: Workspace) -> int:
    """How many cells are filled, as another process sees it."""
    path = store_path(workspace.folder)
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as opened:
            return int(opened.execute("SELECT count(*) FROM sample").fetchone()[0])
    except sqlite3.OperationalError:  # it is being made
        return 0


def kills() -> Iterator[tuple[int, float]]:
    """When to strike: once so many outputs more are stored, and so many seconds later."""
    draw = random.Random(20250102)
    for _ in range(7):
        yield draw.randint(1, 15), draw.uniform(0, 0.03)
    for _ in range(3):  # wherever the process is by then: starting, scoring, writing the report
        yield 0, draw.uniform(0.2, 1.0)


def kill_at(workspace: Workspace, more: int, seconds: float) -> None:
    """Start the command, strike, and see that the file is sound."""
    goal = min(stored(workspace) + more, CELLS)
    with workspace.start(*COMMAND, **BEHAVIOUR) as process:
        while stored(workspace) < goal and process.poll() is None:
            time.sleep(0.002)
        time.sleep(seconds)
        process.kill()
        process.communicate()
    assert process.returncode in (-signal.SIGKILL, 0)
    if (path := store_path(workspace.folder)).exists():
        with closing(sqlite3.connect(path)) as opened:
            assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def finish(workspace: Workspace) -> str:
    """The same command to its end; returns the run."""
    with workspace.start(*COMMAND, **BEHAVIOUR) as process:
        _, err = process.communicate()
    assert process.returncode == 0, err
    with workspace.store() as store:
        (line,) = store.runs()
    assert (line.status, line.done) == ("complete", CELLS)
    return line.id


def rows(workspace: Workspace, run_id: str) -> list[str]:
    """The exported table, which also holds every score."""
    path = workspace.folder / "rows.jsonl"
    with workspace.store() as store:
        assert export(store, run_id, "jsonl", path) == CELLS
    return path.read_text(encoding="utf-8").splitlines()


def page(workspace: Workspace, run_id: str) -> str:
    """The report but for when the run began and how long it took: that may differ."""
    with workspace.store() as store:
        run = timeless(store.run(run_id))
        return build_page(Material(run, list(store.cases(run_id)), list(store.samples(run_id))))


def timeless(run: Run) -> Run:
    return replace(run, created="2025-01-02T03:04:05Z", seconds=1.0)


@pytest.mark.slow
def test_a_run_that_is_killed_ten_times_ends_like_one_that_was_not(tmp_path: Path):
    killed, whole = crowded(tmp_path / "killed"), crowded(tmp_path / "whole")
    progress = []
    for more, seconds in kills():
        kill_at(killed, more, seconds)
        progress.append(stored(killed))
    assert len(progress) == 10
    assert sum(0 < done < CELLS for done in progress) >= 3
    assert progress == sorted(progress)
    run_id, expected = finish(killed), finish(whole)
    assert run_id == expected
    assert rows(killed, run_id) == rows(whole, expected)
    assert killed.samples(run_id) == whole.samples(expected)
    assert page(killed, run_id) == page(whole, expected)
    assert runs(killed, run_id) == runs(whole, expected)
    assert generated_twice(killed) == 0


def runs(workspace: Workspace, run_id: str) -> tuple[Run, Any]:
    """The run and its cases."""
    with workspace.store() as store:
        return timeless(store.run(run_id)), list(store.cases(run_id))


def generated_twice(workspace: Workspace) -> int:
    """Requests that were answered and stored more than once: nothing stored is done again."""
    with workspace.store() as store:
        sql = "SELECT count(*) - count(DISTINCT key) FROM completion"
        (found,) = next(store.query(sql))
    return int(found)


JUDGED = """\
metrics:
  - rougeL
  - judge: {name: helpful, model: fake:judge, rubric: 5 = short, verdict: likelihood}
"""


def answered(workspace: Workspace) -> int:
    """How many answers of the judge are stored, as another process sees it."""
    path = store_path(workspace.folder)
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as opened:
            return int(opened.execute("SELECT count(*) FROM answer").fetchone()[0])
    except sqlite3.OperationalError:  # it is being made
        return 0


@pytest.mark.slow
def test_a_run_that_is_killed_while_a_judge_answers_asks_nothing_twice(tmp_path: Path):
    killed, whole = (write_workspace(tmp_path / name) for name in ("killed", "whole"))
    for workspace in (killed, whole):
        workspace.edit("suites/mail.yaml", "metrics:\n  - rougeL\n  - words: {max: 8}\n", JUDGED)
        workspace.many(*map(email, range(30)))
    progress = [0]
    for _ in range(2):
        with killed.start(*COMMAND, **BEHAVIOUR) as process:
            while answered(killed) < progress[-1] + 9 and process.poll() is None:
                time.sleep(0.002)
            process.kill()
            process.communicate()
        progress.append(answered(killed))
    assert 0 < progress[1] < progress[2] < 60 + 40
    for workspace in (killed, whole):
        with workspace.start(*COMMAND, **BEHAVIOUR) as process:
            _, err = process.communicate()
        assert process.returncode == 0, err
    assert answered(killed) == answered(whole) == 60 + 40  # outputs, and two controls on 20 cases
    assert generated_twice(killed) == 0
    with killed.store() as store:
        (line,) = store.runs()
    assert killed.samples(line.id) == whole.samples(line.id)


def test_a_chat_killed_again_and_again_says_the_same(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path, "[all, last: 1]")
    write_rows(workspace, chat_rows(12))
    command = ("run", "suites/talk.yaml", "--json")
    draw = random.Random(7)
    for _ in range(6):
        before = stored(workspace)
        with workspace.start(*command, **BEHAVIOUR) as process:
            while stored(workspace) <= before and process.poll() is None:
                time.sleep(0.002)
            time.sleep(draw.uniform(0, 0.05))
            process.kill()
            process.communicate()
    with workspace.start(*command, **BEHAVIOUR) as process:
        _, err = process.communicate()
    assert process.returncode == 0, err
    with workspace.store() as store:
        (line,) = store.runs()
        asked = [key for (key,) in store.query("SELECT key FROM completion")]
    memories = {"all": lambda past: past, "last:1": lambda past: past[-1:]}
    assert said(workspace, line.id) == expected(workspace.plan(), memories)
    assert len(asked) == len(set(asked)), "nothing that was stored is asked again"
