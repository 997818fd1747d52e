"""Write numbers for people: as many decimals as a metric deserves, true minus signs, plurals."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from promptbench.record import MetricInfo

NO_VALUE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Scale:
    """How a metric's values are written, in its table, its axis and its sentences alike."""

    decimals: int

    def show(self, value: float | None) -> str:
        """Write a value; a dash where there is none."""
        return fixed(value, self.decimals)

    def signed(self, value: float | None) -> str:
        """Write a difference with its sign."""
        text = self.show(value)
        positive = value is not None and value > 0 and any(digit in text for digit in "123456789")
        return f"+{text}" if positive else text

    def interval(self, low: float, high: float) -> str:
        """Write `low to high`, or say that there is no interval."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return "no interval"
        return f"{self.show(low)} to {self.show(high)}"


def scale_of(metric: MetricInfo, values: Iterable[float]) -> Scale:
    """Choose decimals from the metric's range, or from the values where it has no bounds."""
    if metric.low is not None and metric.high is not None:
        reach = metric.high - metric.low
    else:
        reach = max((abs(value) for value in values if math.isfinite(value)), default=1.0)
    return Scale(
        next((places for limit, places in ((1, 3), (10, 2), (1000, 1)) if reach <= limit), 0)
    )


def fixed(value: float | None, decimals: int) -> str:
    """Write a number with a true minus sign, and never as minus zero."""
    if value is None or not math.isfinite(value):
        return NO_VALUE
    text = f"{value:,.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("-")
    # A hyphen is narrower than a digit, and columns of figures would not line up.
    return text.replace("-", "\N{MINUS SIGN}")


def probability(p_value: float) -> str:
    """Write `p = 0.012`, `p < 0.001`, or a dash."""
    if not math.isfinite(p_value):
        return NO_VALUE
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.{3 if p_value < 0.1 else 2}f}"


def count(number: int, noun: str) -> str:
    """Write `1 case`, `2,000 cases`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listing(names: Iterable[str]) -> str:
    """Write `a`, `a and b`, `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def money(amount: float) -> str:
    """Write an amount in its price's currency, small ones with two digits that tell: `0.0012`."""
    if not math.isfinite(amount):
        return NO_VALUE
    digits = 2 if not amount or abs(amount) >= 1 else 1 - math.floor(math.log10(abs(amount)))
    return fixed(amount, digits)


def duration(seconds: float) -> str:
    """Write a wall time: `48 s`, `2 min 14 s`, `3 h 5 min`."""
    if not math.isfinite(seconds) or seconds < 60:
        return f"{fixed(seconds, 1)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"
