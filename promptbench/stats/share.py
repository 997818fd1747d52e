"""Bound a share, or another mean on a known scale: its value and number of trials in, bounds out.

Shares and bounds are fractions from 0 to 1; `trials` need not be whole, so that an effective
number fits. All intervals are two-sided, 95% unless a quantile says otherwise.
"""

from __future__ import annotations

import math

from promptbench.stats.spread import CONFIDENCE

TAIL = (1 - CONFIDENCE) / 2
# Shares come from sums of floating-point numbers.
ROUNDING = 1e-9


def normal_quantile(probability: float) -> float:
    """The quantile of the standard normal distribution."""
    from scipy.special import ndtri

    return float(ndtri(probability))


def wilson(share: float, trials: float, quantile: float | None = None) -> tuple[float, float]:
    """The score interval of Wilson 1927, without continuity correction.

    `quantile` replaces the normal one, for instance by Student's where the variance that stands
    behind `trials` is itself estimated. This holds for every mean on a scale from 0 to 1 whose
    variance is proportional to mean * (1 - mean).
    """
    z = normal_quantile(1 - TAIL) if quantile is None else quantile
    shrink = 1 + z * z / trials
    middle = (share + z * z / (2 * trials)) / shrink
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / shrink
    # Rounding must not lift a bound off the end of the scale.
    return (0.0 if share == 0 else middle - half), (1.0 if share == 1 else middle + half)


def jeffreys(share: float, trials: float) -> tuple[float, float]:
    """The modified Jeffreys interval: Brown, Cai and DasGupta 2001, section 4.1.2.

    The equal-tailed interval of Beta(hits + 1/2, misses + 1/2), but open to the scale's end for
    one hit or one miss, and Clopper and Pearson's (1934) for none: without that its coverage
    drops below 90% close to 0 and 1 ("Interval Estimation for a Binomial Proportion").
    """
    hits = share * trials
    return _jeffreys_low(hits, trials), 1 - _jeffreys_low(trials - hits, trials)


def exact(share: float, trials: float) -> tuple[float, float]:
    """The interval of Clopper and Pearson 1934: never covers less than 95%, often much more."""
    from scipy.special import betaincinv

    hits = share * trials
    misses = trials - hits
    low = 0.0 if hits < ROUNDING else float(betaincinv(hits, misses + 1, TAIL))
    high = 1.0 if misses < ROUNDING else float(betaincinv(hits + 1, misses, 1 - TAIL))
    return low, high


def _jeffreys_low(hits: float, trials: float) -> float:
    """The lower bound; the upper one is that of the misses, mirrored."""
    from scipy.special import betaincinv

    if hits <= 1 + ROUNDING:
        return 0.0
    misses = trials - hits
    if misses < ROUNDING:
        return float(TAIL ** (1 / trials))
    return float(betaincinv(hits + 0.5, misses + 0.5, TAIL))
