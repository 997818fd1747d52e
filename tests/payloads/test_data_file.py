"""Hostile data files: each ends in one clear error with its line, or in the text that it holds."""

from __future__ import annotations

import gzip
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow
import pyarrow.parquet
import pytest

from promptbench.error import DataError
from promptbench.suite.table import read_rows
from tests.cost import at_most
from tests.errors.workspace import DATA, SUITE, VALIDATE, Entry, email, happen, lines, put, suite

Content = str | bytes | Callable[[], str | bytes]


class Bad(NamedTuple):
    """A file that must be refused at a line (0: as a whole), with these words."""

    name: str
    content: Content
    line: int
    what: str
    file: str = "d.jsonl"


class Good(NamedTuple):
    """A file that only looks dangerous, and what its row holds under `a`."""

    name: str
    content: Content
    value: Any
    file: str = "d.jsonl"


def zipped() -> bytes:
    """A hundred megabytes of nothing, in a hundred kilobytes."""
    return gzip.compress(b" " * 100_000_000)


def parquet() -> bytes:
    written = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"a": ["x"]}), written)
    return written.getvalue()


ROW = '{"a": 0}\n'
COLUMNS = ",".join(f"column{number}" for number in range(10_000))

BAD = [
    # too much in one line
    Bad("a line of 17 MB", lambda: ROW + '{"a": "' + "x" * 17_000_000 + '"}', 2, "longer than 16"),
    Bad("deep lists", ROW + '{"a": ' + "[" * 100_000, 2, "nested too deeply"),
    Bad("deep objects", ROW + '{"a": ' * 100_000, 2, "nested too deeply"),
    Bad("closed lists", ROW + '{"a": ' + "[" * 900 + "]" * 900 + "}", 2, "deeper than 100 levels"),
    Bad("closed objects", '{"a":' * 800 + "1" + "}" * 800, 1, "deeper than 100 levels"),
    Bad("a million lists", lambda: '{"a": [' + "[]," * 1_100_000 + "[]]}", 1, "1,000,000 values"),
    Bad("a number of 5,000 digits", '{"a": ' + "9" * 5000 + "}", 1, "thousands of digits"),
    # what two readers understand differently
    Bad("NaN", ROW + '{"a": NaN}', 2, "NaN is no JSON value"),
    Bad("Infinity", ROW + '{"a": [Infinity]}', 2, "Infinity is no JSON value"),
    Bad("minus Infinity", ROW + '{"a": -Infinity}', 2, "-Infinity is no JSON value"),
    Bad("1e999", ROW + '{"a": 1e999}', 2, "1e999 is too large a number"),
    Bad("a field twice", ROW + '{"a": 1, "b": 2, "a": 3}', 2, "'a' is given twice"),
    Bad("a field twice inside", '{"x": {"b": 1, "b": 1}}', 1, "'b' is given twice"),
    Bad("a field twice by an escape", '{"a": 1, "\\u0061": 2}', 1, "'a' is given twice"),
    Bad("comments", '{"a": 1} // b', 1, "not JSON from column 10"),
    Bad("two objects", '{"a": 1} {"a": 2}', 1, "not JSON from column 10"),
    Bad("Python", "{'a': __import__('os').system('id')}", 1, "not JSON from column 2"),
    # characters
    Bad("half of a character", ROW + '{"a": "\\ud83d"}', 2, "half of a character"),
    Bad("half of a character as name", '{"\\udc00": 1}', 1, "half of a character"),
    Bad("a surrogate in UTF-8", b'{"a": "\xed\xa0\x80"}', 1, "not UTF-8"),
    Bad("NUL in JSON", '{"a": "x\0"}', 1, "not JSON"),
    Bad("NUL between", '{"a": 1}\0', 1, "not JSON"),
    Bad("UTF-16", '{"a": 1}'.encode("utf-16"), 1, "not UTF-8"),
    Bad("Latin-1", ROW.encode() + '{"a": "café"}'.encode("latin-1"), 2, "not UTF-8 after"),
    # tables
    Bad("an open quote", 'a,b\n1,2\n3,"4\n5,6\n', 3, "broken row", "d.csv"),
    Bad("a quote open for 17 MB", lambda: 'a\n"' + "x\n" * 8_500_000, 2, "broken row", "d.csv"),
    Bad("a line of 17 MB in CSV", lambda: "a\n" + "x" * 17_000_000, 2, "longer than 16", "d.csv"),
    Bad("10,000 columns", COLUMNS + "\n1,2\n", 2, "2 values under a header of 10000", "d.csv"),
    Bad("10,000 equal columns", "a," * 9_999 + "a\n", 1, "'a' is there twice", "d.csv"),
    Bad("a tab in TSV", "a\tb\n1\t2\t3\n", 2, "3 values under a header of 2", "d.tsv"),
    # other formats, by their name or in disguise
    Bad("Parquet", parquet, 0, "'.parquet' is not a data format", "d.parquet"),
    Bad("half of a Parquet", lambda: parquet()[:50], 0, "'.parquet' is not a", "d.parquet"),
    Bad("Parquet as JSONL", parquet, 1, "not"),
    Bad("a gzip bomb", zipped, 0, "'.gz' is not a data format", "d.jsonl.gz"),
    Bad("a gzip bomb as JSONL", zipped, 1, "not UTF-8"),
    Bad("a gzip bomb as CSV", zipped, 1, "not UTF-8", "d.csv"),
    Bad("a pickle", lambda: pickle.dumps({"a": 1}), 0, "'.pkl' is not a data format", "d.pkl"),
    Bad("a pickle as JSONL", lambda: pickle.dumps({"a": 1}), 1, "not UTF-8"),
    Bad("a spreadsheet", b"PK\x03\x04", 0, "'.xlsx' is not a data format", "d.xlsx"),
    Bad("a program", "import os", 0, "'.py' is not a data format", "d.py"),
]

