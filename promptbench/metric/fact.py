"""Find the facts of a text: names, numbers, amounts, dates, times, addresses and links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import regex

from promptbench.metric.figure import find_amounts, find_numbers, find_phones
from promptbench.metric.moment import Found, find_dates, find_times
from promptbench.metric.title import find_names

FactKind = Literal["email", "link", "date", "time", "amount", "number", "name"]

EMAIL = regex.compile(r"(?<![\w.+-])[\w.+-]{1,64}@\w[\w-]*(?:\.\w[\w-]*)+")
LINK = regex.compile(
    r"\b(?:(?:https?|ftp)://|www\.)[^\s<>\"'|]+(?<![.,;:!?)\]}*_])", regex.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Fact:
    """Characters `start` to `end` (exclusive) of a text, and the form that two writings share.

    A normal form may hold several, with `|` between them, where a text can be read in two ways.
    """

    kind: FactKind
    text: str
    normal: str
    start: int
    end: int


def find_facts(text: str) -> list[Fact]:
    """The facts of an English text, in their order; none overlaps another.

    What a form could be is decided in the order of FINDERS: 15:00 is a time, not two numbers.
    """
    taken = bytearray(len(text))
    facts: list[Fact] = []
    for kind, find in FINDERS:
        for start, end, normal in find(text):
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                facts.append(Fact(kind, text[start:end], normal, start, end))
    return sorted(facts, key=lambda fact: fact.start)


def _emails(text: str) -> Iterator[Found]:
    for match in EMAIL.finditer(text):
        yield *match.span(), match[0].casefold()


def _links(text: str) -> Iterator[Found]:
    for match in LINK.finditer(text):
        bare = regex.sub(r"^(?:\w+://)?(?:www\.)?", "", match[0].casefold())
        yield *match.span(), bare.rstrip("/")


FINDERS: tuple[tuple[FactKind, Callable[[str], Iterator[Found]]], ...] = (
    ("link", _links),
    ("email", _emails),
    ("date", find_dates),
    ("time", find_times),
    ("number", find_phones),
    ("amount", find_amounts),
    ("number", find_numbers),
    ("name", find_names),
)
