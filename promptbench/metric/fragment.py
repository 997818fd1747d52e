"""Extractive fragments: how much of an output was copied from its input, and in which lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import regex

from promptbench.metric.setting import shown
from promptbench.metric.source import SourceSettings, no_source, source_of
from promptbench.record import Case, Completion, Direction, MetricInfo, Score

Kind = Literal["coverage", "density", "compression"]

NO_WORDS = "the output has no words"
WORD = regex.compile(r"\w+|[^\w\s]")
ABOUT: dict[Kind, str] = {
    "coverage": "Share of the output's words that lie in a fragment copied from its input, 0 to 1;"
    " no direction is better: low may be invented, high merely copied.",
    "density": "Mean length of the copied fragment that a word of the output lies in, 0 and up;"
    " no direction is better: high is copied, low is retold.",
    "compression": "Words of the input for each word of the output, 0 and up; no direction is"
    " better, as too much brevity leaves things out.",
}
SOURCE = (
    "Grusky et al. 2018, Newsroom, section 4: from left to right the longest fragment that the"
    " input holds. Words and punctuation marks count, upper and lower case do not."
)

# A state of the automaton: where each word leads.
States = list[dict[str, int]]


@dataclass(frozen=True, slots=True)
class Fragments:
    """A figure made of the copied fragments' lengths and the numbers of words."""

    info: MetricInfo
    of: str
    rate: Callable[[list[int], int, int], float]
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """The figure; unscored where the output or the input has no words."""
        source, words = source_of(case, self.of), words_in(completion.text)
        count = len(words_in(source))
        if not count:
            return Score(self.info.name, None, no_source(case, self.of))
        if not words:
            return Score(self.info.name, None, NO_WORDS)
        return Score(self.info.name, self.rate(fragments(words, source), len(words), count))


def words_in(text: str) -> list[str]:
    """Words and punctuation marks, in lower case."""
    return WORD.findall(text.casefold())


def fragments(words: Sequence[str], source: str) -> list[int]:
    """The lengths of the fragments that words share with a source, from left to right.

    Each is the longest that begins there; the authors' own code can miss it where it overlaps an
    earlier match.
    """
    states = _automaton(source)
    lengths, place = [], 0
    while place < len(words):
        state, end = 0, place
        while end < len(words) and words[end] in states[state]:
            state, end = states[state][words[end]], end + 1
        if end > place:
            lengths.append(end - place)
        place = max(end, place + 1)
    return lengths


@lru_cache(maxsize=64)
def _automaton(source: str) -> States:
    """Accept just the fragments of a source: its suffix automaton (Blumer et al. 1985)."""
    states: States = [{}]
    links, lengths, last = [-1], [0], 0
    for word in words_in(source):
        new, at = len(states), last
        states.append({})
        lengths.append(lengths[last] + 1)
        links.append(0)
        while at >= 0 and word not in states[at]:
            states[at][word], at = new, links[at]
        if at >= 0:
            links[new] = _target(states, links, lengths, at, word)
        last = new
    return states


def _target(states: States, links: list[int], lengths: list[int], at: int, word: str) -> int:
    """The state for the longest suffix seen before, split off where it is part of a longer one."""
    old = states[at][word]
    if lengths[old] == lengths[at] + 1:
        return old
    copy = len(states)
    states.append(dict(states[old]))
    lengths.append(lengths[at] + 1)
    links.append(links[old])
    links[old] = copy
    while at >= 0 and states[at].get(word) == old:
        states[at][word], at = copy, links[at]
    return copy


def coverage(lengths: list[int], words: int, source: int) -> float:
    """The share of words in a fragment."""
    return sum(lengths) / words


def density(lengths: list[int], words: int, source: int) -> float:
    """The mean, over words, of the length of the fragment that each is in."""
    return sum(length**2 for length in lengths) / words


def compression(lengths: list[int], words: int, source: int) -> float:
    """Words of the source a word."""
    return source / words


RATES: dict[Kind, Callable[[list[int], int, int], float]] = {
    "coverage": coverage,
    "density": density,
    "compression": compression,
}


def build_fragments(kind: Kind, settings: SourceSettings) -> Fragments:
    """One of the three figures."""
    direction: Direction = "none"
    info = MetricInfo(
        name=settings.name,
        label=f"{kind} of {settings.of or 'the input'}",
        direction=direction,
        high=1.0 if kind == "coverage" else None,
        settings=shown(kind, settings),
        description=f"{ABOUT[kind]} {SOURCE}",
    )
    return Fragments(info, settings.of, RATES[kind])
