"""Length: whether a text keeps to a number of sentences, words or characters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from promptbench.metric.sentence import SentenceSettings, split_sentences
from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Completion, MetricInfo, Score

Unit = Literal["sentences", "words", "characters"]

MEANING: dict[Unit, str] = {
    "sentences": "Sentences by sentencex; the end of a line ends a sentence.",
    "words": "Words are what white space separates.",
    "characters": "Unicode code points, without white space around the text.",
}


class LengthSettings(MetricSettings):
    """The bounds that a text must keep; at least one."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["min"]}, {"required": ["max"]}]}
    )

    min: int | None = Field(default=None, ge=0, description="As many at least.")
    max: int | None = Field(default=None, ge=0, description="As many at most.")

    @model_validator(mode="after")
    def bounds(self) -> Self:
        """Refuse bounds that any text keeps, or none."""
        if self.min is None and self.max is None:
            raise ValueError("needs `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"can never be met: min {self.min} is larger than max {self.max}")
        return self


class SentencesSettings(LengthSettings, SentenceSettings):
    """The bounds on sentences, and how these are found."""


@dataclass(frozen=True, slots=True)
class Length:
    """1 if the count of a text is within the bounds; else 0. An empty text counts 0."""

    info: MetricInfo
    count: Callable[[str], int]
    settings: LengthSettings
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """Score 1 or 0; every text can be scored."""
        text = completion.text
        count, low, high = self.count(text), self.settings.min, self.settings.max
        within = (low is None or count >= low) and (high is None or count <= high)
        return Score(self.info.name, float(within))


def build_sentences(settings: SentencesSettings) -> Length:
    """A bound on the number of sentences."""
    count = partial(_sentences, settings.language)
    return Length(_info("sentences", settings), count, settings)


def build_words(settings: LengthSettings) -> Length:
    """A bound on the number of words."""
    return Length(_info("words", settings), _words, settings)


def build_characters(settings: LengthSettings) -> Length:
    """A bound on the number of characters."""
    return Length(_info("characters", settings), _characters, settings)


def _info(unit: Unit, settings: LengthSettings) -> MetricInfo:
    """The description of a length, its bounds in the label."""
    return MetricInfo(
        name=settings.name,
        label=_label(unit, settings.min, settings.max),
        direction="higher",
        binary=True,
        settings=shown(unit, settings),
        description=f"1 if the text keeps to the bounds. {MEANING[unit]}",
    )


def _label(unit: Unit, low: int | None, high: int | None) -> str:
    """The bounds as a formula: `sentences <= 2`, `10 <= words <= 50`, `words = 1`."""
    if low == high:
        return f"{unit} = {low}"
    if low is None:
        return f"{unit} <= {high}"
    return f"{unit} >= {low}" if high is None else f"{low} <= {unit} <= {high}"


def _sentences(language: str, text: str) -> int:
    return len(split_sentences(text, language))


def _words(text: str) -> int:
    return len(text.split())


def _characters(text: str) -> int:
    return len(text.strip())
