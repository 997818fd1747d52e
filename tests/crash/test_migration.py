"""Death while a store is brought up to date: the old schema or the new one, with every row."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.crash.migrating import NEWEST

ROOT = Path(__file__).parents[2]
SCHEMAS = range(1, NEWEST)
ROWS = 8
LONG = [pytest.mark.long, pytest.mark.timeout(1500)]


def deaths(folder: Path, orders: list[str]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.crash.migrating", str(folder), *orders]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    sys.stdout.write(f"died: {dict(Counter((one['how'], one['code']) for one in found))}\n")
    return found


@pytest.mark.parametrize(
    "orders",
    [
        ["statement:1:6", "statement:8:2", "byte:1:20000", "crowd:1:15"],
        pytest.param([f"statement:{schema}:1" for schema in SCHEMAS], marks=LONG),
        pytest.param([f"byte:{schema}:509" for schema in SCHEMAS], marks=LONG),
        pytest.param([f"crowd:{schema}:1" for schema in SCHEMAS], marks=LONG),
    ],
    ids=["some", "each statement", "many bytes", "two at once"],
)
def test_wherever_a_migration_dies_the_next_command_finishes_it(tmp_path: Path, orders: list[str]):
    found = deaths(tmp_path, orders)
    assert [one for one in found if not (one["whole"] and one["same"])] == []
    assert [one for one in found if one["rows"] != ROWS] == []
    for one in found:
        left = {NEWEST} if one["how"] == "crowd" else {one["schema"], NEWEST}
        assert one["version"] in left, "all migrations, or none"
        assert one.get("other", 0) == 0, "who waited goes on"
    for order in orders:
        how, schema, _ = order.split(":")
        codes = [one["code"] for one in found if (one["how"], str(one["schema"])) == (how, schema)]
        assert any(codes), "somebody died"
        assert how == "crowd" or codes[-1] == 0, "the last one lived"
