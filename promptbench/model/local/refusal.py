"""Tell that a disk does not take something, from what the libraries that write there raise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from promptbench.error import PromptbenchError, StoreError, first_line

# Libraries in Rust end their message so, whatever they say before it.
RUST = re.compile(r"(?:.*: )?(.+) \(os error \d+\)")
# torch names what wrote, and no reason.
TORCH = ("inline_container", "iostream error")


@contextmanager
def writing(what: str, hint: str, where: Path | None = None) -> Iterator[None]:
    """Raise StoreError, which says `what` and why, if a disk refuses what is written inside."""
    try:
        yield
    except PromptbenchError:
        raise
    except Exception as error:
        if not (why := refusal(error)):
            raise
        raise StoreError(f"{what}: {why}", where=str(where or ""), hint=hint) from error


def refusal(error: Exception) -> str:
    """Why the disk refused; empty for an error that does not speak of a disk."""
    if isinstance(error, OSError):
        return error.strerror or first_line(error)
    text = first_line(error)
    if found := RUST.fullmatch(text):
        return found[1]
    if any(name in text for name in TORCH):
        return "the disk is full, or fails"
    return text if isinstance(error, SafetensorError) else ""
