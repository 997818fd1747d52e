"""Candidates that differ in their seed alone, as one: their figures, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from promptbench.record import Candidate, MetricInfo, Run
from promptbench.report.grid import Grid
from promptbench.stats.seeded import Seeded, seeded


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer costs, as means over a group's outputs: tokens read and written, seconds."""

    prompt_tokens: float
    output_tokens: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Training:
    """What a group's training costs, as means over its seeds, and what it did to the model.

    `probe` is the loss beside the suite before and after, in nats a token.
    """

    seconds: float
    tokens: float
    probe: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Group:
    """Arms that differ in their seed alone. `figure` is the primary metric over cases and seeds.

    `dev` is its mean on the dev split, for prompts; prompts are chosen by it.
    """

    name: str
    kind: str
    labels: int
    prompt: str
    members: tuple[str, ...]
    figure: Seeded | None
    cost: Cost | None
    dev: float | None = None
    training: Training | None = None


def group_of(name: str, arms: Sequence[Mapping[str, Any]], grid: Grid, metric: MetricInfo) -> Group:
    """The figures of some arms that differ in their seed."""
    members = tuple(str(arm["candidate"]) for arm in arms)
    dev = [float(arm["dev"]) for arm in arms if arm.get("dev") is not None]
    first = arms[0]
    return Group(
        name=name,
        kind=str(first["kind"]),
        labels=int(first["labels"]),
        prompt=str(first["prompt"]),
        members=members,
        figure=figure_of([grid.values(member, metric.name) for member in members], grid, metric),
        cost=cost_of(members, grid),
        dev=math.fsum(dev) / len(dev) if dev else None,
        training=training_of(arms) if first["kind"] == "tune" else None,
    )


def figure_of(
    rows: Sequence[Sequence[float | None]], grid: Grid, metric: MetricInfo
) -> Seeded | None:
    """The mean of values a seed and case, over the cases that every seed has a value for.

    Its interval ends where the metric's range does.
    """
    kept = [all(value is not None for value in column) for column in zip(*rows, strict=True)]
    if not any(kept):
        return None
    table = [[v for v in row if v is not None] for row in masked(rows, kept)]
    found = seeded(table, grid.clusters(kept))
    least = -math.inf if metric.low is None else metric.low
    most = math.inf if metric.high is None else metric.high
    if not (math.isfinite(found.low) and least <= found.mean <= most):
        return found
    return replace(found, low=max(found.low, least), high=min(found.high, most))


def masked(
    rows: Sequence[Sequence[float | None]], kept: Sequence[bool]
) -> list[list[float | None]]:
    """The values of the cases that are kept."""
    return [[v for v, keep in zip(row, kept, strict=True) if keep] for row in rows]


def cost_of(members: Sequence[str], grid: Grid) -> Cost | None:
    """Mean tokens and seconds of the outputs that are there."""
    done = [
        sample.completion
        for member in members
        for sample in grid.samples(member)
        if sample.completion is not None and not sample.completion.error
    ]
    if not done:
        return None
    count = len(done)
    return Cost(
        sum(one.prompt_tokens for one in done) / count,
        sum(one.output_tokens for one in done) / count,
        math.fsum(one.seconds for one in done) / count,
    )


def training_of(arms: Sequence[Mapping[str, Any]]) -> Training:
    """Mean cost of the trainings, and what they forgot."""
    count = len(arms)
    probes = [arm["probe_loss"] for arm in arms if None not in arm["probe_loss"]]
    return Training(
        seconds=math.fsum(float(arm["seconds"]) for arm in arms) / count,
        tokens=math.fsum(float(arm["tokens"]) for arm in arms) / count,
        probe=(
            math.fsum(float(before) for before, _ in probes) / count,
            math.fsum(float(after) for _, after in probes) / count,
        )
        if len(probes) == count
        else None,
    )


def single(run: Run, candidate: Candidate, grid: Grid, metric: MetricInfo) -> Group:
    """A candidate as a group of its own: a fine-tune if its model says that it was trained."""
    models = run.manifest.get("models")
    facts = models.get(candidate.model, {}) if isinstance(models, Mapping) else {}
    labels = facts.get("fine-tuned on", "")
    return Group(
        name=candidate.name,
        kind="tune" if labels else "prompt",
        labels=int(labels.split()[0]) if labels else 0,
        prompt=candidate.prompt.name,
        members=(candidate.name,),
        figure=figure_of([grid.values(candidate.name, metric.name)], grid, metric),
        cost=cost_of([candidate.name], grid),
    )
