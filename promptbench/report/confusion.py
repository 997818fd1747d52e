"""Count which label was answered for which: judged answers in, a matrix and its shares out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptbench.metric.answer import Answer

NONE_NAMED = "none named"
# Past this many labels a matrix is drawn, with the commonest confusions beside it in words.
WRITTEN_OUT = 12
COMMONEST = 12
# The side of a drawn cell in pixels, and room for the numbers at two sides.
LARGE, SMALL, CROWDED, ROOM = 16, 10, 30, 26


@dataclass(frozen=True, slots=True)
class Cell:
    """So many outputs of a row; `heat` is their share of it in tenths, rounded up."""

    count: int
    right: bool
    heat: int


@dataclass(frozen=True, slots=True)
class Row:
    """The answers to the cases of one label, column by column, and that label's figures.

    `precision` is None where nobody answered it, `recall` where it is no case's reference.
    """

    number: int
    label: str
    cells: tuple[Cell, ...]
    support: int
    precision: float | None
    recall: float | None
    f1: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """A reference, a wrong answer, and how many of the reference's outputs gave it."""

    reference: str
    answer: str
    count: int
    support: int


@dataclass(frozen=True, slots=True)
class Square:
    """A cell that is not empty, as drawn: its place in pixels, its share, and its words."""

    x: int
    y: int
    share: float
    right: bool
    title: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A matrix of many labels: squares of `side` pixels, and numbers along two sides."""

    side: int
    room: int
    width: int
    height: int
    squares: tuple[Square, ...]
    numbers: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows are references, columns are answers; `drawing` is None where it is written out."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    drawing: Drawing | None
    confusions: tuple[Confusion, ...]
    right: int
    none_named: int
    total: int


def confuse(answers: Sequence[Answer], labels: Sequence[str]) -> Matrix:
    """Count the answers. The column for no label at all is there only if one names none."""
    counts = np.zeros((len(labels), len(labels) + 1), dtype=np.intp)
    for answer in answers:
        counts[answer.reference, answer.named] += 1  # -1 is the last column
    none_named = int(counts[:, -1].sum())
    columns = (*labels, NONE_NAMED) if none_named else tuple(labels)
    return Matrix(
        columns=columns,
        rows=tuple(_row(place, labels, columns, counts) for place in range(len(labels))),
        drawing=_drawing(columns, counts) if len(labels) > WRITTEN_OUT else None,
        confusions=_confusions(columns, counts),
        right=int(np.trace(counts)),
        none_named=none_named,
        total=int(counts.sum()),
    )


def _row(
    place: int, labels: Sequence[str], columns: Sequence[str], counts: NDArray[np.intp]
) -> Row:
    support, answered = int(counts[place].sum()), int(counts[:, place].sum())
    right, found = int(counts[place, place]), [int(each) for each in counts[place]]
    return Row(
        number=place + 1,
        label=labels[place],
        cells=tuple(
            Cell(
                found[column], column == place, -(-10 * found[column] // support) if support else 0
            )
            for column in range(len(columns))
        ),
        support=support,
        precision=right / answered if answered else None,
        recall=right / support if support else None,
        f1=2 * right / (support + answered) if support + answered else 0.0,
    )


def _confusions(columns: Sequence[str], counts: NDArray[np.intp]) -> tuple[Confusion, ...]:
    """Give the commonest wrong answers; of equal ones the first in the order of labels."""
    found = [
        Confusion(columns[row], columns[column], count, int(counts[row].sum()))
        for row, column, count in _filled(counts)
        if row != column
    ]
    return tuple(sorted(found, key=lambda each: -each.count)[:COMMONEST])


def _drawing(columns: Sequence[str], counts: NDArray[np.intp]) -> Drawing:
    labels = len(counts)
    side = LARGE if labels <= CROWDED else SMALL
    squares = tuple(
        Square(
            x=ROOM + side * column,
            y=ROOM + side * row,
            share=round(count / int(counts[row].sum()), 3),
            right=row == column,
            title=f"{columns[row]}, answered {columns[column]}: {count:,}",
        )
        for row, column, count in _filled(counts)
    )
    step = 1 if side == LARGE else 5
    shown = [number for number in range(1, labels + 1) if number == 1 or number % step == 0]
    return Drawing(
        side=side,
        room=ROOM,
        width=ROOM + side * len(columns),
        height=ROOM + side * labels,
        squares=squares,
        numbers=tuple((number, ROOM + side * (number - 0.5)) for number in shown),
    )


def _filled(counts: NDArray[np.intp]) -> Iterator[tuple[int, int, int]]:
    """Yield row, column and count of the cells that are not empty, row by row."""
    for row, column in zip(*np.nonzero(counts), strict=True):
        yield int(row), int(column), int(counts[row, column])
