"""The tone of a text, from a lexicon of English words and emoticons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import fmean
from typing import Any

from promptbench.metric.sentence import split_sentences
from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Completion, MetricInfo, Score

NO_WORDS = "the output is empty"
ABOUT = (
    "Mean tone of the output's sentences, -1 hostile to 1 friendly, 0 neutral; higher is better"
    " unless the suite thinks otherwise. English, by the lexicon and rules of VADER (Hutto and"
    " Gilbert 2014; vaderSentiment, MIT). Of 1,000 Amazon review sentences (Kotzias et al. 2015) a"
    " tone above 0 tells 84% right: the 21% that it finds neutral count as negative, and if they"
    " count as half right it is 81%. A logistic regression on words, cross-validated on the same"
    " sentences, tells 82% right (benchmarks/tone.py)."
)


class ToneSettings(MetricSettings):
    """The lexicon is fixed: there are no settings."""


@dataclass(frozen=True, slots=True)
class Tone:
    """The mean tone of the sentences of a text."""

    info: MetricInfo
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """From -1 to 1; unscored for an empty text. Words that the lexicon lacks are neutral."""
        sentences = split_sentences(completion.text, "en")
        if not sentences:
            return Score(self.info.name, None, NO_WORDS)
        return Score(self.info.name, fmean(map(tone_of, sentences)))


def mood_of(text: str) -> float:
    """The mean tone of a text's sentences, -1 to 1; 0 for a text without any."""
    sentences = split_sentences(text, "en")
    return fmean(map(tone_of, sentences)) if sentences else 0.0


def tone_of(sentence: str) -> float:
    """VADER's compound value of a sentence, -1 to 1."""
    return float(_lexicon().polarity_scores(sentence)["compound"])


@cache
def _lexicon() -> Any:
    """The lexicon, read when the first text is scored."""
    from vaderSentiment import vaderSentiment  # type: ignore[import-untyped]

    return vaderSentiment.SentimentIntensityAnalyzer()


def build_tone(settings: ToneSettings) -> Tone:
    """The tone of an output."""
    info = MetricInfo(
        name=settings.name,
        label="tone (VADER)",
        direction="higher",
        low=-1.0,
        settings=shown("tone", settings),
        description=ABOUT,
    )
    return Tone(info)
