"""Compare what is installed with the digests that pip wrote down for it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path


def changed(package: Distribution, largest: float = float("inf")) -> Iterator[str]:
    """Files of at most `largest` bytes that are missing or not as they were installed."""
    for file in package.files or ():
        if file.hash is None or (file.size or 0) > largest:
            continue
        path = Path(str(package.locate_file(file)))
        if not path.is_file() or digest(path, file.hash.mode) != file.hash.value:
            yield str(file)


def digest(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        raw = hashlib.file_digest(file, kind).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
