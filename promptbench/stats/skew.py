"""Correct Student's t for skewness: a spread in, an interval for its mean out."""

from __future__ import annotations

import math

from promptbench.stats.spread import CONFIDENCE, Spread, t_quantile

# Below this the correction is lost in rounding.
NO_SKEW = 1e-6


def johnson(found: Spread) -> tuple[float, float]:
    """The 95% interval of the modified t of Johnson 1978: shifted, as wide as Student's.

    The shift is error * skewness / (6 sqrt(G)) * (1 + 2 t^2), over G independent groups.
    """
    t = t_quantile(0.5 + CONFIDENCE / 2, found.degrees)
    shift = found.error * found.skewness / (6 * math.sqrt(found.clusters)) * (1 + 2 * t * t)
    return found.mean + shift - t * found.error, found.mean + shift + t * found.error


def hall(found: Spread) -> tuple[float, float]:
    """The 95% interval of Hall 1992, "On the Removal of Skewness by Transformation".

    t is made symmetric by a cubic that is monotone, so the inverse always exists; Student's
    quantiles replace the normal ones.
    """
    t = t_quantile(0.5 + CONFIDENCE / 2, found.degrees)
    skew = found.skewness / math.sqrt(found.clusters)
    low, high = _untransformed(t, skew), _untransformed(-t, skew)
    return found.mean - found.error * low, found.mean - found.error * high


def corrected(found: Spread, needed: float) -> tuple[tuple[float, float], str]:
    """Hall's interval where the skewness is evident, Student's elsewhere; and what it is called.

    `needed` is the evidence asked for, in standard errors of the skewness of normal data.
    """
    if evidence(found) > needed:
        return hall(found), f"{found.method}, corrected for skewness"
    return found.interval(), found.method


def evidence(found: Spread) -> float:
    """How far the skewness lies from 0, in standard errors of normal data: sqrt(6 / G)."""
    return abs(found.skewness) * math.sqrt(found.clusters / 6)


def _untransformed(x: float, skew: float) -> float:
    """The t that the cubic t + skew t^2/3 + skew^2 t^3/27 + skew/6 takes to x."""
    if abs(skew) < NO_SKEW:
        return x
    return 3 / skew * (math.cbrt(1 + skew * (x - skew / 6)) - 1)
