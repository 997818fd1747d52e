"""Small classifications for the tests: numbers of labels and cases in, records out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from promptbench.metric.registry import METRICS, build_metrics
from promptbench.record import Case, Choice, Completion, Labels, MetricSpec, Run, Sample, Sampling
from tests.report.records import candidate, run

KINDS = tuple(name for name, kind in METRICS.items() if kind.labelled)
Made = tuple[Run, list[Case], list[Sample]]


def labels_of(names: Sequence[str]) -> Labels:
    return Labels(tuple(names), tuple((name,) for name in names))


def chosen(label: str, likelihoods: Sequence[float]) -> Completion:
    return Completion("key", label, 20, 0, "choice", 0.1, choices=tuple(likelihoods))


def written(text: str) -> Completion:
    return Completion("key", text, 20, 3, "stop", 0.1)


def made(
    labels: Labels,
    cases: Sequence[Case],
    answers: dict[str, Sequence[Sequence[Completion]]],
    primary: str = "accuracy",
) -> Made:
    """Score answers: a candidate's are a list a case, with one completion a repeat."""
    metrics = build_metrics([MetricSpec(kind) for kind in KINDS], labels)
    found = [
        Sample(name, case.id, repeat, done, {m.info.name: m.score(done, case) for m in metrics})
        for name, rows in answers.items()
        for case, row in zip(cases, rows, strict=True)
        for repeat, done in enumerate(row)
    ]
    repeats = max(len(row) for rows in answers.values() for row in rows)
    choice = Sampling(choice=Choice(labels.names, labels.words))
    record = run(
        candidates=tuple(replace(candidate(name), sampling=choice) for name in answers),
        metrics=tuple(metric.info for metric in metrics),
        repeats=repeats,
    )
    return replace(record, primary=primary), list(cases), found


def drawn(count: int, number: int, *, names: Sequence[str] = (), primary: str = "accuracy") -> Made:
    """A chosen and a written candidate over `number` cases of `count` labels, some confused."""
    names = names or [f"label_{place:02}" for place in range(count)]
    labels, draw = labels_of(names), random.Random(0)
    cases = [
        Case(f"case-{place}", {"text": f"Question {place}?"}, (names[place % count],))
        for place in range(number)
    ]
    choices, texts = [], []
    for place in range(number):
        meant = place % count
        found = [draw.gauss(0, 1) + 2.5 * (each == meant) for each in range(count)]
        found[(meant + 1) % count] += meant % 3
        choices.append([chosen(names[found.index(max(found))], found)])
        said = names[meant] if draw.random() < 0.6 else draw.choice([*names, "no idea"])
        texts.append([written(f"I would say {said}.")])
    return made(labels, cases, {"chosen": choices, "written": texts}, primary)
