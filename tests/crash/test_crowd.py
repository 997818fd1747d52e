"""Many processes on one store at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.killed import sound
from tests.run.workspace import Workspace, write_workspace

ROOT = Path(__file__).parents[2]


def start(workspace: Workspace, who: int, runs: int) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "tests.crash.crowd",
        str(workspace.folder),
        str(who),
        str(runs),
    ]
    return subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize(
    ("processes", "runs"),
    [(3, 4), pytest.param(8, 20, marks=[pytest.mark.long, pytest.mark.timeout(1500)])],
)
def test_every_run_of_every_process_is_whole(tmp_path: Path, processes: int, runs: int):
    workspace = write_workspace(tmp_path / "workspace")
    workspace.edit("suites/mail.yaml", "{max_tokens: 16}", "{max_tokens: 16, temperature: 1.0}")
    crowd = [start(workspace, who, runs) for who in range(processes)]
    told = [each.communicate() for each in crowd]
    assert [each.returncode for each in crowd] == [0] * processes, [err for _, err in told]
    lines = [line.split() for out, _ in told for line in out.splitlines()]
    assert len(lines) == processes * runs
    assert {errors for _, errors in lines} == {"0"}
    sound(workspace.folder)
    with workspace.store() as store:
        listed = {line.id: line for line in store.runs()}
        assert {run for run, _ in lines} <= set(listed)
        for run in listed:
            found = list(store.samples(run))
            assert all(s.completion and not s.completion.error and s.scores for s in found)
            assert (workspace.folder / "reports" / run / "index.html").is_file()
