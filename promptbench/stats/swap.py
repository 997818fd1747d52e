"""Swap two candidates' parts over whole clusters: a pooled metric in, a p-value and wins out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# All patterns of 11 groups are about as many as the random draws beyond that.
ENUMERATED = 11
DRAWS = 1_999
# Relative: equal differences that were computed in another order are still ties.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Swaps:
    """The two-sided p-value of the swap test, how it was found, and what single swaps change."""

    p_value: float
    method: str
    wins: int
    losses: int


def swaps(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    pool: Callable[[NDArray[np.float64], NDArray[np.float64]], float],
    groups: NDArray[np.intp],
    seed: int,
) -> Swaps:
    """How often swapped clusters give a difference at least as large (approximate randomisation).

    Exact over all patterns of up to 11 groups whose parts differ at all; beyond that (b + 1) /
    (m + 1) over m = 1,999 draws (Phipson and Smyth 2010). Ties count.
    """
    # Both rows of parts stay where they are: weights choose which candidate a case belongs to.
    both = np.concatenate([first, second])

    def chosen(swapped: NDArray[np.bool_]) -> float:
        """The pooled value of the first candidate with these cases swapped (shape: n)."""
        return float(pool(both, np.concatenate([~swapped, swapped]).astype(np.float64)))

    def difference(swapped: NDArray[np.bool_]) -> float:
        return chosen(swapped) - chosen(~swapped)

    apart = (first != second).reshape(len(first), -1).any(axis=1)
    observed = difference(np.zeros(len(first), dtype=bool))
    wins, losses = _single(chosen, apart)
    moved = np.unique(groups[apart])
    limit = abs(observed) - TOLERANCE * max(1.0, abs(observed))
    if limit <= 0 or not len(moved):
        return Swaps(1.0, "exact swaps", wins, losses)
    exact = len(moved) <= ENUMERATED
    patterns = _all(len(moved)) if exact else _drawn(len(moved), seed)
    hits = 0
    swapped_groups = np.zeros(int(groups.max()) + 1, dtype=bool)
    for pattern in patterns:
        swapped_groups[moved] = pattern
        hits += abs(difference(swapped_groups[groups])) >= limit
    if exact:
        return Swaps(hits / len(patterns), "exact swaps", wins, losses)
    return Swaps((hits + 1) / (DRAWS + 1), f"{DRAWS:,} swaps", wins, losses)


def _all(groups: int) -> NDArray[np.bool_]:
    return (np.arange(2**groups)[:, None] >> np.arange(groups) & 1).astype(bool)


def _drawn(groups: int, seed: int) -> NDArray[np.bool_]:
    random = np.random.default_rng(seed)
    return random.integers(2, size=(DRAWS, groups), dtype=np.int8).astype(bool)


def _single(
    chosen: Callable[[NDArray[np.bool_]], float], apart: NDArray[np.bool_]
) -> tuple[int, int]:
    """How many cases would lower, and raise, the first candidate's value if swapped alone."""
    swapped = np.zeros(len(apart), dtype=bool)
    whole = chosen(swapped)
    wins = losses = 0
    for place in np.flatnonzero(apart):
        swapped[place] = True
        change = whole - chosen(swapped)
        swapped[place] = False
        wins += change > TOLERANCE * max(1e-3, abs(whole)) / len(apart)
        losses += -change > TOLERANCE * max(1e-3, abs(whole)) / len(apart)
    return wins, losses
