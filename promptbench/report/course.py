"""Draw how a figure goes along turns: a line a candidate, as percentages of the drawing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from promptbench.report.axis import Axis, axis

# So many numbers stand each for itself; more are put together by doubling.
MOST = 12
# Per cent of the width: free at both ends, and between two candidates at the same place.
EDGE, ASIDE = 5.0, 0.9
# Labels beside the drawing stand so many per cent of its height apart.
APART = 5.8
LONGEST = 26


@dataclass(frozen=True, slots=True)
class Stage:
    """The numbers `first` to `last`, which stand together."""

    first: int
    last: int

    @property
    def text(self) -> str:
        """`3`, or `5-8` with a dash."""
        if self.first == self.last:
            return f"{self.first}"
        return f"{self.first}\N{EN DASH}{self.last}"

    def holds(self, number: int) -> bool:
        """Whether a number is one of them."""
        return self.first <= number <= self.last


@dataclass(frozen=True, slots=True)
class Point:
    """A mean over `count` values with its 95% interval; nan where there is none."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Dot:
    """A point's place in per cent, and the point."""

    x: float
    y: float
    stage: Stage
    point: Point


@dataclass(frozen=True, slots=True)
class Line:
    """A candidate's points, one a stage, and how they are drawn.

    `path` is an SVG path in per cent; `beside` is the height of its label at the drawing's end,
    None where there are too many for labels.
    """

    candidate: str
    label: str
    points: tuple[Point | None, ...]
    dots: tuple[Dot, ...]
    path: str
    beside: float | None

    @property
    def short(self) -> str:
        """The label, cut where it is long."""
        return self.label if len(self.label) <= LONGEST else f"{self.label[: LONGEST - 1]}…"


@dataclass(frozen=True, slots=True)
class Course:
    """A drawing: `columns` are the stages with their places in per cent, `up` is the axis."""

    columns: tuple[tuple[float, Stage], ...]
    up: Axis
    lines: tuple[Line, ...]

    @property
    def labelled(self) -> bool:
        """Whether each line has its label beside it."""
        return all(line.beside is not None for line in self.lines)


def stages(numbers: Iterable[int]) -> tuple[Stage, ...]:
    """Every number for itself, or from 1 on by doubling: 1, 2, 3-4, 5-8."""
    there = sorted(set(numbers))
    if len(there) <= MOST:
        return tuple(Stage(number, number) for number in there)
    found: dict[int, list[int]] = {}
    for number in there:
        found.setdefault(max(0, number - 1).bit_length(), []).append(number)
    return tuple(Stage(each[0], each[-1]) for each in found.values())


def course(
    columns: Sequence[Stage],
    points: Mapping[str, Sequence[Point | None]],
    labels: Mapping[str, str],
    least: float | None = None,
) -> Course | None:
    """Draw candidates' points, one a stage; None where there is no point.

    `least` is a value that the axis holds at least.
    """
    there = [point.mean for row in points.values() for point in row if point]
    up = axis([*there, *([] if least is None else [least])]) if there else None
    if up is None:
        return None
    across = [place(number, len(columns)) for number in range(len(columns))]
    gap = (100 - 2 * EDGE) / max(1, len(columns) - 1) / 2 / len(points)
    drawn = {}
    for number, (name, row) in enumerate(points.items()):
        shift = (number - (len(points) - 1) / 2) * min(ASIDE, gap)
        drawn[name] = tuple(
            Dot(round(x + shift, 2), round(100 - up.at(point.mean), 2), stage, point)
            for x, stage, point in zip(across, columns, row, strict=True)
            if point
        )
    beside = spread_out({name: dots[-1].y for name, dots in drawn.items() if dots})
    lines = tuple(
        Line(name, labels[name], tuple(points[name]), dots, path(dots), beside.get(name))
        for name, dots in drawn.items()
    )
    return Course(tuple(zip(across, columns, strict=True)), up, lines)


def place(number: int, count: int) -> float:
    """Where one of so many columns stands, in per cent."""
    if count == 1:
        return 50.0
    return round(EDGE + number / (count - 1) * (100 - 2 * EDGE), 2)


def spread_out(heights: Mapping[str, float]) -> dict[str, float]:
    """Move heights apart as little as it takes to tell their labels; none where they do not fit."""
    if len(heights) * APART > 100:
        return {}
    order = sorted(heights, key=lambda name: heights[name])
    found: dict[str, float] = {}
    at = -math.inf
    for name in order:
        at = found[name] = max(heights[name], at + APART)
    top = 100.0
    for name in reversed(order):
        found[name] = round(min(found[name], top), 2)
        top = found[name] - APART
    return found


def path(dots: Sequence[Dot]) -> str:
    """An SVG path through some dots."""
    return "M" + "L".join(f"{dot.x:g} {dot.y:g}" for dot in dots) if len(dots) > 1 else ""
