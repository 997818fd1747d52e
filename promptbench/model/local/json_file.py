"""Read the JSON of a checkpoint: a file of anybody's in, an object of a known size out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from promptbench.error import ModelError
from promptbench.suite.table import MAX_DEPTH, refuse_bulk

# The index of the largest open models (150,000 tensors) has 15 MB, and their tokenizers 35.
MOST_BYTES = 32_000_000
MOST_TEXT = 100_000_000
# What transformers reads by itself, into Python's objects. tokenizer.json it leaves to Rust.
SETTINGS = (
    "added_tokens.json",
    "chat_template.json",
    "generation_config.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
)
AGAIN = "Copy the checkpoint again."


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of the checkpoint. Raises ModelError, also for a huge one."""
    refuse_large(path, MOST_BYTES)
    try:
        raw = path.read_bytes()
        value = json.loads(raw.decode())
        if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
            refuse_bulk(value)
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}"
        raise ModelError(f"not JSON: {error.msg.lower()}", where=where, hint=AGAIN) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"damaged: {error}", where=str(path), hint=AGAIN) from error
    if not isinstance(value, dict):
        raise ModelError("holds no JSON object", where=str(path), hint=AGAIN)
    return value


def refuse_bulk_of(files: Iterator[Path]) -> None:
    """Raise ModelError for a file beside the weights that would fill the memory when it is read."""
    for path in files:
        refuse_large(path, MOST_TEXT)
        if path.name in SETTINGS:
            read_json(path)


def refuse_large(path: Path, most: int) -> None:
    """Raise ModelError for a file of more bytes."""
    if path.is_file() and (size := path.stat().st_size) > most:
        what = f"has {size:,} bytes, and {most:,} at most are read"
        raise ModelError(what, where=str(path), hint=AGAIN)
