"""Pool a metric over cases: the parts of all of them and their weights in, one value out.

Parts have one row a case (shape: n x k), weights one number (shape: n). Of an answer they are
(reference, answer, labels): two positions among so many labels, where an answer of -1 names none;
of a confidence they are (confidence, right), the second being 1 or 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptbench.error import InputError, choices
from promptbench.metric.classify import BINS
from promptbench.metric.corpus import bleu, chrf

Array = NDArray[np.float64]
Pool = Callable[[Array, Array], float]

# Over no cases at all.
UNDEFINED = math.nan
EDGES = np.arange(1, BINS) / BINS


@dataclass(frozen=True, slots=True)
class Tally:
    """Weighted counts a label (shape: labels) and of all cases, those that name none included."""

    right: Array
    references: Array
    answers: Array
    total: float


def tally(parts: Array, weights: Array) -> Tally:
    """Count references, answers and right answers."""
    labels = int(parts[:, 2].max())
    reference, answer = parts[:, 0].astype(np.intp), parts[:, 1].astype(np.intp)
    named = answer >= 0
    return Tally(
        right=_counts(reference, weights * (reference == answer), labels),
        references=_counts(reference, weights, labels),
        answers=_counts(answer[named], weights[named], labels),
        total=float(weights.sum()),
    )


def macro_f1(parts: Array, weights: Array) -> float:
    """The mean F1 over all labels of the suite; one that nobody named and nobody meant counts 0.

    As sklearn.metrics.f1_score(labels=all, average="macro", zero_division=0).
    """
    counts = tally(parts, weights)
    found = _shares(2 * counts.right, counts.references + counts.answers).mean()
    return float(found) if counts.total > 0 else UNDEFINED


def balanced_accuracy(parts: Array, weights: Array) -> float:
    """The mean recall over the labels that are the reference of a case.

    As sklearn.metrics.balanced_accuracy_score.
    """
    counts = tally(parts, weights)
    meant = counts.references > 0
    return (
        float((counts.right[meant] / counts.references[meant]).mean()) if meant.any() else UNDEFINED
    )


def matthews(parts: Array, weights: Array) -> float:
    """Matthews' correlation of references and answers, from -1 to 1 (R_K of Gorodkin 2004).

    To name no label is an answer of its own. Where all references or all answers are the same,
    0, as in sklearn.metrics.matthews_corrcoef.
    """
    counts = tally(parts, weights)
    total, none = counts.total, counts.total - float(counts.answers.sum())
    together = total * float(counts.right.sum()) - float(counts.references @ counts.answers)
    answers = total**2 - float(counts.answers @ counts.answers) - none**2
    references = total**2 - float(counts.references @ counts.references)
    # Below this it is the rounding of a difference that is zero.
    least = 1e-9 * total**2
    if answers <= least or references <= least:
        return 0.0 if total > 0 else UNDEFINED
    return together / math.sqrt(answers * references)


def calibration(parts: Array, weights: Array) -> float:
    """The expected calibration error over ten bins of equal width (Guo et al. 2017).

    The mean distance of a bin's accuracy from its confidence, by the cases in it.
    """
    total = float(weights.sum())
    gaps = _counts(bin_of(parts[:, 0]), weights * (parts[:, 1] - parts[:, 0]), BINS)
    return float(np.abs(gaps).sum() / total) if total > 0 else UNDEFINED


def bin_of(confidence: Array) -> NDArray[np.intp]:
    """The bin, from 0, of each confidence (shape: n): above its lower edge, up to its upper one."""
    return np.searchsorted(EDGES, confidence, side="left")


POOLS: dict[str, Pool] = {
    "balanced_accuracy": balanced_accuracy,
    "calibration": calibration,
    "macro_f1": macro_f1,
    "matthews": matthews,
    "bleu": bleu,
    "chrf": chrf,
}


def pool_named(name: str) -> Pool:
    """The pool that a metric names. Raises InputError for one that this version does not have."""
    if name not in POOLS:
        hint = choices(name, POOLS)
        raise InputError(f"no way to pool a metric is named {name!r}", hint=hint)
    return POOLS[name]


def _counts(places: NDArray[np.intp], weights: Array, size: int) -> Array:
    """The sum of the weights at each place (shape: size)."""
    return np.bincount(places, weights, size).astype(np.float64)


def _shares(parts: Array, wholes: Array) -> Array:
    """Part of whole, 0 where there is no whole."""
    return np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)
