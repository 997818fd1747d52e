"""Place an attention map on a drawing: weights in, squares and labels with their places out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SIDE, LETTER, ROOM = 15, 6.2, 8
LONGEST = 22
# A share below this would show as no colour at all.
FAINT = 0.004


@dataclass(frozen=True, slots=True)
class AttentionMap:
    """What a head reads: `weights[i][j]` is the share of row i's attention that column j gets."""

    head: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Square:
    """One weight: its place in pixels, its colour's strength 0 to 1, and what it says."""

    x: float
    y: float
    strength: float
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text and where it stands."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Heat:
    """A map laid out, all in pixels; `left` and `top` are where the squares begin."""

    head: str
    width: float
    height: float
    left: float
    top: float
    side: float
    rows: tuple[Label, ...]
    columns: tuple[Label, ...]
    squares: tuple[Square, ...]


def heat(drawn: AttentionMap) -> Heat:
    """Lay a map out. The strength of a colour is the square root of the weight: small ones show."""
    rows, columns = [shown(row) for row in drawn.rows], [shown(c) for c in drawn.columns]
    left = max(map(len, rows)) * LETTER + 2 * ROOM
    top = max(map(len, columns)) * LETTER * 0.87 + 2 * ROOM + 18
    squares = tuple(
        Square(
            round(left + j * SIDE, 1),
            round(top + i * SIDE, 1),
            round(weight**0.5, 3),
            f"{rows[i]} reads {columns[j]}: {100 * weight:.0f}%",
        )
        for i, line in enumerate(drawn.weights)
        for j, weight in enumerate(line)
        if weight >= FAINT
    )
    # The columns' names lean to the right, past the last square.
    lean = max(map(len, columns)) * LETTER * 0.5 + ROOM
    return Heat(
        head=drawn.head,
        width=round(left + len(columns) * SIDE + lean, 1),
        height=round(top + len(rows) * SIDE + ROOM, 1),
        left=round(left, 1),
        top=round(top, 1),
        side=SIDE,
        rows=labels(rows, top),
        columns=labels(columns, left),
        squares=squares,
    )


def labels(texts: Sequence[str], start: float) -> tuple[Label, ...]:
    """Texts at the middles of their rows or columns."""
    return tuple(Label(round(start + (n + 0.5) * SIDE, 1), text) for n, text in enumerate(texts))


def shown(text: str) -> str:
    """A token as one can see it: spaces and line ends have signs, a long one is cut."""
    seen = text.replace("\n", "\N{RETURN SYMBOL}").replace("\t", "\N{RIGHTWARDS ARROW TO BAR}")
    if seen != seen.strip() or not seen.strip():
        seen = seen.replace(" ", "\N{MIDDLE DOT}")
    return seen if len(seen) <= LONGEST else f"{seen[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
