"""ROUGE: the words, word pairs or word order that a text shares with its references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import chain
from statistics import fmean
from typing import Any, Literal

from pydantic import Field

from promptbench.metric.protocol import NO_REFERENCE
from promptbench.metric.sentence import SentenceSettings, split_sentences
from promptbench.metric.setting import MetricSettings, shown
from promptbench.metric.subsequence import length, places
from promptbench.record import Case, Completion, MetricInfo, Score

Kind = Literal["rouge1", "rouge2", "rougeL", "rougeLsum"]

MEANING: dict[Kind, str] = {
    "rouge1": "words in common",
    "rouge2": "pairs of neighbouring words in common",
    "rougeL": "longest common subsequence of words, over the text as one line",
    "rougeLsum": "union of longest common subsequences, sentence by sentence",
}
SOURCE = (
    "0 to 1, higher is better. Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries;"
    " equal to rouge-score (google-research/rouge). Words are lowercase runs of a-z and 0-9: other"
    " scripts are not read."
)

# As rouge-score finds them in lower case.
WORD = re.compile(r"[a-z0-9]+")
Words = tuple[str, ...]


class RougeSettings(MetricSettings):
    """How ROUGE is computed."""

    stemmer: bool = Field(
        default=False, description="Reduce words to their stems first (Porter; English only)."
    )
    references: Literal["best", "mean"] = Field(
        default="best", description="Of several references: the best F1, or the mean of all."
    )


class RougeLsumSettings(RougeSettings, SentenceSettings):
    """How rougeLsum is computed."""

    split: Literal["sentences", "lines"] = Field(
        default="sentences",
        description="Compare sentence by sentence, or line by line as rouge-score itself does.",
    )


@dataclass(frozen=True, slots=True)
class Rouge:
    """F1 of one kind of ROUGE.

    `lines` puts a text into the lines that rougeLsum compares; `pool` makes one value of several
    references. An empty text scores 0, as the formula has it. A reference too short to be matched
    (without a word, or for rouge2 without a pair) is left out; a case without any other is
    unscored.
    """

    info: MetricInfo
    kind: Kind
    stemmer: bool
    lines: Callable[[str], Sequence[str]]
    pool: Callable[[list[float]], float]
    needs_references: bool = True

    def score(self, completion: Completion, case: Case) -> Score:
        """F1 against the best reference, or the mean over all of them, from 0 to 1."""
        shortest = 2 if self.kind == "rouge2" else 1
        read = [one for one in case.references if len(words_of(one, self.stemmer)) >= shortest]
        if not read:
            return Score(self.info.name, None, self._reason(case, shortest))
        text = self._words(completion.text)
        values = [rouge_f1(self.kind, self._words(one), text) for one in read]
        return Score(self.info.name, self.pool(values))

    def _words(self, text: str) -> list[Words]:
        """The words of each line that is compared."""
        return [words_of(line, self.stemmer) for line in self.lines(text)]

    def _reason(self, case: Case, shortest: int) -> str:
        """Why a case cannot be scored."""
        if not case.references:
            return NO_REFERENCE
        few = "a word" if shortest == 1 else f"{shortest} words"
        return f"no reference has {few} that ROUGE can read (a-z, 0-9)"


def rouge_f1(kind: Kind, reference: list[Words], text: list[Words]) -> float:
    """F1 of two texts in lines of words; only rougeLsum has more than one line."""
    most = 2 if kind == "rouge2" else 1
    wanted, found = (sum(max(len(one) - most + 1, 0) for one in side) for side in (reference, text))
    if not wanted or not found:
        return 0.0
    if kind == "rougeLsum":
        hits = _union_hits(reference, text)
    elif kind == "rougeL":
        hits = length(reference[0], text[0])
    else:
        hits = (_ngrams(reference[0], most) & _ngrams(text[0], most)).total()
    precision, recall = hits / found, hits / wanted
    return 2 * precision * recall / (precision + recall) if hits else 0.0


@lru_cache(maxsize=10_000)
def words_of(text: str, stemmer: bool) -> Words:
    """The words that ROUGE reads in a text; with `stemmer`, those of four letters and more cut."""
    words = WORD.findall(text.lower())
    if not stemmer:
        return tuple(words)
    stems = (_stem(word) if len(word) > 3 else word for word in words)
    return tuple(stem for stem in stems if WORD.fullmatch(stem))


def build_rouge(kind: Kind, settings: RougeSettings) -> Rouge:
    """A metric of one kind."""
    return Rouge(
        info=_info(kind, settings),
        kind=kind,
        stemmer=settings.stemmer,
        lines=_lines(settings),
        pool=max if settings.references == "best" else fmean,
    )


def _ngrams(words: Words, size: int) -> Counter[Words]:
    """How often each run of so many words occurs."""
    return Counter(zip(*(words[start:] for start in range(size)), strict=False))


def _union_hits(reference: list[Words], text: list[Words]) -> int:
    """Words of the union of subsequences (Lin 2004, 3.2), each as often as both texts have it."""
    left = Counter(chain(*reference)) & Counter(chain(*text))
    hits = 0
    for line in reference:
        for place in set().union(*(places(line, one) for one in text)):
            hits += left[line[place]] > 0
            left[line[place]] -= 1
    return hits


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    """Porter's stem of a word, by the stemmer that rouge-score uses."""
    stem: str = _stemmer().stem(word)
    return stem


@cache
def _stemmer() -> Any:
    """The stemmer of nltk. Importing it takes a second: only when a stemmed metric scores."""
    from nltk.stem.porter import PorterStemmer  # type: ignore[import-untyped]

    return PorterStemmer()


def _info(kind: Kind, settings: RougeSettings) -> MetricInfo:
    """Name the variant in full: ROUGE figures of different settings cannot be compared."""
    stemmed = ", stemmed" if settings.stemmer else ""
    by_line = ", by line" if getattr(settings, "split", "") == "lines" else ""
    pooled = "best of references" if settings.references == "best" else "mean over references"
    return MetricInfo(
        name=settings.name,
        label=f"{kind} F1{stemmed}{by_line}, {pooled}",
        direction="higher",
        settings=shown(kind, settings),
        description=f"F1 of {MEANING[kind]}; {pooled}. {SOURCE}",
    )


def _lines(settings: RougeSettings) -> Callable[[str], Sequence[str]]:
    """A sentence or a line each for rougeLsum; the other kinds read past the ends of lines."""
    if not isinstance(settings, RougeLsumSettings):
        return lambda text: (text,)
    if settings.split == "sentences":
        return partial(_sentences, settings.language)
    return lambda text: text.split("\n")


@lru_cache(maxsize=10_000)
def _sentences(language: str, text: str) -> tuple[str, ...]:
    return tuple(split_sentences(text, language))
