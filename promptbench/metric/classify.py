"""Judge a classification: the label that an answer names, and how sure the model was of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from promptbench.metric.answer import Answer, judge, probabilities
from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Completion, Labels, MetricInfo, Score

# Of equal width, for the calibration error.
BINS = 10
NO_LABEL = "names no label"
NO_CHOICES = "the answer was written, not chosen: there are no likelihoods of the labels"
BROKEN_CHOICES = "the likelihoods of the labels are not those of this suite, or no numbers"
SEVERAL = "Of several references the one that is named counts, else the first."
NONE_NAMED = "An answer that names no label is wrong."

TITLES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "balanced_accuracy": "balanced accuracy",
    "matthews": "Matthews' correlation",
    "calibration": "calibration error",
    "brier": "Brier score",
}
ABOUT = {
    "accuracy": "1 if the answer names a reference, else 0.",
    "macro_f1": "The mean F1 over all labels of the suite; a label that is neither reference nor"
    " answer of any case counts as 0.",
    "balanced_accuracy": "The mean recall over the labels that are the reference of a case.",
    "matthews": "Correlation of references and answers over all labels (Gorodkin 2004): 1 all"
    " right, 0 no better than chance; no label is an answer of its own.",
    "calibration": f"Expected calibration error over {BINS} bins of equal width (Guo et al. 2017):"
    " the mean distance between how sure the model is of its answer (softmax over the labels'"
    " log-likelihoods) and how often it is right. With few cases it is too large.",
    "brier": "Squared distance between the probabilities of the labels (softmax over their"
    " log-likelihoods) and the truth, 0 to 2 (Brier 1950).",
}


class ClassifySettings(MetricSettings):
    """A metric of labels has no settings of its own: the suite tells labels and parser."""


@dataclass(frozen=True, slots=True)
class Named:
    """A metric of the label that is named: 1 for a right answer, 0 for a wrong one or none."""

    info: MetricInfo
    labels: Labels
    needs_references: bool = True

    def score(self, completion: Completion, case: Case) -> Score:
        """Score 1 or 0, with the parts that a pool needs; unscored without a known reference."""
        answer = judge(completion, case, self.labels)
        if answer.reference < 0:
            return Score(self.info.name, None, answer.reason)
        parts = (float(answer.reference), float(answer.named), float(len(self.labels.names)))
        reason = NO_LABEL if answer.named < 0 else ""
        return Score(self.info.name, float(answer.right), reason, parts if self.info.pool else ())


@dataclass(frozen=True, slots=True)
class Likelihood:
    """A metric of the probabilities of the labels, which only a chosen answer has."""

    info: MetricInfo
    labels: Labels
    rate: Callable[[Sequence[float], Answer], tuple[float, tuple[float, ...]]]
    needs_references: bool = True

    def score(self, completion: Completion, case: Case) -> Score:
        """Score as `rate` does; unscored without likelihoods or a known reference."""
        answer = judge(completion, case, self.labels)
        if answer.reference < 0:
            return Score(self.info.name, None, answer.reason)
        if not completion.choices:
            return Score(self.info.name, None, NO_CHOICES)
        shares = probabilities(completion.choices)
        if shares is None or len(shares) != len(self.labels.names) or answer.named < 0:
            return Score(self.info.name, None, BROKEN_CHOICES)
        value, parts = self.rate(shares, answer)
        return Score(self.info.name, value, "", parts)


def confidence(shares: Sequence[float], answer: Answer) -> tuple[float, tuple[float, ...]]:
    """How far the probability of the answer is from the truth, 1 or 0; and both as parts."""
    sure, right = shares[answer.named], float(answer.right)
    return abs(sure - right), (sure, right)


def brier(shares: Sequence[float], answer: Answer) -> tuple[float, tuple[float, ...]]:
    """The squared distance of the probabilities from 1 for the reference and 0 for the others."""
    truth = (float(place == answer.reference) for place in range(len(shares)))
    return math.fsum((share - true) ** 2 for share, true in zip(shares, truth, strict=True)), ()


def build_named(kind: str, settings: ClassifySettings, labels: Labels) -> Named:
    """A metric of the label that is named, pooled over the cases unless it is accuracy."""
    info = MetricInfo(
        name=settings.name,
        label=_label(kind, labels),
        direction="higher",
        low=-1.0 if kind == "matthews" else 0.0,
        binary=True,
        settings=_settings(kind, settings, labels),
        description=f"{ABOUT[kind]} {NONE_NAMED} {SEVERAL}",
        pool="" if kind == "accuracy" else kind,
    )
    return Named(info, labels)


def build_calibration(settings: ClassifySettings, labels: Labels) -> Likelihood:
    """The calibration error, pooled over the cases; a case shows its own distance."""
    return Likelihood(_info("calibration", settings, labels, 1.0), labels, confidence)


def build_brier(settings: ClassifySettings, labels: Labels) -> Likelihood:
    """The Brier score of each case."""
    return Likelihood(_info("brier", settings, labels, 2.0), labels, brier)


def _info(kind: str, settings: ClassifySettings, labels: Labels, high: float) -> MetricInfo:
    """The description of a metric of likelihoods, lower being better."""
    return MetricInfo(
        name=settings.name,
        label=_label(kind, labels),
        direction="lower",
        high=high,
        settings=_settings(kind, settings, labels),
        description=f"{ABOUT[kind]} {SEVERAL}",
        pool="" if kind == "brier" else kind,
    )


def _label(kind: str, labels: Labels) -> str:
    return f"{TITLES[kind]} over {len(labels.names)} labels"


def _settings(kind: str, settings: ClassifySettings, labels: Labels) -> dict[str, Any]:
    """What a reader needs to judge a figure, and a report to read the labels again."""
    return shown(kind, settings) | {
        "labels": len(labels.names),
        "parser": labels.parser,
        "names": list(labels.names),
        "words": [list(one) for one in labels.words],
    }
