"""What a metric is: a completion and its case in, a Score out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from promptbench.metric.setting import MetricSettings
from promptbench.record import Case, Completion, MetricInfo, Score

NO_REFERENCE = "the case has no reference"


class Metric(Protocol):
    """Scores one completion at a time. Equal input gives an equal score, on every machine."""

    @property
    def info(self) -> MetricInfo:
        """What a reader must know of it; `info.name` is the name that its scores carry."""
        ...

    @property
    def needs_references(self) -> bool:
        """Whether a case without references cannot be scored."""
        ...

    def score(self, completion: Completion, case: Case) -> Score:
        """Score a completion, never one with an error.

        What cannot be scored has the value None and a reason; it is never 0.
        """
        ...


@dataclass(frozen=True, slots=True)
class MetricType:
    """What the name of a metric in a suite stands for.

    `build` gets a checked instance of `settings`, its `name` filled in, and may raise SuiteError.
    """

    settings: type[MetricSettings]
    build: Callable[[Any], Metric]
