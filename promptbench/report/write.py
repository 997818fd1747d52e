"""Write a page into a folder so that a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from promptbench.error import StoreError

NAME = "index.html"


def write_report(page: str, folder: Path) -> Path:
    """Write `folder`/index.html and give its path. Raises StoreError where that is impossible."""
    target = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(target, page.encode("utf-8"))
    except OSError as error:
        raise StoreError(
            f"the report cannot be written: {error.strerror or error}",
            where=str(target),
            hint="Free some space or choose a folder that you may write to; nothing is lost: "
            "the run is in the store, and `promptbench report` builds the page again.",
        ) from error
    return target


def _replace(target: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
