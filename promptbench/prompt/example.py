"""Draw few-shot examples: train cases in, the values that a template sees as `examples` out."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from promptbench.record import Case


def draw_examples(
    train: Iterable[Case],
    *,
    count: int,
    seed: int,
    max_characters: int | None = None,
) -> list[Mapping[str, Any]]:
    """Draw `count` train cases that have a reference.

    The same cases, seed and limits draw the same examples in the same order; fewer come back if
    there are not enough.
    """
    fitting = [
        case
        for case in train
        if case.references and (max_characters is None or characters(case) <= max_characters)
    ]
    drawn = random.Random(seed).sample(fitting, min(count, len(fitting)))
    return [as_example(case) for case in drawn]


def characters(case: Case) -> int:
    """Length of all text values of a case, those in its lists and mappings too."""
    return text_length(case.variables)


def text_length(value: Any) -> int:
    """Length of the text in a value."""
    if isinstance(value, str):
        return len(value)
    parts = value.values() if isinstance(value, Mapping) else value
    return sum(map(text_length, parts)) if isinstance(value, Mapping | list | tuple) else 0


def as_example(case: Case) -> dict[str, Any]:
    """A case's variables with its answers: `reference` is the first of `references`."""
    answers = {"reference": case.references[0], "references": list(case.references)}
    return {**case.variables, **answers}
