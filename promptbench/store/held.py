"""A connection that knows which file it writes to, and whether the file is still there."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from promptbench.error import StoreError


class Held(sqlite3.Connection):
    """SQLite goes on writing into a file that was removed, and says that all is well."""

    path = Path()
    file = (0, 0)

    def hold(self, path: Path) -> None:
        """Remember the file that lies there now."""
        self.path, self.file = path, identity(path)

    def refuse_lost(self) -> None:
        """Raise StoreError if the file lies there no more: what is written to it is lost."""
        with suppress(OSError):
            if identity(self.path) == self.file:
                return
        raise StoreError(
            "the store was removed or moved while it was in use",
            where=str(self.path),
            hint="Put it back, or run the same command where it is now: it continues.",
        )


def identity(path: Path) -> tuple[int, int]:
    """What a file keeps under any name."""
    found = path.stat()
    return found.st_dev, found.st_ino
