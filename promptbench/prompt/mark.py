"""Marks that a template leaves in its output where a block begins and ends, without a character."""

from __future__ import annotations


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


def mark(block: str, opening: bool) -> Mark:
    """The mark for one end of a block."""
    made = Mark("")
    made.block = block
    made.opening = opening
    return made
