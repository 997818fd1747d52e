"""The results of a batch in a file: which line answers which request."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

from promptbench.model.remote.batch.service import Result
from promptbench.model.remote.transport import decoded
from promptbench.model.remote.wire import MalformedError


class ResultFile:
    """Finds results by their keys. `unread` counts the lines that nobody can read."""

    def __init__(self, file: IO[bytes], read: Callable[[Any], Result]) -> None:
        """Go through the file once; `read` is how the service's lines are read."""
        self.file = file
        self.read = read
        self.places: dict[str, int] = {}
        self.doubled: set[str] = set()
        self.unread = 0
        digests: dict[str, int] = {}
        file.seek(0)
        place = 0
        for line in file:
            if (key := self.key_of(line)) is not None:
                self.places.setdefault(key, place)
                if digests.setdefault(key, hash(line)) != hash(line):
                    self.doubled.add(key)
            place += len(line)

    def key_of(self, line: bytes) -> str | None:
        """Whose answer a line is; None for an empty one, or one that cannot be read."""
        if not line.strip():
            return None
        try:
            return self.read(decoded(line)).key
        except (ValueError, TypeError, MalformedError):
            self.unread += 1
            return None

    def of(self, key: str) -> Result | None:
        """What became of a request; None where no line says."""
        if key in self.doubled:
            return Result(key, error="the batch has several answers to it, so none is taken")
        if key not in self.places:
            return None
        self.file.seek(self.places[key])
        return self.read(decoded(self.file.readline()))
