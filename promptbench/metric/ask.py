"""What a metric is that asks a model: questions about an output out, their answers in, a Score out.

The metric knows no model. Whoever carries out a run encodes the questions, lets the model answer
what is not stored yet, and hands the answers back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from promptbench.metric.protocol import Metric
from promptbench.record import Case, Completion, Message, Sampling, Score

NOT_ASKED = "a model is asked for this score: a run does that"


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked; `repeat` tells apart the same question asked several times."""

    messages: tuple[Message, ...]
    sampling: Sampling
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about: a text for a case.

    `sent` is the prompt that the candidate answered (empty for a text that is no candidate's),
    `rival` the text that it is compared with, None where the metric compares with no candidate.
    """

    text: str
    case: Case
    sent: tuple[Message, ...] = ()
    rival: str | None = None


@runtime_checkable
class AskingMetric(Metric, Protocol):
    """A metric whose scores are read from answers. Equal answers give an equal score.

    Its `score` has no model to ask and leaves everything unscored.
    """

    @property
    def asks(self) -> str:
        """The model that answers: a spec or a name of the suite's; "" for the candidate's own."""
        ...

    @property
    def answers_by(self) -> Literal["writing", "choosing"]:
        """What that model must be able to do."""
        ...

    @property
    def rival(self) -> str:
        """The candidate, or its prompt, that outputs are compared with; "" for none."""
        ...

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a case that its settings name: in a whole data file each must occur."""
        ...

    def introduced(self, identity: str) -> AskingMetric:
        """The same metric, its settings saying which model answers, by that model's identity."""
        ...

    def questions(self, subject: Subject) -> Sequence[Question] | Score:
        """What to ask, or the score itself where there is nothing to ask. Always the same."""
        ...

    def read(self, answers: Sequence[Completion], subject: Subject) -> Score:
        """The score, from an answer to each question in order; none of them has an error."""
        ...

    def controls(self, case: Case, sampled: bool) -> Mapping[str, str]:
        """Texts that are no candidate's and are asked about too, by name.

        `sampled` says whether the case is one of the few on which constant texts are tried.
        """
        ...
