"""Find the named blocks in a template's source: text in, its pieces and the blocks' places out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "tag", "expression", "comment"]

OPENING = re.compile(r"\{[{%#]")
# What may stand inside of a tag: whole strings, which may hold any sign, and other signs.
STRING = r""""(?:\\.|[^"\\])*+"|'(?:\\.|[^'\\])*+'"""
CLOSING: dict[str, tuple[Kind, re.Pattern[str]]] = {
    "{%": ("tag", re.compile(rf"(?:{STRING}|[^\"'%]|%(?!\}}))*+%\}}", re.DOTALL)),
    "{{": ("expression", re.compile(rf"(?:{STRING}|[^\"'}}]|\}}(?!\}}))*+\}}\}}", re.DOTALL)),
    "{#": ("comment", re.compile(r"(?:[^#]|#(?!\}))*+#\}", re.DOTALL)),
}
WORDS = re.compile(r"\{%[-+]?\s*(\w+)\s*(\w*)")
END_OF_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters `start` to `end` (exclusive) of a source; a tag has its first two words."""

    kind: Kind
    start: int
    end: int
    word: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A named block: `start` to `end` (exclusive) with its tags, `inner` to `rest` without."""

    name: str
    start: int
    inner: int
    rest: int
    end: int


def pieces(source: str) -> Iterator[Piece]:
    """A source in order, without a gap. What is not closed, or cannot be read, is text."""
    at = 0
    while found := OPENING.search(source, at):
        kind, closing = CLOSING[found[0]]
        close = closing.match(source, found.end())
        if close is None:  # nothing behind it is surely code; to look on would take forever
            break
        if found.start() > at:
            yield Piece("text", at, found.start())
        at = close.end()
        words = WORDS.match(source, found.start()) if kind == "tag" else None
        yield Piece(kind, found.start(), at, *(words.groups() if words else ()))
        if words and words[1] == "raw":
            until = END_OF_RAW.search(source, at)
            start, at = at, until.start() if until else len(source)
            if at > start:
                yield Piece("text", start, at)
    if at < len(source):
        yield Piece("text", at, len(source))


def blocks(source: str) -> list[Block]:
    """The closed blocks of a source, in the order of their beginnings."""
    under_way: list[Piece] = []
    found = []
    for piece in pieces(source):
        if piece.word == "block":
            under_way.append(piece)
        elif piece.word == "endblock" and under_way:
            opened = under_way.pop()
            found.append(Block(opened.name, opened.start, opened.end, piece.start, piece.end))
    return sorted(found, key=lambda block: block.start)


def emptied(source: str, name: str) -> str:
    """A source whose block of this name says nothing; its tags stay where they are."""
    for block in reversed(blocks(source)):
        if block.name == name:
            source = source[: block.inner] + source[block.rest :]
    return source
