"""Gather what a reader should mind before trusting a run: what is missing, failed or cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from promptbench.record import MetricInfo, Run, Sample
from promptbench.report.grid import Grid, reason, state
from promptbench.report.number import count


def notes(run: Run, grid: Grid, primary: MetricInfo) -> tuple[str, ...]:
    """Give one sentence a concern, the gravest first; empty when there is none."""
    samples = [sample for item in run.candidates for sample in grid.samples(item.name)]
    return tuple(_notes(run, samples, primary))


def _notes(run: Run, samples: list[Sample], primary: MetricInfo) -> Iterator[str]:
    planned = count(len(samples), "output")
    states = Counter(state(sample, primary.name) for sample in samples)
    if states["missing"] or run.status != "complete":
        yield f"The run is {run.status}: {_are(states['missing'], planned)} not there."
    if states["error"]:
        yield f"{states['error']:,} of {planned} failed with an error; an error has no score."
    if states["unscored"]:
        why = _commonest_reason(samples, primary)
        yield f"{_are(states['unscored'], planned)} unscored on {primary.label}, mostly: {why}."
    if cut := sum(_cut_off(sample) for sample in samples):
        yield f"{_are(cut, planned)} cut off at the token limit."


def _are(number: int, planned: str) -> str:
    return f"{number:,} of {planned} {'is' if number == 1 else 'are'}"


def _commonest_reason(samples: list[Sample], primary: MetricInfo) -> str:
    reasons = Counter(
        reason(sample, primary.name)
        for sample in samples
        if state(sample, primary.name) == "unscored"
    )
    return min(reasons, key=lambda each: (-reasons[each], each))


def _cut_off(sample: Sample) -> bool:
    completion = sample.completion
    return completion is not None and not completion.error and completion.finish_reason == "length"
