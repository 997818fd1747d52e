"""kill -9 at random moments of a run; then the same command comes to the same end."""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from promptbench.run.job import store_path
from tests.crash.killed import (
    BEHAVIOUR,
    CELLS,
    COMMAND,
    Strike,
    crowded,
    ended,
    finish,
    generated_twice,
    result,
    stored,
    strike,
)
from tests.fake import FakeBackend
from tests.run.chatting import expected, said, write_chat, write_rows
from tests.run.chatting import rows as chat_rows
from tests.run.workspace import Workspace, email, write_workspace

# A resumed run takes about so long before and after it generates.
LONGEST = 1.8
PER_RUN = 6


@pytest.mark.slow
@pytest.mark.parametrize(
    "kills",
    [4, pytest.param(50, marks=[pytest.mark.long, pytest.mark.timeout(1500)])],
)
def test_a_run_that_is_killed_again_and_again_ends_like_one_that_was_not(
    tmp_path: Path, kills: int
):
    whole = crowded(tmp_path / "whole")
    wanted = result(whole, finish(whole))
    draw = random.Random(20250102)
    strikes: list[Strike] = []
    for number in count():
        killed = crowded(tmp_path / f"killed-{number}")
        progress = [0]
        for _ in range(min(PER_RUN, kills - len(strikes))):
            one = strike(killed, *moment(draw, progress[-1]))
            progress.append(one.stored)
            if one.phase == "ended before":
                break
            strikes.append(one)
        assert progress == sorted(progress), "what was stored stays stored"
        assert result(killed, finish(killed)) == wanted
        assert generated_twice(killed) == 0
        if len(strikes) == kills:
            break
    sys.stdout.write(f"struck: {dict(Counter(each.phase for each in strikes))}\n")
    assert sum(0 < each.stored < CELLS for each in strikes) >= kills // 8


def moment(draw: random.Random, done: int) -> tuple[float, int]:
    """When to strike: wherever it is by then, or while it generates."""
    if draw.random() < 0.5:
        return draw.uniform(0.1, LONGEST), 0
    return draw.uniform(0, 0.05), min(done + draw.randint(1, 25), CELLS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "times", [1, pytest.param(15, marks=[pytest.mark.long, pytest.mark.timeout(1500)])]
)
def test_a_run_whose_resumption_is_killed_too_ends_like_one_that_was_not(
    tmp_path: Path, times: int
):
    whole = crowded(tmp_path / "whole")
    wanted = result(whole, finish(whole))
    draw = random.Random(4)
    for number in range(times):
        killed = crowded(tmp_path / f"killed-{number}")
        first = kill_when(killed, draw.randint(3, 60))
        second = strike(killed, draw.uniform(0.3, 1.6))  # starting, opening the store, planning
        assert first <= second.stored
        assert second.phase != "ended before"
        assert result(killed, finish(killed)) == wanted
        assert generated_twice(killed) == 0


def kill_when(workspace: Workspace, goal: int) -> int:
    """Kill the command once so many outputs are stored; returns how many are."""
    with workspace.start(*COMMAND, **BEHAVIOUR) as process:
        while stored(workspace.folder) < goal and process.poll() is None:
            time.sleep(0.002)
        process.kill()
        process.communicate()
    assert process.returncode == -9
    return stored(workspace.folder)


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
        ended(workspace.start(*COMMAND, **BEHAVIOUR))
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
        before = stored(workspace.folder)
        with workspace.start(*command, **BEHAVIOUR) as process:
            while stored(workspace.folder) <= before and process.poll() is None:
                time.sleep(0.002)
            time.sleep(draw.uniform(0, 0.05))
            process.kill()
            process.communicate()
    ended(workspace.start(*command, **BEHAVIOUR))
    with workspace.store() as store:
        (line,) = store.runs()
        asked = [key for (key,) in store.query("SELECT key FROM completion")]
    memories = {"all": lambda past: past, "last:1": lambda past: past[-1:]}
    assert said(workspace, line.id) == expected(workspace.plan(), memories)
    assert len(asked) == len(set(asked)), "nothing that was stored is asked again"
