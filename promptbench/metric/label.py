"""Read a label: the text that a model wrote in, the label that it names out, or none."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import regex

from promptbench.error import SuiteError
from promptbench.record import Completion, Labels

# Scripts that put no space between words: a neighbour of these scripts does not continue a word.
SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
LETTER = rf"[\w--[{SPACELESS}]]"
OUTSIDE = r"[\W_]*"


@dataclass(frozen=True, slots=True)
class Finder:
    """A word of a label: how it is found inside a text, and how it is the whole of one."""

    label: str
    word: str
    inside: regex.Pattern[str]
    alone: regex.Pattern[str]


def label_of(completion: Completion, labels: Labels) -> str | None:
    """The label that a completion names: the one that it chose, or the one read in its text."""
    if completion.finish_reason == "choice":
        return completion.text if completion.text in labels.names else None
    return read_label(completion.text, labels)


def read_label(text: str, labels: Labels) -> str | None:
    """The label that a written text names, as the labels' parser reads it; None if it names none.

    Upper and lower case, runs of white space and underscores are overlooked. "exact": the text is
    a word of the label, but for quotes and punctuation around it. "first" and "last": the first
    or last word that occurs as a whole word; of words that overlap the longest counts, so that
    `card_arrival` is not read as `card`. What is said about a word is not understood: "not good"
    names good.
    """
    plain = _plain(text)
    if labels.parser == "exact":
        whole = (one for one in _finders(labels) if one.alone.fullmatch(plain))
        return next((one.label for one in whole), None)
    found = _occurrences(plain, labels)
    if not found:
        return None
    return found[min(found) if labels.parser == "first" else max(found)]


def refuse_alike(labels: Labels, where: str) -> None:
    """Raise SuiteError where a word of one label reads the same as a word of another."""
    seen: dict[str, tuple[str, str]] = {}
    for label, words in zip(labels.names, labels.words, strict=True):
        for word in words:
            other, earlier = seen.setdefault(_plain(word), (label, word))
            if other != label:
                what = f"'{earlier}' of label '{other}' reads like '{word}' of label '{label}'"
                hint = "Case, underscores and runs of white space do not tell words apart."
                raise SuiteError(what, where=where, hint=hint)


def _occurrences(plain: str, labels: Labels) -> dict[int, str]:
    """Where which label is named: of words that overlap the longest, of equal ones the first."""
    hits = [
        (match.start(), match.end(), one.label)
        for one in _finders(labels)
        for match in one.inside.finditer(plain)
    ]
    taken: list[tuple[int, int, str]] = []
    for start, end, label in sorted(hits, key=lambda hit: (hit[0] - hit[1], hit[0])):
        if all(end <= other[0] or start >= other[1] for other in taken):
            taken.append((start, end, label))
    return {start: label for start, _, label in taken}


@cache
def _finders(labels: Labels) -> tuple[Finder, ...]:
    """A finder a word, the longest first."""
    return tuple(sorted(_each(labels), key=lambda one: (-len(one.word), one.word)))


def _each(labels: Labels) -> Iterator[Finder]:
    for label, words in zip(labels.names, labels.words, strict=True):
        for word in dict.fromkeys(form for one in words for form in _forms(one, labels)):
            literal = regex.escape(word)
            inside = regex.compile(rf"(?V1){_before(word)}{literal}{_after(word)}")
            alone = regex.compile(rf"(?V1){OUTSIDE}{literal}{OUTSIDE}")
            yield Finder(label, word, inside, alone)


def _forms(word: str, labels: Labels) -> Iterator[str]:
    """A word, and without its outer punctuation where that tells it from all others."""
    plain = _plain(word)
    if plain:
        yield plain
    bare = _bare(plain)
    alike = [one for words in labels.words for one in words if _bare(_plain(one)) == bare]
    if bare and len(alike) == 1:
        yield bare


def _before(word: str) -> str:
    """What may not stand before a whole word: a letter, and before a digit a decimal's start."""
    if word[0].isdigit():
        return rf"(?<!{LETTER}|\d[.,])"
    return rf"(?<!{LETTER})" if regex.match(r"\w", word[0]) else ""


def _after(word: str) -> str:
    """What may not follow a whole word: a letter, and after a digit the rest of a decimal."""
    if word[-1].isdigit():
        return rf"(?!{LETTER}|[.,]\d)"
    return rf"(?!{LETTER})" if regex.match(r"\w", word[-1]) else ""


def _bare(plain: str) -> str:
    """A word without the punctuation around it."""
    return regex.sub(rf"^{OUTSIDE}|{OUTSIDE}$", "", plain)


def _plain(text: str) -> str:
    """The text without what is overlooked: case, composition, runs of white space, underscores."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return " ".join(folded.replace("_", " ").split())