GOOD = [
    Good("a line of 15 MB", lambda: '{"a": "' + "x" * 15_000_000 + '"}', "x" * 15_000_000),
    Good("NUL by an escape", '{"a": "x\\u0000y"}', "x\0y"),
    Good("a pair of surrogates", '{"a": "\\ud83d\\ude00"}', "\U0001f600"),
    Good("line separators", '{"a": "\u2028\u2029\x85"}', "\u2028\u2029\x85"),
    Good("a formula", "a\n=cmd|' /C calc'!A0\n", "=cmd|' /C calc'!A0", "d.csv"),
    Good("a byte order mark", b'\xef\xbb\xbf{"a": 1}', 1),
    Good("an escape sequence", '{"a": "\\u001b]0;x\\u0007"}', "\x1b]0;x\x07"),
    Good("100 levels", '{"a": ' + "[" * 99 + "]" * 99 + "}", None),
    Good("10,000 columns that fit", f"a,{COLUMNS}\nx{',y' * 10_000}\n", "x", "d.csv"),
]


def content_of(content: Content) -> bytes:
    made = content() if callable(content) else content
    return made if isinstance(made, bytes) else made.encode()


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_hostile_file_is_refused_with_its_line(tmp_path: Path, bad: Bad):
    (tmp_path / bad.file).write_bytes(content_of(bad.content))
    with at_most(seconds=2, megabytes=200), pytest.raises(DataError) as caught:
        list(read_rows(tmp_path / bad.file, bad.file))
    assert bad.what in caught.value.what
    assert caught.value.where == (f"{bad.file}:{bad.line}" if bad.line else bad.file)
    assert len(str(caught.value)) < 1000
    assert "sys." not in str(caught.value)


@pytest.mark.parametrize("good", GOOD, ids=lambda good: good.name)
def test_what_only_looks_dangerous_is_read_as_it_is(tmp_path: Path, good: Good):
    (tmp_path / good.file).write_bytes(content_of(good.content))
    with at_most(seconds=2, megabytes=200):
        ((_, row),) = read_rows(tmp_path / good.file, good.file)
    assert good.value is None or row["a"] == good.value


@pytest.mark.parametrize("name", ["zero.jsonl", "zero.csv"])
def test_an_endless_file_is_not_read_to_its_end(tmp_path: Path, name: str):
    (tmp_path / name).symlink_to("/dev/zero")
    with at_most(seconds=2, megabytes=200), pytest.raises(DataError, match="longer than 16,777,2"):
        list(read_rows(tmp_path / name, name))


# Through the command line.

IN_COMMANDS = [
    ("deep lists", 2),
    ("closed lists", 2),
    ("a number of 5,000 digits", 1),
    ("a field twice", 2),
    ("half of a character", 2),
    ("10,000 columns", 2),
    ("a quote open for 17 MB", 2),
    ("a gzip bomb", 0),
    ("Parquet", 0),
]


@pytest.mark.parametrize(("name", "line"), IN_COMMANDS, ids=[name for name, _ in IN_COMMANDS])
def test_the_command_ends_with_exit_code_2_and_one_message(name: str, line: int):
    (bad,) = [one for one in BAD if one.name == name]

    def prepare(workspace: Path, patch: pytest.MonkeyPatch) -> list[str]:
        put(workspace, f"suites/email/{bad.file}", content_of(bad.content))
        return suite("email/test.jsonl", f"email/{bad.file}")(workspace, patch)

    with at_most(seconds=10, megabytes=300):
        outcome = happen(Entry(name, "gave a hostile data file", prepare))
    place = f"suites/email/{bad.file}" + (f":{line}" if line else "")
    assert outcome.code == 2
    assert outcome.message.startswith(f"error: {place}: ")
    assert len(outcome.message.strip().splitlines()) <= 2


IDS = {
    "a path": "../../../etc/passwd",
    "an absolute path": "/etc/passwd",
    "NUL": "a\0b",
    "markup": "<script>alert(1)</script>",
    "an escape sequence": "\x1b]0;owned\x07",
    "a bidi control": "\u202egnp.exe",
    "a reserved name": "CON",
    "half a megabyte": "x" * 500_000,
}


@pytest.mark.parametrize("name", IDS)
def test_a_hostile_id_names_no_file_and_writes_nothing_to_the_terminal(name: str):
    """Given twice, it is told in the message."""

    def prepare(workspace: Path, patch: pytest.MonkeyPatch) -> list[str]:
        put(workspace, DATA, lines(email(1, id=IDS[name]), email(2, id=IDS[name])))
        return list(VALIDATE)

    outcome = happen(Entry(name, "gave a hostile id", prepare))
    assert outcome.code == 2
    assert outcome.message.startswith(f"error: {DATA}:2: id '")
    assert not set("\0\x1b\x07\u202e") & set(outcome.message)
    assert len(outcome.message) < 5000
    assert SUITE not in outcome.message


def test_count():
    assert (len(BAD), len(GOOD), len(IDS), len(IN_COMMANDS)) == (40, 9, 8, 9)
