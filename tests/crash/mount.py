"""Small disks of a test's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(place: Path, megabytes: int) -> Iterator[Path]:
    """A disk of that size at `place`; the test is skipped where none can be mounted."""
    place.mkdir()
    size = f"size={megabytes}M"
    mount("-t", "tmpfs", "-o", size, "tmpfs", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def mount(*arguments: str) -> None:
    """Mount something, or skip the test."""
    try:
        made = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if made.returncode:
        pytest.skip(f"no disk can be mounted: {made.stderr.strip()}")


def free(place: Path) -> int:
    """Bytes that are left."""
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize


def fill(place: Path, left: int) -> Path:
    """Fill the disk but for so many bytes."""
    filler = place / "filler"
    with filler.open("wb") as file:
        file.write(b"x" * max(0, free(place) - left))
    return filler
