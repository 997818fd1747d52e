"""Backends side by side: a run of them all and what each took in, a line each out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from promptbench.backends.backend import Backend
from promptbench.backends.child import Measured
from promptbench.record import MetricInfo, Sample
from promptbench.report.comparison import Comparison, compare, turned
from promptbench.report.grid import lay_out
from promptbench.report.number import Scale, scale_of
from promptbench.report.summary import Summary
from promptbench.report.verdict import reading
from promptbench.run.pairing import Loaded
from promptbench.stats.interval import Estimate

UNRANKED = "The metric does not say which direction is better."


@dataclass(frozen=True, slots=True)
class Line:
    """A backend: its figure on the primary metric, and what it took.

    `comparison` is from the side of this backend: what it is ahead of the first by, in the
    direction that is better. `meaning` says it in words, and `same` is the share of outputs that
    are the first's, letter by letter. The first has none of them.
    """

    backend: Backend
    took: Measured
    estimate: Estimate | None
    comparison: Comparison | None = None
    meaning: str = ""
    same: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The backends on one prompt of a suite, over `cases` cases."""

    prompt: str
    metric: MetricInfo
    cases: int
    scale: Scale
    lines: tuple[Line, ...]


def table_of(
    loaded: Loaded, summary: Summary, backends: Sequence[Backend], took: Mapping[str, Measured]
) -> Table:
    """Pair each backend with the first one, over the run's cases."""
    metric = summary.primary
    standings = {each.candidate.model: each for each in summary.standings}
    names = [standings[backend.name].candidate.name for backend in backends]
    grid = lay_out(loaded.run, loaded.cases, loaded.samples)
    estimates = [standings[backend.name].estimate(metric) for backend in backends]
    scale = scale_of(metric, [found.mean for found in estimates if found])
    paired = compare(names[0], names[1:], grid, metric) if metric.direction != "none" else ()
    said = {each.other: each for each in paired}
    lines = []
    for backend, name, estimate in zip(backends, names, estimates, strict=True):
        line = Line(backend, took[backend.name], estimate)
        if name != names[0]:
            share = same_share(grid.samples(names[0]), grid.samples(name))
            line = replace(line, meaning=UNRANKED, same=share)
        if found := said.get(name):
            line = against(line, replace(found, best=backends[0].name), scale)
        lines.append(line)
    prompt = loaded.run.candidates[0].prompt.name
    return Table(prompt, metric, len(loaded.cases), scale, tuple(lines))


def against(line: Line, found: Comparison, scale: Scale) -> Line:
    """A line with what the first is ahead of it by, turned round."""
    found = replace(found, other=line.backend.name)
    meaning = reading(found, scale)
    return replace(
        line, comparison=replace(found, difference=turned(found.difference)), meaning=meaning
    )


def same_share(first: Sequence[Sample], second: Sequence[Sample]) -> float | None:
    """How many of the outputs that both have are the same text; None where there is none."""
    pairs = [
        (one.completion.text, two.completion.text)
        for one, two in zip(first, second, strict=True)
        if one.completion and two.completion
        if not (one.completion.error or two.completion.error)
    ]
    return sum(one == two for one, two in pairs) / len(pairs) if pairs else None
