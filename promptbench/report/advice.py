"""Prompt or fine-tune: the answer in words, never more certain than the curve that it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from promptbench.record import MetricInfo, Run
from promptbench.report.grid import Grid, primary_metric
from promptbench.report.group import Group
from promptbench.report.learning import (
    Crossover,
    Lead,
    Learning,
    difference_of,
    duel,
    learning,
)
from promptbench.report.number import Scale, probability, scale_of
from promptbench.stats.power import cases_needed

Answer = Literal["keep the prompt", "fine-tune", "fine-tune and prompt", "cannot tell yet"]
MOST_WORTH_SAYING = 100_000


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer, a sentence that gives it with its figures, and what else to know."""

    answer: Answer
    sentence: str
    more: tuple[str, ...]


def advise(found: Learning, grid: Grid, metric: MetricInfo, scale: Scale) -> Advice | None:
    """Answer from the comparison at the most labels; None where there is nothing to compare."""
    lead = found.last
    if lead is None:
        return None
    more = (
        crossing(found.crossover),
        *payback(found, lead),
        *forgetting(lead),
        *(["A quick curve: few sizes and seeds; the full one is surer."] if found.quick else []),
    )
    figures = evidence(lead, metric, scale)
    if lead.shown and lead.difference.mean > 0:
        better = better_prompt(found, lead, grid, metric)
        if better is not None:
            group, text = better
            return Advice(
                "fine-tune and prompt",
                f"Fine-tune, and on the prompt {group.prompt}: {figures}. {text}",
                more,
            )
        return Advice("fine-tune", f"Fine-tune: {figures}.", more)
    if lead.shown:
        keep = f"Keep the prompt {lead.prompt.name}: {figures}."
        return Advice("keep the prompt", keep, more)
    return Advice("cannot tell yet", f"Can't tell yet: {figures}. {needed(lead, grid)}", more)


def answer(run: Run, grid: Grid) -> str:
    """The sentence at the head of a run that has prompts and fine-tunes; "" for any other."""
    metric = primary_metric(run)
    scale = scale_of(metric, [])
    found = learning(run, grid)
    if found is not None:
        advice = advise(found, grid, metric, scale)
        return advice.sentence if advice else ""
    lead = duel(run, grid)
    return compared(lead, grid, metric, scale) if lead else ""


def compared(lead: Lead, grid: Grid, metric: MetricInfo, scale: Scale) -> str:
    """The answer of a run that is no curve: its best fine-tune against its best prompt."""
    difference = lead.difference
    way = "ahead of" if difference.mean > 0 else "behind"
    figures = (
        f"{lead.tuned.name} ({scale.show(mean_of(lead.tuned))}) is"
        f" {scale.show(abs(difference.mean))} {way} {lead.prompt.name}"
        f" ({scale.show(mean_of(lead.prompt))}), the best prompt here, on {metric.label}"
        f" (difference {scale.interval(difference.low, difference.high)} with 95% confidence,"
        f" {probability(lead.p_holm)} after Bonferroni)."
    )
    if not lead.shown:
        return f"Can't tell yet: {figures} {needed(lead, grid)}"
    if difference.mean < 0:
        return f"Keep the prompt {lead.prompt.name}: {figures}"
    return f"Fine-tune: {figures}"


def evidence(lead: Lead, metric: MetricInfo, scale: Scale) -> str:
    """The comparison in figures."""
    difference = lead.difference
    way = "ahead of" if difference.mean > 0 else "behind"
    interval = scale.interval(difference.low, difference.high)
    means = f"{scale.show(mean_of(lead.tuned))} and {scale.show(mean_of(lead.prompt))}"
    return (
        f"with {lead.labels} labels the fine-tune is {scale.show(abs(difference.mean))} {way}"
        f" {lead.prompt.name}, the best prompt on dev ({metric.label} {means}; difference"
        f" {interval} with 95% confidence, {probability(lead.p_holm)} after Holm)"
    )


def mean_of(group: Group) -> float | None:
    """A group's mean."""
    return group.figure.mean if group.figure else None


def needed(lead: Lead, grid: Grid) -> str:
    """About how many more cases would show a difference of the size seen."""
    difference = lead.difference
    if not difference.error > 0 or difference.mean == 0:
        return "The data tell no spread to plan with."
    have = len(grid.cases)
    deviation = difference.error * math.sqrt(have)
    try:
        wanted = cases_needed(difference.mean, deviation)
    except ValueError:
        wanted = MOST_WORTH_SAYING + 1
    if wanted > MOST_WORTH_SAYING:
        return "The difference seen is so small that no sensible number of cases would show it."
    if wanted <= have:
        return "A repetition would show a difference of this size four times in five."
    return (
        f"To show a difference of this size, about {round_up(wanted - have):,} more test cases are"
        f" needed (80% power; there are {have:,})."
    )


def round_up(number: int) -> int:
    """Two significant figures, upwards."""
    step = int(10 ** max(0, len(str(number)) - 2))
    return -(-number // step) * step


def better_prompt(
    found: Learning, lead: Lead, grid: Grid, metric: MetricInfo
) -> tuple[Group, str] | None:
    """A tuning on another prompt that is beyond chance ahead of that on the first one."""
    sign = -1.0 if metric.direction == "lower" else 1.0
    for group in found.extra:
        difference = difference_of(group, lead.tuned, grid, metric.name, sign)
        if difference and difference.mean > 0 and difference.p_value * len(found.extra) < 0.05:
            low, high = difference.low, difference.high
            return group, (
                f"Trained on {group.prompt} it is {difference.mean:.3f} ahead of the training on"
                f" {lead.tuned.prompt} ({low:.3f} to {high:.3f})."
            )
    return None


def crossing(found: Crossover) -> str:
    """The crossover in words."""
    if found.at is None:
        return f"Fine-tuning does not overtake with up to {found.most} labels."
    begin = (
        f"Fine-tuning is ahead from the fewest labels measured ({found.least}) on"
        if found.at <= found.least
        else f"Fine-tuning overtakes at about {found.at:.0f} labels"
    )
    if found.high is None:
        return f"{begin}, but up to {found.most} labels the data do not show it beyond chance."
    allowed = found.low if found.low is not None else found.least
    return (
        f"{begin}; the 95% intervals allow that from {allowed:.0f} labels on, and from"
        f" {found.high:.0f} on it is beyond chance at every size."
    )


def payback(found: Learning, lead: Lead) -> tuple[str, ...]:
    """What an answer costs on both sides, and when the training has paid for itself."""
    ours, theirs, training = lead.tuned.cost, lead.prompt.cost, lead.tuned.training
    if ours is None or theirs is None or training is None:
        return ()
    text = (
        f"An answer of the fine-tune costs {ours.prompt_tokens:.0f} prompt tokens and"
        f" {ours.seconds:.2f} s, of the prompt {theirs.prompt_tokens:.0f} and"
        f" {theirs.seconds:.2f} s; a training took {training.seconds:,.0f} s"
    )
    if found.break_even is None:
        return (f"{text}: the fine-tune's answers save no time that could win it back.",)
    return (f"{text}, won back after about {found.break_even:,.0f} answers.",)


def forgetting(lead: Lead) -> tuple[str, ...]:
    """What the training did to the model beside the suite."""
    training = lead.tuned.training
    if training is None or training.probe is None:
        return ()
    before, after = training.probe
    return (
        f"On questions beside the suite the loss went from {before:.2f} to {after:.2f} nats a"
        " token.",
    )
