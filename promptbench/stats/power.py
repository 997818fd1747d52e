"""Plan an experiment: an effect, a spread and a number of cases; two of them in, the third out.

All of it is for a two-sided t-test of a mean difference at the 5% level, with the noncentral t
distribution (Cohen 1988), not its normal approximation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from promptbench.stats.spread import CONFIDENCE, finite, group_numbers, spread, t_quantile

POWER = 0.8
# More cases than this are no plan.
MOST = 10**9


@dataclass(frozen=True, slots=True)
class Plan:
    """How many cases, in how many independent clusters, find an effect with the wished power."""

    effect: float
    power: float
    cases: int
    clusters: int


def power(effect: float, error: float, degrees: float) -> float:
    """The chance to find a true mean `effect` whose estimate has this standard error."""
    from scipy.special import nctdtr

    limit = t_quantile(0.5 + CONFIDENCE / 2, degrees)
    shift = abs(effect) / error
    found = 1 - float(nctdtr(degrees, shift, limit)) + float(nctdtr(degrees, shift, -limit))
    # Far out the distribution function gives nan: there the effect is never missed.
    return found if math.isfinite(found) else 1.0


def detectable_effect(error: float, degrees: float, wished: float = POWER) -> float:
    """The smallest true effect that is found with the wished power; nan without spread known.

    `error` is the standard error of the mean difference, `degrees` its degrees of freedom.
    """
    if degrees <= 0 or math.isnan(error):
        return math.nan
    if error == 0:
        return 0.0
    from scipy.optimize import brentq

    guess = t_quantile(0.5 + CONFIDENCE / 2, degrees) + t_quantile(wished, degrees)
    high = 2 * guess
    root = brentq(lambda shift: power(shift, 1.0, degrees) - wished, 0.0, high, xtol=1e-9)
    return float(root) * error


def cases_needed(effect: float, deviation: float, wished: float = POWER) -> int:
    """The fewest independent cases that find `effect` with the wished power.

    `deviation` is the standard deviation of the paired differences over cases. Raises ValueError
    on an effect of 0, which no number of cases finds.
    """
    return _fewest(lambda n: power(effect, deviation / math.sqrt(n), n - 1), effect, wished)


def plan(
    first: Sequence[float],
    second: Sequence[float],
    effect: float,
    clusters: Sequence[str] | None = None,
    *,
    wished: float = POWER,
) -> Plan:
    """What it takes to find `effect`, judged by the spread of the paired scores seen so far.

    With clusters it is their number that counts: more of them, of the sizes seen, each as much
    alike within. Raises ValueError on an effect of 0, and on scores that tell no spread.
    """
    values = np.subtract(finite(first), finite(second))
    found = spread(values, group_numbers(clusters, len(values)))
    if not found.error > 0:
        raise ValueError("the scores seen so far tell no spread")
    # A group more brings as many degrees as those seen brought each.
    ratio = found.degrees / (found.clusters - 1)
    deviation = found.error * math.sqrt(found.clusters)
    needed = _fewest(
        lambda g: power(effect, deviation / math.sqrt(g), (g - 1) * ratio), effect, wished
    )
    return Plan(effect, wished, math.ceil(needed * found.n / found.clusters), needed)


def _fewest(reached: Callable[[int], float], effect: float, wished: float) -> int:
    """The smallest number from 2 on whose power is enough: doubled until it is, then halved in."""
    if effect == 0:
        raise ValueError("no number of cases finds an effect of 0")
    low, high = 1, 2
    while reached(high) < wished:
        low, high = high, 2 * high
        if high > MOST:
            raise ValueError(f"the effect {effect:g} needs more than {MOST:,} cases")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= wished else (middle, high)
    return high
