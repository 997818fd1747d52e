"""Show every case as it will be read: its variables, and what each candidate made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptbench.record import Case, Completion, MetricInfo, Run, Sample
from promptbench.report.axis import share
from promptbench.report.grid import Grid, State, case_value, reason, remarks, state, value
from promptbench.report.number import Scale

SHORT = 100
# Longer texts get a box that scrolls, which the keyboard must be able to reach.
LONG_CHARACTERS, LONG_LINES = 900, 14
BINARY: Mapping[float | None, str] = {0.0: "no", 1.0: "yes"}


@dataclass(frozen=True, slots=True)
class Text:
    """A text under its name; a `long` one is shown in a box that scrolls."""

    name: str
    text: str
    long: bool


@dataclass(frozen=True, slots=True)
class MetricScore:
    """A metric's value as written, or why there is none."""

    label: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Output:
    """One repeat: its state on the primary metric, its text, its scores in the metrics' order.

    `remarks` are what metrics say of values that they did give.
    """

    repeat: int
    state: State
    text: Text
    scores: tuple[MetricScore, ...]
    remarks: tuple[str, ...]
    completion: Completion | None


@dataclass(frozen=True, slots=True)
class Cell:
    """What a candidate made of a case. `mean` is over its scored repeats; `bar` 0 to 100."""

    candidate: str
    mean: float | None
    best: bool
    bar: float | None
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case; `number` counts from 1 in file order. Spread and best are of the cells' means."""

    number: int
    id: str
    cluster: str
    fields: tuple[Text, ...]
    texts: tuple[Text, ...]
    references: tuple[Text, ...]
    cells: tuple[Cell, ...]
    spread: float | None
    best: float | None


@dataclass(frozen=True, slots=True)
class Viewer:
    """What is the same for all cases: the ranked candidates, the primary metric, all scales."""

    run: Run
    primary: MetricInfo
    candidates: tuple[str, ...]
    scales: Mapping[str, Scale]

    def view(self, grid: Grid) -> tuple[CaseView, ...]:
        """Show every case, in file order."""
        return tuple(self._case(number, case, grid) for number, case in enumerate(grid.cases, 1))

    def _case(self, number: int, case: Case, grid: Grid) -> CaseView:
        rows = {name: grid.cells[name, case.id] for name in self.candidates}
        means = {name: case_value(samples, self.primary.name) for name, samples in rows.items()}
        known = [mean for mean in means.values() if mean is not None]
        best = _best(known, self.primary)
        spread = max(known) - min(known) if len(known) > 1 else None
        variables = [_text(str(name), each) for name, each in case.variables.items()]
        return CaseView(
            number=number,
            id=case.id,
            cluster=case.cluster,
            fields=tuple(each for each in variables if _is_short(each.text)),
            texts=tuple(each for each in variables if not _is_short(each.text)),
            references=tuple(
                _text(str(place), text) for place, text in enumerate(case.references, 1)
            ),
            cells=tuple(
                self._cell(name, samples, means[name], best=best if spread else None)
                for name, samples in rows.items()
            ),
            spread=spread,
            best=best,
        )

    def _cell(
        self, name: str, samples: Sequence[Sample], mean: float | None, *, best: float | None
    ) -> Cell:
        return Cell(
            candidate=name,
            mean=mean,
            best=mean is not None and mean == best,
            bar=share(mean, *self._range()),
            outputs=tuple(self._output(sample) for sample in samples),
        )

    def _range(self) -> tuple[float | None, float | None]:
        """Give what a case can have: of a pooled metric, the cases may have another range."""
        return (0.0, 1.0) if self.primary.binary else (self.primary.low, self.primary.high)

    def _output(self, sample: Sample) -> Output:
        completion = sample.completion
        return Output(
            sample.repeat + 1,
            state(sample, self.primary.name),
            _text("output", completion.text if completion else ""),
            tuple(self._score(sample, metric) for metric in self.run.metrics),
            remarks(sample),
            completion,
        )

    def _score(self, sample: Sample, metric: MetricInfo) -> MetricScore:
        found = value(sample, metric.name)
        why = "" if found is not None else reason(sample, metric.name)
        if metric.binary and found in BINARY:
            return MetricScore(metric.label, BINARY[found], why)
        return MetricScore(metric.label, self.scales[metric.name].show(found), why)


def orders(cases: Sequence[CaseView], primary: MetricInfo) -> dict[str, list[int]]:
    """Give the ways to sort the cases, as places in file order; what has no figure comes last."""
    sign = -1.0 if primary.direction == "lower" else 1.0
    spread = [(each.spread is None, -(each.spread or 0.0)) for each in cases]
    hard = [(each.best is None, sign * (each.best or 0.0)) for each in cases]
    places = range(len(cases))
    return {
        "file": list(places),
        "spread": sorted(places, key=spread.__getitem__),
        "hard": sorted(places, key=hard.__getitem__),
    }


def _best(values: Sequence[float], metric: MetricInfo) -> float | None:
    if not values or metric.direction == "none":
        return None
    return max(values) if metric.direction == "higher" else min(values)


def _text(name: str, content: Any) -> Text:
    text = content if isinstance(content, str) else _written(content)
    return Text(name, text, len(text) > LONG_CHARACTERS or text.count("\n") >= LONG_LINES)


def _written(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2, default=str)


def _is_short(text: str) -> bool:
    return len(text) <= SHORT and "\n" not in text
