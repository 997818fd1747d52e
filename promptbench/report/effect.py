"""Draw what the loss becomes without a part: changes in, bars on one axis out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promptbench.report.axis import Axis, Tick, axis
from promptbench.report.number import Scale

ROW, GAP, TOP, BOTTOM = 19, 10, 10, 34
PLOT, FIGURES = 430, 76
LETTER = 6.4
SCALE = Scale(3)


@dataclass(frozen=True, slots=True)
class Effect:
    """The loss without a part, less that with it, in nats a token.

    `kind` is "positions", "feed-forward", "attention" or "head"; `layer` and `head` say which.
    `worse` of `examples` had a higher loss.
    """

    name: str
    kind: str
    layer: str
    change: float
    worse: int
    examples: int


@dataclass(frozen=True, slots=True)
class Bar:
    """An effect's bar, in pixels."""

    name: str
    kind: str
    y: float
    x: float
    width: float
    figure: str


@dataclass(frozen=True, slots=True)
class Bars:
    """All bars, and their axis."""

    width: float
    height: float
    zero: float
    foot: float
    left: float
    row: float
    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]


def bars(effects: Sequence[Effect]) -> Bars | None:
    """Lay the effects out, a gap between layers; None without one."""
    scale = axis([0.0, *(effect.change for effect in effects)])
    if not effects or scale is None:
        return None
    left = round(max(len(effect.name) for effect in effects) * LETTER + 16)
    made, y, layer = [], float(TOP), effects[0].layer
    for effect in effects:
        if effect.layer != layer:
            y, layer = y + GAP, effect.layer
        start, end = sorted(place(scale, left, value) for value in (0.0, effect.change))
        figure = SCALE.signed(effect.change)
        made.append(Bar(effect.name, effect.kind, y, start, round(end - start, 1), figure))
        y += ROW
    return Bars(
        width=left + PLOT + FIGURES,
        height=y + BOTTOM,
        zero=place(scale, left, 0.0),
        foot=y,
        left=left,
        row=ROW,
        ticks=tuple(
            Tick(round(left + tick.at / 100 * PLOT, 1), tick.label) for tick in scale.ticks
        ),
        bars=tuple(made),
    )


def place(scale: Axis, left: float, value: float) -> float:
    """A value's place in pixels."""
    return round(left + scale.at(value) / 100 * PLOT, 1)
