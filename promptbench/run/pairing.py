"""Pair a candidate of one run with one of another: two runs in, a grid of what both share out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from promptbench.record import Case, MetricInfo, Run, Sample
from promptbench.report.comparison import compare
from promptbench.report.grid import Grid, lay_out
from promptbench.stats.paired import Difference
from promptbench.store.code import case_json
from promptbench.store.database import Store
from promptbench.store.outcome import samples_by_arrival

FIRST, SECOND = "first", "second"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A run with its cases, and its samples in the order in which their outputs were stored."""

    run: Run
    cases: tuple[Case, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class DataDifference:
    """In what the cases of two runs differ: ids that only one has, and ids of other content."""

    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether they differ at all."""
        return bool(self.only_first or self.only_second or self.changed)


def load(store: Store, run_id: str) -> Loaded:
    """Read a run. Raises InputError if there is none of that id."""
    run = store.run(run_id)
    return Loaded(run, tuple(store.cases(run_id)), tuple(samples_by_arrival(store, run_id)))


def data_difference(first: Sequence[Case], second: Sequence[Case]) -> DataDifference:
    """Compare cases by id and content, which is variables and references."""
    ours, theirs = _contents(first), _contents(second)
    return DataDifference(
        tuple(each for each in ours if each not in theirs),
        tuple(each for each in theirs if each not in ours),
        tuple(each for each in ours if each in theirs and ours[each] != theirs[each]),
    )


def paired(first: Loaded, candidate: str, second: Loaded, other: str) -> Grid:
    """A grid of the two, named FIRST and SECOND, over the cases that are the same in both runs."""
    theirs = _contents(second.cases)
    ours = _contents(first.cases)
    shared = [case for case in first.cases if theirs.get(case.id) == ours[case.id]]
    left = lay_out(first.run, shared, first.samples)
    right = lay_out(second.run, shared, second.samples)
    cells = {(FIRST, case.id): left.cells[candidate, case.id] for case in shared}
    cells |= {(SECOND, case.id): right.cells[other, case.id] for case in shared}
    return replace(left, cells=cells).by_id()


def lead(grid: Grid, metric: MetricInfo) -> Difference | None:
    """What FIRST is ahead of SECOND, in the direction that is better; None where nothing is."""
    (found,) = compare(FIRST, [SECOND], grid, metric)
    return found.difference


def same_requests(grid: Grid) -> bool:
    """Whether both were asked the very same, as the fingerprints of all their outputs say."""
    return all(
        [_key(each) for each in grid.cells[FIRST, case.id]]
        == [_key(each) or "none" for each in grid.cells[SECOND, case.id]]
        for case in grid.cases
    )


def same_measure(first: MetricInfo, second: MetricInfo) -> bool:
    """Whether two metrics of one name measure the same: settings, range, direction, pooling."""
    return _measure(first) == _measure(second)


def _measure(metric: MetricInfo) -> MetricInfo:
    return replace(metric, label="", description="")


def _key(sample: Sample) -> str:
    return sample.completion.key if sample.completion else ""


def _contents(cases: Sequence[Case]) -> dict[str, str]:
    return {case.id: case_json(replace(case, cluster="")) for case in cases}
