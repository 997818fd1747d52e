"""Short answers as SQuAD judges them: words shared with a reference, or all of them."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from promptbench.metric.protocol import NO_REFERENCE
from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Completion, MetricInfo, Score

NORMALISED = (
    "Both are normalised: lower case, no punctuation, no articles (a, an, the), single spaces."
    " Rajpurkar et al. 2016, SQuAD; computed as its evaluate-v2.0.py does: a text without words"
    " equals only another. Best of references, 0 to 1, higher is better."
)
ARTICLES = re.compile(r"\b(a|an|the)\b")
# ASCII alone, as in SQuAD.
NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


class SquadSettings(MetricSettings):
    """A metric of SQuAD has no settings of its own: its normalisation is part of it."""


@dataclass(frozen=True, slots=True)
class Squad:
    """The best of the values that `rate` gives a text beside each of its references."""

    info: MetricInfo
    rate: Callable[[list[str], list[str]], float]
    needs_references: bool = True

    def score(self, completion: Completion, case: Case) -> Score:
        """Score from 0 to 1; unscored without references."""
        if not case.references:
            return Score(self.info.name, None, NO_REFERENCE)
        words = squad_words(completion.text)
        best = max(self.rate(words, squad_words(one)) for one in case.references)
        return Score(self.info.name, best)


def squad_words(text: str) -> list[str]:
    """The words of a text, normalised as SQuAD does."""
    return ARTICLES.sub(" ", text.lower().translate(NO_PUNCTUATION)).split()


def token_f1(words: list[str], reference: list[str]) -> float:
    """F1 of two bags of words; 1 or 0 where one of them is empty."""
    if not words or not reference:
        return float(words == reference)
    shared = (Counter(words) & Counter(reference)).total()
    return 2 * shared / (len(words) + len(reference))


def same_words(words: list[str], reference: list[str]) -> float:
    """1 if the words are the same in the same order, else 0."""
    return float(words == reference)


def build_token_f1(settings: SquadSettings) -> Squad:
    """F1 of words, whatever their order."""
    about = f"F1 of the words that a text shares with a reference. {NORMALISED}"
    info = MetricInfo(
        name=settings.name,
        label="token F1 (SQuAD), best of references",
        direction="higher",
        settings=shown("token_f1", settings),
        description=about,
    )
    return Squad(info, token_f1)


def build_squad_exact(settings: SquadSettings) -> Squad:
    """Equality after normalisation."""
    about = f"1 if the text equals a reference, else 0. {NORMALISED}"
    info = MetricInfo(
        name=settings.name,
        label="exact match (SQuAD normalisation)",
        direction="higher",
        binary=True,
        settings=shown("squad_exact", settings),
        description=about,
    )
    return Squad(info, same_words)
