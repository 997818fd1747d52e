"""Draw how sure a model is against how often it is right: confidences in, a diagram out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promptbench.metric.classify import BINS
from promptbench.metric.pool import bin_of
from promptbench.report.number import Scale
from promptbench.stats.interval import Estimate

# The plot in pixels: its side, and where it begins.
SIDE, LEFT, TOP = 260.0, 46.0, 22.0
SCALE = Scale(3)
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers of one range of confidence, and where they are drawn (pixels).

    `x`, `width`, `y` and `height` are of a bar as high as their accuracy; `at` and `ideal` are
    where their mean confidence lies across and where it would lie upwards.
    """

    count: int
    confidence: float
    accuracy: float
    x: float
    width: float
    y: float
    height: float
    at: float
    ideal: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A number along both axes, and its place on each (pixels)."""

    label: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The bins that hold answers; the expected calibration error over all, and its interval."""

    bins: tuple[Bin, ...]
    ticks: tuple[Tick, ...]
    shown: str
    interval: str
    left: float
    right: float
    top: float
    bottom: float
    count: int


def reliability(pairs: Sequence[tuple[float, ...]], error: Estimate) -> Reliability:
    """Bin (confidence, right) pairs as the calibration error does; there is at least one."""
    array = np.array(pairs, dtype=np.float64)
    places = bin_of(array[:, 0])
    return Reliability(
        bins=tuple(_bin(place, array[places == place]) for place in sorted(set(places.tolist()))),
        ticks=tuple(Tick(f"{value:g}", _across(value), _up(value)) for value in TICKS),
        shown=SCALE.show(error.mean),
        interval=SCALE.interval(max(error.low, 0.0), min(error.high, 1.0)),
        left=LEFT,
        right=_across(1.0),
        top=TOP,
        bottom=_up(0.0),
        count=len(array),
    )


def _bin(place: int, pairs: NDArray[np.float64]) -> Bin:
    confidence, accuracy = float(pairs[:, 0].mean()), float(pairs[:, 1].mean())
    return Bin(
        count=len(pairs),
        confidence=confidence,
        accuracy=accuracy,
        x=_across(place / BINS) + 1,
        width=round(SIDE / BINS - 2, 1),
        y=_up(accuracy),
        height=round(_up(0.0) - _up(accuracy), 1),
        at=_across(confidence),
        ideal=_up(confidence),
    )


def _across(value: float) -> float:
    return round(LEFT + SIDE * value, 1)


def _up(value: float) -> float:
    return round(TOP + SIDE * (1 - value), 1)
