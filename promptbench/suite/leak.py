"""Find judged cases that train or dev give away: rows of the splits in, leaks out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from promptbench.record import Case
from promptbench.suite.content import content, leaves, plain, words
from promptbench.suite.data import DataSource, numbered_cases
from promptbench.suite.near import Index

Kind = Literal["equal", "near", "reference"]

# Other splits that a judged split must share nothing with: prompts are improved on dev.
AGAINST: Mapping[str, tuple[str, ...]] = {"test": ("train", "dev"), "dev": ("train",)}

# Of the pairs of unlike cases in the shipped suites none comes above 0.77; see docs/leaks.md.
THRESHOLD = 0.85
# Shorter references, a label or "Yes, on Friday.", come up again without anybody copying.
LONG_REFERENCE = 12
# A field with one value in this many rows, such as an instruction, tells no case from another.
CONSTANT = 10


@dataclass(frozen=True, slots=True)
class Row:
    """A case and where it stands (file:line)."""

    case: Case
    where: str


@dataclass(frozen=True, slots=True)
class Leak:
    """A judged case and the nearest one of another split. `similarity` is 1 where they are equal.

    `kind` tells what they share: an equal input, a nearly equal one, or a long reference.
    """

    case: str
    where: str
    split: str
    other: str
    other_where: str
    similarity: float
    kind: Kind


def read_rows_of(source: DataSource, limit: int | None = None) -> tuple[Row, ...]:
    """A split's cases with their places. Raises DataError as read_cases does."""
    found = numbered_cases(source, limit)
    return tuple(Row(case, f"{source.shown}:{line}") for line, case in found)


def find_leaks(
    judged: Sequence[Row], others: Mapping[str, Sequence[Row]], names: Collection[str] = ()
) -> tuple[Leak, ...]:
    """The nearest case of each other split for every judged case that leaks, in their order.

    Inputs are compared in the variables `names` that rows of both splits have, or in all that both
    have where that leaves none.
    """
    found = [leak for split, rows in others.items() for leak in _leaks(judged, split, rows, names)]
    order = {row.case.id: place for place, row in enumerate(judged)}
    return tuple(sorted(found, key=lambda leak: order[leak.case]))


def find_repeats(rows: Sequence[Row], names: Collection[str] = ()) -> tuple[Leak, ...]:
    """Cases of one split that equal or nearly equal an earlier one, except within a cluster."""
    fields = compared(rows, rows, names)
    texts = [content(row.case, fields) for row in rows]
    index = Index(texts)
    return tuple(leak for place in range(len(rows)) if (leak := _repeat(rows, texts, index, place)))


def _repeat(rows: Sequence[Row], texts: Sequence[str], index: Index, place: int) -> Leak | None:
    """The first earlier row found that one repeats, of another cluster."""
    row = rows[place]
    for earlier, alike in index.earlier(place, THRESHOLD):
        one = rows[earlier]
        if not row.case.cluster or row.case.cluster != one.case.cluster:
            kind: Kind = "equal" if texts[earlier] == texts[place] else "near"
            return _leak(row, "", one, alike, kind)
    return None


def compared(
    judged: Sequence[Row], others: Sequence[Row], names: Collection[str]
) -> frozenset[str]:
    """The variables that tell a case of one split from one of the other."""
    here = {name for row in judged for name in row.case.variables}
    there = {name for row in others for name in row.case.variables}
    shared = here & there
    shared = shared.intersection(names) or shared
    rows = (*judged, *others)
    telling = {name for name in shared if len(rows) < CONSTANT or not _constant(name, rows)}
    return frozenset(telling or shared)


def _constant(name: str, rows: Sequence[Row]) -> bool:
    first = content(rows[0].case, (name,))
    return all(content(row.case, (name,)) == first for row in rows)


def _leaks(
    judged: Sequence[Row], split: str, others: Sequence[Row], names: Collection[str]
) -> Iterator[Leak]:
    fields = compared(judged, others, names)
    texts = [content(row.case, fields) for row in others]
    places = {text: place for place, text in reversed(list(enumerate(texts))) if text}
    references = _long_references(others)
    index = Index(texts) if judged else None
    for row in judged:
        text = content(row.case, fields)
        near = () if index is None or text in places else index.near(text, THRESHOLD)
        shared = [references[said] for said in _long(row) if said in references]
        if text in places:
            yield _leak(row, split, others[places[text]], 1.0, "equal")
        elif nearest := max(near, key=lambda pair: (pair[1], -pair[0]), default=None):
            yield _leak(row, split, others[nearest[0]], nearest[1], "near")
        elif shared:
            yield _leak(row, split, shared[0], 1.0, "reference")


def _leak(row: Row, split: str, other: Row, similarity: float, kind: Kind) -> Leak:
    return Leak(row.case.id, row.where, split, other.case.id, other.where, similarity, kind)


def _long_references(rows: Sequence[Row]) -> dict[str, Row]:
    """The first row of each long reference."""
    found: dict[str, Row] = {}
    for row in rows:
        for said in _long(row):
            found.setdefault(said, row)
    return found


def _long(row: Row) -> list[str]:
    """The references of a row that are too long to come up twice by chance."""
    said = (plain(text) for text in leaves(row.case.references))
    return [text for text in said if len(words(text)) >= LONG_REFERENCE]
