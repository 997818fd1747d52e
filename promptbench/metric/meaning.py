"""Compare what texts mean, by the vectors of a model that is handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from promptbench.metric.embedder import Embedder, OpenEmbedder
from promptbench.metric.protocol import NO_REFERENCE
from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Completion, MetricInfo, Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

EMPTY = "the output is empty"
# So many texts' token vectors are held at once.
AT_ONCE = 256
SEMANTIC = (
    "Cosine of the sentence embeddings of the output and its best reference, -1 to 1, higher is"
    " better (Reimers and Gurevych 2019, Sentence-BERT). An empty output scores 0. Texts about one"
    " thing are alike: what they say of it may still be the opposite."
)
BERTSCORE = (
    "Each token is matched with the most similar one of the other text, by the cosine of their"
    " states in the last layer; the mean over the {side}. -1 to 1, higher is better; best of"
    " references (Zhang et al. 2020, BERTScore; without idf weights or rescaling, so that unlike"
    " texts score far above 0). An empty output scores 0."
)
SIDES = {
    "precision": "output's tokens",
    "recall": "reference's tokens",
    "f1": "output's tokens and over the reference's, and of both the harmonic mean",
}


class SemanticSettings(MetricSettings):
    """The model is the suite's embedder: there are no settings."""


class BertscoreSettings(MetricSettings):
    """Which of BERTScore's three values."""

    measure: Literal["precision", "recall", "f1"] = Field(
        default="f1", description="Of the output's tokens, the reference's, or both."
    )


# Likeness of the pairs of texts (output, reference), by their places among the texts.
Compare = Callable[[Embedder, list[str], list[tuple[int, int]]], list[float]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """The likeness of an output to the most similar of its references.

    `open_embedder` is called when the first texts are scored, and once for each call: it must
    keep the model that it opens.
    """

    info: MetricInfo
    compare: Compare
    open_embedder: OpenEmbedder
    needs_references: bool = True

    def score(self, completion: Completion, case: Case) -> Score:
        """Score one completion; many at once are much faster."""
        return self.score_all([(completion, case)])[0]

    def score_all(self, pairs: Sequence[tuple[Completion, Case]]) -> list[Score]:
        """A score for each pair, in their order; one at a time they are equal but for rounding.

        Unscored where no reference has text; an output without text scores 0.
        """
        scores: list[Score] = []
        for start in range(0, len(pairs), AT_ONCE):
            scores += self._batch(pairs[start : start + AT_ONCE])
        return scores

    def _batch(self, pairs: Sequence[tuple[Completion, Case]]) -> list[Score]:
        """Scores of so many pairs as fit in memory."""
        asked = [
            (row, completion.text, reference)
            for row, (completion, case) in enumerate(pairs)
            for reference in case.references
            if completion.text.strip() and reference.strip()
        ]
        texts = list(dict.fromkeys(text for _, *both in asked for text in both))
        place = {text: number for number, text in enumerate(texts)}
        couples = [(place[text], place[reference]) for _, text, reference in asked]
        values = self.compare(self.open_embedder(), texts, couples) if asked else []
        best: dict[int, float] = {}
        for (row, *_), value in zip(asked, values, strict=True):
            best[row] = max(value, best.get(row, value))
        return [self._found(pair, best.get(row)) for row, pair in enumerate(pairs)]

    def _found(self, pair: tuple[Completion, Case], value: float | None) -> Score:
        """The score of a pair that was compared, or why it was not."""
        if not any(reference.strip() for reference in pair[1].references):
            return Score(self.info.name, None, NO_REFERENCE)
        return Score(self.info.name, 0.0, EMPTY) if value is None else Score(self.info.name, value)


def cosines(embedder: Embedder, texts: list[str], couples: list[tuple[int, int]]) -> list[float]:
    """The cosine of each couple's vectors."""
    vectors = _normal(embedder.embed(texts))
    return [_within(float(vectors[one] @ vectors[other])) for one, other in couples]


def bertscores(
    measure: str, embedder: Embedder, texts: list[str], couples: list[tuple[int, int]]
) -> list[float]:
    """BERTScore of each couple (output, reference)."""
    states = [_normal(one) for one in embedder.tokens(texts)]
    return [bertscore(measure, states[one], states[other]) for one, other in couples]


def bertscore(measure: str, output: Vectors, reference: Vectors) -> float:
    """One of the three values, of vectors of length 1 (shape: tokens x width)."""
    if not len(output) or not len(reference):
        return 0.0
    likeness = output @ reference.T
    precision, recall = (float(likeness.max(axis=axis).mean()) for axis in (1, 0))
    if measure != "f1":
        return _within(precision if measure == "precision" else recall)
    # Of values that are not both above 0 there is no harmonic mean.
    if precision <= 0 or recall <= 0:
        return _within(min(precision, recall))
    return _within(2 * precision * recall / (precision + recall))


def build_semantic(settings: SemanticSettings, open_embedder: OpenEmbedder) -> Meaning:
    """Likeness of whole texts."""
    info = MetricInfo(
        name=settings.name,
        label="semantic similarity, best of references",
        direction="higher",
        low=-1.0,
        settings=shown("semantic", settings),
        description=SEMANTIC,
    )
    return Meaning(info, cosines, open_embedder)


def build_bertscore(settings: BertscoreSettings, open_embedder: OpenEmbedder) -> Meaning:
    """Likeness token by token."""
    measure = settings.measure
    info = MetricInfo(
        name=settings.name,
        label=f"BERTScore {'F1' if measure == 'f1' else measure}, best of references",
        direction="higher",
        low=-1.0,
        settings=shown("bertscore", settings),
        description=BERTSCORE.format(side=SIDES[measure]),
    )
    return Meaning(info, partial(bertscores, measure), open_embedder)


def _normal(vectors: Vectors) -> Vectors:
    """The vectors at length 1; zeros stay zeros."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    normal: Vectors = vectors / np.maximum(lengths, 1e-12)
    return normal


def _within(value: float) -> float:
    """A cosine without the rounding that takes it past 1."""
    return min(1.0, max(-1.0, value))
