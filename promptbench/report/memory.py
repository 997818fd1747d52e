"""Compare the memories of a chat with the one that forgets the least, and say what that allows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from promptbench.record import Candidate, MetricInfo, Run
from promptbench.report.comparison import Comparison, compare
from promptbench.report.early import is_early
from promptbench.report.grid import Grid
from promptbench.report.number import Scale, fixed, probability
from promptbench.report.recollection import Spent
from promptbench.report.summary import Standing, Summary
from promptbench.report.verdict import cases_in_clusters

# So much of a metric's range counts as as good.
MARGIN = 0.05


@dataclass(frozen=True, slots=True)
class Remembered:
    """A candidate with its memory: where it stands, what its turns cost.

    `against` is what the memory `base` of the same prompt and model is to it; None for the base
    itself, and where nothing is compared.
    """

    standing: Standing
    label: str
    spent: Spent | None
    base: str
    against: Comparison | None


@dataclass(frozen=True, slots=True)
class Memories:
    """All candidates of a chat by score, and a sentence for each prompt and model.

    `several` says whether there is more than one memory.
    """

    rows: tuple[Remembered, ...]
    told: tuple[str, ...]
    several: bool

    @property
    def compared(self) -> bool:
        """Whether any memory is held against another."""
        return any(row.against for row in self.rows)

    @property
    def against(self) -> str:
        """The memory that all others are held against; "" where there are several such."""
        bases = {row.base for row in self.rows}
        return bases.pop() if len(bases) == 1 else ""

    @property
    def makes_some(self) -> bool:
        """Whether any memory takes tokens of its own."""
        return any(row.spent and row.spent.memory for row in self.rows)


def memories(
    run: Run,
    grid: Grid,
    summary: Summary,
    costs: Mapping[str, Spent | None],
    scale: Scale,
) -> Memories:
    """Work it out. Nothing is compared where no direction of the metric is better."""
    metric = summary.primary
    labels = labels_of(run.candidates)
    bases: dict[str, str] = {}
    found: dict[str, Comparison] = {}
    told = []
    for group in groups_of(run.candidates):
        base = base_of(group, costs)
        others = [each.name for each in group if each.name != base]
        bases.update(dict.fromkeys((each.name for each in group), base))
        if metric.direction == "none" or not others:
            continue
        compared = compare(base, others, grid, metric, early=is_early(run))
        found.update({each.other: each for each in compared})
        told.append(sentence(base, compared, costs, labels, metric, scale))
    rows = tuple(
        Remembered(
            each,
            labels[each.candidate.name],
            costs.get(each.candidate.name),
            labels[bases[each.candidate.name]],
            found.get(each.candidate.name),
        )
        for each in summary.standings
    )
    several = len({each.memory for each in run.candidates}) > 1
    return Memories(rows, tuple(filter(None, told)), several)


def labels_of(candidates: Sequence[Candidate]) -> dict[str, str]:
    """What a candidate is called among memories: its memory, where that tells it from others."""
    names = [each.memory for each in candidates]
    alone = len(set(names)) == len(names) and all(names)
    return {each.name: each.memory if alone else each.name for each in candidates}


def groups_of(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Candidates that differ in their memory alone."""
    found: dict[tuple[str, str, str], list[Candidate]] = {}
    for each in candidates:
        key = (each.prompt.digest + each.prompt.name, each.model, repr(each.sampling))
        found.setdefault(key, []).append(each)
    return list(found.values())


def base_of(group: Sequence[Candidate], costs: Mapping[str, Spent | None]) -> str:
    """The memory `all`, or else the one that reads the most."""
    for each in group:
        if each.memory == "all":
            return each.name
    return max(group, key=lambda each: whole(costs.get(each.name))).name


def whole(spent: Spent | None) -> float:
    """Tokens a turn, 0 where nothing is known."""
    return spent.whole if spent else 0.0


def sentence(
    base: str,
    found: Sequence[Comparison],
    costs: Mapping[str, Spent | None],
    labels: Mapping[str, str],
    metric: MetricInfo,
    scale: Scale,
) -> str:
    """What may be taken from the memories that read less than the base; "" if nothing is known."""
    limit = whole(costs.get(base))
    cheaper = [
        each for each in found if each.difference and 0 < whole(costs.get(each.other)) < limit
    ]
    if not cheaper:
        return ""

    def of(each: Comparison) -> str:
        part = whole(costs.get(each.other)) / limit
        return f"{labels[each.other]}, at {fixed(100 * part, 0)}% of its tokens"

    cheapest = sorted(cheaper, key=lambda each: whole(costs.get(each.other)))
    name, nearest = labels[base], min(cheaper, key=ahead)
    if nearest.finding == "worse":
        return f"{of(nearest)}, is better than {name}: {figures(nearest, scale)}."
    margin = margin_of(metric)
    for each in cheapest:
        if each.difference and each.difference.high <= margin:
            least = scale.show(max(0.0, each.difference.high))
            return f"{of(each)}, is at most {least} behind {name}: {figures(each, scale)}."
    if all(each.finding == "better" for each in cheaper):
        return (
            f"{name} is better than every memory that reads less. The nearest is {of(nearest)}:"
            f" {figures(nearest, scale)}."
        )
    open_ones = [each for each in cheaper if each.finding != "better"]
    near = min(open_ones, key=ahead)
    over = cases_in_clusters(near.difference.n, near.difference.clusters) if near.difference else ""
    return (
        f"No memory that reads less is shown to be as good as {name}. The nearest is {of(near)}:"
        f" {figures(near, scale)}; {over} cannot tell more."
    )


def ahead(found: Comparison) -> float:
    """What the base is ahead by."""
    return found.difference.mean if found.difference else math.inf


def margin_of(metric: MetricInfo) -> float:
    """What counts as as good: a part of the metric's range, nothing where that has no ends."""
    if metric.low is None or metric.high is None:
        return 0.0
    return MARGIN * (metric.high - metric.low)


def figures(found: Comparison, scale: Scale) -> str:
    """The difference as the other one sees it."""
    lead = found.difference
    if lead is None:
        return "no shared case"
    interval = scale.interval(-lead.high, -lead.low)
    return (
        f"{scale.signed(-lead.mean)} (95% interval {interval},"
        f" {probability(found.p_holm)} after Holm)"
    )
