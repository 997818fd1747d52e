"""Put figures into plain words that claim no more than the evidence allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from promptbench.record import MetricInfo
from promptbench.report.comparison import Comparison
from promptbench.report.number import Scale, count, listing, probability, scale_of
from promptbench.stats.interval import Estimate

# More wins than this are told together: a sentence is not a table.
TOLD_APART = 3


@dataclass(frozen=True, slots=True)
class Leader:
    """A candidate that has scores on the primary metric, and its mean there."""

    name: str
    estimate: Estimate


def verdict(
    metric: MetricInfo,
    candidates: int,
    ranked: Sequence[Leader],
    comparisons: Sequence[Comparison],
) -> str:
    """Say in one sentence who leads by how much, whom it beats, and what cannot be told."""
    if not ranked:
        return f"Nothing is compared: no output has a score for {metric.label}."
    scale = scale_of(metric, [each.estimate.mean for each in ranked])
    if metric.direction == "none":
        return _unranked(metric, ranked, scale)
    if candidates == 1:
        return _alone(metric, ranked[0], scale)
    return f"{_opening(metric, ranked, comparisons, scale)}{_evidence(comparisons, scale)}."


def reading(comparison: Comparison, scale: Scale) -> str:
    """Say what one comparison means, for the table of differences."""
    found = comparison.difference
    if found is None:
        return "No case is scored for both, so they cannot be compared."
    if comparison.finding == "better":
        return f"{comparison.best} is better."
    if comparison.finding == "worse":
        return f"{comparison.other} is better on the cases that both have."
    if comparison.finding == "same":
        return "Every case scores the same."
    if comparison.finding == "unproven":
        return f"Not shown: {cases_in_clusters(found.n, found.clusters)} do not rule out chance."
    if comparison.detectable is None:
        return "The data cannot tell: too few cases."
    limit = scale.show(comparison.detectable)
    return f"The data cannot tell; a difference under {limit} would likely go unseen."


def cases_in_clusters(cases: int, clusters: int) -> str:
    """Write `40 cases in 9 clusters`, or `40 cases` where each stands for itself."""
    grouped = f" in {count(clusters, 'cluster')}" if 0 < clusters < cases else ""
    return f"{count(cases, 'case')}{grouped}"


def _unranked(metric: MetricInfo, ranked: Sequence[Leader], scale: Scale) -> str:
    means = listing(f"{each.name} {scale.show(each.estimate.mean)}" for each in ranked)
    return (
        f"Nothing is ranked, because {metric.label} does not say which direction is better; "
        f"the {'values' if metric.pool else 'means'}: {means}."
    )


def _alone(metric: MetricInfo, leader: Leader, scale: Scale) -> str:
    over = cases_in_clusters(leader.estimate.n, leader.estimate.clusters)
    return (
        f"{leader.name} has a {_averaged(metric)} of {_mean(leader.estimate, scale)} over {over}; "
        "it is the only candidate, so there is nothing to compare it with."
    )


def _opening(
    metric: MetricInfo, ranked: Sequence[Leader], comparisons: Sequence[Comparison], scale: Scale
) -> str:
    first = ranked[0]
    mean = f"({_mean(first.estimate, scale)})"
    if all(each.finding == "better" for each in comparisons):
        return f"{first.name} is best on {metric.label} {mean}"
    extreme = "highest" if metric.direction == "higher" else "lowest"
    level = [each.name for each in ranked if _same(each.estimate.mean, first.estimate.mean)]
    verb = "has" if len(level) == 1 else "share"
    return f"{listing(level)} {verb} the {extreme} {_averaged(metric)} {mean}"


def _evidence(comparisons: Sequence[Comparison], scale: Scale) -> str:
    found: dict[str, list[Comparison]] = {}
    for comparison in comparisons:
        finding = "unclear" if comparison.finding == "same" else comparison.finding
        found.setdefault(finding, []).append(comparison)
    text = f"; it beats {_beaten(found['better'], scale)}" if "better" in found else ""
    if "unclear" in found:
        joint = ", while" if text else ", but"
        text += (
            f"{joint} against {_names(found['unclear'])} {_cannot_tell(found['unclear'], scale)}"
        )
    for comparison in found.get("unproven", []):
        text += f"; the difference to {comparison.other}, {_lead(comparison, scale)}, may be chance"
    for comparison in found.get("worse", []):
        text += f"; on the cases that both have, {_behind(comparison, scale)}"
    if "none" in found:
        text += f"; no case is scored both for it and for {_names(found['none'])}"
    return text


def _beaten(comparisons: Sequence[Comparison], scale: Scale) -> str:
    if len(comparisons) <= TOLD_APART:
        return listing(f"{each.other} by {_lead(each, scale)}" for each in comparisons)
    means = [each.difference.mean for each in comparisons if each.difference]
    largest = probability(max(each.p_holm for each in comparisons))
    return (
        f"{_names(comparisons)} by {scale.show(min(means))} to {scale.show(max(means))} "
        f"({largest} or less, after Holm)"
    )


def _lead(comparison: Comparison, scale: Scale) -> str:
    found = comparison.difference
    if found is None:
        return ""
    interval = scale.interval(found.low, found.high)
    return f"{scale.show(found.mean)} ({interval}, {probability(comparison.p_holm)} after Holm)"


def _behind(comparison: Comparison, scale: Scale) -> str:
    found = comparison.difference
    behind = scale.show(-found.mean if found else None)
    return f"{comparison.other} is ahead by {behind} ({probability(comparison.p_holm)} after Holm)"


def _cannot_tell(comparisons: Sequence[Comparison], scale: Scale) -> str:
    if all(each.finding == "same" for each in comparisons):
        return "every case scores the same"
    # The bluntest comparison speaks for all: what it would see, the others would see.
    bluntest = max(comparisons, key=lambda each: each.detectable or math.inf)
    found = bluntest.difference
    over = cases_in_clusters(found.n, found.clusters) if found else "nothing"
    if bluntest.detectable is None:
        return f"{over} cannot tell"
    limit = scale.show(bluntest.detectable)
    return f"the data cannot tell: a difference under {limit} would likely go unseen with {over}"


def _names(comparisons: Sequence[Comparison]) -> str:
    return listing(each.other for each in comparisons)


def _averaged(metric: MetricInfo) -> str:
    """Say `mean` of a metric that is one: a pooled one is a single value of all cases."""
    return metric.label if metric.pool else f"mean {metric.label}"


def _same(mean: float, other: float) -> bool:
    return math.isclose(mean, other, rel_tol=1e-12, abs_tol=1e-12)


def _mean(estimate: Estimate, scale: Scale) -> str:
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return f"{scale.show(estimate.mean)}, no interval"
    interval = scale.interval(estimate.low, estimate.high)
    return f"{scale.show(estimate.mean)}, 95% interval {interval}"
