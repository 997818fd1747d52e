"""Choose a prompt's few-shot examples: a suite in; train cases that give nothing away out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from promptbench.error import SuiteError
from promptbench.prompt.example import draw_examples
from promptbench.record import Case
from promptbench.suite.data import read_cases
from promptbench.suite.leak import find_leaks, read_rows_of
from promptbench.suite.stated import PromptSpec, Suite

Examples = Sequence[Mapping[str, Any]]


def train_cases(suite: Suite) -> tuple[Case, ...]:
    """All cases of the train split. Raises SuiteError if the suite has none."""
    return tuple(read_cases(suite.split("train")))


def examples_for(suite: Suite, spec: PromptSpec, names: Collection[str]) -> Examples | None:
    """Few-shot examples for a prompt: from train, never with what a judged case says or answers.

    `names` are the variables that the prompt shows. All other splits count as judged, whichever is
    run, and whole: the examples are the same for every run.
    """
    wanted = spec.examples
    if wanted is None:
        return None
    if "train" not in suite.splits:
        raise SuiteError(
            f"prompt '{spec.name}' asks for few-shot examples, but there is no train split",
            where=spec.where,
            hint="Add `train:` under `data:`; examples are never taken from cases that are judged.",
        )
    drawn = draw_examples(
        pool(suite, names),
        count=wanted.count,
        seed=wanted.seed,
        max_characters=wanted.max_characters,
    )
    if len(drawn) < wanted.count:
        raise SuiteError(
            f"prompt '{spec.name}' asks for {wanted.count} examples; only {len(drawn)} train cases"
            " have a reference, are short enough and are not among the judged",
            where=spec.where,
            hint="Lower examples.count, or raise examples.max_characters.",
        )
    return drawn


def pool(suite: Suite, names: Collection[str]) -> list[Case]:
    """The train cases that examples are drawn from: those that no other split holds too."""
    train = read_rows_of(suite.split("train"))
    judged = {
        name: read_rows_of(source) for name, source in suite.splits.items() if name != "train"
    }
    held = {leak.case for leak in find_leaks(train, judged, names)}
    return [row.case for row in train if row.case.id not in held]
