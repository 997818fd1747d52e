"""Prompt against fine-tune by number of labels: a curve's arms in; points, leads, crossover out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from promptbench.record import Candidate, MetricInfo, Run
from promptbench.report.grid import Grid, primary_metric
from promptbench.stats.multiplicity import holm
from promptbench.stats.seeded import Seeded, seeded

LEVEL = 0.05


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


@dataclass(frozen=True, slots=True)
class Lead:
    """What a fine-tune is ahead of the prompt chosen on dev for as many labels; > 0 is better."""

    labels: int
    tuned: Group
    prompt: Group
    difference: Seeded
    p_holm: float

    @property
    def shown(self) -> bool:
        """Whether the difference is beyond chance, after Holm over all sizes."""
        return self.p_holm < LEVEL


@dataclass(frozen=True, slots=True)
class Crossover:
    """From how many labels on fine-tuning is ahead; None where it is not, up to `most`.

    `low` is the fewest labels from which the intervals allow it to be ahead, `high` the fewest
    from which they show it.
    """

    at: float | None
    low: float | None
    high: float | None
    most: int


@dataclass(frozen=True, slots=True)
class Learning:
    """All that a curve tells. `leads` are by size, `extra` are tunings on another prompt."""

    groups: tuple[Group, ...]
    leads: tuple[Lead, ...]
    extra: tuple[Group, ...]
    crossover: Crossover
    break_even: float | None
    seeds: int
    quick: bool

    @property
    def last(self) -> Lead | None:
        """The lead with the most labels."""
        return self.leads[-1] if self.leads else None

    def of(self, kind: str) -> tuple[Group, ...]:
        """The groups of a kind, by labels; tunings on another prompt are not among them."""
        return tuple(g for g in self.groups if g.kind == kind and g not in self.extra)


def learning(run: Run, grid: Grid) -> Learning | None:
    """Work a curve out; None for a run that is none."""
    said = run.manifest.get("curve")
    if not isinstance(said, Mapping) or not said.get("arms"):
        return None
    metric = primary_metric(run)
    sign = -1.0 if metric.direction == "lower" else 1.0
    arms: dict[str, list[Mapping[str, Any]]] = {}
    for arm in said["arms"]:
        arms.setdefault(arm["group"], []).append(arm)
    groups = tuple(group_of(name, found, grid, metric) for name, found in arms.items())
    main = next((g.prompt for g in groups if g.kind == "tune"), "")
    extra = tuple(g for g in groups if g.kind == "tune" and g.prompt != main)
    leads = leads_of([g for g in groups if g not in extra], grid, metric.name, sign)
    return Learning(
        groups=groups,
        leads=leads,
        extra=extra,
        crossover=crossover(leads),
        break_even=break_even(leads[-1]) if leads else None,
        seeds=int(said.get("seeds", 1)),
        quick=bool(said.get("quick")),
    )


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
    table = [[v for v in row if v is not None] for row in _masked(rows, kept)]
    found = seeded(table, grid.clusters(kept))
    least = -math.inf if metric.low is None else metric.low
    most = math.inf if metric.high is None else metric.high
    if not (math.isfinite(found.low) and least <= found.mean <= most):
        return found
    return replace(found, low=max(found.low, least), high=min(found.high, most))


def _masked(
    rows: Sequence[Sequence[float | None]], kept: Sequence[bool]
) -> list[list[float | None]]:
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


def leads_of(groups: Sequence[Group], grid: Grid, metric: str, sign: float) -> tuple[Lead, ...]:
    """Each size's fine-tune against the prompt that dev would have chosen with as many labels."""
    found = []
    for tuned in sorted((g for g in groups if g.kind == "tune"), key=lambda g: g.labels):
        prompt = chosen(groups, tuned.labels, sign)
        difference = prompt and difference_of(tuned, prompt, grid, metric, sign)
        if prompt and difference:
            found.append((tuned, prompt, difference))
    adjusted = holm([difference.p_value for _, _, difference in found])
    return tuple(
        Lead(tuned.labels, tuned, prompt, difference, p)
        for (tuned, prompt, difference), p in zip(found, adjusted, strict=True)
    )


