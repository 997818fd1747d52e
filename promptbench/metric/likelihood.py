"""How likely the candidate's own model finds the reference, after the candidate's prompt."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from promptbench.metric.ask import NOT_ASKED, Question, Subject
from promptbench.metric.protocol import NO_REFERENCE
from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Choice, Completion, MetricInfo, Sampling, Score

MEASURE = (
    "the mean log-likelihood of the tokens of the case's first reference, in nats, each after the"
    " candidate's prompt and the tokens before it, by the candidate's own model; the token that"
    " ends an answer is not counted"
)
COMPARE = "Models with other tokenizers do not compare."
LOGPROB = f"{MEASURE[0].upper()}{MEASURE[1:]}. 0 and below, higher is better. {COMPARE}"
PERPLEXITY = (
    f"exp(-m), where m is {MEASURE} (Jelinek et al. 1977). 1 and up, lower is better; over cases"
    f" the mean of their perplexities. {COMPARE}"
)


class LikelihoodSettings(MetricSettings):
    """There is nothing to set but the name."""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Asks how likely the reference is; the output itself does not matter."""

    info: MetricInfo
    reading: Callable[[float], float]
    needs_references: bool = True
    asks: str = ""
    rival: str = ""
    fields: tuple[str, ...] = ()
    answers_by: Literal["writing", "choosing"] = "choosing"

    def introduced(self, identity: str) -> Likelihood:
        """See AskingMetric: it asks the model that a candidate has anyway."""
        return self

    def score(self, completion: Completion, case: Case) -> Score:
        """Leave it unscored: there is no model to ask."""
        return Score(self.info.name, None, NOT_ASKED)

    def questions(self, subject: Subject) -> Sequence[Question] | Score:
        """A choice among one answer: its likelihood comes with it."""
        reference = next(iter(subject.case.references), "").strip()
        if not reference:
            return Score(self.info.name, None, NO_REFERENCE)
        choice = Choice(("reference",), ((reference,),), "tokens")
        return [Question(subject.sent, Sampling(choice=choice))]

    def read(self, answers: Sequence[Completion], subject: Subject) -> Score:
        """The figure that is wanted of the mean log-likelihood."""
        (answer,) = answers
        try:
            return Score(self.info.name, self.reading(answer.choices[0]))
        except OverflowError:
            return Score(self.info.name, None, "the reference is too unlikely to be a number")

    def controls(self, case: Case, sampled: bool) -> Mapping[str, str]:
        """None: nothing is judged here."""
        return {}


def build_logprob(settings: LikelihoodSettings) -> Likelihood:
    """Mean log-likelihood per token."""
    info = MetricInfo(
        name=settings.name,
        label="log-likelihood per token of the reference",
        direction="higher",
        low=None,
        high=0.0,
        settings=shown("reference_logprob", settings),
        description=LOGPROB,
    )
    return Likelihood(info, lambda mean: mean)


def build_perplexity(settings: LikelihoodSettings) -> Likelihood:
    """Perplexity of the reference."""
    info = MetricInfo(
        name=settings.name,
        label="perplexity of the reference",
        direction="lower",
        low=1.0,
        high=None,
        settings=shown("reference_perplexity", settings),
        description=PERPLEXITY,
    )
    return Likelihood(info, lambda mean: math.exp(-mean))
