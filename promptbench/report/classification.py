"""Show what a classification comes to: a run's answers in, a matrix and figures a candidate out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promptbench.metric.answer import Answer, judge, labels_in, probabilities
from promptbench.metric.classify import confidence
from promptbench.record import Case, Labels, Run, Sample
from promptbench.report.confusion import Matrix, confuse
from promptbench.report.grid import Grid
from promptbench.report.pooled import Row, pooled_estimate
from promptbench.report.reliability import Reliability, reliability


@dataclass(frozen=True, slots=True)
class Classified:
    """A candidate's answers; `outputs` are all that were planned, `matrix` has those judged."""

    candidate: str
    matrix: Matrix
    outputs: int
    reliability: Reliability | None


@dataclass(frozen=True, slots=True)
class Classification:
    """The labels, and every candidate in the order of the ranking."""

    labels: Labels
    candidates: tuple[Classified, ...]


def classify(run: Run, grid: Grid, names: Sequence[str]) -> Classification | None:
    """Judge every answer once more, by the labels that the metrics tell of; None without any."""
    found = (labels_in(metric.settings) for metric in run.metrics)
    labels = next((each for each in found if each is not None), None)
    if labels is None:
        return None
    return Classification(labels, tuple(_classified(name, grid, labels) for name in names))


def _classified(name: str, grid: Grid, labels: Labels) -> Classified:
    rows = [_judged(case, grid.cells[name, case.id], labels) for case in grid.cases]
    answers = [answer for row in rows for _, answer in row]
    return Classified(
        candidate=name,
        matrix=confuse(answers, labels.names),
        outputs=len(grid.samples(name)),
        reliability=_reliability([_sure(row, labels) for row in rows], grid),
    )


def _judged(case: Case, samples: Sequence[Sample], labels: Labels) -> list[tuple[Sample, Answer]]:
    """Give the outputs of a case that can be judged."""
    found = []
    for sample in samples:
        if sample.completion is not None and not sample.completion.error:
            answer = judge(sample.completion, case, labels)
            if answer.reference >= 0:
                found.append((sample, answer))
    return found


def _sure(row: Sequence[tuple[Sample, Answer]], labels: Labels) -> Row | None:
    """Give (confidence, right) for each answer that was chosen; None where none was."""
    found = []
    for sample, answer in row:
        chosen = sample.completion.choices if sample.completion else ()
        shares = probabilities(chosen) if len(chosen) == len(labels.names) else None
        if shares is not None and answer.named >= 0:
            found.append(confidence(shares, answer)[1])
    return tuple(found) or None


def _reliability(rows: Sequence[Row | None], grid: Grid) -> Reliability | None:
    error = pooled_estimate(rows, "calibration", grid)
    if error is None:
        return None
    return reliability([pair for row in rows if row is not None for pair in row], error)
