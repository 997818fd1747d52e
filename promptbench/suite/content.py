"""What a case says, made comparable: a case in; plain text, and how alike two texts are, out."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import regex

from promptbench.record import Case

# Characters, not words: ten words have few runs of words, and some scripts part no words at all.
RUN = 5

# Scripts that put no space between words: there a character counts as a word.
WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|[\p{L}\p{M}\p{N}_]+"
)


def content(case: Case, names: Collection[str]) -> str:
    """The values of the named variables as one plain text, a line each, in the names' order."""
    values = case.variables
    return "\n".join(
        plain(part) for name in sorted(names) if name in values for part in leaves(values[name])
    )


def leaves(value: Any) -> Iterator[str]:
    """Every text in a value, and its numbers as text; the keys of mappings do not count."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name in sorted(value):
            yield from leaves(value[name])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    elif value is not None:
        yield json.dumps(value, default=str)


def plain(text: str) -> str:
    """A text without what does not change what it says: letter case, white space, glyph forms."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def words(text: str) -> list[str]:
    """The words of a plain text; punctuation is none."""
    return regex.findall(WORD, text)


def similarity(one: str, other: str) -> float:
    """How alike two plain texts are, from 0 to 1: the Jaccard index of their runs of 5 characters.

    Broder 1997, On the resemblance and containment of documents.
    """
    ours, theirs = runs(one), runs(other)
    return len(ours & theirs) / len(ours | theirs)


def runs(text: str) -> set[str]:
    """Every run of 5 neighbouring characters of a framed text."""
    whole = framed(text)
    return {whole[start : start + RUN] for start in range(len(whole) - RUN + 1)}


def framed(text: str) -> str:
    """A text between line breaks, so that its first and last characters are in 5 runs as well."""
    return "\n" * (RUN - 1) + text + "\n" * (RUN - 1)
