"""Say how often one candidate beats the other on a case: two rows of scores in, shares out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from promptbench.stats.interval import estimate
from promptbench.stats.paired import differences
from promptbench.stats.spread import finite


@dataclass(frozen=True, slots=True)
class Superiority:
    """How many cases the first candidate wins, ties and loses, and its share of wins.

    `share` counts a tie as half a win; 0.5 is no difference. `low` and `high` bound its 95%
    interval. A larger score wins, which is not always better.
    """

    wins: int
    ties: int
    losses: int
    share: float
    low: float
    high: float
    clusters: int
    method: str
    caution: str = ""


def superiority(
    first: Sequence[float], second: Sequence[float], clusters: Sequence[str] | None = None
) -> Superiority | None:
    """The chance that `first` beats `second` on a case, ties counted half; None without a case.

    This is the paired probability of superiority (Grissom and Kim 2005), with the score interval
    of `estimate` on a scale from 0 to 1. Raises ValueError as `paired_difference` does.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} values cannot be paired with {len(second)}")
    signs = np.sign(differences(finite(first), finite(second)))
    found = estimate(((signs + 1) / 2).tolist(), clusters, limits=(0.0, 1.0))
    if found is None:
        return None
    wins, ties, losses = (int(np.sum(signs == sign)) for sign in (1, 0, -1))
    return Superiority(
        wins,
        ties,
        losses,
        found.mean,
        found.low,
        found.high,
        found.clusters,
        found.method,
        found.caution,
    )
