"""Turn rows of a data file into cases, as a suite's `data:` block tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptbench.error import DataError, choices
from promptbench.record import Case
from promptbench.suite.dialogue import dialogue_cases
from promptbench.suite.explain import show
from promptbench.suite.table import read_rows


@dataclass(frozen=True, slots=True)
class Fields:
    """Which field of a row means what. `stated` are those that the suite names itself.

    Where `turns` is not "", a row is a dialogue, and that field holds its turns.
    """

    id: str = "id"
    references: tuple[str, ...] = ("references",)
    cluster: str = ""
    stated: frozenset[str] = frozenset()
    turns: str = ""


@dataclass(frozen=True, slots=True)
class DataSource:
    """One split: a file, its name in messages, and its fields."""

    path: Path
    shown: str
    fields: Fields


def read_cases(source: DataSource, limit: int | None = None) -> Iterator[Case]:
    """Yield the cases in file order, the first `limit` of them.

    Raises DataError with file and line for a broken row, an id given twice, a field that the
    suite names and the row lacks, or a file without rows.
    """
    for _, case in numbered_cases(source, limit):
        yield case


def numbered_cases(source: DataSource, limit: int | None = None) -> Iterator[tuple[int, Case]]:
    """Yield the same cases, each with its line in the file."""
    seen: dict[str, int] = {}
    for line, row in read_rows(source.path, source.shown):
        where = f"{source.shown}:{line}"
        check_fields(row, source.fields, where)
        for case in cases_of(row, source.fields, line, where):
            if limit is not None and len(seen) >= limit:
                return
            if case.id in seen:
                raise DataError(
                    f"id '{case.id}' is already on line {seen[case.id]}",
                    where=where,
                    hint="Ids name a case in the report: give each its own.",
                )
            seen[case.id] = line
            yield line, case
        if limit is not None and len(seen) >= limit:
            return
    if not seen:
        raise DataError(
            "the file holds no cases", where=source.shown, hint="Each row of it is a case."
        )


def cases_of(row: Mapping[str, Any], fields: Fields, line: int, where: str) -> Iterator[Case]:
    """The cases of a row: one, or of a dialogue one for each turn that is checked."""
    case = to_case(row, fields, line, where)
    if fields.turns:
        yield from dialogue_cases(case, fields.turns, where)
    else:
        yield case


def check_fields(row: Mapping[str, Any], fields: Fields, where: str) -> None:
    """The fields that the suite names itself must be there."""
    for name in sorted(fields.stated):
        if name not in row:
            raise DataError(
                f"the row has no field '{name}', which the suite's data: block names",
                where=where,
                hint=choices(name, row, "It has"),
            )


def to_case(row: Mapping[str, Any], fields: Fields, line: int, where: str) -> Case:
    """One row as a case. Its id and references are kept from its variables: a prompt sees those."""
    case_id = row.get(fields.id, line)
    if isinstance(case_id, bool) or not isinstance(case_id, str | int) or case_id == "":
        what = f"the id must be text or a whole number, found {show(case_id)}"
        raise DataError(what, where=where)
    references = tuple(
        text
        for name in fields.references
        if name in row
        for text in as_texts(row[name], name, where)
    )
    hidden = {fields.id, *fields.references}
    kept = {name: value for name, value in row.items() if name not in hidden}
    cluster = row.get(fields.cluster) if fields.cluster else None
    return Case(str(case_id), kept, references, as_cluster(cluster, fields.cluster, where))


def as_cluster(value: object, name: str, where: str) -> str:
    """The cluster's name; nothing there means that the case stands alone."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DataError(
            f"field '{name}' must be text or a whole number, found {show(value)}", where=where
        )
    return str(value)


def as_texts(value: object, name: str, where: str) -> list[str]:
    """A references field: one text, or a list of texts; empty ones do not count."""
    texts: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        if item is not None and not isinstance(item, str):
            raise DataError(
                f"field '{name}' must be text or a list of texts, found {show(item)}", where=where
            )
        texts += [item] if item else []
    return texts
