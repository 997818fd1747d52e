"""Look for set phrases in a text: phrases in, one pattern out, blind to how apostrophes look."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import regex

APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u00b4`\uff07", "'"))


def even(text: str) -> str:
    """The text with one kind of apostrophe and single spaces, compatible characters unified."""
    return " ".join(unicodedata.normalize("NFKC", text.translate(APOSTROPHES)).split())


def whole(phrases: Iterable[str]) -> regex.Pattern[str]:
    """A pattern, for texts made `even`, of phrases as whole words; case is overlooked."""
    return _pattern(tuple(phrases), r"(?!\w)")


def beginning(phrases: Iterable[str]) -> regex.Pattern[str]:
    """The same for phrases whose last word may go on: `apolog` is found in "apologies"."""
    return _pattern(tuple(phrases), "")


@lru_cache(maxsize=256)
def _pattern(phrases: tuple[str, ...], after: str) -> regex.Pattern[str]:
    """The pattern; a phrase that begins or ends with a mark needs no word to end there."""
    # Longest first: what is found is the whole of what is there.
    plain = sorted(filter(None, map(even, phrases)), key=lambda one: (-len(one), one))
    parts = [
        _before(one) + regex.escape(one) + (after if _is_word(one[-1]) else "") for one in plain
    ]
    return regex.compile("|".join(parts) or r"(?!)", regex.IGNORECASE)


def _before(phrase: str) -> str:
    return r"(?<!\w)" if _is_word(phrase[0]) else ""


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"
