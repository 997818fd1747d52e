"""Show how one text became another: two sources in, lines with their changed words out.

The work and what comes of it are bounded: a source may have a megabyte, and a run many prompts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Sign = Literal["same", "was", "is", "gap"]

# Lines kept around a change.
AROUND = 2
# Beyond so many changed lines, or words of a passage, what is alike is not looked for any more.
MOST_LINES = 400
MOST_WORDS = 600
# A diff tells so many lines and characters at most, and of one passage so many lines of either
# text; the rest is counted.
MOST_TOLD = 300
MOST_OF_PASSAGE = 120
MOST_CHARACTERS = 30_000
WORD = re.compile(r"\w+|\s+|[^\w\s]")

Tag = Literal["replace", "delete", "insert", "equal"]
Passage = tuple[Tag, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a line; `changed` says that the other text lacks it."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a diff: in both texts, of the first or the second alone, or a gap in words."""

    sign: Sign
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Diff:
    """The lines that tell a change; none where the texts are the same."""

    lines: tuple[Line, ...]
    added: int
    removed: int


def diff(before: str, after: str) -> Diff:
    """How the first text became the second."""
    ours, theirs = before.splitlines(), after.splitlines()
    if ours == theirs:
        return Diff((), 0, 0)
    found = passages(ours, theirs)
    changed = [each for each in found if each[0] != "equal"]
    return Diff(
        lines=tuple(bounded(lines(ours, theirs, found))),
        added=sum(each[4] - each[3] for each in changed),
        removed=sum(each[2] - each[1] for each in changed),
    )


def passages(ours: Sequence[str], theirs: Sequence[str]) -> list[Passage]:
    """What is equal, replaced, deleted and inserted; the ends that both share are found first."""
    fewest = min(len(ours), len(theirs))
    start = next((n for n in range(fewest) if ours[n] != theirs[n]), fewest)
    rest = fewest - start
    tail = next((n for n in range(rest) if ours[-1 - n] != theirs[-1 - n]), rest)
    last, other = len(ours) - tail, len(theirs) - tail
    found: list[Passage] = [("equal", 0, start, 0, start)] if start else []
    if max(last - start, other - start) > MOST_LINES:
        found.append(("replace", start, last, start, other))
    else:
        inner = SequenceMatcher(None, ours[start:last], theirs[start:other])
        found += [
            (tag, a + start, b + start, c + start, d + start)
            for tag, a, b, c, d in inner.get_opcodes()
        ]
    if tail:
        found.append(("equal", last, len(ours), other, len(theirs)))
    return found


def lines(ours: Sequence[str], theirs: Sequence[str], found: Sequence[Passage]) -> Iterator[Line]:
    """The lines of all passages; of a long equal one only those beside a change."""
    for place, (tag, start, end, other, last) in enumerate(found):
        if tag == "equal":
            head = AROUND if place else 0
            tail = AROUND if place < len(found) - 1 else 0
            yield from unchanged(ours[start:end], head, tail)
            continue
        ends = min(end, start + MOST_OF_PASSAGE), min(last, other + MOST_OF_PASSAGE)
        was, now = "\n".join(ours[start : ends[0]]), "\n".join(theirs[other : ends[1]])
        before, after = words(was, now) if tag == "replace" else ([(was, True)], [(now, True)])
        if end > start:
            yield from told("was", before)
            yield from hidden(end - ends[0])
        if last > other:
            yield from told("is", after)
            yield from hidden(last - ends[1])


def hidden(number: int) -> Iterator[Line]:
    """Say that so many lines are left out, if any are."""
    if number:
        yield Line("gap", (Part(f"{number:,} more, not shown", False),))


def unchanged(texts: Sequence[str], head: int, tail: int) -> Iterator[Line]:
    """Lines that both have, without the middle of many."""
    middle = len(texts) - head - tail
    if middle <= 1:
        head, tail, middle = len(texts), 0, 0
    for text in texts[:head]:
        yield Line("same", (Part(text, False),))
    if middle:
        yield Line("gap", (Part(f"{middle:,} lines the same", False),))
    for text in texts[len(texts) - tail :]:
        yield Line("same", (Part(text, False),))


Words = list[tuple[str, bool]]


def words(was: str, now: str) -> tuple[Words, Words]:
    """Both texts in parts, with whether the other lacks them; all changed where they are long."""
    if max(len(was), len(now)) > MOST_CHARACTERS:
        return [(was, True)], [(now, True)]
    ours, theirs = WORD.findall(was), WORD.findall(now)
    if max(len(ours), len(theirs)) > MOST_WORDS:
        return [(was, True)], [(now, True)]
    matched = SequenceMatcher(None, ours, theirs)
    before: Words = []
    after: Words = []
    for tag, a, b, c, d in matched.get_opcodes():
        before.append(("".join(ours[a:b]), tag != "equal"))
        after.append(("".join(theirs[c:d]), tag != "equal"))
    return before, after


def told(sign: Sign, parts: Words) -> Iterator[Line]:
    """Parts of a passage as lines."""
    line: list[Part] = []
    for text, changed in parts:
        first, *others = text.split("\n")
        line += [Part(first, changed)] if first else []
        for other in others:
            yield Line(sign, tuple(line))
            line = [Part(other, changed)] if other else []
    yield Line(sign, tuple(line))


def bounded(found: Iterator[Line]) -> Iterator[Line]:
    """As many lines and characters as a page can bear, and how many lines are left out."""
    room = MOST_CHARACTERS
    for place, line in enumerate(found):
        length = sum(len(part.text) for part in line.parts)
        if place == MOST_TOLD or length > room:
            yield from hidden(1 + sum(1 for _ in found))
            return
        room -= length
        yield line
