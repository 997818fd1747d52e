"""Tell where scores vary: a long table of scores in, the variance owed to each source out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Observation:
    """One score: of a case, under one wording of the prompt, from one training seed, repeated."""

    case: str
    repeat: int
    wording: str
    seed: str
    value: float


@dataclass(frozen=True, slots=True)
class Component:
    """The variance owed to one source, in squared units of the score, and its share of the sum.

    `levels` is how many there were of it. Where the estimate came out below 0 the variance is 0
    and `truncated` is set: the source shows no more variance than chance gives.
    """

    source: str
    variance: float
    share: float
    levels: int
    truncated: bool


def components(observations: Iterable[Observation]) -> tuple[Component, ...]:
    """Split the variance of scores over case, wording, seed, their interplay and repeat.

    By the method of moments for random effects in tables that need not be balanced: Henderson
    1953, "Estimation of Variance and Covariance Components", method 1. A source with one level
    is left out. Without repeats the interplay cannot be told from them: both are in `repeat`.
    Raises ValueError on fewer than two scores, on one that is not finite, and where sources
    cannot be told apart.
    """
    rows = list(observations)
    values = np.array([row.value for row in rows], dtype=np.float64)
    if len(values) < 2 or not np.isfinite(values).all():
        raise ValueError("variance needs two scores or more, all finite")
    factors = _factors(rows)
    raw = _solve(values - values.mean(), factors)
    sizes = np.maximum(raw, 0.0)
    total = float(sizes.sum())
    levels = [int(numbers.max()) + 1 for numbers in factors.values()] + [len(rows)]
    return tuple(
        Component(name, float(size), float(size) / total if total else 0.0, level, bool(below))
        for name, size, level, below in zip(
            [*factors, "repeat"], sizes, levels, raw < -1e-12 * values.var(), strict=True
        )
    )


def _factors(rows: list[Observation]) -> dict[str, NDArray[np.intp]]:
    """The number of each row's level, by source; sources with one level are left out."""
    columns = {
        "case": [row.case for row in rows],
        "wording": [row.wording for row in rows],
        "seed": [row.seed for row in rows],
    }
    factors = {name: _numbers(labels) for name, labels in columns.items()}
    factors = {name: numbers for name, numbers in factors.items() if numbers.max() > 0}
    cells = _numbers([(row.case, row.wording, row.seed) for row in rows])
    if len(factors) > 1 and cells.max() + 1 < len(rows):
        factors["interplay"] = cells
    return factors


def _solve(
    values: NDArray[np.float64], factors: Mapping[str, NDArray[np.intp]]
) -> NDArray[np.float64]:
    """Equate sums of squares with what they are expected to be; the last variance is repeat's."""
    n = len(values)
    whole = np.zeros(n, dtype=np.intp)
    left = [*factors.values(), np.arange(n)]
    right = [*factors.values(), np.arange(n)]
    squares = np.array([_sum_of_squares(values, each) for each in left])
    expected = np.array([[_weight(a, b) - _weight(whole, b) for b in right] for a in left])
    if np.linalg.matrix_rank(expected) < len(expected):
        raise ValueError("the sources of variance cannot be told apart in this table")
    return np.linalg.solve(expected, squares - _sum_of_squares(values, whole))


def _sum_of_squares(values: NDArray[np.float64], numbers: NDArray[np.intp]) -> float:
    """The squared level sums over the level sizes."""
    sums = np.bincount(numbers, weights=values)
    return float(np.sum(sums**2 / np.bincount(numbers)))


def _weight(levels: NDArray[np.intp], others: NDArray[np.intp]) -> float:
    """How often another source's variance is in the expected sum of squares over `levels`."""
    cells, counts = np.unique(np.stack([levels, others]), axis=1, return_counts=True)
    return float(np.sum(counts**2 / np.bincount(levels)[cells[0]]))


def _numbers(labels: list[str] | list[tuple[str, str, str]]) -> NDArray[np.intp]:
    places = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    return np.array([places[label] for label in labels], dtype=np.intp)
