"""Batches that are under way, each a file in the workspace: what was paid for is not forgotten.

A note is on the disk before its batch is sent, and has the batch's id as soon as that is known. It
holds no secret and no prompt: the fingerprints of the requests tell whose answers they are. Who
sends a batch or waits for it has its note alone: another process could pay for the same answers.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from promptbench.disk import write_whole
from promptbench.error import RunError, StoreError

# Services keep results for about a month.
KEPT = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Note:
    """A batch: its server's entry, whose answers it still brings, its id ("" unknown).

    `created` is when it left, in seconds since 1970; `size` counts all requests that it had.
    `handed` are those of the keys whose answers were handed over to be stored: whether they were,
    nobody said.
    """

    server: str
    keys: tuple[str, ...]
    size: int
    id: str = ""
    created: float = field(default_factory=time.time)
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    handed: tuple[str, ...] = ()


def note_of(server: str, keys: Collection[str]) -> Note:
    """The note of a batch that is about to be sent."""
    return Note(server, tuple(keys), len(keys))


@dataclass(slots=True)
class Notes:
    """The notes of a folder. `held` are those that this object has alone, by their nonces."""

    folder: Path
    held: dict[str, FileLock] = field(default_factory=dict)

    def claim(self, server: str, keys: Collection[str]) -> list[Note]:
        """The notes that bring some of the answers, the oldest first; nobody else has them now.

        Raises RunError if another process has one.
        """
        wanted = set(keys)
        with self.alone():
            found = [note for note in self.of(server) if not wanted.isdisjoint(note.keys)]
            for note in found:
                self.hold(note)
        return found

    def begin(self, note: Note) -> Note:
        """Write the note of a batch that nobody has sent. Raises RunError if somebody has."""
        keys = set(note.keys)
        with self.alone():
            if any(not keys.isdisjoint(one.keys) for one in self.of(note.server)):
                raise busy(self.path(note))
            self.hold(note)
            return self.write(note)

    def of(self, server: str) -> list[Note]:
        """A server's notes, the oldest first."""
        return [note for note in self.every() if note.server == server]

    def ids(self) -> set[str]:
        """The ids of all batches that are known."""
        return {note.id for note in self.every() if note.id}

    def every(self) -> list[Note]:
        """All notes, the oldest first. Those that no service remembers are thrown away."""
        found = []
        for path in self.folder.glob("*.json"):
            try:
                value = json.loads(path.read_text(encoding="utf-8"))
                keys, handed = tuple(value.pop("keys")), tuple(value.pop("handed"))
                note = Note(**value, keys=keys, handed=handed)
            except (OSError, ValueError, TypeError, KeyError, AttributeError):
                continue  # not ours
            if time.time() - note.created > KEPT:
                path.unlink(missing_ok=True)
                self.lock_of(note.nonce).unlink(missing_ok=True)
            else:
                found.append(note)
        return sorted(found, key=lambda note: note.created)

    def write(self, note: Note) -> Note:
        """Put a note on the disk, whole or not at all. Raises StoreError."""
        path = self.path(note)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(asdict(note)))
        except OSError as error:
            raise unwritable(path, error) from error
        return note

    def hand(self, note: Note, keys: Collection[str], stored: Iterable[str]) -> Note:
        """Note whose answers are handed over now, and whose have been stored."""
        left = self.without(note, stored)
        others = (key for key in left.handed if key not in keys)
        return self.write(replace(left, handed=(*others, *keys)))

    def without(self, note: Note, keys: Iterable[str]) -> Note:
        """A note that has forgotten some keys."""
        gone = set(keys)
        left, handed = (
            tuple(key for key in found if key not in gone) for found in (note.keys, note.handed)
        )
        return replace(note, keys=left, handed=handed)

    def strike(self, note: Note, keys: Iterable[str]) -> Note:
        """Take out whose answers are stored, and the note itself when none is left."""
        left = self.without(note, keys)
        if left.keys:
            return self.write(left)
        with self.alone():
            self.path(note).unlink(missing_ok=True)
            self.free(note.nonce)
            self.lock_of(note.nonce).unlink(missing_ok=True)
        return left

    # Who has a note

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For the moments in which the notes are looked through or a new one is written."""
        lock = FileLock(self.folder.with_suffix(".lock"), thread_local=False)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except OSError as error:
            raise unwritable(self.folder, error) from error
        try:
            yield
        finally:
            lock.release()

    def hold(self, note: Note) -> None:
        """Keep others from a note until it is struck or this process ends. Raises RunError."""
        if note.nonce in self.held:
            return
        lock = FileLock(self.lock_of(note.nonce), thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise busy(self.path(note)) from None
        self.held[note.nonce] = lock

    def free(self, nonce: str) -> None:
        """Let others have a note."""
        if lock := self.held.pop(nonce, None):
            lock.release()

    def let_go(self) -> None:
        """Let others have all of them."""
        for nonce in list(self.held):
            self.free(nonce)

    def path(self, note: Note) -> Path:
        """A note's file."""
        return self.folder / f"{note.nonce}.json"

    def lock_of(self, nonce: str) -> Path:
        """The file that is locked while somebody has the note."""
        return self.folder / f"{nonce}.lock"


def unwritable(path: Path, error: OSError) -> StoreError:
    """No batch can be noted, so none may be sent."""
    return StoreError(
        f"a batch cannot be noted: {error.strerror}",
        where=str(path),
        hint="What was sent before goes on. Make it writable, or free some space; start again.",
    )


def busy(path: Path) -> RunError:
    """Another process sends these requests, or waits for their answers."""
    return RunError(
        f"another promptbench is waiting for a batch with some of these requests ({path.name})",
        hint="Let it end, or stop it: its batch goes on, and the same command collects it.",
    )
