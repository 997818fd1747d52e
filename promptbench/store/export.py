"""Write a run's outputs and scores as a table: CSV, JSONL or Parquet."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from promptbench.error import StoreError
from promptbench.record import Sample
from promptbench.store.database import Store

# A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Writer = Callable[[pd.DataFrame, str], None]


def export(store: Store, run_id: str, kind: str, path: Path) -> int:
    """Write one row a cell to `path` and return their number. Raises StoreError.

    A metric is a column; an unscored cell is empty there, and its reason stands beside it.
    """
    frame = pd.DataFrame([row(sample) for sample in store.samples(run_id)])
    run = store.run(run_id)
    prompts = {c.name: (c.prompt.name, c.model) for c in run.candidates}
    frame.insert(0, "run", run.id)
    frame.insert(2, "prompt", [prompts[name][0] for name in frame["candidate"]])
    frame.insert(3, "model", [prompts[name][1] for name in frame["candidate"]])
    handle, temporary = temporary_beside(path)
    os.close(handle)
    try:
        WRITERS[kind](frame, temporary)
        Path(temporary).replace(path)
    except OSError as error:
        raise StoreError(f"cannot be written: {error.strerror}", where=str(path)) from error
    finally:
        Path(temporary).unlink(missing_ok=True)
    return len(frame)


def temporary_beside(path: Path) -> tuple[int, str]:
    """A temporary file in the folder of `path`, so that the finished one appears at once."""
    try:
        return tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise StoreError(f"cannot be written: {error.strerror}", where=str(path)) from error


def row(sample: Sample) -> dict[str, Any]:
    """One cell of a run as a flat row."""
    done = sample.completion
    fields: dict[str, Any] = {
        "candidate": sample.candidate,
        "case": sample.case_id,
        "repeat": sample.repeat,
        "output": None if done is None or done.error else done.text,
        "error": "not generated" if done is None else done.error,
        "finish_reason": done.finish_reason if done else "",
        "prompt_tokens": done.prompt_tokens if done else None,
        "output_tokens": done.output_tokens if done else None,
        "seconds": done.seconds if done else None,
    }
    for name, score in sample.scores.items():
        fields[name] = score.value
        fields[f"{name} unscored"] = score.reason
    return fields


def write_csv(frame: pd.DataFrame, path: str) -> None:
    """CSV whose text cannot run as a formula: such a cell gets an apostrophe in front."""
    safe = frame.map(lambda cell: f"'{cell}" if is_formula(cell) else cell)
    safe.columns = [f"'{name}" if is_formula(name) else name for name in safe.columns]
    safe.to_csv(path, index=False, lineterminator="\n")


def is_formula(cell: object) -> bool:
    """Whether a spreadsheet would run a cell."""
    return isinstance(cell, str) and cell.startswith(FORMULA)


def write_jsonl(frame: pd.DataFrame, path: str) -> None:
    """One JSON object a line."""
    frame.to_json(path, orient="records", lines=True, force_ascii=False)


def write_parquet(frame: pd.DataFrame, path: str) -> None:
    """Parquet through pyarrow."""
    frame.to_parquet(path, index=False)


WRITERS: dict[str, Writer] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
}
