"""Prompt against fine-tune by number of labels: a curve's arms in; points, leads, crossover out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptbench.record import Run
from promptbench.report.grid import Grid, primary_metric
from promptbench.report.group import Group, group_of, masked, single
from promptbench.stats.multiplicity import holm
from promptbench.stats.seeded import Seeded, seeded

LEVEL = 0.05


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

    `low` is the fewest labels from which on the 95% intervals allow it to be ahead, `high` the
    fewest measured from which on that is shown at every size, after Holm. `least` and `most` are
    the sizes measured.
    """

    at: float | None
    low: float | None
    high: float | None
    least: int
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
    """Work a curve out; None for a run that is none, and for a metric that it cannot be told of.

    That is one of which no direction is better, and a pooled one: its cases' values are only
    readings, whose mean is another figure.
    """
    said = run.manifest.get("curve")
    if not isinstance(said, Mapping) or not said.get("arms"):
        return None
    metric = primary_metric(run)
    if metric.direction == "none" or metric.pool:
        return None
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
    left = [[sign * (v or 0.0) for v in row] for row in masked(ours, kept)]
    right = [[sign * (v or 0.0) for v in row] for row in masked(theirs, kept)]
    return seeded(left, grid.clusters(kept), against=right)


def crossover(leads: Sequence[Lead]) -> Crossover:
    """Where the fine-tunes overtake, between sizes on a scale of doublings."""
    sizes = [lead.labels for lead in leads] or [0]
    return Crossover(
        _reached(leads, lambda lead: lead.difference.mean),
        _reached(leads, lambda lead: lead.difference.high),
        _reached(leads, lambda lead: lead.difference.mean if lead.shown else -math.inf),
        sizes[0],
        sizes[-1],
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

    None as well for a metric that `learning` has nothing to tell of. Both are the best on the very
    cases that judge them, so the p-value is multiplied by the number of pairs (Bonferroni).
    """
    metric = primary_metric(run)
    if metric.direction == "none" or metric.pool:
        return None
    sign = -1.0 if metric.direction == "lower" else 1.0
    groups = [single(run, candidate, grid, metric) for candidate in run.candidates]
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
