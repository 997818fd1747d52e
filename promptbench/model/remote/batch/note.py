"""Batches that are under way, each a file in the workspace: what was paid for is not forgotten.

A note is on the disk before its batch is sent, and has the batch's id as soon as that is known. It
holds no secret and no prompt: the fingerprints of the requests tell whose answers they are.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from promptbench.error import StoreError

# Services keep results for about a month.
KEPT = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Note:
    """A batch: its server's entry, whose answers it brings, its id ("" unknown), when it left."""

    server: str
    keys: tuple[str, ...]
    id: str = ""
    created: float = field(default_factory=time.time)
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of a folder."""

    folder: Path

    def of(self, server: str) -> list[Note]:
        """A server's notes, the oldest first. Those that no service remembers are thrown away."""
        found = []
        for path in self.folder.glob("*.json"):
            try:
                value = json.loads(path.read_text(encoding="utf-8"))
                note = Note(**{**value, "keys": tuple(value["keys"])})
            except (OSError, ValueError, TypeError, KeyError):
                continue  # not ours
            if time.time() - note.created > KEPT:
                path.unlink(missing_ok=True)
            elif note.server == server:
                found.append(note)
        return sorted(found, key=lambda note: note.created)

    def write(self, note: Note) -> Note:
        """Put a note on the disk, whole or not at all. Raises StoreError."""
        path = self.path(note)
        part = path.with_suffix(".part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as file:
                json.dump(asdict(note), file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            sync(self.folder)
        except OSError as error:
            raise StoreError(
                f"a batch cannot be noted: {error.strerror}",
                where=str(path),
                hint="Nothing was sent. Free some space, and start again.",
            ) from error
        return note

    def strike(self, note: Note, keys: Iterable[str]) -> None:
        """Take out whose answers were handed over, and the note itself when none is left."""
        gone = set(keys)
        left = tuple(key for key in note.keys if key not in gone)
        if left:
            self.write(replace(note, keys=left))
        else:
            self.path(note).unlink(missing_ok=True)

    def path(self, note: Note) -> Path:
        """A note's file."""
        return self.folder / f"{note.nonce}.json"


def sync(folder: Path) -> None:
    """Have the folder itself on the disk, where the system can do that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
