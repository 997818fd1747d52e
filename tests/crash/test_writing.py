"""kill -9 while an export, a report or a manifest is written: the old or the new, never half."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("kills", "kinds"),
    [
        (4, ["report", "manifest"]),
        pytest.param(
            200, ["csv", "jsonl", "parquet", "report", "manifest"], marks=pytest.mark.long
        ),
    ],
)
def test_a_file_is_the_earlier_one_or_the_new_one(tmp_path: Path, kills: int, kinds: list[str]):
    place = str(tmp_path / "workspace")
    command = [sys.executable, "-m", "tests.crash.writing", place, str(kills), *kinds]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    sys.stdout.write(done.stdout)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["kind"] for one in found] == kinds
    assert [one for one in found if "half" in one] == []
    assert all(one["earlier"] >= kills // 2 for one in found), "many were killed before the end"
    assert kills < 100 or all(one["new"] for one in found)
