"""Write a run's outputs and scores, or a chat's turns, as a table: CSV, JSONL or Parquet."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd

from promptbench.disk import replacing
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

# So many rows are in memory at a time.
AT_ONCE = 10_000
# Every other column holds text. A column with gaps would turn whole numbers into fractions.
NUMBERS = {
    "repeat": "Int64",
    "turn": "Int64",
    "prompt_tokens": "Int64",
    "output_tokens": "Int64",
    "memory_tokens": "Int64",
    "seconds": "float64",
    "cost": "float64",
    "mood": "float64",
    "given": "bool",
}

FIELDS = (
    "run",
    "candidate",
    "prompt",
    "model",
    "case",
    "repeat",
    "output",
    "error",
    "finish_reason",
    "prompt_tokens",
    "output_tokens",
    "seconds",
    "cost",
)

Row = dict[str, Any]
Writer = Callable[[Iterator[pd.DataFrame], Path], None]


def export(store: Store, run_id: str, kind: str, path: Path) -> int:
    """Write one row a cell to `path` and return their number. Raises StoreError.

    A metric is a column; an unscored cell is empty there, and its reason stands beside it.
    """
    run = store.run(run_id)
    candidates = {candidate.name: candidate for candidate in run.candidates}
    rows = (row(run, candidates[sample.candidate], sample) for sample in store.samples(run_id))
    kinds = NUMBERS | {score_column(metric.name): "float64" for metric in run.metrics}
    return write_table(frames(rows, kinds), kind, path)


def export_turns(store: Store, run_id: str, kind: str, path: Path) -> int:
    """Write one row a turn of a chat to `path`, checked or not, and return their number.

    Raises InputError for a run without a turn, StoreError where nothing can be written.
    """
    run = store.run(run_id)
    rows = (turn_row(run, turn) for turn in turns(store, run_id))
    if (first := next(rows, None)) is None:
        raise InputError(
            f"run {run.id} has no turns: it is no chat, or nothing was said yet",
            hint="Without --turns its outputs are written.",
        )
    return write_table(frames(chain([first], rows), NUMBERS), kind, path)


def frames(rows: Iterable[Row], kinds: Mapping[str, str]) -> Iterator[pd.DataFrame]:
    """Rows as tables of some thousand; `kinds` are the types of the columns that hold no text."""
    coming = iter(rows)
    while part := list(islice(coming, AT_ONCE)):
        frame = pd.DataFrame(part)
        yield frame.astype({name: kinds.get(name, "object") for name in frame.columns})


def write_table(tables: Iterator[pd.DataFrame], kind: str, path: Path) -> int:
    """Write a table, part by part, so that it is there whole or not at all; returns its rows.

    Raises StoreError.
    """
    written = 0

    def counted() -> Iterator[pd.DataFrame]:
        nonlocal written
        for each in tables:
            written += len(each)
            yield each

    try:
        with replacing(path) as made:
            WRITERS[kind](counted(), made)
    except OSError as error:
        raise unwritable(path, error) from error
    return written


def unwritable(path: Path, error: OSError) -> StoreError:
    """The place that was asked for does not let us."""
    hint = "Choose another place with --output, or free some space."
    if not path.parent.is_dir():
        hint = f"There is no folder {path.parent}: make it, or choose another with --output."
    return StoreError(f"cannot be written: {error.strerror}", where=str(path), hint=hint)


def row(run: Run, candidate: Candidate, sample: Sample) -> Row:
    """One cell of a run as a flat row; a metric that is named like a field stands apart from it."""
    done = sample.completion
    fields: Row = {
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
        scores[score_column(metric.name)] = score.value if score else None
        scores[f"{metric.name} unscored"] = score.reason if score else ""
    return fields | scores


def score_column(metric: str) -> str:
    """The column of a metric's values."""
    return f"{metric} score" if metric in FIELDS else metric


def turn_row(run: Run, turn: Turn) -> Row:
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


def write_csv(tables: Iterator[pd.DataFrame], path: Path) -> None:
    """CSV whose text cannot run as a formula: such a cell gets an apostrophe in front.

    Who reads it back takes one apostrophe from each text that begins with some and a formula. Text
    stands in quotes: a bare carriage return in it would begin a row, and so a cell.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, frame in enumerate(tables):
            safe = frame.map(lambda cell: f"'{cell}" if is_formula(cell) else cell)
            safe.columns = [f"'{name}" if is_formula(name) else name for name in safe.columns]
            safe.to_csv(
                file,
                index=False,
                header=number == 0,
                lineterminator="\n",
                quoting=csv.QUOTE_NONNUMERIC,
            )


def is_formula(cell: object) -> bool:
    """Whether a spreadsheet would run a cell."""
    return isinstance(cell, str) and FORMULA.match(cell) is not None


def write_jsonl(tables: Iterator[pd.DataFrame], path: Path) -> None:
    """One JSON object a line, numbers with all their digits."""
    with path.open("w", encoding="utf-8") as file:
        for frame in tables:
            table = frame.astype(object).where(frame.notna(), None)
            for record in table.to_dict(orient="records"):
                file.write(json.dumps(record, ensure_ascii=False) + "\n")


def write_parquet(tables: Iterator[pd.DataFrame], path: Path) -> None:
    """Parquet. A part's column without a value must have the type that it has in the others."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    types = {"object": pa.string(), "Int64": pa.int64(), "float64": pa.float64()}
    first = next(tables)
    columns = ((name, types.get(str(kind), pa.bool_())) for name, kind in first.dtypes.items())
    plain = pa.schema(list(columns))
    # What pandas says of itself there lets it read whole numbers as such, gaps or not.
    schema = pa.Table.from_pandas(first, schema=plain, preserve_index=False).schema
    # A file that Python opened fails as Python's files do: pyarrow has words of its own for that.
    with path.open("wb") as file, ParquetWriter(file, schema) as writer:
        for frame in chain([first], tables):
            writer.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False))


WRITERS: dict[str, Writer] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
}
