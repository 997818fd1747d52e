"""A small text that a model can learn something of: a number in, passages out."""

from __future__ import annotations

import random
from pathlib import Path

NOUNS = ("printer", "door", "key", "letter", "machine", "lamp", "table", "window")
DEEDS = ("opens", "closes", "breaks", "stops", "begins", "waits")
PLACES = ("in the hall", "on the second floor", "behind the school", "near the gate")


def passage(number: int, lines: int = 6) -> str:
    """A few sentences that another passage does not have in this order."""
    draw = random.Random(number)
    return "\n".join(
        f"The {draw.choice(NOUNS)} {draw.choice(DEEDS)} {draw.choice(PLACES)}"
        f" at {draw.randint(1, 9)}."
        for _ in range(lines)
    )


def write_texts(folder: Path, files: int = 40) -> Path:
    """A folder of passages, each a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        (folder / f"note-{number:03}.txt").write_text(passage(number), encoding="utf-8")
    return folder
