"""How the fine-tuned checkpoints of a run were trained: its manifest in, drawings and figures out.

A checkpoint's course is in the manifest's `models` (model/local/trained.py says in what form).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptbench.record import Run
from promptbench.report.axis import Axis, axis

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Course:
    """One training. `losses` and `looks` (at dev) are pairs of a step and a loss.

    `scores` are dev's looks where they are the suite's metric and no loss, `kept` the epoch whose
    weights were kept, 0 where the last were. `dev` and `probe` are losses before and after.
    """

    name: str
    group: str
    steps: int
    losses: tuple[Pair, ...]
    looks: tuple[Pair, ...]
    scores: tuple[float, ...]
    kept: int
    dev: Pair | None
    probe: Pair | None
    probes: int
    seconds: float | None

    @property
    def fell(self) -> Pair:
        """The mean loss of the first and of the last tenth of the points."""
        values = [loss for _, loss in self.losses]
        tenth = max(1, len(values) // 10)
        return math.fsum(values[:tenth]) / tenth, math.fsum(values[-tenth:]) / tenth


@dataclass(frozen=True, slots=True)
class Trace:
    """A training in a drawing of 100 x 100, y from above: its loss as a path, dev as points."""

    course: Course
    path: str
    looks: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """The drawing of some trainings that differ in their seed: loss upwards, steps across."""

    title: str
    traces: tuple[Trace, ...]
    across: Axis
    up: Axis


@dataclass(frozen=True, slots=True)
class Trainings:
    """All trainings of a run, and a panel a group."""

    courses: tuple[Course, ...]
    panels: tuple[Panel, ...]


def trainings(run: Run) -> Trainings | None:
    """Gather the trainings that the manifest tells of; None where there are none."""
    arms = {str(arm["candidate"]): arm for arm in _arms(run)}
    models = run.manifest.get("models")
    told = models if isinstance(models, Mapping) else {}
    found: dict[str, Course] = {}
    for candidate in run.candidates:
        arm = arms.get(candidate.name, {})
        said = _said(told.get(candidate.model), arm)
        if said and candidate.model not in found:
            group = str(arm.get("group", candidate.name))
            found[candidate.model] = _course(candidate.name, group, said)
    courses = tuple(found.values())
    groups = dict.fromkeys(each.group for each in courses)
    panels = [_panel([each for each in courses if each.group == group]) for group in groups]
    return Trainings(courses, tuple(panels)) if courses else None


def _arms(run: Run) -> Sequence[Mapping[str, Any]]:
    said = run.manifest.get("curve")
    return said.get("arms", ()) if isinstance(said, Mapping) else ()


def _said(facts: object, arm: Mapping[str, Any]) -> Mapping[str, Any]:
    """A checkpoint's course; curves recorded until 0.1.0 have a loss a step beside their arms."""
    if isinstance(facts, Mapping) and facts.get("training"):
        return dict(facts["training"])
    if arm.get("losses"):
        return {**arm, "steps": list(range(1, len(arm["losses"]) + 1))}
    return {}


def _course(name: str, group: str, said: Mapping[str, Any]) -> Course:
    looks = tuple(zip(said.get("looked", ()), said.get("looks", ()), strict=True))
    by_loss = said.get("stop_on", "loss") == "loss"
    dev = _pair(said.get("dev_loss"))
    start = ((0.0, dev[0]),) if dev and looks and by_loss else ()
    return Course(
        name=name,
        group=group,
        steps=int(said["steps"][-1]),
        losses=tuple(zip(map(float, said["steps"]), said["losses"], strict=True)),
        looks=(*start, *looks) if by_loss else (),
        scores=() if by_loss else tuple(value for _, value in looks),
        kept=int(said.get("kept") or 0),
        dev=dev,
        probe=_pair(said.get("probe_loss")),
        probes=int(said.get("probes", 0)),
        seconds=said.get("seconds"),
    )


def _pair(values: Sequence[float | None] | None) -> Pair | None:
    first, last = values or (None, None)
    return None if first is None or last is None else (first, last)


def _panel(courses: Sequence[Course]) -> Panel:
    every = [pair for each in courses for pair in (*each.losses, *each.looks)]
    across = axis([0.0, *(step for step, _ in every)], 5)
    up = axis([loss for _, loss in every], 4)
    assert across is not None and up is not None
    return Panel(
        courses[0].group,
        tuple(
            Trace(each, path(_placed(each.losses, across, up)), _placed(each.looks, across, up))
            for each in courses
        ),
        across,
        up,
    )


def _placed(pairs: Iterable[Pair], across: Axis, up: Axis) -> tuple[Pair, ...]:
    return tuple((across.at(step), round(100 - up.at(loss), 2)) for step, loss in pairs)


def path(points: Sequence[Pair]) -> str:
    """An SVG path through some points; a single one becomes a dash."""
    text = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    return text if len(points) > 1 else f"{text}h3"
