"""A request to choose among labels: the words' log-likelihoods in, the chosen label out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from promptbench.record import Choice, Completion, Request


@dataclass(frozen=True, slots=True)
class Heard:
    """What a model made of one word: its log-likelihood, summed over so many tokens."""

    total: float
    tokens: int


@dataclass(slots=True)
class Chosen:
    """A request that is decided: a log-likelihood for each label, in the labels' order.

    `seconds` is the wall time that fell to it.
    """

    request: Request
    choices: tuple[float, ...]
    tokens: int
    seconds: float = 0.0

    def completion(self) -> Completion:
        """The likeliest label, the first of equals."""
        choice = self.request.sampling.choice
        labels = choice.labels if choice is not None else ()
        best = max(range(len(labels)), key=lambda i: self.choices[i])
        return Completion(
            key=self.request.key,
            text=labels[best],
            prompt_tokens=self.request.encoded.tokens,
            output_tokens=self.tokens,
            finish_reason="choice",
            seconds=self.seconds,
            choices=self.choices,
        )


def decide(request: Request, heard: Sequence[Heard], seconds: float = 0.0) -> Chosen:
    """Decide a request from all its words, label by label."""
    choice = request.sampling.choice
    waiting = iter(heard)
    words = choice.words if choice is not None else ()
    return choose(request, [[next(waiting) for _ in ones] for ones in words], seconds)


def choose(request: Request, heard: Sequence[Sequence[Heard]], seconds: float = 0.0) -> Chosen:
    """Decide a request from its words: `heard[i]` are those of label i.

    A label's words are alternatives, so their probabilities are added up.
    """
    choice = request.sampling.choice
    if choice is None:
        raise ValueError("the request does not ask to choose")
    found = tuple(
        log_sum([normalised(one, word, choice) for one, word in zip(ones, words, strict=True)])
        for ones, words in zip(heard, choice.words, strict=True)
    )
    return Chosen(request, found, sum(one.tokens for ones in heard for one in ones), seconds)


def normalised(heard: Heard, word: str, choice: Choice) -> float:
    """A word's log-likelihood as the choice wants it."""
    by = {"none": 1, "tokens": heard.tokens, "characters": len(word)}
    return heard.total / by[choice.normalise]


def log_sum(values: Sequence[float]) -> float:
    """The logarithm of a sum, from the logarithms of its parts."""
    top = max(values)
    if len(values) == 1 or math.isinf(top):
        return top
    return top + math.log(math.fsum(math.exp(value - top) for value in values))
