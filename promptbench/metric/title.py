"""Find names in a text, by their capitals: the text in, places with a normal form out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources

import regex

from promptbench.metric.moment import Found


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


WORD = (
    r"(?:\p{Lu}[\p{L}\p{M}\d]*|\p{Ll}{1,2}\p{Lu}[\p{L}\p{M}\d]*)(?:['\u2019.&/+-][\p{L}\p{M}\d]+)*"
)
CHAIN = regex.compile(
    rf"(?<![\p{{L}}\d_]|['\u2019.&/+@-](?<=\w.)){WORD}"
    r"(?:(?:(?<=\b\p{L}{1,3})\.)?[ \t]+(?:(?:of|de|van|von|der|la)[ \t]+(?:the[ \t]+)?)?"
    rf"{WORD})*"
)
ONE = regex.compile(rf"\b{WORD}")
ENDING = regex.compile(r"['\u2019](?:s|m|re|ve|ll|d|t)$|['\u2019]$")
# What may stand between the end of a sentence and the first word of the next.
OPENING = " \t\r\"'([{*_#>|-\u2013\u2014\u2018\u2019\u201c\u201d\u2022"
# Common words that are names as well, unless they open a sentence.
NAMES = _set("bill mark will grant frank jack rose grace hope apple windows may")
JOINING = _set("a an and at by for from he i if in is it of on or she the they to we")
# Written in capitals, and yet nobody's name.
GENERIC = _set("asap btw cc cv eta faq fyi id ok pdf ps re rsvp tba tbd tv url urls")
HONORIFICS = _set("dr miss mr mrs ms mx prof sir")
SHOUTED = 0.6


def find_names(text: str) -> Iterator[Found]:
    """Runs of words with a capital that are not just the start of a sentence.

    Of a single word, or the first of a sentence, a capital says nothing where the word is common
    English (words.txt). Lines in capitals say nothing either.
    """
    shouted = _shouted(text)
    for chain in CHAIN.finditer(text):
        if not any(start <= chain.start() < end for start, end in shouted):
            yield from _names(text, chain.start(), chain[0])


def plain_name(name: str) -> str:
    """A name without capitals, possessive endings and honorifics."""
    words = plain_words(name)
    return " ".join(words[1:] if len(words) > 1 and words[0] in HONORIFICS else words)


def plain_words(text: str) -> list[str]:
    """The words of a text without capitals and possessive endings."""
    return [ENDING.sub("", word) for word in text.casefold().replace(". ", " ").split()]


def _names(text: str, offset: int, chain: str) -> Iterator[Found]:
    """The name in a run of capitalised words, without what does not belong to it."""
    words = [(one.start() + offset, one.end() + offset) for one in ONE.finditer(chain)]
    if _opens(text, offset) and _common(text[slice(*words[0])]):
        words = words[1:]
    while words and _joins(text[slice(*words[0])]):
        words = words[1:]
    while words and _joins(text[slice(*words[-1])]):
        words = words[:-1]
    if not words:
        return
    start, end = words[0][0], words[-1][1]
    plain = [text[slice(*word)] for word in words]
    named = any(not _common(one) for one in plain) or len(plain) > 1
    alone = len(plain) == 1 and not _opens(text, start) and plain_name(plain[0]) in NAMES
    if (named or alone) and len(plain_name(text[start:end])) > 1:
        yield start, end, plain_name(text[start:end])


def _opens(text: str, start: int) -> bool:
    """Whether a sentence or a line begins here."""
    before = text[max(0, start - 40) : start].rstrip(OPENING)
    return not before or before[-1] in ".!?:;…\n"


def _common(word: str) -> bool:
    """Whether the word is one that needs no capital."""
    lower = word.casefold().replace("\u2019", "'")
    bare = ENDING.sub("", lower)
    return lower in _words() or bare in _words() or bare in GENERIC or len(lower) == 1


def _joins(word: str) -> bool:
    """Whether the word is none that a name begins or ends with."""
    return ENDING.sub("", word.casefold()) in JOINING and word not in ("IT", "IS")


def _shouted(text: str) -> list[tuple[int, int]]:
    """The lines that are mostly in capitals."""
    lines = regex.finditer(r"[^\n]+", text)
    return [line.span() for line in lines if _loud(line[0])]


def _loud(line: str) -> bool:
    letters = [one for one in line if one.isalpha()]
    return len(line.split()) > 3 and sum(map(str.isupper, letters)) > SHOUTED * len(letters)


@cache
def _words() -> frozenset[str]:
    """The common words, read once."""
    lines = resources.files("promptbench.metric").joinpath("words.txt").read_text("utf-8")
    return frozenset(one for one in lines.splitlines() if not one.startswith("#")) | JOINING
