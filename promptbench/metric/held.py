"""Look facts up in a text: a text in, and whether it holds what another one says."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cache, lru_cache

import regex

from promptbench.metric.fact import Fact, find_facts
from promptbench.metric.figure import ORDINALS, WORDS
from promptbench.metric.moment import WEEKDAYS
from promptbench.metric.title import plain_words

# A fact and a text that says it in other words: Brazilian and Brazil.
ENDINGS = ("", "s", "es", "n", "an", "ian", "ean", "ish", "ese")
SHORTEST = 3
# A name of so many letters may be written in other words: WAI-ER-IG and WAIERIG.
LONG = 6
TOKEN = regex.compile(r"[\p{L}\p{M}\d]+")
# Words between marks as well: a name is found behind a stray one.
LETTERS = regex.compile(r"\p{L}+")


@dataclass(frozen=True, slots=True)
class Held:
    """What a text holds, all in lower case: its words, their letters in a row, their initials.

    `numbers` are all that occur in it, `facts` those that find_facts finds.
    """

    text: str
    letters: str
    words: frozenset[str]
    initials: str
    numbers: frozenset[str]
    facts: tuple[Fact, ...]

    def holds(self, fact: Fact) -> bool:
        """Whether the text says it too, in whatever form; a date without a year agrees with any."""
        if fact.kind == "date":
            return self._date(fact.normal)
        if fact.kind == "time":
            return bool(self._readings("time") & set(fact.normal.split("|")))
        if fact.kind in ("number", "amount"):
            return self._figure(fact)
        return self._name(fact.normal) if fact.kind == "name" else fact.normal in self.text

    def _readings(self, kind: str) -> set[str]:
        """All that facts of a kind can be read as."""
        return {one for fact in self.facts if fact.kind == kind for one in fact.normal.split("|")}

    def _date(self, normal: str) -> bool:
        known = self._readings("date")
        if normal in WEEKDAYS:
            return normal in known or normal in filter(None, map(_weekday, known))
        dates = [one.split("-") for one in known if "-" in one]
        return any(
            self._agrees(one.split("-"), date) for one in normal.split("|") for date in dates
        )

    def _agrees(self, said: list[str], known: list[str]) -> bool:
        """Year, month and day: none may differ; the month must be known, the day at least named."""
        year = "?" in (said[0], known[0]) or said[0] == known[0]
        day = said[2] in ("?", known[2]) or (
            known[2] == "?" and said[2].lstrip("0") in self.numbers
        )
        return year and said[1] == known[1] and day

    def _figure(self, fact: Fact) -> bool:
        """A number anywhere; an amount with its unit, or as a number without any."""
        *unit, value = fact.normal.split()
        others = [one.normal for one in self.facts if one.kind == "amount"]
        if fact.normal in others or not unit:
            return fact.normal in others or value in self.numbers
        return value in self.numbers and not any(one.endswith(f" {value}") for one in others)

    def _name(self, normal: str) -> bool:
        """All words of a name, or its last one where no other first name goes with it."""
        words = TOKEN.findall(normal)
        if not words or all(any(one in self.words for one in _forms(word)) for word in words):
            return True
        if len("".join(words)) >= LONG and "".join(words) in self.letters:
            return True
        initials = "".join(word[0] for word in words)
        if len(words) == 1:
            return len(normal) >= SHORTEST and normal in self.initials
        if len(initials) >= SHORTEST and initials in self.words:
            return True
        return words[-1] in self.words and not self._others(words)

    def _others(self, words: list[str]) -> bool:
        """Whether the text gives the last word of a name other first names, and only those."""
        names = [TOKEN.findall(one.normal) for one in self.facts if one.kind == "name"]
        same = [one for one in names if one[-1:] == words[-1:]]
        return bool(same) and all(len(one) > 1 and one[0][0] != words[0][0] for one in same)


@lru_cache(maxsize=1024)
def held(text: str) -> Held:
    """Read a text once for all the facts that are looked up in it."""
    facts = tuple(find_facts(text))
    tokens = TOKEN.findall(" ".join(plain_words(text)))
    initials = "".join(token[0] for token in tokens)
    numbers = _numbers(facts, tokens)
    words = frozenset(tokens) | {run for one in tokens for run in LETTERS.findall(one)}
    return Held(text.casefold(), "".join(tokens), words, initials, numbers, facts)


def _numbers(facts: tuple[Fact, ...], tokens: list[str]) -> frozenset[str]:
    """All numbers of a text: also those in words, dates, times, amounts and identifiers."""
    digits = {run.lstrip("0") or "0" for one in tokens for run in regex.findall(r"\d+", one)}
    spelt = {str(WORDS[one]) for one in tokens if one in WORDS}
    nth = {str(ORDINALS.index(one) + 1) for one in tokens if one in ORDINALS}
    return frozenset(digits | spelt | nth | {one.normal.split()[-1] for one in facts})


def _forms(word: str) -> set[str]:
    """The word, and what it may be another form of."""
    shorter = {word.removesuffix(one) for one in ENDINGS}
    return {stem + one for stem in shorter if len(stem) >= SHORTEST for one in ENDINGS} | {word}


@cache
def _weekday(date: str) -> str:
    """The weekday of a date of which all is known, else nothing."""
    try:
        return WEEKDAYS[datetime.date.fromisoformat(date).weekday()]
    except ValueError:
        return ""
