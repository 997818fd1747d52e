"""Measure how far a mean can be off: values and their groups in, a standard error out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
# A standard error below this, relative to the largest value, is rounding.
NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean with its standard error; `error` is nan where fewer than two groups speak.

    `clusters` counts the independent groups; it equals `n` where every value stands alone.
    `degrees` are those of Student's t. `trials` is how many groups of equal size would weigh as
    much (Kish 1965). `skewness` is that of the groups' sums of residuals, 0 where none differ.
    """

    mean: float
    error: float
    n: int
    clusters: int
    degrees: float
    trials: float
    skewness: float

    @property
    def clustered(self) -> bool:
        """Whether any group holds more than one value."""
        return self.clusters < self.n

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
    """The mean and its cluster-robust standard error, bias-reduced (CR2).

    The squared error is the sum over groups of (sum of the group's residuals)^2 / (1 - its share
    of the values) / n^2, with Satterthwaite's degrees of freedom: Bell and McCaffrey 2002, "Bias
    Reduction in Standard Errors for Linear Regression with Multi-Stage Samples", for the
    regression on a constant. Where every value stands alone this is the standard deviation /
    sqrt(n) on n - 1 degrees; where all groups are as large it is CR1 on G - 1.
    """
    n = len(values)
    sizes = np.bincount(groups).astype(np.float64)
    trials = n * n / float(sizes @ sizes)
    # Equal values have no spread; their floating-point mean may miss them by a hair.
    equal = values.min() == values.max()
    mean = float(values[0]) if equal else math.fsum(values) / n
    if len(sizes) == 1:
        return Spread(mean, math.nan, n, 1, 0.0, trials, 0.0)
    sums = group_sums(values - mean, groups)
    error = math.sqrt(float(np.sum(sums * sums / (1 - sizes / n)))) / n
    if error <= NO_SPREAD * float(np.abs(values).max()):
        error, sums = 0.0, np.zeros_like(sums)
    return Spread(mean, error, n, len(sizes), satterthwaite(sizes), trials, skewness(sums))


def robust_error(values: NDArray[np.float64], groups: NDArray[np.intp]) -> float:
    """The cluster-robust standard error without bias reduction (CR1), for comparison.

    G/(G-1) times the sum over groups of (sum of residuals)^2 / n^2, the root of it: Miller 2024,
    "Adding Error Bars to Evals", with the small-sample factor of Cameron and Miller 2015.
    """
    sums = group_sums(values - values.mean(), groups)
    count = len(sums)
    return math.sqrt(count / (count - 1) * float(sums @ sums)) / len(values)


def satterthwaite(sizes: NDArray[np.float64]) -> float:
    """The degrees of freedom of CR2 for a mean over groups of these sizes (two or more).

    (trace)^2 / trace of the square of the quadratic form's matrix, for independent values of
    equal variance (Bell and McCaffrey 2002): G - 1 for equal sizes, fewer for unequal ones.
    """
    n = float(sizes.sum())
    squares = sizes * sizes
    shared = squares / (1 - sizes / n)
    apart = float(shared.sum()) ** 2 - float(shared @ shared)
    return n * n / (float(squares.sum()) + apart / (n * n))


def skewness(deviations: NDArray[np.float64]) -> float:
    """The third moment over the 1.5th power of the second, of values whose mean is about 0."""
    second = float(np.mean(deviations**2))
    return float(np.mean(deviations**3)) / second**1.5 if second > 0 else 0.0


def t_quantile(probability: float, degrees: float) -> float:
    """The quantile of Student's t; nan without a degree of freedom."""
    # scipy takes longer to import than everything else here.
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability)) if degrees > 0 else math.nan
