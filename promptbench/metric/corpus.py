"""Corpus BLEU and chrF: counts of every case and their weights in, one score of 0 to 100 out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ORDER = 4
BETA = 2


def bleu(parts: Array, weights: Array) -> float:
    """Corpus BLEU (Papineni et al. 2002) as sacrebleu has it: up to 4-grams, smoothing `exp`.

    Parts (shape: n x 10) are the length, that of the nearest reference, and how many n-grams of 1
    to 4 words are right, and how many there are. nan over no cases at all.
    """
    if not weights.any():
        return math.nan
    length, reference, *counts = (float(one) for one in weights @ parts)
    right, total = counts[:ORDER], counts[ORDER:]
    if not any(right) or not all(total):
        return 0.0
    brevity = min(0.0, 1 - reference / length)
    halvings, logarithms = 0, 0.0
    for good, all_of_it in zip(right, total, strict=True):
        halvings += good == 0
        logarithms += math.log(good / all_of_it if good else 0.5**halvings / all_of_it)
    return 100 * math.exp(brevity + logarithms / ORDER)


def chrf(parts: Array, weights: Array) -> float:
    """Corpus chrF (Popovic 2015) as sacrebleu has it: F2 of the mean precision and recall.

    Parts (shape: n x 3 orders) are, for each order, how many n-grams the text has, its reference
    has, and both have. An order that either lacks is left out. nan over no cases at all.
    """
    if not weights.any():
        return math.nan
    text, reference, both = (weights @ parts).reshape(-1, 3).T
    known = (text > 0) & (reference > 0)
    if not both[known].any():
        return 0.0
    precision = float((both[known] / text[known]).mean())
    recall = float((both[known] / reference[known]).mean())
    return 100 * (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)