def chosen(groups: Sequence[Group], labels: int, sign: float) -> Group | None:
    """The prompt that is best on dev among those that need no more than so many labels."""
    able = [g for g in groups if g.kind == "prompt" and g.labels <= labels and g.dev is not None]
    return max(able, key=lambda g: sign * (g.dev or 0.0), default=None)


def difference_of(
    first: Group, second: Group, grid: Grid, metric: str, sign: float
) -> Seeded | None:
    """First minus second, case by case, in the direction that is better; seeds are not paired.

    The seeds of both sides vary by themselves: each seed of one side is set against the other
    side's mean, and the sides' spreads are added.
    """
    ours = [grid.values(member, metric) for member in first.members]
    theirs = [grid.values(member, metric) for member in second.members]
    kept = [all(v is not None for v in column) for column in zip(*ours, *theirs, strict=True)]
    if not any(kept):
        return None
    left = [[sign * (v or 0.0) for v in row] for row in _masked(ours, kept)]
    right = [[sign * (v or 0.0) for v in row] for row in _masked(theirs, kept)]
    return seeded(left, grid.clusters(kept), against=right)


def crossover(leads: Sequence[Lead]) -> Crossover:
    """Where the fine-tunes overtake, between sizes on a scale of doublings."""
    most = leads[-1].labels if leads else 0
    return Crossover(
        _reached(leads, lambda lead: lead.difference.mean),
        _reached(leads, lambda lead: lead.difference.high),
        _reached(leads, lambda lead: lead.difference.low),
        most,
    )


def _reached(leads: Sequence[Lead], value: Callable[[Lead], float]) -> float | None:
    """The fewest labels from which on a value is above 0 at every size measured."""
    found: float | None = None
    for before, lead in zip([None, *leads], leads, strict=False):
        now = value(lead)
        if not now > 0:
            found = None
        elif found is None:
            found = _between(before, lead, value) if before is not None else float(lead.labels)
    return found


def _between(before: Lead, lead: Lead, value: Callable[[Lead], float]) -> float:
    """Where a straight line between two sizes, in doublings, crosses 0."""
    low, high = value(before), value(lead)
    if not math.isfinite(low):
        return float(lead.labels)
    part = -low / (high - low)
    return float(before.labels * (lead.labels / before.labels) ** part)


def break_even(lead: Lead) -> float | None:
    """From how many answers on the training's time is won back; None if no answer saves any."""
    ours, theirs, training = lead.tuned.cost, lead.prompt.cost, lead.tuned.training
    if ours is None or theirs is None or training is None:
        return None
    saved = theirs.seconds - ours.seconds
    return training.seconds / saved if saved > 0 else None


def duel(run: Run, grid: Grid) -> Lead | None:
    """The best fine-tune against the best prompt of a run that is no curve; None without both.

    Both are the best on the very cases that judge them, so the p-value is multiplied by the
    number of pairs (Bonferroni).
    """
    metric = primary_metric(run)
    if metric.direction == "none":
        return None
    sign = -1.0 if metric.direction == "lower" else 1.0
    groups = [_single(run, candidate, grid, metric) for candidate in run.candidates]
    able = [group for group in groups if group.figure is not None]
    tuned = [group for group in able if group.kind == "tune"]
    prompts = [group for group in able if group.kind == "prompt"]
    if not tuned or not prompts:
        return None
    best, other = (max(side, key=lambda g: sign * _mean(g)) for side in (tuned, prompts))
    difference = difference_of(best, other, grid, metric.name, sign)
    if difference is None:
        return None
    p_value = min(1.0, difference.p_value * len(tuned) * len(prompts))
    return Lead(best.labels, best, other, difference, p_value)


def _mean(group: Group) -> float:
    return group.figure.mean if group.figure else -math.inf


def _single(run: Run, candidate: Candidate, grid: Grid, metric: MetricInfo) -> Group:
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
