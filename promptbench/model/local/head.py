"""A classification head: which of its outputs belongs to which of a suite's labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptbench.error import ModelError
from promptbench.record import Choice


def outputs(choice: Choice, config: Mapping[str, Any]) -> tuple[int, ...]:
    """The position of each label among the head's outputs, in the order of the choice.

    `config` is config.json. Raises ModelError if its labels are not those of the choice, whatever
    their order, or if its head does not choose among labels.
    """
    names = names_of(config)
    problem = config.get("problem_type")
    if len(names) == 1 or problem == "regression":
        raise ModelError(
            "the classification head tells a number (regression), no label", hint=TRAIN
        )
    if problem == "multi_label_classification":
        raise ModelError("the classification head may find several labels at once", hint=TRAIN)
    if len(set(names)) < len(names) or set(names) != set(choice.labels):
        raise ModelError(
            f"the suite's labels ({', '.join(choice.labels)}) are not those of the classification"
            f" head ({', '.join(names)})",
            hint="Name them alike in the suite's `labels:` and in id2label of config.json, where"
            " the order is the one that the head was trained with.",
        )
    return tuple(names.index(label) for label in choice.labels)


TRAIN = "Take a checkpoint whose head was trained to choose one of the suite's labels."


def names_of(config: Mapping[str, Any]) -> list[str]:
    """The names of a head's outputs, in their order; transformers' own where none are given."""
    stated = config.get("id2label")
    if not isinstance(stated, Mapping):
        return [f"LABEL_{i}" for i in range(int(config.get("num_labels", 2)))]
    return [str(name) for _, name in sorted(stated.items(), key=lambda item: int(item[0]))]
