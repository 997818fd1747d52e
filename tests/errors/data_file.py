"""Mistakes in the files of cases."""

from __future__ import annotations

from pathlib import Path

from pytest import MonkeyPatch

from tests.errors.workspace import (
    DATA,
    RUN,
    SUITE,
    VALIDATE,
    Entry,
    command,
    data,
    email,
    file,
    lines,
    suite,
    table,
)

CSV = "suites/email/test.csv"
HEADER = "id,subject,body\n"
ROW = "email-1,Meeting,Room 1\n"
TEST = "test: email/test.jsonl"


def folder_for_file(workspace: Path, patch: MonkeyPatch) -> list[str]:
    (workspace / DATA).unlink()
    (workspace / DATA).mkdir()
    return list(VALIDATE)


def cases(text: str | bytes, name: str, did: str, line: int | None) -> Entry:
    """Other text in the JSONL file."""
    return Entry(name, did, file(DATA, text), f"{DATA}:{line}" if line else DATA)


ENTRIES = [
    Entry(
        "missing-data",
        "misspelt the name of a data file",
        suite("email/test.jsonl", "email/tset.jsonl"),
        f"{SUITE}:3",
    ),
    Entry(
        "missing-data-folder",
        "named a data file in a folder that is not there",
        suite("email/test.jsonl", "mails/test.jsonl"),
        f"{SUITE}:3",
    ),
    Entry("data-is-folder", "named a folder as data", folder_for_file, f"{SUITE}:3"),
    Entry(
        "unknown-format",
        "named a spreadsheet as data",
        table("test.xlsx", "PK"),
        "suites/email/test.xlsx",
    ),
    cases("", "empty-data", "gave a data file without cases", None),
    cases(
        lines(email(1)) + '{"id": "email-2", "subject": "Lunch"\n',
        "broken-json",
        "broke a line of JSON",
        2,
    ),
    cases('["email-1", "Lunch"]\n', "not-an-object", "wrote a list as a row", 1),
    cases("[\n" + lines(email(1)) + "]\n", "json-array", "gave a JSON array, not JSON lines", 1),
    cases(
        lines(email(1)) + '{"id": "email-2", "id": "email-3"}\n',
        "duplicate-field",
        "gave a field of a row twice",
        2,
    ),
    cases('{"id": "email-1", "score": NaN}\n', "nan", "wrote NaN into JSON", 1),
    cases("[" * 100_000 + "\n", "deep-json", "nested JSON without end", 1),
    cases(
        lines(email(1)).encode() + '{"id": "email-2", "body": "Café"}\n'.encode("latin-1"),
        "data-not-utf-8",
        "saved a JSONL file as Latin-1",
        2,
    ),
    Entry(
        "duplicate-id",
        "gave two cases the same id",
        data(email(1), email(2), email(1)),
        f"{DATA}:3",
    ),
    Entry("wrong-id", "gave an id that is no text", data(email(1, id=["a", 1])), f"{DATA}:1"),
    Entry("no-id", "left an id empty", data(email(1), email(2, id=None)), f"{DATA}:2"),
    Entry(
        "wrong-references",
        "gave a number as a reference",
        data(email(1, references=["Lunch.", 12])),
        f"{DATA}:1",
    ),
    Entry(
        "missing-reference-field",
        "named a field of references that a row lacks",
        suite(TEST, f"{TEST}\n  references: reference"),
        f"{DATA}:1",
    ),
    Entry(
        "missing-id-field",
        "named a field of ids that the rows lack",
        suite(TEST, f"{TEST}\n  id: number"),
        f"{DATA}:1",
    ),
    Entry(
        "missing-cluster-field",
        "named a cluster that the rows lack",
        suite(TEST, f"{TEST}\n  cluster: thread"),
        f"{DATA}:1",
    ),
    Entry("empty-csv", "gave an empty CSV file", table("test.csv", ""), f"{CSV}:1"),
    Entry("header-only", "gave a CSV file with a header only", table("test.csv", HEADER), CSV),
    Entry(
        "same-column-twice",
        "named two columns alike",
        table("test.csv", "id,body,body\n"),
        f"{CSV}:1",
    ),
    Entry(
        "column-without-name",
        "left a column without a name",
        table("test.csv", "id,,body\n"),
        f"{CSV}:1",
    ),
    Entry(
        "wrong-columns",
        "left a comma without quotes",
        table("test.csv", HEADER + ROW + "email-2,Lunch,Soup, or salad?\n"),
        f"{CSV}:3",
    ),
    Entry(
        "open-quote",
        "left a quote open in CSV",
        table("test.csv", HEADER + ROW + 'email-2,Lunch,"Soup\n'),
        f"{CSV}:3",
    ),
    Entry(
        "csv-semicolons",
        "saved a CSV file with semicolons",
        table("test.csv", (HEADER + ROW).replace(",", ";")),
        f"{CSV}:1",
    ),
    Entry(
        "csv-not-utf-8",
        "saved a CSV file as Latin-1",
        table("test.csv", (HEADER + ROW + "email-2,Lunch,Café\n").encode("latin-1")),
        f"{CSV}:3",
    ),
    Entry(
        "missing-split",
        "asked for a split that the suite lacks",
        command("run", SUITE, "--split", "dev"),
        SUITE,
    ),
    Entry(
        "leak",
        "ran a suite whose test cases stand in train",
        file(DATA, lines(email(1), email(4, id="email-9")), RUN),
        f"{DATA}:2",
    ),
    Entry(
        "nothing-but-leaks",
        "allowed leaks where no case is clean",
        file(DATA, lines(email(4), email(5)), (*RUN, "--allow-leaks")),
        f"{DATA}:1",
    ),
    Entry(
        "unknown-split",
        "misspelt a split",
        command("run", SUITE, "--split", "tets"),
        SUITE,
    ),
]
