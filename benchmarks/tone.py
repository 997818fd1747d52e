"""Compare the lexicon of the metric `tone` with a classifier trained on the same sentences.

    python -m benchmarks.tone amazon_cells_labelled.txt

The file is of the Sentiment Labelled Sentences (Kotzias et al. 2015; CC BY 4.0). The classifier is
a logistic regression on the words of a sentence, and on those after a negation, under an L2
penalty; it is judged by ten-fold cross-validation in which equal sentences share a fold.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import rankdata

from promptbench.metric.tone import tone_of

Array = NDArray[np.float64]

NEGATIONS = {"not", "no", "never", "nothing", "cannot", "nor", "hardly", "without"}
FOLDS, SEED, PENALTY, SEEN = 10, 0, 0.3, 2


def features(text: str) -> set[str]:
    """The words of a sentence; behind a negation each a second time, marked."""
    found, negated = set(), False
    for word in re.findall(r"[a-z']+|[!?]", text.lower()):
        found |= {word, f"NOT {word}"} if negated else {word}
        negated = word not in "!?" and (negated or word in NEGATIONS or word.endswith("n't"))
    return found


def matrix(rows: list[set[str]], vocabulary: dict[str, int]) -> Array:
    """1 where a sentence has a feature, and a column of ones."""
    found = np.zeros((len(rows), len(vocabulary) + 1))
    for number, row in enumerate(rows):
        found[number, [vocabulary[one] for one in row if one in vocabulary] + [-1]] = 1
    return found


def fit(data: Array, right: Array) -> Array:
    """The weights of the logistic regression."""
    sign = 2 * right - 1

    def loss(weights: Array) -> tuple[float, Array]:
        margin, free = sign * (data @ weights), np.append(weights[:-1], 0)
        slope = -data.T @ (sign * expit(-margin)) + PENALTY * free
        return float(np.logaddexp(0, -margin).sum() + PENALTY / 2 * free @ free), slope

    start = np.zeros(data.shape[1])
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x)


def cross_validated(texts: list[str], right: Array) -> Array:
    """For each sentence the margin of a classifier that has not seen it."""
    rows = [features(text) for text in texts]
    groups = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    order = np.random.default_rng(SEED).permutation(len(groups)) % FOLDS
    fold = np.array([order[groups[text]] for text in texts])
    margins = np.zeros(len(texts))
    for number in range(FOLDS):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        seen = Counter(one for i in train for one in rows[i])
        kept = sorted(one for one in seen if seen[one] >= SEEN)
        vocabulary = {one: place for place, one in enumerate(kept)}
        weights = fit(matrix([rows[i] for i in train], vocabulary), right[train])
        margins[test] = matrix([rows[i] for i in test], vocabulary) @ weights
    return margins


def report(name: str, values: Array, right: Array) -> None:
    """Print accuracy at 0, and the area under the ROC curve."""
    positive = int(right.sum())
    ranks = rankdata(values)[right == 1].sum() - positive * (positive + 1) / 2
    area = ranks / (positive * (len(right) - positive))
    print(f"{name}: accuracy {((values > 0) == right).mean():.3f}, AUC {area:.3f}")


def main(path: str) -> None:
    """Judge both on the same sentences."""
    lines = [line.rsplit("\t", 1) for line in Path(path).read_text("utf-8").split("\n") if line]
    texts, right = [text for text, _ in lines], np.array([float(label) for _, label in lines])
    report("lexicon", np.array([tone_of(text) for text in texts]), right)
    report("trained", cross_validated(texts, right), right)


if __name__ == "__main__":
    main(sys.argv[1])
