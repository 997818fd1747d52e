"""Draw a curve: points of prompts and fine-tunes in, coordinates for the page's SVG out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from promptbench.report.axis import axis
from promptbench.report.group import Group
from promptbench.report.learning import Learning
from promptbench.report.number import Scale
from promptbench.stats.seeded import Seeded

WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 18, 14, 46
# No labels at all stand this many doublings left of one label.
NONE_AT = -1.2
# Groups with as many labels stand side by side, so many pixels apart.
ASIDE = 9.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A group's mean with its interval, in pixels; `title` is what pointing at it tells."""

    x: float
    y: float
    low: float | None
    high: float | None
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Label:
    """A tick of an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing of `width` x `height` pixels. `line` and `band` are SVG paths of the fine-tunes.

    `steps` is the path of the prompt that dev would choose with so many labels.
    """

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    columns: tuple[Label, ...]
    rows: tuple[Label, ...]
    prompts: tuple[Dot, ...]
    tuned: tuple[Dot, ...]
    line: str
    band: str
    steps: str
    crossover: float | None


def plot(found: Learning, scale: Scale) -> Plot | None:
    """Place everything; None where no group has a figure."""
    groups = [g for g in found.groups if g.figure is not None]
    values = [v for g in groups if g.figure for v in (g.figure.mean, g.figure.low, g.figure.high)]
    vertical = axis(values)
    if vertical is None:
        return None
    most = max(g.labels for g in groups)

    def across(labels: float) -> float:
        reach = math.log2(max(most, 2)) - NONE_AT
        at = math.log2(labels) if labels > 0 else NONE_AT
        return round(LEFT + 16 + (at - NONE_AT) / reach * (WIDTH - LEFT - RIGHT - 32), 1)

    def up(value: float) -> float:
        return round(HEIGHT - BOTTOM - vertical.at(value) / 100 * (HEIGHT - TOP - BOTTOM), 1)

    tuned = [g for g in found.of("tune") if g.figure]
    chosen = {lead.prompt.name for lead in found.leads}
    points = [(across(g.labels), g.figure) for g in tuned if g.figure]
    at = found.crossover.at
    return Plot(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        bottom=HEIGHT - BOTTOM,
        columns=tuple(
            Label(across(n), "none" if n == 0 else f"{n}")
            for n in sorted({g.labels for g in groups})
        ),
        rows=tuple(
            Label(round(HEIGHT - BOTTOM - t.at / 100 * (HEIGHT - TOP - BOTTOM), 1), t.label)
            for t in vertical.ticks
        ),
        prompts=_dots([g for g in groups if g.kind == "prompt"], chosen, across, up, scale),
        tuned=_dots([g for g in groups if g.kind == "tune"], set(), across, up, scale),
        line=_path([(x, up(f.mean)) for x, f in points]),
        band=_band(points, up),
        steps=_path([(across(lead.labels), up(_mean(lead.prompt))) for lead in found.leads]),
        crossover=across(at) if at is not None else None,
    )


def _dots(
    groups: Sequence[Group],
    chosen: set[str],
    across: Callable[[float], float],
    up: Callable[[float], float],
    scale: Scale,
) -> tuple[Dot, ...]:
    """The groups' points; those with as many labels stand side by side."""
    dots = []
    for group in groups:
        beside = [g for g in groups if g.labels == group.labels]
        shift = (beside.index(group) - (len(beside) - 1) / 2) * ASIDE
        figure = group.figure
        if figure is None:
            continue
        bounded = math.isfinite(figure.low) and math.isfinite(figure.high)
        title = f"{group.name}: {scale.show(figure.mean)}"
        if bounded:
            title += f" ({scale.interval(figure.low, figure.high)})"
        dots.append(
            Dot(
                round(across(group.labels) + shift, 1),
                up(figure.mean),
                up(figure.low) if bounded else None,
                up(figure.high) if bounded else None,
                title,
                group.name in chosen,
            )
        )
    return tuple(dots)


def _mean(group: Group) -> float:
    return group.figure.mean if group.figure else math.nan


def _band(points: Sequence[tuple[float, Seeded]], up: Callable[[float], float]) -> str:
    """The area between the intervals' ends, there and back."""
    known = [(x, f) for x, f in points if math.isfinite(f.low) and math.isfinite(f.high)]
    there = [(x, up(f.high)) for x, f in known]
    back = [(x, up(f.low)) for x, f in reversed(known)]
    return f"{_path([*there, *back])}Z" if len(known) > 1 else ""


def _path(points: Sequence[tuple[float, float]]) -> str:
    """An SVG path through some points."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if len(points) > 1 else ""
