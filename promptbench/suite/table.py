"""Read a data file row by row: JSONL, CSV or TSV in, plain mappings with their line out."""

from __future__ import annotations

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from promptbench.error import DataError, choices, listed, not_utf8
from promptbench.suite.explain import show

Row = tuple[int, dict[str, Any]]

MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
MAX_VALUES = 1_000_000
DELIMITERS = {".csv": ",", ".tsv": "\t"}
SIGNS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
FORMATS = (".jsonl", *DELIMITERS)
HALF_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


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
        where = f"{shown}:{undecodable_line(path)}"
        raise DataError(not_utf8(error), where=where, hint="Save it as UTF-8.") from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=shown) from error


def undecodable_line(path: Path) -> int:
    """The first line that is not UTF-8: text is decoded ahead, in blocks, so look again."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                raw.decode()
            except UnicodeDecodeError:
                return number
    return 1


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
    """Parse one line, strictly: no duplicate keys, no NaN, no half characters."""
    try:
        value = json.loads(
            raw.rstrip().decode("utf-8-sig"),
            object_pairs_hook=unique,
            parse_constant=refuse_constant,
            parse_float=finite,
        )
        if HALF_ESCAPE.search(raw):
            refuse_halves(value)
        if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
            refuse_bulk(value)
    except UnicodeDecodeError as error:
        raise DataError(not_utf8(error), where=where, hint="Save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise DataError(
            f"not JSON from column {error.colno} on: {error.msg.lower()}",
            where=where,
            hint="A .jsonl file holds one whole JSON object a line.",
        ) from error
    except ValueError as error:
        long = "int_max_str_digits" in str(error)
        why = "a number has thousands of digits" if long else error
        raise DataError(f"not usable JSON: {why}", where=where) from error
    except RecursionError as error:
        raise DataError("not usable JSON: it is nested too deeply", where=where) from error
    if not isinstance(value, dict):
        raise DataError(
            f"expected a JSON object, found {show(value)}",
            where=where,
            hint='A row looks like {"id": "1", "text": "..."}.',
        )
    return value


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object's fields, refusing a field that is given twice."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice = first_twice([name for name, _ in pairs])
        raise ValueError(f"field '{twice}' is given twice; keep one of them")
    return fields


def first_twice(names: list[str]) -> str | None:
    """The first name that is there more than once."""
    return next((name for name, times in Counter(names).items() if times > 1), None)


def finite(digits: str) -> float:
    """A number, unless it is past what one can be, as 1e999 is."""
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large a number")
    return number


def refuse_halves(value: object) -> None:
    """Half of a surrogate pair is not a character, and could not be stored."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("a \\u escape stands for half of a character") from error


def refuse_bulk(value: object) -> None:
    """Deeper or more values than anything that comes after could go through."""
    level, parts, total = [value], list[object](), 0
    for _ in range(MAX_DEPTH + 1):
        for held in level:
            if isinstance(held, dict | list):
                parts += held.values() if isinstance(held, dict) else held
        total += len(parts)
        if total > MAX_VALUES:
            raise ValueError(f"it holds more than {MAX_VALUES:,} values")
        if not parts:
            return
        level, parts = parts, []
    raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")


def refuse_constant(name: str) -> None:
    """NaN and Infinity are not JSON."""
    raise ValueError(f"{name} is no JSON value; write null or leave the field out")


def delimited_rows(file: TextIO, delimiter: str, shown: str) -> Iterator[Row]:
    """Rows under a header line; every value is text."""
    csv.field_size_limit(MAX_LINE_BYTES)
    reader = csv.reader(bounded_lines(file, shown), delimiter=delimiter, strict=True)
    line = 1
    try:
        header = checked_header(next(reader, []), delimiter, shown)
        line = reader.line_num + 1
        for values in reader:
            if values and len(values) != len(header):
                found = "1 value" if len(values) == 1 else f"{len(values)} values"
                raise DataError(
                    f"{found} under a header of {len(header)} columns",
                    where=f"{shown}:{line}",
                    hint=f"Columns: {listed(header)}. Text with the delimiter wants quotes.",
                )
            if values:
                yield line, dict(zip(header, values, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        hint = "Close every quote that is opened; write a quote inside quotes twice."
        raise DataError(f"broken row: {error}", where=f"{shown}:{line}", hint=hint) from error


def bounded_lines(file: TextIO, shown: str) -> Iterator[str]:
    """The lines of a text file, refusing one that is too long before it is read as a whole."""
    for number in range(1, 1 << 62):
        line = file.readline(MAX_LINE_BYTES + 1)
        if not line:
            return
        if len(line) > MAX_LINE_BYTES:
            where = f"{shown}:{number}"
            raise DataError(f"the line is longer than {MAX_LINE_BYTES:,} characters", where=where)
        yield line


def checked_header(header: list[str], delimiter: str, shown: str) -> list[str]:
    """A header names each column, once."""
    if not header:
        raise DataError("there is no header", where=f"{shown}:1", hint="Line 1 names the columns.")
    # Spreadsheets of many countries write semicolons, and all columns would be one.
    if len(header) == 1 and (other := re.search(r"[;,\t|]", header[0])):
        what = f"the columns are parted by {SIGNS[other[0]]}, not by {SIGNS[delimiter]}"
        raise DataError(what, where=f"{shown}:1", hint="A .csv has commas, a .tsv tabs.")
    twice = first_twice(header)
    if twice is not None or not all(name.strip() for name in header):
        problem = f"column '{twice}' is there twice" if twice else "a column has no name"
        raise DataError(problem, where=f"{shown}:1", hint="Line 1 names the columns.")
    return header
