"""Small JSON files that a training leaves for itself: whole or not there, wherever it is killed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from promptbench.disk import write_whole


def write_note(path: Path, said: Mapping[str, Any]) -> None:
    """Put a note in place of the one that is there."""
    write_whole(path, json.dumps(said))


def read_note(path: Path) -> dict[str, Any]:
    """A note; empty if there is none."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found if isinstance(found, dict) else {}
