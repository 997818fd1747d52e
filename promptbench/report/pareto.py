"""What a score costs: candidates' means in, two drawings with their Pareto fronts out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from promptbench.record import MetricInfo
from promptbench.report.axis import Axis, axis
from promptbench.report.grid import Grid
from promptbench.report.group import cost_of
from promptbench.report.number import listing
from promptbench.report.summary import Summary

# Two means that differ by less are equal: rounding must not put one before the other.
PLACES = 12


@dataclass(frozen=True, slots=True)
class Point:
    """A candidate: its mean score with its 95% interval, and what an answer costs on average.

    `tokens` are read and written, `seconds` are wall time.
    """

    name: str
    score: float
    low: float
    high: float
    tokens: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Beaten:
    """A candidate that another one beats: no dearer, no worse, and not equal in both.

    `overlap` says that their scores' intervals overlap.
    """

    name: str
    by: str
    cheaper: bool
    better: bool
    overlap: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A point in per cent of the drawing, from the left and from above; the interval may lack."""

    name: str
    x: float
    y: float
    low: float | None
    high: float | None
    first: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Score against one cost. `path` is the front as steps, in per cent of the drawing.

    `front` are the names on it, from the cheapest on.
    """

    key: str
    title: str
    across: Axis
    up: Axis
    points: tuple[Placed, ...]
    path: str
    front: tuple[str, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Costs:
    """The points of all candidates that have a score, and a drawing a cost."""

    points: tuple[Point, ...]
    charts: tuple[Chart, ...]


def costs(summary: Summary, grid: Grid) -> Costs | None:
    """Set score against cost; None where fewer than two can be placed or no direction is better."""
    metric = summary.primary
    found = tuple(_points(summary, grid))
    if metric.direction == "none" or len(found) < 2:
        return None
    charts = (
        chart("tokens", "Tokens an answer, read and written", found, metric),
        chart("seconds", "Seconds an answer", found, metric),
    )
    return Costs(found, charts)


def _points(summary: Summary, grid: Grid) -> Iterator[Point]:
    for each in summary.standings:
        score, cost = each.estimate(summary.primary), cost_of([each.candidate.name], grid)
        if score is not None and cost is not None:
            tokens = cost.prompt_tokens + cost.output_tokens
            yield Point(
                each.candidate.name, score.mean, score.low, score.high, tokens, cost.seconds
            )


def chart(key: str, title: str, points: Sequence[Point], metric: MetricInfo) -> Chart:
    """Draw the score against `tokens` or `seconds`."""
    sign = -1.0 if metric.direction == "lower" else 1.0
    first = front(points, key, sign)
    lost = beaten(points, key, sign)
    across = axis([cost(each, key) for each in points], 5)
    up = axis([v for each in points for v in (each.score, each.low, each.high)], 5)
    assert across is not None and up is not None
    names = tuple(each.name for each in first)
    return Chart(
        key=key,
        title=title,
        across=across,
        up=up,
        points=tuple(_placed(each, key, across, up, first=each in first) for each in points),
        path=steps([(across.at(cost(p, key)), _down(up, p.score)) for p in first]),
        front=names,
        sentences=(*_on_front(first, len(points)), *_told(lost)),
    )


def cost(point: Point, key: str) -> float:
    """What an answer of a point costs."""
    return round(point.tokens if key == "tokens" else point.seconds, PLACES)


def front(points: Sequence[Point], key: str, sign: float) -> list[Point]:
    """The points that none beats, from the cheapest on; equal ones are all on it."""
    found = [each for each in points if not any(_beats(other, each, key, sign) for other in points)]
    return sorted(found, key=lambda each: (cost(each, key), each.name))


def beaten(points: Sequence[Point], key: str, sign: float) -> list[Beaten]:
    """Who is beaten, each by the best-scoring point of the front that beats it."""
    first = front(points, key, sign)
    found = []
    for each in points:
        above = [other for other in first if _beats(other, each, key, sign)]
        if above:
            by = max(above, key=lambda other: _score(other, sign))
            found.append(
                Beaten(
                    each.name,
                    by.name,
                    cheaper=cost(by, key) < cost(each, key),
                    better=_score(by, sign) > _score(each, sign),
                    overlap=overlap(by, each),
                )
            )
    return found


def overlap(one: Point, other: Point) -> bool:
    """Whether two scores' intervals overlap; one that is unknown does."""
    if not all(map(math.isfinite, (one.low, one.high, other.low, other.high))):
        return True
    return one.low <= other.high and other.low <= one.high


def steps(corners: Sequence[tuple[float, float]]) -> str:
    """An SVG path: the best that is to be had for so much, up to the right edge."""
    if not corners:
        return ""
    (x, y), *rest = corners
    return f"M{x:g} {y:g}" + "".join(f"H{x:g}V{y:g}" for x, y in rest) + "H100"


def _beats(one: Point, other: Point, key: str, sign: float) -> bool:
    ours, theirs = (cost(one, key), -_score(one, sign)), (cost(other, key), -_score(other, sign))
    return ours != theirs and ours[0] <= theirs[0] and ours[1] <= theirs[1]


def _score(point: Point, sign: float) -> float:
    return round(sign * point.score, PLACES)


def _placed(point: Point, key: str, across: Axis, up: Axis, *, first: bool) -> Placed:
    bounded = math.isfinite(point.low) and math.isfinite(point.high)
    return Placed(
        point.name,
        across.at(cost(point, key)),
        _down(up, point.score),
        _down(up, point.low) if bounded else None,
        _down(up, point.high) if bounded else None,
        first,
    )


def _down(up: Axis, value: float) -> float:
    return round(100 - up.at(value), 2)


def _on_front(first: Sequence[Point], number: int) -> Iterator[str]:
    names = listing(each.name for each in first)
    if len(first) == 1:
        yield f"{names} is the cheapest and has the best mean: it alone is on the front."
        return
    whole = "All are" if len(first) == number else f"{names} are"
    yield f"{whole} on the front: a better mean costs more there."
    close = [(one.name, other.name) for one, other in pairwise(first) if overlap(one, other)]
    if not close:
        return
    if len(close) == len(first) - 1:
        whose = "the neighbours on it have intervals that overlap"
    else:
        whose = f"the intervals overlap of {listing(f'{one} with {other}' for one, other in close)}"
    yield f"It is a front of means: {whose}, so the dearer one may be no better."


def _told(lost: Sequence[Beaten]) -> Iterator[str]:
    """A sentence for all who are beaten by the same one in the same way."""
    groups: dict[tuple[str, bool, bool, bool], list[str]] = {}
    for each in lost:
        groups.setdefault((each.by, each.cheaper, each.better, each.overlap), []).append(each.name)
    for (by, cheaper, better, overlapping), names in groups.items():
        verb = "is" if len(names) == 1 else "are"
        how = "on both" if cheaper and better else "on cost alone" if cheaper else "on score alone"
        text = f"{listing(names)} {verb} beaten by {by} {how}"
        if better and overlapping:
            whose = "the" if len(names) == 1 else "each time the"
            text += f"; {whose} scores' intervals overlap, so the score's part may be chance"
        yield f"{text}."
