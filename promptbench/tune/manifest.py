"""What a checkpoint says of itself: where it comes from, and how it was made."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from promptbench import __version__
from promptbench.disk import write_whole
from promptbench.tune.note import read_note

NAME = "promptbench.json"
LIBRARIES = ("torch", "transformers", "peft", "tokenizers")


def write_manifest(folder: Path, kind: str, said: Mapping[str, Any]) -> None:
    """Write `promptbench.json`: `kind` is "finetune" or "pretrain", `said` what is its own.

    Neither the date nor the machine is part of the checkpoint's digest.
    """
    found = {
        "kind": kind,
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "promptbench": __version__,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        **said,
    }
    write_whole(folder / NAME, json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a checkpoint says of itself; empty for one that was not made here."""
    return read_note(folder / NAME)
