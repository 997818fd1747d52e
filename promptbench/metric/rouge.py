"""ROUGE: the words, word pairs or word order that a text shares with its references."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from statistics import fmean
from typing import Literal

from pydantic import Field

from promptbench.metric.protocol import NO_REFERENCE
from promptbench.metric.sentence import SentenceSettings, split_sentences
from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Completion, MetricInfo, Score

Kind = Literal["rouge1", "rouge2", "rougeL", "rougeLsum"]

MEANING: dict[Kind, str] = {
    "rouge1": "words in common",
    "rouge2": "pairs of neighbouring words in common",
    "rougeL": "longest common subsequence of words, over the text as one line",
    "rougeLsum": "union of longest common subsequences, sentence by sentence",
}
SOURCE = (
    "Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries; computed by rouge-score"
    " (google-research/rouge). Words are lowercase runs of a-z and 0-9: other scripts are not read."
)


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
    """F1 of one kind of ROUGE, from its parts.

    `words` are those that ROUGE reads in a text; `lines` puts a text into the lines that rougeLsum
    compares; `f1` compares a reference and a text; `pool` makes one value of several references.
    An empty text scores 0, as the formula has it. A reference too short to be matched (without a
    word, or for rouge2 without a pair) is left out; a case without any other is unscored.
    """

    info: MetricInfo
    shortest: int
    words: Callable[[str], list[str]]
    lines: Callable[[str], str]
    f1: Callable[[str, str], float]
    pool: Callable[[list[float]], float]
    needs_references: bool = True

    def score(self, completion: Completion, case: Case) -> Score:
        """F1 against the best reference, or the mean over all of them, from 0 to 1."""
        text = completion.text
        references = [one for one in case.references if len(self.words(one)) >= self.shortest]
        if not references:
            return Score(self.info.name, None, self._reason(case))
        text = self.lines(text)
        return Score(
            self.info.name, self.pool([self.f1(self.lines(one), text) for one in references])
        )

    def _reason(self, case: Case) -> str:
        """Why a case cannot be scored."""
        if not case.references:
            return NO_REFERENCE
        few = "a word" if self.shortest == 1 else f"{self.shortest} words"
        return f"no reference has {few} that ROUGE can read (a-z, 0-9)"


def build_rouge(kind: Kind, settings: RougeSettings) -> Rouge:
    """A metric of one kind."""
    return Rouge(
        info=_info(kind, settings),
        shortest=2 if kind == "rouge2" else 1,
        words=lambda text: _tools(kind, settings.stemmer)[0](text),
        lines=_lines(settings),
        f1=lambda reference, text: _tools(kind, settings.stemmer)[1](reference, text),
        pool=max if settings.references == "best" else fmean,
    )


@cache
def _tools(
    kind: Kind, stemmer: bool
) -> tuple[Callable[[str], list[str]], Callable[[str, str], float]]:
    """rouge-score's tokenizer and its F1. Importing it takes a second: only when one scores."""
    from rouge_score.rouge_scorer import RougeScorer
    from rouge_score.tokenizers import DefaultTokenizer

    tokenizer = DefaultTokenizer(use_stemmer=stemmer)
    scorer = RougeScorer([kind], tokenizer=tokenizer)
    return tokenizer.tokenize, lambda reference, text: float(
        scorer.score(reference, text)[kind].fmeasure
    )


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


def _lines(settings: RougeSettings) -> Callable[[str], str]:
    """One sentence a line for rougeLsum; the other kinds read past the ends of lines."""
    if isinstance(settings, RougeLsumSettings) and settings.split == "sentences":
        return partial(_one_a_line, settings.language)
    return str


def _one_a_line(language: str, text: str) -> str:
    """The text with each sentence on a line of its own."""
    return "\n".join(split_sentences(text, language))
