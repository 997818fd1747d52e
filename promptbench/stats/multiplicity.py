"""Adjust p-values for how many there are: p-values in, adjusted ones out, in the same order."""

from __future__ import annotations

import math
from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (1979), in the order given, at most 1.

    Rejecting those up to 0.05 keeps the chance of any false alarm among them at 5%. A nan is no
    comparison: it stays nan and does not count.
    """
    order = _ascending(p_values)
    adjusted = [math.nan] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """The adjusted p-values of Benjamini and Hochberg (1995), in the order given, at most 1.

    Rejecting those up to 0.05 keeps the expected share of false alarms among the rejected at 5%,
    for independent or positively dependent tests. A nan stays nan and does not count.
    """
    order = _ascending(p_values)
    adjusted = [math.nan] * len(p_values)
    smallest = 1.0
    for rank, i in reversed(list(enumerate(order, start=1))):
        smallest = min(smallest, len(order) / rank * p_values[i])
        adjusted[i] = smallest
    return adjusted


def _ascending(p_values: Sequence[float]) -> list[int]:
    """The positions of what was tested, the smallest p-value first."""
    tested = [i for i in range(len(p_values)) if not math.isnan(p_values[i])]
    return sorted(tested, key=lambda i: p_values[i])
