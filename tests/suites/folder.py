"""The folders of the shipped suites, and the rows in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
SUITES = PROJECT / "suites"


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file such as `chat_tone/test.jsonl`."""
    lines = (SUITES / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def said(turn: Any) -> str:
    """What the user says in a turn, however the turn is written."""
    return turn if isinstance(turn, str) else turn["user"]
