"""Set an answer against its case: what was meant, what was named, and how sure the model was."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptbench.metric.label import label_of
from promptbench.metric.protocol import NO_REFERENCE
from promptbench.record import Case, Completion, Labels


@dataclass(frozen=True, slots=True)
class Answer:
    """What was meant and what was named, as positions among the labels; -1 names none.

    Where there is no `reference` to judge by it is -1, and `reason` says why.
    """

    reference: int
    named: int
    reason: str = ""

    @property
    def right(self) -> bool:
        """Whether the answer is the reference."""
        return self.named == self.reference


def judge(completion: Completion, case: Case, labels: Labels) -> Answer:
    """Set the label that a completion names against the case's references."""
    named = label_of(completion, labels)
    place = -1 if named is None else labels.names.index(named)
    references = [one.strip() for one in case.references]
    unknown = [one for one in references if one not in labels.names]
    if not references:
        return Answer(-1, place, NO_REFERENCE)
    if unknown:
        return Answer(-1, place, f"the reference {unknown[0]!r} is not among the labels")
    meant = [labels.names.index(one) for one in references]
    return Answer(place if place in meant else meant[0], place)


def probabilities(choices: Sequence[float]) -> tuple[float, ...] | None:
    """Softmax over the log-likelihoods of the labels; None where they are no numbers."""
    most = max(choices, default=math.nan)
    if not math.isfinite(most) or any(map(math.isnan, choices)):
        return None
    powers = [math.exp(one - most) for one in choices]
    total = math.fsum(powers)
    return tuple(power / total for power in powers)


def labels_in(settings: Mapping[str, Any]) -> Labels | None:
    """The labels that a metric's settings tell of; None for a metric that has none."""
    if "names" not in settings:
        return None
    words = tuple(tuple(one) for one in settings["words"])
    return Labels(tuple(settings["names"]), words, settings["parser"])
