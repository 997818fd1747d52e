"""What each block of a prompt is worth: a run of a prompt with and without it in, figures out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptbench.record import MetricInfo, Run
from promptbench.report.axis import Axis, axis
from promptbench.report.comparison import Comparison, compare
from promptbench.report.early import is_early
from promptbench.report.grid import Grid, primary_metric
from promptbench.report.number import Scale, listing, probability, scale_of
from promptbench.report.verdict import cases_in_clusters

SAME = "The prompt is the same without it in every case: nothing was run."
EMPTY = "It renders empty in every case."
BARE = "Where there is no system message, a model's chat template may put one of its own."
BLIND = "Without it all cases get one prompt: it holds what is asked about."


@dataclass(frozen=True, slots=True)
class Worth:
    """A block of the prompt: what it costs, and what the prompt is ahead by with it.

    `inside` are the blocks that were left out with it. `tokens` is what it adds to a prompt on
    average. `candidate` is the prompt without it, "" where that was not run; `comparison` is of
    the prompt against that candidate, p-values adjusted over all blocks (Holm). `remarks` are
    what else to know.
    """

    block: str
    inside: tuple[str, ...]
    candidate: str
    tokens: float | None
    comparison: Comparison | None
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ablation:
    """A run of a prompt as it is and without its blocks; those that help the most come first."""

    candidate: str
    metric: MetricInfo
    scale: Scale
    split: str
    worths: tuple[Worth, ...]
    axis: Axis | None
    verdict: str


def ablation(run: Run, grid: Grid) -> Ablation | None:
    """The figures of a run that is an ablation, on its primary metric."""
    facts = run.manifest.get("ablation")
    metric = primary_metric(run)
    if not facts or metric.direction == "none":
        return None
    name: str = facts["candidate"]
    there = [block for block in facts["blocks"] if block["candidate"]]
    others = [block["candidate"] for block in there]
    found = compare(name, others, grid, metric, early=is_early(run))
    by_candidate = dict(zip(others, found, strict=True))
    worths = sorted(
        (worth_of(block, by_candidate.get(block["candidate"]), grid) for block in facts["blocks"]),
        key=gain,
    )
    scale = scale_of(metric, [each.difference.mean for each in found if each.difference])
    spans = [each.difference for each in found if each.difference]
    ends = [(d.mean, d.low, d.high, d.detectable, -d.detectable) for d in spans]
    return Ablation(
        candidate=name,
        metric=metric,
        scale=scale,
        split=run.split,
        worths=tuple(worths),
        axis=axis([0.0, *(value for span in ends for value in span)]) if spans else None,
        verdict=verdict(name, metric, worths, scale),
    )


def worth_of(facts: Mapping[str, Any], found: Comparison | None, grid: Grid) -> Worth:
    """One block; of `facts` see run/part.py."""
    told = {"same": SAME, "empty": EMPTY, "blind": BLIND, "bare": BARE}
    remarks = [text for key, text in told.items() if facts.get(key)]
    if facts["refused"]:
        remarks.append(f"It cannot be left out: {facts['refused']}.")
    inside = tuple(facts["inside"])
    if inside:
        remarks.append(f"{listing(inside)} went with it.")
    return Worth(
        facts["block"],
        inside,
        facts["candidate"],
        0.0 if facts["same"] else saved(found, grid) if found else None,
        found,
        tuple(remarks),
    )


def saved(found: Comparison, grid: Grid) -> float | None:
    """The prompt's tokens less those without the block, on average over the cases that have both.

    None where no case has both outputs.
    """
    differences = []
    for case in grid.cases:
        ours, theirs = grid.cells[found.best, case.id][0], grid.cells[found.other, case.id][0]
        if ours.completion and theirs.completion:
            differences.append(ours.completion.prompt_tokens - theirs.completion.prompt_tokens)
    return sum(differences) / len(differences) if differences else None


def gain(worth: Worth) -> tuple[bool, float]:
    """The order: what helps the most first, what was not compared last."""
    found = worth.comparison.difference if worth.comparison else None
    return (found is None, -found.mean if found else 0.0)


def meaning(worth: Worth, scale: Scale) -> str:
    """What a reader may take from a block's figures, and no more."""
    found = worth.comparison
    if found is None:
        return ""
    if found.difference is None:
        return "No case is scored both with and without it."
    if found.finding == "better":
        return "Worth keeping."
    if found.finding == "worse":
        return "Does harm."
    if found.finding == "same":
        return "No effect seen: every case scores the same."
    over = cases_in_clusters(found.difference.n, found.difference.clusters)
    if found.finding == "unproven":
        return f"Not shown: {over} do not rule out chance."
    if found.detectable is None:
        return "The data cannot tell: too few cases."
    limit = scale.show(found.detectable)
    return f"No effect seen; a difference under {limit} would likely go unseen."


def verdict(name: str, metric: MetricInfo, worths: Sequence[Worth], scale: Scale) -> str:
    """Say in one sentence which blocks help, which harm, and of which nothing can be said."""
    blocks = {worth.candidate: worth.block for worth in worths}
    order = [worth.comparison for worth in worths if worth.comparison]
    parts = [
        f"{blocks[each.other]} {told}, {figures(each, scale)}"
        for finding, told in (("better", "is worth keeping"), ("worse", "does harm"))
        for each in order
        if each.finding == finding
    ]
    parts += [
        f"what {blocks[each.other]} seems to do, {figures(each, scale)}, may be chance"
        for each in order
        if each.finding == "unproven"
    ]
    if silent := [each for each in order if each.finding in ("unclear", "same")]:
        parts.append(unseen(silent, blocks, scale))
    if unknown := [blocks[each.other] for each in order if each.finding == "none"]:
        parts.append(f"no case is scored both with and without {listing(unknown)}")
    return f"{name} by its blocks, on {metric.label}: {'; '.join(parts)}." if parts else ""


def figures(found: Comparison, scale: Scale) -> str:
    """How much worse, or better, the prompt is without a block."""
    lead = found.difference
    if lead is None:
        return ""
    way, sign = ("worse", 1) if lead.mean > 0 else ("better", -1)
    interval = scale.interval(*sorted((sign * lead.low, sign * lead.high)))
    return (
        f"{scale.show(abs(lead.mean))} {way} without it (95% interval {interval},"
        f" {probability(found.p_holm)} after Holm)"
    )


def unseen(found: Sequence[Comparison], blocks: Mapping[str, str], scale: Scale) -> str:
    """Of which blocks no effect is seen, and what could have been there all the same."""
    names = listing(blocks[each.other] for each in found)
    # The bluntest comparison speaks for all: what it would see, the others would see.
    bluntest = max(found, key=lambda each: each.detectable or math.inf)
    lead = bluntest.difference
    if lead is None or bluntest.detectable is None:
        return f"no effect is seen of {names}"
    over = cases_in_clusters(lead.n, lead.clusters)
    limit = scale.show(bluntest.detectable)
    return f"no effect is seen of {names}: one under {limit} would likely go unseen with {over}"
