"""A converted folder keeps the digest of what it held when it was made."""

from __future__ import annotations

from pathlib import Path

from promptbench.error import ModelError

SEAL = "converted.sha256"


def write_seal(folder: Path, digest: str) -> None:
    """Note what a finished folder holds."""
    (folder / SEAL).write_text(digest + "\n", encoding="utf-8")


def check_seal(folder: Path, digest: str) -> None:
    """Raises ModelError if a folder that has a seal now holds something else.

    That finds damage. Who changes the files on purpose can change the seal as well.
    """
    path = folder / SEAL
    if not path.is_file():
        return
    try:
        expected = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        expected = ""
    if digest != expected:
        raise ModelError(
            f"the converted weights were changed: SHA-256 {digest[:12]}...,"
            f" when they were made {expected[:12] or 'unreadable'}...",
            where=str(folder),
            hint="Delete that folder: it is made again from the wheel.",
        )
