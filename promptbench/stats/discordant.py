"""Compare passes and failures: two rows of 0/1 scores in, what their discordant cases say out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptbench.stats.share import TAIL, normal_quantile

# Halvings of the interval from -1 to 1: the bounds are good to 1e-12.
HALVINGS = 41


@dataclass(frozen=True, slots=True)
class McNemar:
    """McNemar's exact test: `first_only` and `second_only` count the cases that only one passed."""

    first_only: int
    second_only: int
    n: int
    p_value: float


def mcnemar(first: Sequence[float], second: Sequence[float]) -> McNemar:
    """Test two rows of 0/1 scores on the same independent cases, exactly and two-sided.

    Under the hypothesis of no difference each discordant case is a fair coin (McNemar 1947; the
    binomial form is exact). Raises ValueError on lengths that differ and on other scores.
    """
    ours, theirs = _passes(first), _passes(second)
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} values cannot be paired with {len(theirs)}")
    wins, losses = int(np.sum(ours & ~theirs)), int(np.sum(theirs & ~ours))
    return McNemar(wins, losses, len(ours), sign_test(wins, losses))


def tango(
    wins: float, losses: float, n: float, quantile: float | None = None
) -> tuple[float, float]:
    """The 95% score interval of Tango 1998 for the difference of two paired shares.

    `wins` of `n` pairs passed only the first, `losses` only the second. Numbers need not be
    whole; `quantile` replaces the normal one.
    """
    z = normal_quantile(1 - TAIL) if quantile is None else quantile
    share = (wins - losses) / n
    low = _crossing(lambda d: _score(d, wins, losses, n) > z, -1.0, share)
    high = _crossing(lambda d: _score(d, wins, losses, n) >= -z, share, 1.0)
    return low, high


def sign_test(wins: int, losses: int) -> float:
    """The exact two-sided p-value of a fair coin that fell like this; 1 where it never fell."""
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(wins, losses), wins + losses, 0.5)))


def _passes(scores: Sequence[float]) -> NDArray[np.bool_]:
    array = np.asarray(scores, dtype=np.float64)
    if not np.isin(array, (0, 1)).all():
        raise ValueError("every score must be 0 or 1")
    return array.astype(np.bool_)


def _score(difference: float, wins: float, losses: float, n: float) -> float:
    """Tango's statistic under a hypothetical difference; the root is the constrained estimate."""
    b = -wins - losses + (2 * n - wins + losses) * difference
    c = -losses * difference * (1 - difference)
    root = (math.sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
    variance = n * (2 * root + difference * (1 - difference))
    distance = wins - losses - n * difference
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)


def _crossing(inside: Callable[[float], bool], low: float, high: float) -> float:
    """Where `inside`, true at `low`, turns false on the way to `high`."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) else (low, middle)
    return (low + high) / 2
