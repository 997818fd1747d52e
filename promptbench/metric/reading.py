"""How easy an English text is to read, by the formulas of its words, sentences and syllables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import regex
from pydantic import Field

from promptbench.metric.sentence import split_sentences
from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Completion, Direction, MetricInfo, Score

Formula = Literal["flesch", "kincaid", "fog", "ari", "coleman_liau"]

NO_WORDS = "the output has no words"
WORD = regex.compile(r"\p{L}[\p{L}\p{M}'\u2019]*|\p{N}+")
VOWELS = regex.compile(r"[aeiouyàáâäèéêëìíîïòóôöùúûü]+")
# An e that is not heard, alone or with a d or s after it; that of "tables" and "handled" is.
SILENT = regex.compile(
    r"(?<=[gq])ue$|(?<=[^aeiouy])(?:(?<![^aeiouyl]l)e|(?<![td]|[^aeiouyl]l)ed"
    r"|(?<![sxzcg]|[cs]h|[^aeiouyl]l)es)$"
)
# Two vowels that are heard one by one, or an m that is a syllable.
APART = regex.compile(
    r"(?<![ctg])ia(?!ns?$|g)|(?<![cstgx])io|(?<!p)eo(?!u|n)|iu|u(?=ous)|(?<=^sc|^soc)ie|(?<![ct])ie(?=n[ct]|t)"
    r"|(?<![gq])ua|oe(?=[mt])|eu(?=m)|[aeiouy]ing|(?<=cr)ea(?=t[eio])|(?<=r)ea(?=ct)|(?<=ar|id)ea$"
    r"|^coo(?=per|rd)|oyee|[ts]h?m$"
)
SHORTENED = regex.compile(r"^(every|business)")
COUNTED = (
    "English only. Sentences by sentencex, syllables by runs of vowels but a silent e, so that a"
    " word in ten or so is a syllable off."
)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the formulas are made of; `hard` are words of three syllables and more."""

    sentences: int
    words: int
    letters: int
    syllables: int
    hard: int


@dataclass(frozen=True, slots=True)
class Scale:
    """A formula, what it is called and says, and which way is easier."""

    title: str
    about: str
    direction: Direction
    rate: Callable[[Counts], float]


def _flesch(c: Counts) -> float:
    return 206.835 - 1.015 * c.words / c.sentences - 84.6 * c.syllables / c.words


def _kincaid(c: Counts) -> float:
    return 0.39 * c.words / c.sentences + 11.8 * c.syllables / c.words - 15.59


def _fog(c: Counts) -> float:
    return 0.4 * (c.words / c.sentences + 100 * c.hard / c.words)


def _ari(c: Counts) -> float:
    return 4.71 * c.letters / c.words + 0.5 * c.words / c.sentences - 21.43


def _coleman_liau(c: Counts) -> float:
    return 5.88 * c.letters / c.words - 29.6 * c.sentences / c.words - 15.8


SCHOOL = "as years of school in the USA: no bounds, lower is easier"
SCALES: dict[Formula, Scale] = {
    "flesch": Scale(
        "Flesch reading ease",
        "Flesch 1948, A New Readability Yardstick: up to about 121, higher is easier, plain"
        " English is 60 to 70, and long words lead below 0",
        "higher",
        _flesch,
    ),
    "kincaid": Scale("Flesch-Kincaid grade", f"Kincaid et al. 1975, {SCHOOL}", "lower", _kincaid),
    "fog": Scale("Gunning fog index", f"Gunning 1952, {SCHOOL}", "lower", _fog),
    "ari": Scale("automated readability index", f"Senter 1967, {SCHOOL}", "lower", _ari),
    "coleman_liau": Scale(
        "Coleman-Liau index", f"Coleman and Liau 1975, {SCHOOL}", "lower", _coleman_liau
    ),
}


class ReadingSettings(MetricSettings):
    """Which formula is used."""

    formula: Formula = Field(
        default="flesch",
        description="flesch (higher is easier), or a grade of school (lower is easier): kincaid,"
        " fog, ari, coleman_liau.",
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of a formula for a text."""

    info: MetricInfo
    rate: Callable[[Counts], float]
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """The value; unscored for a text without words."""
        counts = count(completion.text)
        if not counts.words:
            return Score(self.info.name, None, NO_WORDS)
        return Score(self.info.name, self.rate(counts))


def count(text: str) -> Counts:
    """Count sentences, words, letters (digits too) and syllables."""
    words = WORD.findall(text)
    lengths = [syllables(word) for word in words]
    sentences = [one for one in split_sentences(text, "en") if WORD.search(one)]
    return Counts(
        sentences=len(sentences),
        words=len(words),
        letters=sum(map(str.isalnum, "".join(words))),
        syllables=sum(lengths),
        hard=sum(length >= 3 for length in lengths),
    )


def syllables(word: str) -> int:
    """About how many syllables an English word has; one at least."""
    plain = regex.sub(r"['\u2019].*", "", word.lower())
    heard = SILENT.sub("", plain)
    count = len(VOWELS.findall(heard)) + len(APART.findall(heard))
    return max(1, count - bool(SHORTENED.search(heard)))


def build_reading(settings: ReadingSettings) -> Reading:
    """The metric of one formula."""
    scale = SCALES[settings.formula]
    info = MetricInfo(
        name=settings.name,
        label=scale.title,
        direction=scale.direction,
        low=None,
        high=None,
        settings=shown("reading_ease", settings),
        description=f"{scale.title}: {scale.about}. {COUNTED}",
    )
    return Reading(info, scale.rate)
