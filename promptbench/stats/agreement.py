"""Measure how far observers agree beyond chance: their ratings in, a coefficient out.

1 is full agreement, 0 what chance gives. Intervals leave out one rated unit, or cluster of units,
at a time (jackknife), and end at 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from promptbench.stats.interval import Estimate
from promptbench.stats.pooled import estimate_pooled

Weighting = Literal["none", "linear", "quadratic"]
Level = Literal["nominal", "ordinal", "interval"]
Rating = float | str
POWERS: dict[Weighting, int] = {"none": 0, "linear": 1, "quadratic": 2}


def cohen_kappa(
    first: Sequence[Rating],
    second: Sequence[Rating],
    *,
    weighting: Weighting = "none",
    clusters: Sequence[str] | None = None,
) -> Estimate | None:
    """Cohen's kappa of two observers with its 95% interval; None without a unit.

    Weighted kappa (Cohen 1968) counts a disagreement by how many categories lie between, or by
    the square of that; the categories are those that occur, in ascending order. Raises ValueError
    on lengths that differ, and where both observers use one and the same category only: there
    kappa has no value.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} ratings cannot be paired with {len(second)}")
    codes, count = _codes([*first, *second])
    pairs = np.stack([codes[: len(first)], codes[len(first) :]], axis=1).astype(np.float64)
    steps = np.abs(np.subtract.outer(np.arange(count), np.arange(count))).astype(np.float64)
    costs = np.where(steps > 0, steps ** POWERS[weighting], 0.0)
    return _up_to_one(estimate_pooled(pairs, _Kappa(costs), clusters))


def krippendorff_alpha(
    ratings: Sequence[Sequence[Rating | None]],
    *,
    level: Level = "nominal",
    clusters: Sequence[str] | None = None,
) -> Estimate | None:
    """Krippendorff's alpha with its 95% interval: a row of ratings a unit, None where missing.

    Any number of observers; units with fewer than two ratings say nothing and are left out, and
    None comes back where none is left. Source: Krippendorff 2011, "Computing Krippendorff's
    Alpha-Reliability". Raises ValueError on ratings that are all equal (alpha has no value), and
    on text where the level needs numbers.
    """
    kept = [place for place, row in enumerate(ratings) if len(_given(row)) > 1]
    rows = [_given(ratings[place]) for place in kept]
    values = sorted({value for row in rows for value in row}, key=_order)
    if level != "nominal" and any(isinstance(value, str) for value in values):
        raise ValueError(f"the {level} level needs numbers")
    places = {value: place for place, value in enumerate(values)}
    counts = np.zeros((len(rows), len(values)))
    for unit, row in enumerate(rows):
        for value in row:
            counts[unit, places[value]] += 1
    labels = None if clusters is None else [clusters[place] for place in kept]
    return _up_to_one(estimate_pooled(counts, _Alpha(values, level), labels))


class _Kappa:
    """Pools pairs of category numbers (shape: n, 2) into weighted kappa."""

    def __init__(self, costs: NDArray[np.float64]) -> None:
        self.costs = costs

    def __call__(self, pairs: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
        count = len(self.costs)
        cells = (pairs[:, 0] * count + pairs[:, 1]).astype(np.intp)
        table = np.bincount(cells, weights, count * count).reshape(count, count)
        total = table.sum()
        chance = float(table.sum(axis=1) @ self.costs @ table.sum(axis=0)) / total
        return 1 - float(np.sum(table * self.costs)) / chance if chance > 0 else math.nan


class _Alpha:
    """Pools counts of values by unit (shape: n, values) into Krippendorff's alpha."""

    def __init__(self, values: Sequence[Rating], level: Level) -> None:
        self.values, self.level = values, level

    def __call__(self, counts: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
        totals = weights @ counts
        costs = self.costs(totals)
        observed = np.einsum("uv,vw,uw->u", counts, costs, counts) / (counts.sum(axis=1) - 1)
        chance = float(totals @ costs @ totals) / (totals.sum() - 1)
        return 1 - float(weights @ observed) / chance if chance > 0 else math.nan

    def costs(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """The squared difference of two values; on the ordinal level from how often each occurs."""
        if self.level == "nominal":
            return 1 - np.eye(len(self.values))
        ranks = np.cumsum(totals) - totals / 2
        line = ranks if self.level == "ordinal" else np.array(self.values, dtype=np.float64)
        return np.subtract.outer(line, line) ** 2


def _up_to_one(found: Estimate | None) -> Estimate | None:
    if found is None or math.isnan(found.high):
        return found
    return replace(found, low=max(found.low, -1.0), high=min(found.high, 1.0))


def _codes(ratings: Sequence[Rating]) -> tuple[NDArray[np.intp], int]:
    values = sorted(set(ratings), key=_order)
    places = {value: place for place, value in enumerate(values)}
    return np.array([places[rating] for rating in ratings], dtype=np.intp), len(values)


def _given(row: Sequence[Rating | None]) -> list[Rating]:
    return [value for value in row if value is not None and value == value]


def _order(value: Rating) -> tuple[bool, float, str]:
    """Numbers before text, each in its own order."""
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value), "")
