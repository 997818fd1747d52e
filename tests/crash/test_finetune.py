"""kill -9 at random moments of a training; then the same command comes to the same checkpoint.

The short form is tests/tune/test_resume.py.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.model.tiny import write_tiny
from tests.run.workspace import Workspace
from tests.tune.test_resume import PROGRAM
from tests.tune.toy import PATH, write_toy

COMMAND = [sys.executable, str(PROGRAM), "finetune", PATH, "--name", "tuned", "--epochs", "3"]
COMMAND += ["--batch", "8", "--lr", "3e-3"]
# From the start of Python to the end of the training.
LONGEST = 9.0
KILLS = 20


def toy(folder: Path) -> Workspace:
    """A suite and a model of a few thousand parameters."""
    workspace = write_toy(folder)
    write_tiny(workspace.folder / "checkpoints" / "base", "gpt2")
    return workspace


def start(workspace: Workspace) -> subprocess.Popen[str]:
    return subprocess.Popen(
        COMMAND,
        cwd=workspace.folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def kill(workspace: Workspace, seconds: float) -> bool:
    """Kill the training after so long; False if it had ended."""
    with start(workspace) as process:
        try:
            _, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return True
    assert process.returncode in (0, 2), err  # 2: there is a checkpoint of that name already
    return False


def finish(workspace: Workspace) -> tuple[bytes, dict[str, Any]]:
    """The training to its end: the weights, and the manifest but for date and duration."""
    folder = workspace.folder / "checkpoints" / "tuned"
    if not folder.is_dir():
        with start(workspace) as process:
            _, err = process.communicate()
        assert process.returncode == 0, err
    (weights,) = folder.glob("*.safetensors")
    manifest = json.loads((folder / "promptbench.json").read_text(encoding="utf-8"))
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []
    timeless = {"created", "seconds"}
    return weights.read_bytes(), {k: v for k, v in manifest.items() if k not in timeless}


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_training_killed_20_times_ends_like_one_that_was_not(tmp_path: Path):
    wanted = finish(toy(tmp_path / "whole"))
    draw = random.Random(7)
    struck, number = 0, 0
    while struck < KILLS:
        killed = toy(tmp_path / f"killed-{number}")
        while struck < KILLS and kill(killed, draw.uniform(1.0, LONGEST)):
            struck += 1
        assert finish(killed) == wanted
        number += 1


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_training_whose_resumption_is_killed_too_ends_like_one_that_was_not(tmp_path: Path):
    wanted = finish(toy(tmp_path / "whole"))
    draw = random.Random(8)
    for number in range(5):
        killed = toy(tmp_path / f"killed-{number}")
        partial = killed.folder / "checkpoints" / ".tuned.partial"
        with start(killed) as process:
            while not list(partial.glob("checkpoint-*")) and process.poll() is None:
                time.sleep(0.01)
            time.sleep(draw.uniform(0, 1))
            process.kill()
            process.communicate()
        assert process.returncode == -9
        assert kill(killed, draw.uniform(1.0, 2.5)), "loading, or reading the state"
        assert finish(killed) == wanted


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_training_that_a_signal_stops_ends_like_one_that_was_not(
    tmp_path: Path, number: signal.Signals
):
    wanted = finish(toy(tmp_path / "whole"))
    stopped = toy(tmp_path / "stopped")
    partial = stopped.folder / "checkpoints" / ".tuned.partial"
    with start(stopped) as process:
        while not list(partial.glob("checkpoint-*/whole")) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate()
    assert process.returncode == 128 + number, err
    assert "The last saved step is kept. The same command continues." in err
    assert err.endswith(f"error: ended by {number.name}\n")
    assert finish(stopped) == wanted
