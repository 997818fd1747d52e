"""Put files and folders in their place: whole or not there, and so after a loss of power too."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A file to write to, in the folder of `target`: in its place at the end, and on the disk.

    If anything is raised, what was there before stays. A link gives way; nothing is written through
    it. A pipe or a device is written to as it is. Raises OSError.
    """
    if is_stream(target):
        yield target
        return
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    os.close(handle)
    made = Path(name)
    try:
        yield made
        made.chmod(0o644)
        sync(made)
        made.replace(target)
        sync(target.parent)
    finally:
        made.unlink(missing_ok=True)


def is_stream(target: Path) -> bool:
    """Whether a name stands for no file that could be replaced, as `/dev/stdout` does."""
    if target.absolute().is_relative_to("/dev"):
        return True
    try:
        return stat.S_IFMT(target.lstat().st_mode) in (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK)
    except OSError:
        return False


def write_whole(target: Path, text: str) -> None:
    """Write a file, or leave the one that is there. Raises OSError."""
    with replacing(target) as made, made.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing. Raises OSError."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync(each.parent)


def move_whole(made: Path, folder: Path, old: Path | None = None) -> None:
    """Give a finished folder its name, once all that it holds is on the disk.

    What had that name before becomes `old`; without one it is in the way. Raises OSError.
    """
    for path in made.rglob("*"):
        sync(path)
    sync(made)
    if old and folder.exists():
        folder.rename(old)
    made.rename(folder)
    sync(folder.parent)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk.

    Raises OSError, also for what an earlier write could not bring there. A folder is not everywhere
    something that can be waited for: then there is nothing to do.
    """
    if os.name != "posix":
        return
    with suppress(OSError) if path.is_dir() else nullcontext():
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
