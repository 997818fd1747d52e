"""Death at each write of the store in turn: nothing that was said to be stored is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTPUTS = 12


@pytest.mark.parametrize(
    ("first", "step"),
    [(5, 17), pytest.param(1, 1, marks=[pytest.mark.long, pytest.mark.timeout(1500)])],
)
def test_whatever_write_is_the_last_nothing_acknowledged_is_lost(
    tmp_path: Path, first: int, step: int
):
    command = [sys.executable, "-m", "tests.crash.dying", str(tmp_path), str(first), str(step)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    *dead, last = lines
    assert len(dead) >= 100 // step
    assert (last["code"], last["told"]) == (0, OUTPUTS), "the last one lived"
    assert {line["code"] for line in dead} == {9}
    assert [line for line in lines if line["lost"] or line["resumed"] or not line["same"]] == []
    assert {line["told"] for line in lines} > {0, OUTPUTS}, "deaths before, between and after"
