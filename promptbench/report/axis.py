"""Place values on a drawn axis: data in, percentages of the drawing's width out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from promptbench.report.number import fixed

# Per cent of the width kept free at both ends, so that no mark is cut in half.
MARGIN = 5.0
STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on the axis, in per cent of its width."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A mean and its interval in per cent of the width; the interval may be undefined."""

    at: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis from `low` to `high`, both finite and apart."""

    low: float
    high: float
    ticks: tuple[Tick, ...]

    def at(self, value: float) -> float:
        """Give a value's place in per cent, kept inside the drawing."""
        return _place(value, self.low, self.high)

    def mark(self, mean: float, low: float, high: float) -> Mark:
        """Place a mean with its interval."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return Mark(self.at(mean), None, None)
        return Mark(self.at(mean), self.at(low), self.at(high))


def axis(values: Iterable[float], marks: int = 6) -> Axis | None:
    """Span the finite values with about `marks` round ticks; None without a value."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        room = abs(low) * 0.05 or 0.05
        low, high = low - room, high + room
    return Axis(low, high, _ticks(low, high, marks))


def share(value: float | None, low: float | None, high: float | None) -> float | None:
    """Give a value's place within a bounded range, 0 to 100; None without value or bounds."""
    if value is None or low is None or high is None or high <= low:
        return None
    return round(min(1.0, max(0.0, (value - low) / (high - low))) * 100, 1)


def _place(value: float, low: float, high: float) -> float:
    inside = min(1.0, max(0.0, (value - low) / (high - low)))
    return round(MARGIN + inside * (100 - 2 * MARGIN), 2)


def _ticks(low: float, high: float, marks: int) -> tuple[Tick, ...]:
    step = _step((high - low) / marks)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = (number * step for number in range(first, last + 1))
    return tuple(Tick(_place(value, low, high), fixed(value, decimals)) for value in values)


def _step(rough: float) -> float:
    """Round a step up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return float(next(power * step for step in STEPS if rough <= power * step * (1 + 1e-9)))
