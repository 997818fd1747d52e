"""Lay samples out by candidate and case: every cell that was planned is there, repeats in order."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, TypeVar

from promptbench.record import Case, MetricInfo, Run, Sample, Score

State = Literal["scored", "unscored", "error", "missing"]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Lattice(Mapping[tuple[str, str], Value]):
    """A value for each candidate and case, by their names; takes a pointer a value.

    A dict with pairs of names as its keys takes two hundred bytes.
    """

    candidates: Mapping[str, int]
    cases: Mapping[str, int]
    values_in_order: Sequence[Value]

    def __getitem__(self, key: tuple[str, str]) -> Value:
        """Look one up."""
        candidate, case = key
        return self.values_in_order[self.candidates[candidate] * len(self.cases) + self.cases[case]]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Give the names, candidate by candidate."""
        return product(self.candidates, self.cases)

    def __len__(self) -> int:
        """Count them."""
        return len(self.values_in_order)


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a run; `clustered` says whether any case has a cluster.

    `arrival` numbers the cells by when the last of their output came, -1 where none has.
    """

    cases: tuple[Case, ...]
    cells: Mapping[tuple[str, str], tuple[Sample, ...]]
    clustered: bool
    arrival: Mapping[tuple[str, str], int]

    def by_id(self) -> Grid:
        """The same cells with the cases in the order of their ids.

        Figures are made from that: in another order a sum can end in another last bit, and a
        bootstrap draws other cases. So rows of a data file may change places.
        """
        return replace(self, cases=tuple(sorted(self.cases, key=lambda case: case.id)))

    def samples(self, candidate: str) -> list[Sample]:
        """Give the candidate's samples, case by case: as many as cases x repeats."""
        return [sample for case in self.cases for sample in self.cells[candidate, case.id]]

    def values(self, candidate: str, metric: str) -> list[float | None]:
        """Give one value a case: the mean of its scored repeats, None where none is scored."""
        return [case_value(self.cells[candidate, case.id], metric) for case in self.cases]

    def clusters(self, kept: Sequence[bool]) -> list[str] | None:
        """Give the clusters of the cases that are kept, or None where no case has one.

        A case whose cluster is "" stands alone.
        """
        if not self.clustered:
            return None
        return [case.cluster for case, keep in zip(self.cases, kept, strict=True) if keep]

    def unit(self, case: Case) -> str:
        """Name what a case counts as part of: its cluster, or where it has none itself."""
        return f"cluster {case.cluster}" if case.cluster else f"case {case.id}"


def lay_out(run: Run, cases: Sequence[Case], samples: Iterable[Sample]) -> Grid:
    """Index the samples. What was planned but is not there becomes a sample without completion.

    The samples come in the order of their outputs' arrival where that matters. Those of other
    candidates, cases or repeats than the run's are left out.
    """
    names = {candidate.name: place for place, candidate in enumerate(run.candidates)}
    ids = {case.id: place for place, case in enumerate(cases)}
    places = range(len(names) * len(ids))
    found: list[Sample | None] = [None] * (len(places) * run.repeats)
    arrival = array("q", [-1]) * len(places)
    for number, sample in enumerate(samples):
        if sample.candidate in names and sample.case_id in ids and sample.repeat < run.repeats:
            at = names[sample.candidate] * len(ids) + ids[sample.case_id]
            found[at * run.repeats + sample.repeat] = sample
            if sample.completion is not None:
                arrival[at] = number
    cells = [
        tuple(
            found[at * run.repeats + repeat] or Sample(name, case, repeat, None)
            for repeat in range(run.repeats)
        )
        for at, (name, case) in enumerate(product(names, ids))
    ]
    return Grid(
        tuple(cases),
        Lattice(names, ids, cells),
        any(case.cluster for case in cases),
        Lattice(names, ids, arrival),
    )


def primary_metric(run: Run) -> MetricInfo:
    """Give the metric that ranks; where the run has none, one without direction stands in."""
    named = {metric.name: metric for metric in run.metrics}
    return named.get(run.primary) or MetricInfo(run.primary, run.primary or "score", "none")


def state(sample: Sample, metric: str) -> State:
    """Say what became of a sample on a metric. A value that is not finite is no score."""
    if sample.completion is None:
        return "missing"
    if sample.completion.error:
        return "error"
    return "unscored" if _value(sample.scores.get(metric)) is None else "scored"


def value(sample: Sample, metric: str) -> float | None:
    """Give the sample's score, or None where it has none."""
    return _value(sample.scores.get(metric)) if state(sample, metric) == "scored" else None


def reason(sample: Sample, metric: str) -> str:
    """Say why a sample that has a completion is unscored."""
    score = sample.scores.get(metric)
    if score is None:
        return "not scored yet"
    return score.reason or ("no reason given" if score.value is None else "not a finite number")


def remarks(sample: Sample) -> tuple[str, ...]:
    """Give the reasons that go with values, each once, in the order of the metrics' names."""
    found = (sample.scores[name] for name in sorted(sample.scores))
    return tuple(dict.fromkeys(score.reason for score in found if score.reason and _there(score)))


def case_value(samples: Sequence[Sample], metric: str) -> float | None:
    """Average a case's scored repeats."""
    values = [found for sample in samples if (found := value(sample, metric)) is not None]
    return math.fsum(values) / len(values) if values else None


def _there(score: Score) -> bool:
    return _value(score) is not None


def _value(score: Score | None) -> float | None:
    if score is None or score.value is None or not math.isfinite(score.value):
        return None
    return score.value
