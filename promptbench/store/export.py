"""Write a run's outputs and scores, or a chat's turns, as a table: CSV, JSONL or Parquet."""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from promptbench.error import InputError, StoreError
from promptbench.record import Candidate, Run, Sample, Turn
from promptbench.store.database import Store
from promptbench.store.turn import turns

# A spreadsheet runs a cell that begins so as a formula, some also in wide letters (U+FF0B and
# others) or behind what they drop: spaces, quotes, controls, characters without a width. With the
# apostrophes in front, what was put there can be taken away again.
FORMULA = re.compile(
    r"""'*(?:[\t\r\n]|[\s"`\0-\x1f\x7f-\x9f\xad\u180e\u200b-\u200f\u2060\ufeff]*"""
    r"""[=+@\-\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}"""
    r"""\N{FULLWIDTH COMMERCIAL AT}\N{MINUS SIGN}])"""
)

Writer = Callable[[pd.DataFrame, str], None]


def export(store: Store, run_id: str, kind: str, path: Path) -> int:
    """Write one row a cell to `path` and return their number. Raises StoreError.

    A metric is a column; an unscored cell is empty there, and its reason stands beside it.
    """
    run = store.run(run_id)
    candidates = {candidate.name: candidate for candidate in run.candidates}
    rows = [row(run, candidates[sample.candidate], sample) for sample in store.samples(run_id)]
    # A column with gaps would turn whole numbers into fractions.
    frame = pd.DataFrame(rows).astype({"prompt_tokens": "Int64", "output_tokens": "Int64"})
    write_table(frame, kind, path)
    return len(frame)


def export_turns(store: Store, run_id: str, kind: str, path: Path) -> int:
    """Write one row a turn of a chat to `path`, checked or not, and return their number.

    Raises InputError for a run without a turn, StoreError where nothing can be written.
    """
    run = store.run(run_id)
    rows = [turn_row(run, turn) for turn in turns(store, run_id)]
    if not rows:
        raise InputError(
            f"run {run.id} has no turns: it is no chat, or nothing was said yet",
            hint="Without --turns its outputs are written.",
        )
    write_table(pd.DataFrame(rows), kind, path)
    return len(rows)


def write_table(frame: pd.DataFrame, kind: str, path: Path) -> None:
    """Write a table so that it is there whole or not at all. Raises StoreError."""
    handle, temporary = temporary_beside(path)
    os.close(handle)
    try:
        WRITERS[kind](frame, temporary)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def temporary_beside(path: Path) -> tuple[int, str]:
    """A temporary file in the folder of `path`, so that the finished one appears at once."""
    try:
        return tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> StoreError:
    """The place that was asked for does not let us."""
    hint = "Choose another place with --output, or free some space."
    if not path.parent.is_dir():
        hint = f"There is no folder {path.parent}: make it, or choose another with --output."
    return StoreError(f"cannot be written: {error.strerror}", where=str(path), hint=hint)


def row(run: Run, candidate: Candidate, sample: Sample) -> dict[str, Any]:
    """One cell of a run as a flat row; a metric that is named like a field stands apart from it."""
    done = sample.completion
    fields: dict[str, Any] = {
        "run": run.id,
        "candidate": candidate.name,
        "prompt": candidate.prompt.name,
        "model": candidate.model,
        "case": sample.case_id,
        "repeat": sample.repeat,
        "output": None if done is None or done.error else done.text,
        "error": "not generated" if done is None else done.error,
        "finish_reason": done.finish_reason if done else "",
        "prompt_tokens": done.prompt_tokens if done else None,
        "output_tokens": done.output_tokens if done else None,
        "seconds": done.seconds if done else None,
        "cost": done.cost if done else None,
    }
    scores: dict[str, Any] = {}
    for metric in run.metrics:
        score = sample.scores.get(metric.name)
        column = f"{metric.name} score" if metric.name in fields else metric.name
        scores[column] = score.value if score else None
        scores[f"{metric.name} unscored"] = score.reason if score else ""
    return fields | scores


def turn_row(run: Run, turn: Turn) -> dict[str, Any]:
    """One turn as a flat row; `kept` lists the earlier turns that stood in its prompt."""
    return {
        "run": run.id,
        "candidate": turn.candidate,
        "dialogue": turn.dialogue,
        "repeat": turn.repeat,
        "turn": turn.number,
        "case": turn.case_id,
        "user": turn.user,
        "reply": turn.reply,
        "given": not turn.key,
        "kept": " ".join(map(str, turn.kept)),
        "summary": turn.summary,
        "mood": turn.mood,
        "rule": turn.rule,
        "prompt_tokens": turn.prompt_tokens,
        "output_tokens": turn.output_tokens,
        "memory_tokens": turn.memory_tokens,
    }


def write_csv(frame: pd.DataFrame, path: str) -> None:
    """CSV whose text cannot run as a formula: such a cell gets an apostrophe in front.

    Who reads it back takes one apostrophe from each text that begins with some and a formula. Text
    stands in quotes: a bare carriage return in it would begin a row, and so a cell.
    """
    safe = frame.map(lambda cell: f"'{cell}" if is_formula(cell) else cell)
    safe.columns = [f"'{name}" if is_formula(name) else name for name in safe.columns]
    safe.to_csv(path, index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)


def is_formula(cell: object) -> bool:
    """Whether a spreadsheet would run a cell."""
    return isinstance(cell, str) and FORMULA.match(cell) is not None


def write_jsonl(frame: pd.DataFrame, path: str) -> None:
    """One JSON object a line, numbers with all their digits."""
    table = frame.astype(object).where(frame.notna(), None)
    with Path(path).open("w", encoding="utf-8") as file:
        for record in table.to_dict(orient="records"):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def write_parquet(frame: pd.DataFrame, path: str) -> None:
    """Parquet through pyarrow."""
    frame.to_parquet(path, index=False)


WRITERS: dict[str, Writer] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
}
