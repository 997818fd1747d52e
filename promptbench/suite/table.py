"""Read a data file row by row: JSONL, CSV or TSV in, plain mappings with their line out."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from promptbench.error import DataError, choices

Row = tuple[int, dict[str, Any]]

MAX_LINE_BYTES = 16 * 1024 * 1024
DELIMITERS = {".csv": ",", ".tsv": "\t"}
FORMATS = (".jsonl", *DELIMITERS)


def read_rows(path: Path, shown: str) -> Iterator[Row]:
    """Yield (line, fields). `shown` is the file's name in messages. Raises DataError."""
    if path.suffix.lower() not in FORMATS:
        raise DataError(
            f"'{path.suffix}' is not a data format that promptbench reads",
            where=shown,
            hint=choices(path.suffix, FORMATS),
        )
    try:
        if path.suffix.lower() == ".jsonl":
            with path.open("rb") as file:
                yield from json_rows(file, shown)
        else:
            delimiter = DELIMITERS[path.suffix.lower()]
            with path.open(encoding="utf-8-sig", newline="") as text:
                yield from delimited_rows(text, delimiter, shown)
    except FileNotFoundError as error:
        raise DataError("no such file", where=shown, hint="`data:` names it.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8: {error}", where=shown, hint="Save it as UTF-8.") from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=shown) from error


def json_rows(file: BinaryIO, shown: str) -> Iterator[Row]:
    """One JSON object a line; empty lines are passed over."""
    for number in range(1, 1 << 62):
        raw = file.readline(MAX_LINE_BYTES + 1)
        if not raw:
            return
        where = f"{shown}:{number}"
        if len(raw) > MAX_LINE_BYTES:
            raise DataError(f"the line is longer than {MAX_LINE_BYTES:,} bytes", where=where)
        if raw.strip():
            yield number, json_object(raw, where)


def json_object(raw: bytes, where: str) -> dict[str, Any]:
    """Parse one line, strictly: no duplicate keys, no NaN."""
    try:
        value = json.loads(
            raw.decode("utf-8-sig"), object_pairs_hook=unique, parse_constant=refuse_constant
        )
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8: {error}", where=where, hint="Save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise DataError(
            f"not JSON: {error.msg} at column {error.colno}",
            where=where,
            hint="A .jsonl file holds one whole JSON object a line.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"not usable JSON: {error}", where=where) from error
    if not isinstance(value, dict):
        raise DataError(
            f"expected a JSON object, found {type(value).__name__}",
            where=where,
            hint='A row looks like {"id": "1", "text": "..."}.',
        )
    return value


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object's fields, refusing a field that is given twice."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"field '{twice}' is given twice")
    return fields


def refuse_constant(name: str) -> None:
    """NaN and Infinity are not JSON."""
    raise ValueError(f"{name} is not JSON")


def delimited_rows(file: TextIO, delimiter: str, shown: str) -> Iterator[Row]:
    """Rows under a header line; every value is text."""
    csv.field_size_limit(MAX_LINE_BYTES)
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = checked_header(next(reader, []), shown)
        line = reader.line_num + 1
        for values in reader:
            if values and len(values) != len(header):
                raise DataError(
                    f"{len(values)} values under a header of {len(header)} columns",
                    where=f"{shown}:{line}",
                    hint=f"Columns: {', '.join(header)}. Text with the delimiter wants quotes.",
                )
            if values:
                yield line, dict(zip(header, values, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"broken row: {error}", where=f"{shown}:{reader.line_num}") from error


def checked_header(header: list[str], shown: str) -> list[str]:
    """A header names each column, once."""
    if not header:
        raise DataError("the file is empty", where=f"{shown}:1", hint="Line 1 names the columns.")
    for name in header:
        if not name.strip() or header.count(name) > 1:
            problem = f"column '{name}' is there twice" if name.strip() else "a column has no name"
            raise DataError(problem, where=f"{shown}:1", hint="Line 1 names the columns.")
    return header
