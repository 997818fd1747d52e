"""Hear which values a reply states: a text and values in, those that it says and does not deny."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import regex

from promptbench.metric.figure import SMALL, TENS, TIMES, WORDS
from promptbench.metric.label import SPACELESS
from promptbench.metric.phrase import APOSTROPHES

HEARD = (
    "A value is said where its words stand in the reply as whole words, in their order; case,"
    " punctuation and compatible forms of Unicode are overlooked, accents count. Numbers are equal"
    " as 4217, 4,217 and 4-2-1-7 and in English words up to the trillions, but not as ordinals, nor"
    " in pairs (nineteen eighty-four); the word one is 1. Of values within each other the longest"
    " counts. What stands right behind a plain negation (not Berlin, isn't in Berlin, rather than"
    " Berlin) is not said; a denial that comes after it (Berlin is wrong) or by other words"
    " (I doubt it is Berlin) is not understood."
)

# Stands behind a negation that a mark cuts off from what follows: "Why not? Berlin!"
BREAK = "\ue000"
# Stands for each character of a value that was found.
FOUND = "\ue001"
CUT_OFF = regex.compile(r"\b(not|never|cannot|\w+n't)(?=\s*[.,:;!?\u2026\n])")
SPACED = regex.compile(r"(?<=\d)[\u00a0\u202f](?=\d{3}(?!\d))")
GROUPED = regex.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?!\d|,\d)")
WORD = regex.compile(
    rf"(?V1)[{SPACELESS}]|\d+(?:\.\d+)+(?![\p{{L}}\d])|[[\p{{L}}\p{{M}}\p{{N}}]--[{SPACELESS}]]+"
    rf"|{BREAK}"
)
UNIT = rf"(?:(?:{'|'.join(TENS)})(?: (?:{'|'.join(SMALL[1:10])}))?|{'|'.join(reversed(SMALL))})\b"
BELOW = rf"(?:{UNIT} hundred\b(?: (?:and )?{UNIT}(?! hundred\b))?|{UNIT})"
LARGE = "|".join(one for one in TIMES if one not in ("hundred", "thousand"))
SPELT = regex.compile(
    rf"\b(?:{BELOW} (?:{LARGE})\b"
    rf"|{BELOW} thousand\b(?: (?:and )?{BELOW}(?! (?:thousand|{LARGE})\b))?|{BELOW})"
)
NEGATIONS = (
    "not never neither nor cannot isnt wasnt arent werent aint dont doesnt didnt cant couldnt wont"
    " wouldnt hasnt havent hadnt"
)
NEGATION = "|".join([*NEGATIONS.split(), "no longer", "rather than", "instead of", "other than"])
# What may stand between a negation and what it denies: "not live in Berlin", but not "not know".
LINKS = (
    "a an the in at on to from of by for with as be been called named really actually quite"
    " live stay work move travel go come mean say have own like"
)
LINK = rf"(?: (?:{'|'.join(LINKS.split())}))"
DENIED = regex.compile(
    rf"(?:^| )(?:{NEGATION}){LINK}{{0,4}}(?: {FOUND}+ (?:or|nor){LINK}{{0,3}})*$"
)
# A denial of up to three values fits into so many characters.
NEAR = 160


def stated(text: str, values: Iterable[str]) -> set[str]:
    """Those of the values that a text says at least once without denying it."""
    places, masked = _located(spoken(text), values)
    return {value for start, value in places if not DENIED.search(_before(masked, start))}


def _located(plain: str, values: Iterable[str]) -> tuple[list[tuple[int, str]], str]:
    """Where which value begins, and the text with FOUND in place of them; the longest go first."""
    places = []
    forms = {form: value for value in values for form in _forms(value)}
    for form in sorted(forms, key=lambda one: (-len(one), one)):
        start = plain.find(form)
        while start >= 0:
            places.append((start, forms[form]))
            plain = f"{plain[:start]} {FOUND * (len(form) - 2)} {plain[start + len(form) :]}"
            start = plain.find(form)
    return places, plain


def _before(plain: str, start: int) -> str:
    """The words before a place, with single spaces."""
    return " ".join(plain[max(0, start - NEAR) : start].split())


def spoken(text: str) -> str:
    """The words of a text, each between two spaces of its own, numbers in digits: " i  am  12 "."""
    even = unicodedata.normalize("NFKC", SPACED.sub(",", text.translate(APOSTROPHES)))
    lower = unicodedata.normalize("NFKC", even.casefold())
    lower = CUT_OFF.sub(rf"\1 {BREAK}", lower).replace("n't", "nt")
    words = WORD.findall(GROUPED.sub(_ungrouped, lower))
    line = " ".join(one.rstrip("0").rstrip(".") if one.count(".") == 1 else one for one in words)
    return "".join(f" {word} " for word in SPELT.sub(_digits, line).split())


@lru_cache(maxsize=4096)
def _forms(value: str) -> tuple[str, ...]:
    """How a value is said: as it is, and a number of three digits or more one by one too."""
    plain = spoken(value).replace(f" {BREAK} ", "")
    number = plain.strip()
    if len(number) > 2 and number.isdecimal():
        return plain, "".join(f" {digit} " for digit in number)
    return (plain,) if plain else ()


def _ungrouped(match: regex.Match[str]) -> str:
    return match[0].replace(",", "")


def _digits(match: regex.Match[str]) -> str:
    """A number in words as digits."""
    total = current = 0
    for word in match[0].split():
        if word == "hundred":
            current *= 100
        elif word in TIMES:
            total, current = total + current * TIMES[word], 0
        else:
            current += WORDS.get(word, 0)
    return str(total + current)
