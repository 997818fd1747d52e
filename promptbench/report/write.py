"""Write a page into a folder so that a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

from pathlib import Path

from promptbench.disk import make_folder, write_whole
from promptbench.error import StoreError

NAME = "index.html"


def write_report(page: str, folder: Path) -> Path:
    """Write `folder`/index.html and give its path. Raises StoreError where that is impossible."""
    target = folder / NAME
    try:
        make_folder(folder)
        write_whole(target, page)
    except OSError as error:
        raise StoreError(
            f"the report cannot be written: {error.strerror or error}",
            where=str(target),
            hint="Free some space or choose a folder that you may write to; nothing is lost: "
            "the run is in the store, and `promptbench report` builds the page again.",
        ) from error
    return target
