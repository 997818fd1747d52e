"""Marks that a template leaves in its output where a block begins and ends, without a character."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Mark(str):
    """An empty text that knows a block's name and whether it begins or ends there.

    Case text can hold any characters, so no character could serve as a mark: this one is told
    apart by its type, while the output is still a stream of pieces.
    """

    __slots__ = ("block", "opening")
    block: str
    opening: bool

    def __str__(self) -> str:
        """Itself: Jinja calls str() on what it puts out, and the type has to survive that."""
        return self


class Marked(str):
    """A text that still knows the pieces and marks it was joined from, as super() gives it."""

    __slots__ = ("pieces",)
    pieces: tuple[str, ...]

    def __str__(self) -> str:
        """Itself, as for a mark."""
        return self


def mark(block: str, opening: bool) -> Mark:
    """The mark for one end of a block."""
    made = Mark("")
    made.block = block
    made.opening = opening
    return made


def joined(pieces: list[str]) -> str:
    """One text from pieces; the marks among them stay where they are."""
    text = "".join(pieces)
    if not any(isinstance(piece, Mark | Marked) for piece in pieces):
        return text
    made = Marked(text)
    made.pieces = tuple(parted(pieces))
    return made


def parted(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces, those that were joined before taken apart again."""
    for piece in pieces:
        if isinstance(piece, Marked):
            yield from piece.pieces
        else:
            yield piece
