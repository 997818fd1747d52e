"""Resample whole groups: their number and a seed in, weights, and intervals made of them, out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptbench.stats.spread import CONFIDENCE

DRAWS = 2_000
# Bounds memory: weights held at a time, 8 bytes each.
BLOCK = 1_000_000
TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)


@dataclass(frozen=True, slots=True)
class Resampled:
    """A mean and its standard error (CR1), in the data and in every resample (shape: draws)."""

    mean: float
    error: float
    means: NDArray[np.float64]
    errors: NDArray[np.float64]
    acceleration: float


def weights(groups: int, seed: int, draws: int = DRAWS) -> Iterator[NDArray[np.float64]]:
    """How often each group is drawn, in blocks of shape (resamples, groups); rows sum to `groups`.

    Efron's (1979) bootstrap of whole groups: as many as there are, with replacement.
    """
    random = np.random.default_rng(seed)
    rows = max(1, BLOCK // groups)
    for start in range(0, draws, rows):
        count = min(rows, draws - start)
        drawn = random.integers(groups, size=(count, groups)) + groups * np.arange(count)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=count * groups)
        yield counts.reshape(count, groups).astype(np.float64)


def resample(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], blocks: Iterable[NDArray[np.float64]]
) -> Resampled:
    """Resample groups of which sum and size are known (shape: groups); `blocks` as of `weights`."""
    terms = np.stack([sums, sizes, sums * sums, sums * sizes, sizes * sizes], axis=1)
    drawn = np.concatenate([block @ terms for block in blocks])
    means, errors = _moments(drawn, len(sums))
    mean, error = _moments(terms.sum(axis=0, keepdims=True), len(sums))
    left_out = (sums.sum() - sums) / (sizes.sum() - sizes)
    return Resampled(float(mean[0]), float(error[0]), means, errors, acceleration(left_out))


def percentile(means: NDArray[np.float64]) -> tuple[float, float]:
    """The 95% percentile interval: the middle of the resampled values."""
    low, high = np.quantile(means, TAILS)
    return float(low), float(high)


def basic(value: float, means: NDArray[np.float64]) -> tuple[float, float]:
    """The 95% basic interval: the percentile interval mirrored at the value."""
    low, high = percentile(means)
    return 2 * value - high, 2 * value - low


def bca(value: float, means: NDArray[np.float64], accelerated: float) -> tuple[float, float]:
    """The 95% bias-corrected and accelerated interval (Efron 1987); ties count half."""
    from scipy.special import ndtr, ndtri

    below = (np.sum(means < value) + np.sum(means == value) / 2) / len(means)
    bias = ndtri(min(max(below, 1 / len(means)), 1 - 1 / len(means)))
    reach = bias + ndtri(np.array(TAILS))
    low, high = np.quantile(means, ndtr(bias + reach / (1 - accelerated * reach)))
    return float(low), float(high)


def studentised(found: Resampled) -> tuple[float, float]:
    """The 95% bootstrap-t interval (Efron 1981); infinite where many resamples have no spread."""
    known = found.errors > 1e-9 * found.error
    away = found.means - found.mean
    beyond = np.where(away == 0, 0.0, np.copysign(math.inf, away))
    ratios = np.where(known, away / np.where(known, found.errors, 1.0), beyond)
    low, high = np.quantile(ratios, TAILS, method="inverted_cdf")
    if found.error == 0:
        return found.mean, found.mean
    return found.mean - float(high) * found.error, found.mean - float(low) * found.error


def acceleration(left_out: NDArray[np.float64]) -> float:
    """Efron's acceleration from the values with one group left out each (shape: groups)."""
    away = left_out.mean() - left_out
    squares = float(np.sum(away**2))
    return float(np.sum(away**3)) / (6 * squares**1.5) if squares > 0 else 0.0


def _moments(
    terms: NDArray[np.float64], groups: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and standard errors from the summed terms of `resample`."""
    sums, sizes, squares, products, size_squares = terms.T
    means = sums / sizes
    residuals = squares - 2 * means * products + means * means * size_squares
    # What is left of equal numbers is rounding.
    residuals = np.where(residuals <= 1e-12 * squares, 0.0, residuals)
    return means, np.sqrt(residuals * groups / (groups - 1)) / sizes
