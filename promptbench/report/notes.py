"""Gather what a reader should mind before trusting a run: what is missing, failed or cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from promptbench.record import MetricInfo, Run, Sample
from promptbench.report.early import can_hold, is_early
from promptbench.report.grid import Grid, reason, state, value
from promptbench.report.number import count, listing


def notes(run: Run, grid: Grid, primary: MetricInfo) -> tuple[str, ...]:
    """Give one sentence a concern, the gravest first; empty when there is none."""
    samples = [
        sample
        for item in run.candidates
        for sample in grid.samples(item.name)
        if sample.completion is not None or item.name not in run.stopped
    ]
    return (*_notes(run, samples, primary), *_leaks(run), *_stops(run, grid))


def cautions(found: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Give one sentence for each caution, naming the intervals that it is about, or none if all."""
    pairs = list(found)
    about: dict[str, list[str]] = {}
    for name, caution in pairs:
        if caution:
            about.setdefault(caution, []).append(name)
    return tuple(
        text if len(names) == len(pairs) else f"On {listing(names)}: {text}"
        for text, names in about.items()
    )


def _notes(run: Run, samples: list[Sample], primary: MetricInfo) -> Iterator[str]:
    planned = count(len(samples), "output")
    states = Counter(state(sample, primary.name) for sample in samples)
    if states["missing"] or run.status != "complete":
        yield f"The run is {run.status}: {_are(states['missing'], planned)} not there."
    if is_early(run) and states["scored"]:
        yield _looked_early(primary)
    if states["error"]:
        yield f"{states['error']:,} of {planned} failed with an error; an error has no score."
    if states["unscored"]:
        why = _commonest_reason(samples, primary)
        yield f"{_are(states['unscored'], planned)} unscored on {primary.label}, mostly: {why}."
    if remarks := Counter(_remarks(samples, primary)):
        why = min(remarks, key=lambda each: (-remarks[each], each))
        yield f"{_are(remarks.total(), planned)} scored with a remark, mostly: {why}."
    if cut := sum(_cut_off(sample) for sample in samples):
        yield f"{_are(cut, planned)} cut off at the token limit."


def _looked_early(primary: MetricInfo) -> str:
    if can_hold(primary):
        return (
            "Looked at before the end: these intervals and p-values hold at every look, and are"
            " wider for it. They take the cases as coming in an order that has nothing to do with"
            " their scores; a local model answers the longest prompts first."
        )
    return (
        f"Looked at before the end: the intervals and p-values of {primary.label} are made for one"
        " look, at the end, and may claim too much now."
    )


def _leaks(run: Run) -> Iterator[str]:
    """Say what was left out of the data, and what of it counts more than once."""
    facts = run.manifest.get("leaks") or {}
    if left_out := facts.get("left out"):
        sources = (
            f"{number:,} {'leaks' if number == 1 else 'leak'} from {split}"
            for split, number in facts["from"].items()
        )
        cases = count(facts["cases"], "case")
        yield f"Evaluated on {facts['cases'] - left_out:,} of {cases}: {listing(sources)}."
    if repeats := facts.get("repeated within the split"):
        yield (
            f"{_are(repeats, count(facts['cases'], 'case'))} equal or nearly equal to an earlier"
            " one. Each counts in full, so the intervals are too narrow."
        )


def _stops(run: Run, grid: Grid) -> Iterator[str]:
    """Say who left a race, and what that does to the figures."""
    for name, cases in run.stopped.items():
        yield f"{name}: stopped after {cases:,} of {count(len(grid.cases), 'case')} by the race."
    if run.stopped:
        yield (
            "Whoever is stopped is beaten beyond doubt (over the whole race at most 5% risk that a"
            " best one goes). Its figures are of fewer cases and lean against it, and intervals and"
            " p-values against it do not count the stopping: it is ranked after all that finished."
        )


def _are(number: int, planned: str) -> str:
    return f"{number:,} of {planned} {'is' if number == 1 else 'are'}"


def _remarks(samples: list[Sample], primary: MetricInfo) -> Iterator[str]:
    """Give the reasons that go with values, such as that an answer names no label."""
    for sample in samples:
        if value(sample, primary.name) is not None and sample.scores[primary.name].reason:
            yield sample.scores[primary.name].reason


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
