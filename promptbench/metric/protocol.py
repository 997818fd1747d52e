"""What a metric is: a completion and its case in, a Score out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

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

        What cannot be scored has the value None and a reason; it is never 0. A value of 0 that
        needs a word, such as an answer that names no label, may have a reason as well.
        """
        ...


@runtime_checkable
class BatchMetric(Protocol):
    """A metric that scores many completions at once, and is much faster that way."""

    def score_all(self, pairs: Sequence[tuple[Completion, Case]]) -> list[Score]:
        """A score for each pair, in their order; as `score` gives it but for rounding."""
        ...


@dataclass(frozen=True, slots=True)
class MetricType:
    """What the name of a metric in a suite stands for.

    `build` gets a checked instance of `settings`, its `name` filled in, and may raise SuiteError.
    A `labelled` one gets the suite's Labels as well, and only a suite that has labels may ask for
    it; one that `needs` an embedder gets an OpenEmbedder.
    """

    settings: type[MetricSettings]
    build: Callable[..., Metric]
    labelled: bool = False
    needs: Literal["", "embedder"] = ""
