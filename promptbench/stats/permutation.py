"""Test whether paired differences could be chance: the sums of their groups in, a p-value out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# All sign patterns of 13 groups are fewer than the random draws used beyond that.
ENUMERATED = 13
DRAWS = 9_999
# Sums of whole numbers up to this size are few enough to count them all.
COUNTED = 5_000
# Bounds memory: signs drawn at a time, 8 bytes each once multiplied.
BLOCK = 1_000_000
# Relative to the sum of all sizes: equal sums that were added in another order are still ties.
TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Flips:
    """The two-sided p-value of a sign-flip test, and how it was found."""

    p_value: float
    method: str


def sign_flips(sums: NDArray[np.float64], seed: int) -> Flips:
    """How often random signs give a sum at least as far from 0 as the sum of `sums` is.

    Under the hypothesis of no difference each group's sum is as likely with the other sign
    (Fisher 1935). The p-value is exact for whole numbers (a 0/1 metric's: where no case shares
    a group it is McNemar's exact test) and for few groups; otherwise it is (b + 1) / (m + 1)
    over m = 9,999 draws (Phipson and Smyth 2010). Ties count, and it never depends on the order.
    """
    sizes = np.sort(np.abs(sums[sums != 0]))
    limit = abs(math.fsum(sums)) - TOLERANCE * math.fsum(sizes)
    if limit <= 0:
        return Flips(1.0, "exact sign flips")
    if not (sizes % 1).any() and sizes.sum() <= COUNTED:
        return Flips(_counted(sizes.astype(np.intp), limit), "exact sign flips")
    if len(sizes) <= ENUMERATED:
        return Flips(_enumerated(sizes, limit), "exact sign flips")
    return Flips(_drawn(sizes, limit, seed), f"{DRAWS:,} sign flips")


def _counted(sizes: NDArray[np.intp], limit: float) -> float:
    """Exact, from the distribution of the sum, built up one group at a time."""
    total = int(sizes.sum())
    chances = np.zeros(total + 1)  # of each sum of the sizes that get a plus
    chances[0] = 1
    for size in sizes:
        chances[size:] += chances[:-size]
        chances /= 2
    sums = 2 * np.arange(total + 1) - total
    return min(1.0, float(chances[np.abs(sums) >= limit].sum()))


def _enumerated(sizes: NDArray[np.float64], limit: float) -> float:
    """Exact, over all patterns of signs, the observed one included."""
    patterns = np.arange(2 ** len(sizes))
    signs = 1 - 2 * (patterns[:, None] >> np.arange(len(sizes)) & 1)
    return float(np.mean(np.abs(signs @ sizes) >= limit))


def _drawn(sizes: NDArray[np.float64], limit: float, seed: int) -> float:
    """Estimated from seeded random signs, in blocks of bounded memory."""
    random = np.random.default_rng(seed)
    rows = max(1, BLOCK // len(sizes))
    hits = 0
    for start in range(0, DRAWS, rows):
        shape = (min(rows, DRAWS - start), len(sizes))
        pluses = random.integers(2, size=shape, dtype=np.int8) @ sizes
        hits += int(np.sum(np.abs(2 * pluses - sizes.sum()) >= limit))
    return (hits + 1) / (DRAWS + 1)
