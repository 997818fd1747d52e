"""Measure how far a mean can be off: values and their groups in, a standard error out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean with its standard error; `error` is nan where fewer than two groups speak.

    `clusters` counts the independent groups; it equals `n` where every value stands alone.
    """

    mean: float
    error: float
    n: int
    clusters: int

    @property
    def clustered(self) -> bool:
        """Whether any group holds more than one value."""
        return self.clusters < self.n

    @property
    def degrees(self) -> int:
        """Degrees of freedom of Student's t: one less than there are groups."""
        return self.clusters - 1

    @property
    def method(self) -> str:
        """What the standard error rests on, in a few words."""
        if self.n == 1:
            return "no interval: one value"
        if self.clusters == 1:
            return "no interval: one group"
        return f"t, clustered by {self.clusters} groups" if self.clustered else "Student t"

    def interval(self) -> tuple[float, float]:
        """The 95% interval of Student's t around the mean; (nan, nan) where it is not defined."""
        half = t_quantile(0.5 + CONFIDENCE / 2, self.degrees) * self.error
        return self.mean - half, self.mean + half


def finite(values: Sequence[float]) -> NDArray[np.float64]:
    """The values as an array. Raises ValueError on nan and infinities: those are no scores."""
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("every value must be finite; leave unscored cases out")
    return array


def group_numbers(labels: Sequence[str] | None, n: int) -> NDArray[np.intp]:
    """Number the groups 0, 1, ... in order of first appearance; one number a value.

    A value with the empty label stands alone, and so does every value when `labels` is None.
    Raises ValueError when there are not `n` labels.
    """
    if labels is None:
        return np.arange(n)
    if len(labels) != n:
        raise ValueError(f"{len(labels)} cluster labels for {n} values")
    numbers: dict[str | int, int] = {}
    # The position is a key that no text label can equal.
    keys = (label or position for position, label in enumerate(labels))
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.intp)


def group_sums(values: NDArray[np.float64], groups: NDArray[np.intp]) -> NDArray[np.float64]:
    """The sum of each group's values, by group number."""
    return np.bincount(groups, weights=values).astype(np.float64)


def spread(values: NDArray[np.float64], groups: NDArray[np.intp]) -> Spread:
    """The mean and its cluster-robust standard error (CR1).

    The squared error is G/(G-1) * sum over groups of (sum of the group's residuals)^2 / n^2:
    Cameron and Miller 2015, "A Practitioner's Guide to Cluster-Robust Inference", for the
    regression on a constant; Miller 2024, "Adding Error Bars to Evals". Where every value
    stands alone this is the usual standard deviation / sqrt(n).
    """
    n, clusters = len(values), int(groups.max()) + 1
    # Equal values have no spread; their floating-point mean may miss them by a hair.
    equal = values.min() == values.max()
    mean = float(values[0]) if equal else math.fsum(values) / n
    if clusters == 1:
        return Spread(mean, math.nan, n, clusters)
    sums = group_sums(values - mean, groups)
    error = math.sqrt(clusters / (clusters - 1) * float(sums @ sums)) / n
    return Spread(mean, error, n, clusters)


def t_quantile(probability: float, degrees: int) -> float:
    """The quantile of Student's t; nan without a degree of freedom."""
    # scipy takes longer to import than everything else here.
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability)) if degrees > 0 else math.nan
